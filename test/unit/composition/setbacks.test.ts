import { expect, test } from 'vitest';
import { MOST_SHUNNED, Setbacks } from '../../../src/composition/setbacks.ts';

const frame = (timeNs: number) => ({ stream: 1, timeNs });

test('gives up after three deaths without a segment, the last of them careful', () => {
  const setbacks = new Setbacks();
  expect(setbacks.died(null)).toBeLessThan(1_000);
  expect(setbacks.careful).toBe(false);
  expect(setbacks.died(null)).toBe(2_000);
  expect(setbacks.careful).toBe(true);
  expect(setbacks.died(null)).toBeNull();
});

test('a segment more, and all deaths before are forgotten', () => {
  const setbacks = new Setbacks();
  for (let segment = 0; segment < 10; segment++) {
    expect(setbacks.died(null)).not.toBeNull();
    expect(setbacks.died(null)).not.toBeNull();
    setbacks.progressed();
    expect(setbacks.careful).toBe(false);
  }
});

test('frames over which processes die are shunned, so many and no more', () => {
  const setbacks = new Setbacks();
  setbacks.died(null);
  setbacks.died(null);
  for (let n = 0; n < MOST_SHUNNED; n++) expect(setbacks.died(frame(n))).not.toBeNull();
  expect(setbacks.shunned).toEqual(Array.from({ length: MOST_SHUNNED }, (_, n) => frame(n)));
  expect(setbacks.careful).toBe(true);
  setbacks.progressed();
  expect(setbacks.shunned).toHaveLength(MOST_SHUNNED);
  setbacks.died(null);
  setbacks.died(null);
  expect(setbacks.died(frame(99))).toBeNull();
});

test('what the machine lacks is waited for, ever longer, never given up', () => {
  const setbacks = new Setbacks();
  const pauses = Array.from({ length: 50 }, () => setbacks.hindered());
  expect(pauses.slice(0, 6)).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000]);
  expect(Math.max(...pauses)).toBe(60_000);
  expect(setbacks.died(null)).not.toBeNull();
  setbacks.progressed();
  expect(setbacks.hindered()).toBe(2_000);
});
