/** The same key gets the first answer, for a day; failures may be tried again; memory is bounded. */
import { expect, it } from 'vitest';
import { IdempotentAnswers } from '../../../src/api/idempotency.ts';

const counter = () => {
  let count = 0;
  return async () => ++count;
};

it('answers once per key, also while the first is under way', async () => {
  const answers = new IdempotentAnswers<number>(() => 0);
  const act = counter();
  expect(await Promise.all([answers.once('a', 1, act), answers.once('a', 1, act), answers.once('b', 1, act)])).toEqual([
    1, 1, 2,
  ]);
  expect(await answers.once(undefined, 1, act)).toBe(3);
  expect(() => answers.once('a', 2, act)).toThrow(/another request/);
});

it('forgets failures at once, and successes after 24 hours', async () => {
  let now = 0;
  const answers = new IdempotentAnswers<number>(() => now);
  await expect(answers.once('a', 1, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  const act = counter();
  expect(await answers.once('a', 1, act)).toBe(1);
  now = 24 * 3_600_000 - 1;
  expect(await answers.once('a', 1, act)).toBe(1);
  now += 1;
  expect(await answers.once('a', 1, act)).toBe(2);
});

it('keeps at most ten thousand', async () => {
  const answers = new IdempotentAnswers<number>(() => 0);
  const act = counter();
  for (let key = 0; key < 10_001; key++) await answers.once(String(key), 1, act);
  expect(await answers.once('10000', 1, act)).toBe(10_001);
  expect(await answers.once('0', 1, act)).toBe(10_002);
});
