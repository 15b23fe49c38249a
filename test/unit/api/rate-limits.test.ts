import { expect, it } from 'vitest';
import { RateLimits } from '../../../src/api/rate-limits.ts';

const SETTINGS = { requestsPerMinute: 0, joinsPerMinute: 2, failuresPerMinute: 0 };
const ADA = { roomClaim: undefined, participantId: 'ada' };

it('lasts a minute, also where the clock is set back meanwhile', () => {
  let nowMs = 1_800_000_000_000;
  const limits = new RateLimits(SETTINGS, () => new Date(nowMs));
  const join = (): void => limits.join(ADA);
  join();
  join();
  expect(join).toThrow(/Try again in 60 s/);
  nowMs -= 3_600_000;
  expect(join).not.toThrow();
  join();
  expect(join).toThrow(/Try again in 60 s/);
  nowMs += 60_000;
  expect(join).not.toThrow();
});
