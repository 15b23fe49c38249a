import { describe, expect, test } from 'vitest';
import { MediaSpans, type Pause, withPause, withResume } from '../../../src/domain/media-spans.ts';
import { tickToNs } from '../../../src/domain/media-time.ts';

const S = 1e9;
const pause = (from: number, to: number | null): Pause => ({
  pausedNs: from * S,
  resumedNs: to === null ? null : to * S,
});
const spansOf = (start: number, pauses: readonly Pause[], end: number | null) =>
  new MediaSpans(start * S, pauses, end === null ? null : end * S);

describe('words of pauses', () => {
  test('make a list, and said again they change nothing', () => {
    const one = withPause([], 3 * S);
    expect(one).toEqual([pause(3, null)]);
    expect(withPause(one, 3 * S)).toBe(one);
    const two = withResume(one, 5 * S);
    expect(two).toEqual([pause(3, 5)]);
    expect(withResume(two, 6 * S)).toBe(two);
    expect(withPause(two, 3 * S)).toBe(two);
    expect(withPause(two, 5 * S)).toEqual([pause(3, 5), pause(5, null)]);
    expect(withResume([], 5 * S)).toEqual([]);
  });
});

describe('a recording without a pause', () => {
  test('is one span from its start', () => {
    const open = spansOf(10, [], null);
    expect(open.totalTicks).toBeNull();
    expect(open.at(0)).toMatchObject({ atNs: 10 * S, begins: true });
    expect(open.at(90)).toMatchObject({ atNs: 13 * S, begins: false });
    expect(open.reachNs(133)).toBe(10 * S + tickToNs(133));
    const over = spansOf(10, [], 12);
    expect(over.totalTicks).toBe(60);
    expect([over.at(59)?.atNs, over.at(60)]).toEqual([10 * S + tickToNs(59), null]);
    expect(over.reachNs(133)).toBe(10 * S + tickToNs(133));
  });

  test('has at least one tick', () => {
    const none = spansOf(10, [], 10);
    expect(none.totalTicks).toBe(1);
    expect(none.at(0)?.atNs).toBe(10 * S);
  });
});

describe('a recording with pauses', () => {
  const spans = spansOf(10, [pause(12, 20), pause(21, 30)], 31.01);

  test('joins what is recorded, each span a whole number of ticks', () => {
    expect(spans.spans.map(({ firstTick, ticks }) => [firstTick, ticks])).toEqual([
      [0, 60],
      [60, 30],
      [90, 30],
    ]);
    expect(spans.totalTicks).toBe(120);
    expect(spans.at(59)).toMatchObject({ atNs: 10 * S + tickToNs(59), begins: false });
    expect(spans.at(60)).toMatchObject({ atNs: 20 * S, begins: true });
    expect(spans.at(61)).toMatchObject({ atNs: 20 * S + tickToNs(1), begins: false });
    expect(spans.at(90)?.atNs).toBe(30 * S);
    expect(spans.at(120)).toBeNull();
    expect(spans.within(0, 60)).toHaveLength(1);
    expect(spans.within(59, 61)).toHaveLength(2);
    expect(spans.within(60, 133)).toHaveLength(2);
  });

  test('tells where a session time is seen: the cut, for what happened in a pause', () => {
    expect([5, 10, 11, 12, 16, 20, 20.5, 25, 30.5, 99].map((at) => spans.secondsAt(at * S))).toEqual([
      0, 0, 1, 2, 2, 2, 2.5, 3, 3.5, 4,
    ]);
  });

  test('spans without a tick are left out', () => {
    const short = spansOf(10, [pause(10, 20), pause(20.01, 30)], 31);
    expect(short.spans).toHaveLength(1);
    expect(short.at(0)).toMatchObject({ atNs: 30 * S, begins: true });
    expect(spansOf(10, [pause(10, null)], 31)).toMatchObject({ totalTicks: 1 });
  });
});

describe('a recording that is paused right now', () => {
  test('says nothing of what follows', () => {
    const spans = spansOf(10, [pause(12, null)], null);
    expect(spans.totalTicks).toBeNull();
    expect([spans.at(59)?.atNs, spans.at(60)]).toEqual([10 * S + tickToNs(59), null]);
    expect([spans.reachNs(60), spans.reachNs(61)]).toEqual([12 * S, null]);
    expect(spansOf(10, [pause(10, null)], null).reachNs(1)).toBeNull();
  });

  test('ends with the pause where it ends in it', () => {
    const over = spansOf(10, [pause(12, null)], 50);
    expect([over.totalTicks, over.at(60)]).toEqual([60, null]);
    expect(over.reachNs(133)).toBe(10 * S + tickToNs(133));
  });

  test('what has been said of its ticks stays true when it goes on', () => {
    const before = spansOf(10, [pause(12, null)], null);
    const after = spansOf(10, [pause(12, 99), pause(100, 101)], null);
    for (const tick of [0, 1, 30, 59]) expect(after.at(tick)?.atNs).toBe(before.at(tick)?.atNs);
    expect(after.totalTicks).toBeNull();
    expect(after.at(1_000_000)?.atNs).toBe(101 * S + tickToNs(1_000_000 - 90));
  });
});
