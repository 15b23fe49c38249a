/** Several pieces of work of which none may keep the others from being done: one that fails, whatever it is, is told when all have been tried. */

/** One after the other. Rejects with what failed: the error itself where it was one, else all of them. */
export const eachOf = async (work: readonly (() => Promise<void>)[]): Promise<void> => {
  const errors: unknown[] = [];
  for (const one of work) {
    try {
      await one();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 1) throw new AggregateError(errors, `${errors.length} of ${work.length} failed.`);
  if (errors.length === 1) throw errors[0];
};
