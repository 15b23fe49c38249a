import { describe, expect, test } from 'vitest';
import { Stalls } from '../../../src/rooms/stalls.ts';

const ticked = (...times: number[]): Stalls => {
  const stalls = new Stalls();
  for (const at of times) stalls.tick(at);
  return stalls;
};

describe('time in which the process did not run', () => {
  test('is what lies between ticks that are a second or more apart', () => {
    expect(ticked(0, 100, 1099).awakeMs(0, 1099)).toBe(1099);
    expect(ticked(0, 100, 1100).awakeMs(0, 1100)).toBe(100);
    expect(ticked(0, 5000, 5100, 9100).awakeMs(0, 9200)).toBe(200);
  });

  test('counts from whence it is asked for', () => {
    const stalls = ticked(0, 5000, 5100);
    expect(stalls.awakeMs(2000, 6000)).toBe(1000);
    expect(stalls.awakeMs(5050, 6000)).toBe(950);
  });

  test('is forgotten when nobody can be judged by it any more', () => {
    const stalls = ticked(0, 5000);
    for (let at = 5100; at < 66_000; at += 100) stalls.tick(at);
    expect(stalls.awakeMs(0, 66_000)).toBe(66_000);
  });
});
