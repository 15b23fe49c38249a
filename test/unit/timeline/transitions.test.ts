import { describe, expect, it } from 'vitest';
import type { ParticipantId, TrackId } from '../../../src/domain/ids.ts';
import type { Rect } from '../../../src/domain/layout.ts';
import type { Scene, Tile } from '../../../src/domain/scene.ts';
import { type Flight, TRANSITION_TICKS, Transitions } from '../../../src/timeline/transitions.ts';

const LEFT: Rect = { x: 0, y: 100, width: 160, height: 90 };
const RIGHT: Rect = { x: 480, y: 100, width: 160, height: 90 };
const LARGE: Rect = { x: 160, y: 0, width: 320, height: 180 };

const tile = (name: string, rect: Rect, more: Partial<Tile> = {}): Tile => ({
  participantId: name as ParticipantId,
  source: 'camera',
  rect,
  name,
  trackId: `${name}-camera` as TrackId,
  micMuted: false,
  speaking: false,
  fit: 'cover',
  ...more,
});
const scene = (...tiles: Tile[]): Scene => ({ tiles });

/** What is drawn at each tick; `scenes` has an entry for every tick. */
const play = (...scenes: Scene[]): (readonly Flight[] | null)[] => {
  const transitions = new Transitions();
  return scenes.map((one, tick) => transitions.step(tick, one));
};
const held = (one: Scene, ticks: number): Scene[] => Array.from({ length: ticks }, () => one);
const names = (flights: readonly Flight[] | null | undefined) => flights?.map((flight) => flight.tile.name).join(' ');
const of = (flights: readonly Flight[] | null | undefined, name: string): Flight => {
  const found = flights?.find((flight) => flight.tile.name === name);
  if (!found) throw new Error(`No "${name}" is under way.`);
  return found;
};

describe('transitions', () => {
  it('cost nothing at the beginning, at rest, and where decoration alone changes', () => {
    const one = scene(tile('a', LEFT));
    expect(play(one, one, scene(tile('a', LEFT, { speaking: true, trackId: null })), one)).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  it('take 200 ms, and end where the scene is', () => {
    const after = scene(tile('a', RIGHT));
    const drawn = play(scene(tile('a', LEFT)), ...held(after, 8));
    expect(drawn.map((flights) => flights !== null)).toEqual([
      false,
      true,
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(TRANSITION_TICKS).toBe(6);
    const ways = drawn.slice(1, 6).map((flights) => of(flights, 'a').rect.x);
    expect(ways[0]).toBeGreaterThan(0);
    expect(ways).toEqual([...ways].sort((a, b) => a - b));
    // Fast first, then slowing down.
    const steps = ways.map((x, i) => x - (ways[i - 1] ?? 0));
    expect(steps).toEqual([...steps].sort((a, b) => b - a));
    expect(ways.at(-1)).toBeLessThan(RIGHT.x);
  });

  it('keep every rectangle even and on its way between the two places', () => {
    const drawn = play(scene(tile('a', LEFT), tile('b', RIGHT)), ...held(scene(tile('b', LARGE), tile('c', LEFT)), 7));
    for (const flight of drawn.flatMap((flights) => flights ?? [])) {
      const { x, y, width, height } = flight.rect;
      expect([x % 2, y % 2, width % 2, height % 2]).toEqual([0, 0, 0, 0]);
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(640);
      expect(y + height).toBeLessThanOrEqual(190);
    }
  });

  it('fade in who comes, growing to his place', () => {
    const drawn = play(scene(tile('a', LEFT)), ...held(scene(tile('a', LEFT), tile('b', RIGHT)), 6));
    const first = of(drawn[1], 'b');
    const last = of(drawn[5], 'b');
    expect(first.opacity).toBeGreaterThan(0.2);
    expect(first.opacity).toBeLessThan(0.6);
    expect(last.opacity).toBeGreaterThan(0.9);
    expect(first.rect.width).toBeLessThan(RIGHT.width);
    expect(of(drawn[1], 'a')).toEqual({ tile: tile('a', LEFT), rect: LEFT, opacity: 1 });
  });

  it('fade out who goes, below everybody else, and forget him', () => {
    const drawn = play(scene(tile('a', LEFT), tile('b', RIGHT)), ...held(scene(tile('b', RIGHT)), 7));
    expect(names(drawn[1])).toBe('a b');
    expect(of(drawn[1], 'a').opacity).toBeLessThan(0.7);
    expect(of(drawn[5], 'a').opacity).toBeLessThan(0.1);
    expect(drawn.slice(6)).toEqual([null, null]);
  });

  it('fade the next one in over who stood in the very place', () => {
    const drawn = play(scene(tile('a', LARGE)), ...held(scene(tile('b', LARGE)), 6));
    expect(names(drawn[3])).toBe('a b');
    expect(of(drawn[3], 'a')).toMatchObject({ rect: LARGE, opacity: 1 });
    expect(of(drawn[3], 'b').rect).toEqual(LARGE);
    expect(of(drawn[3], 'b').opacity).toBeLessThan(1);
    expect(drawn[6]).toBeNull();
  });

  it('lead who was on his way to a place that another takes there, below him', () => {
    const after = Array.from({ length: 6 }, () => scene(tile('b', RIGHT)));
    const drawn = play(scene(tile('a', LEFT)), scene(tile('a', RIGHT)), ...after);
    const ways = drawn.slice(1, 7).map((flights) => of(flights, 'a').rect.x);
    expect(ways).toEqual([...ways].sort((x, y) => x - y));
    expect(ways.at(-1)).toBeGreaterThan(RIGHT.x - 10);
    expect(names(drawn[5])).toBe('a b');
    expect(drawn[7]).toBeNull();
  });

  it('set out anew from where things are when the scene changes again', () => {
    const [at, away] = [scene(tile('a', LEFT)), scene(tile('a', RIGHT))];
    const drawn = play(at, away, away, at, at, at, at, at, at);
    const [before, after] = [of(drawn[2], 'a').rect.x, of(drawn[3], 'a').rect.x];
    expect(after).toBeLessThan(before);
    expect(after).toBeGreaterThan(0);
    expect(drawn[7]).not.toBeNull();
    expect(drawn[8]).toBeNull();
  });

  it('bring back who was about to go', () => {
    const [both, one] = [scene(tile('a', LEFT), tile('b', RIGHT)), scene(tile('b', RIGHT))];
    const drawn = play(both, one, one, both, both, both, both, both, both);
    expect(names(drawn[3])).toBe('a b');
    expect(of(drawn[3], 'a').opacity).toBeGreaterThan(of(drawn[2], 'a').opacity);
    expect(of(drawn[7], 'a').opacity).toBeLessThan(1);
    expect(drawn[8]).toBeNull();
  });

  it("tell a person's tile from his shares, and those from each other", () => {
    const share = (id: string): Tile => tile('a', LARGE, { source: 'screen-video', trackId: id as TrackId });
    const drawn = play(scene(share('one')), scene(share('two')), scene(tile('a', LARGE)));
    expect(drawn[1]).toHaveLength(2);
    expect(drawn[2]).toHaveLength(3);
  });
});
