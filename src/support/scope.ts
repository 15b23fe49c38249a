/**
 * Last-in first-out closing. Everything that opens is given to a scope; closing the scope closes all of it in reverse, each
 * once, all of it even when one fails.
 */
export class Scope implements AsyncDisposable {
  readonly #closers: { name: string; close: () => unknown }[] = [];
  #closing: Promise<void> | undefined;

  /** Registers how to close something; returns the thing. Throws if the scope is closing. */
  own<T>(name: string, thing: T, close: (thing: T) => unknown): T {
    if (this.#closing) throw new Error(`"${name}" was opened in a scope that is already closing.`);
    this.#closers.push({ name, close: () => close(thing) });
    return thing;
  }

  /** Closes everything, newest first. Repeated calls share one promise. Rejects with all failures, after all have been tried. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    const failures: Error[] = [];
    for (const { name, close } of this.#closers.reverse()) {
      try {
        await close();
      } catch (cause) {
        failures.push(new Error(`Closing "${name}" failed.`, { cause }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'Not everything could be closed.');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
