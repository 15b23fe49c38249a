import { describe, expect, test } from 'vitest';
import { INACTIVITY_MS, isGone, RETURN_MS, type SignsOfLife } from '../../../src/rooms/presence.ts';
import { Stalls } from '../../../src/rooms/stalls.ts';

const HERE = { away: false, sinceMs: 0 };
const AWAKE = new Stalls();
const signs = (given: Partial<SignsOfLife>): SignsOfLife => ({
  mediaMs: null,
  publishes: false,
  seenMs: 0,
  socketLostWithServer: false,
  awaited: false,
  ...given,
});

describe('presence', () => {
  test('ends 8 s after the last ping of one who has no media', () => {
    expect(INACTIVITY_MS).toBe(8000);
    expect(isGone(signs({ seenMs: 10_000 }), HERE, AWAKE, 17_999)).toBe(false);
    expect(isGone(signs({ seenMs: 10_000 }), HERE, AWAKE, 18_000)).toBe(true);
  });

  test('goes on while media flows, whatever became of the socket', () => {
    expect(isGone(signs({ seenMs: 0, mediaMs: 99_000, publishes: true }), HERE, AWAKE, 100_000)).toBe(false);
    expect(isGone(signs({ seenMs: 0, mediaMs: 92_000, publishes: true }), HERE, AWAKE, 100_000)).toBe(true);
  });

  test('goes on by pings where media has stopped', () => {
    expect(isGone(signs({ seenMs: 99_000, mediaMs: 10_000, publishes: true }), HERE, AWAKE, 100_000)).toBe(false);
  });

  test('waits for the server process where the socket was all there was, and then for 8 s more', () => {
    const lost = signs({ seenMs: 10_000, socketLostWithServer: true });
    expect(isGone(lost, { away: true, sinceMs: 11_000 }, AWAKE, 500_000)).toBe(false);
    expect(isGone(lost, { away: false, sinceMs: 500_000 }, AWAKE, 507_999)).toBe(false);
    expect(isGone(lost, { away: false, sinceMs: 500_000 }, AWAKE, 508_000)).toBe(true);
  });

  test('is kept for who lost every connection with the media process, for 20 s from when he can come back', () => {
    const lost = signs({ seenMs: 10_000, socketLostWithServer: true, awaited: true });
    expect(RETURN_MS).toBe(20_000);
    expect(isGone(lost, { away: true, sinceMs: 11_000 }, AWAKE, 500_000)).toBe(false);
    expect(isGone(lost, { away: false, sinceMs: 500_000 }, AWAKE, 519_999)).toBe(false);
    expect(isGone(lost, { away: false, sinceMs: 500_000 }, AWAKE, 520_000)).toBe(true);
  });

  test('of a publisher does not depend on the server process', () => {
    const lost = signs({ seenMs: 10_000, mediaMs: 12_000, publishes: true, socketLostWithServer: true });
    expect(isGone(lost, { away: true, sinceMs: 11_000 }, AWAKE, 19_000)).toBe(false);
    expect(isGone(lost, { away: true, sinceMs: 11_000 }, AWAKE, 20_000)).toBe(true);
  });

  test('is not prolonged by a server process that was away for others', () => {
    const dropped = signs({ seenMs: 10_000 });
    expect(isGone(dropped, { away: true, sinceMs: 11_000 }, AWAKE, 18_000)).toBe(true);
  });
});
