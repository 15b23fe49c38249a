/**
 * How long to wait before the next try of something that failed: twice as long each time up to a limit, and by chance a little more or
 * less, so that what failed together does not come back together.
 */
export interface Backoff {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** Of the wait, so much is left to chance. */
const JITTER = 0.25;

/** After `failures` (1, 2, …) in a row. `random` is uniform in [0, 1). Result within 25 % of `firstMs · 2^(failures−1)`, at most `mostMs` + 25 %. */
export const backoffMs = ({ firstMs, mostMs }: Backoff, failures: number, random: number): number => {
  const wait = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(wait * (1 + JITTER * (2 * random - 1)));
};
