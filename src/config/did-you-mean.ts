/** Finds the name that a typo probably meant. */

/** Levenshtein's distance: single-character insertions, deletions and substitutions. */
const distance = (a: string, b: string): number => {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
};

/** Compared without case and separators: `api-key`, `API_KEY` and `apiKey` are one name. */
const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/** The candidate nearest to `name`, or null where none is near enough (more than a third of it differs). */
export const didYouMean = (name: string, candidates: readonly string[]): string | null => {
  let best: { candidate: string; far: number } | null = null;
  for (const candidate of candidates) {
    const far = distance(plain(name), plain(candidate));
    if (best === null || far < best.far) best = { candidate, far };
  }
  return best !== null && best.far <= Math.max(1, plain(name).length / 3) ? best.candidate : null;
};
