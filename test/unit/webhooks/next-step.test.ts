import { expect, it } from 'vitest';
import { type CallState, type NextStep, nextStep } from '../../../src/webhooks/next-step.ts';
import { parseRetryAfter } from '../../../src/webhooks/post.ts';

const NOW = new Date(1_800_000_000_000);
const HOUR_MS = 3_600_000;
const fresh: CallState = { attempts: 1, refusals: 0, inOrder: true, since: NOW };
const after = (status: number | null, over: Partial<CallState> = {}, retryAfterMs: number | null = null): NextStep =>
  nextStep(
    { ...fresh, ...over },
    { status, error: null, retryAfterMs },
    { now: NOW, windowMs: 72 * HOUR_MS, random: 0.5 },
  );

it.each([200, 201, 202, 204, 299])('%i has taken it', (status) => expect(after(status)).toEqual({ kind: 'delivered' }));

it.each([null, 101, 301, 302, 307, 308, 408, 425, 429, 500, 502, 503, 599])(
  '%s holds up those behind it, for as long as it lasts',
  (status) =>
    expect(after(status, { attempts: 20, refusals: 2 })).toMatchObject({ kind: 'retry', refusals: 2, inOrder: true }),
);

it.each([400, 401, 403, 404, 405, 413, 415, 422])('%i is a refusal: of three, the third lets others pass', (status) => {
  expect(after(status)).toMatchObject({ kind: 'retry', refusals: 1, inOrder: true });
  expect(after(status, { refusals: 2 })).toMatchObject({ kind: 'retry', refusals: 3, inOrder: false });
  expect(after(500, { refusals: 3, inOrder: false })).toMatchObject({ refusals: 3, inOrder: false });
});

it('410 wants nothing any more', () => expect(after(410)).toEqual({ kind: 'gone' }));

it('waits twice as long each time, to an hour; longer where it is asked to, but not for ever', () => {
  const wait = (attempts: number, retryAfterMs: number | null = null): number => {
    const step = after(503, { attempts }, retryAfterMs);
    return step.kind === 'retry' ? step.dueAt.getTime() - NOW.getTime() : Number.NaN;
  };
  expect([1, 2, 3, 10, 11, 1000].map((attempts) => wait(attempts))).toEqual([5e3, 1e4, 2e4, 2.56e6, HOUR_MS, HOUR_MS]);
  expect(wait(1, 60_000)).toBe(60_000);
  expect(wait(5, 60_000)).toBe(80_000);
  expect(wait(1, 1e12)).toBe(HOUR_MS);
});

it('gives up where the next try would come too late', () => {
  const since = (hours: number) => ({ attempts: 50, since: new Date(NOW.getTime() - hours * HOUR_MS) });
  expect(after(500, since(70.9)).kind).toBe('retry');
  expect(after(500, since(71.1)).kind).toBe('given-up');
  expect(after(200, since(100)).kind).toBe('delivered');
});

it.each<[string | string[] | undefined, number | null]>([
  ['120', 120_000],
  ['0', 0],
  ['-5', null],
  ['soon', null],
  ['1e9', null],
  [undefined, null],
  [['1', '2'], null],
  [new Date(NOW.getTime() + 5_000).toUTCString(), 5_000],
  [new Date(NOW.getTime() - 5_000).toUTCString(), 0],
])('Retry-After: %s', (value, ms) => expect(parseRetryAfter(value, NOW.getTime())).toBe(ms));
