import { describe, expect, it } from 'vitest';
import { formatElapsed } from '../../../web/room/elapsed.ts';
import { hueOf, initialsOf } from '../../../web/room/person-mark.ts';

describe('initialsOf', () => {
  it.each([
    ['Ada Lovelace', 'AL'],
    ['ada', 'A'],
    ['Jean-Luc van den Berg', 'JB'],
    ['  Grace   Hopper ', 'GH'],
    ['花子 山田', '花山'],
    ['👩‍🚀 Sally', '👩‍🚀S'],
    ['', ''],
  ])('of %j is %j', (name, initials) => {
    expect(initialsOf(name)).toBe(initials);
  });
});

describe('hueOf', () => {
  it('is the same for the same person, and a hue', () => {
    expect(hueOf('p-1')).toBe(hueOf('p-1'));
    for (const id of ['', 'a', 'p-1', 'x'.repeat(64)]) {
      expect(hueOf(id)).toBeGreaterThanOrEqual(0);
      expect(hueOf(id)).toBeLessThan(360);
    }
  });
});

describe('formatElapsed', () => {
  it.each([
    [-5, '0:00'],
    [7_900, '0:07'],
    [754_000, '12:34'],
    [3_723_000, '1:02:03'],
  ])('%i ms is %s', (elapsedMs, text) => {
    expect(formatElapsed(elapsedMs)).toBe(text);
  });
});
