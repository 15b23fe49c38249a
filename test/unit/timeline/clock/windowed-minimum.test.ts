import { describe, expect, it } from 'vitest';
import { SlewedOffset } from '../../../../src/timeline/clock/slew.ts';
import { WindowedMinimum } from '../../../../src/timeline/clock/windowed-minimum.ts';
import { MS, S } from '../support/session.ts';

describe('WindowedMinimum', () => {
  it('is the least of the last 10 s', () => {
    const least = new WindowedMinimum();
    expect(least.at(0)).toBe(Number.POSITIVE_INFINITY);
    least.add(0.5 * S, 3);
    least.add(1.5 * S, 7);
    least.add(1.6 * S, 5);
    expect(least.at(2 * S)).toBe(3);
    expect(least.at(9.9 * S)).toBe(3);
    expect(least.at(10.1 * S)).toBe(5);
    expect(least.at(30 * S)).toBe(Number.POSITIVE_INFINITY);
  });

  it('is not confused by what arrives late, nor by the second round', () => {
    const least = new WindowedMinimum();
    least.add(12 * S, 4);
    least.add(11.5 * S, 2);
    least.add(2 * S, 1);
    expect(least.at(12 * S)).toBe(2);
    least.add(22 * S, 9);
    expect(least.at(22 * S)).toBe(9);
  });
});

describe('SlewedOffset', () => {
  it('takes the first target, then follows by 2 ms a second', () => {
    const offset = new SlewedOffset();
    offset.advance(100 * MS, 0);
    expect(offset.value).toBe(100 * MS);
    offset.advance(110 * MS, S);
    expect(offset.value).toBe(102 * MS);
    offset.advance(90 * MS, 1.5 * S);
    expect(offset.value).toBe(101 * MS);
  });

  it('takes what is more than half a second off at once', () => {
    const offset = new SlewedOffset();
    offset.advance(0, 0);
    offset.advance(-600 * MS, MS);
    expect(offset.value).toBe(-600 * MS);
  });
});
