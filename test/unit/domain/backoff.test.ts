/** Waits between tries. */
import { expect, it } from 'vitest';
import { backoffMs } from '../../../src/domain/backoff.ts';

const HOUR = 3_600_000;
const backoff = { firstMs: 5_000, mostMs: HOUR };

it('doubles up to a limit', () => {
  const waits = [1, 2, 3, 4, 11, 100, 5000].map((failures) => backoffMs(backoff, failures, 0.5));
  expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, HOUR, HOUR, HOUR]);
});

it('leaves a quarter to chance, in both directions', () => {
  expect(backoffMs(backoff, 1, 0)).toBe(3_750);
  expect(backoffMs(backoff, 1, 0.999_999)).toBe(6_250);
});
