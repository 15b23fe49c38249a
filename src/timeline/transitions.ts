/**
 * From one scene to the next in 200 ms instead of a jump: tiles move, those that come fade in, those that go fade out. Pure but for its
 * state, which follows from the scenes of all ticks before: whoever runs through them draws the same.
 *
 * The tick of a change shows the first step already, the sixth tick the new scene at rest. A change amid a transition starts from where
 * everything is. A tile that takes the very place of another (the next speaker on the whole canvas) is faded in over it.
 */
import type { Rect } from '../domain/layout.ts';
import { FRAME_RATE } from '../domain/media-time.ts';
import { type Scene, sameRect, type Tile, tileKey } from '../domain/scene.ts';

/** 200 ms: long enough for the eye to follow a tile to its new place, too short to wait for. */
export const TRANSITION_TICKS = FRAME_RATE / 5;
/** Coming and going tiles are this large, beside their own size: a hint of depth. */
const AWAY_SCALE = 0.86;

/** A tile on its way. */
export interface Flight {
  /** As it looks at rest; its own `rect` is where it will rest, or did. */
  readonly tile: Tile;
  /** Where it is now, even on every side, inside the canvas. */
  readonly rect: Rect;
  /** 0…1. */
  readonly opacity: number;
}

/** What a tile does from a tick on. */
interface Course {
  readonly tile: Tile;
  readonly from: Rect;
  readonly to: Rect;
  readonly fromOpacity: number;
  readonly toOpacity: number;
  readonly startTick: number;
  readonly leaves: boolean;
}

/** Fast at first, then slowing down (cubic): it is seen to answer at once, and ends without a bump. */
const ease = (part: number): number => 1 - (1 - part) ** 3;

const toEven = (value: number): number => Math.round(value / 2) * 2;

/** The rectangle with these edges, rounded to even ones. */
const snapped = (left: number, top: number, right: number, bottom: number): Rect => {
  const [x, y] = [toEven(left), toEven(top)];
  return { x, y, width: Math.max(2, toEven(right) - x), height: Math.max(2, toEven(bottom) - y) };
};

const between = (a: Rect, b: Rect, part: number): Rect => {
  const mix = (from: number, to: number): number => from + (to - from) * part;
  return snapped(mix(a.x, b.x), mix(a.y, b.y), mix(a.x + a.width, b.x + b.width), mix(a.y + a.height, b.y + b.height));
};

/** Smaller, around the same middle. */
const away = ({ x, y, width, height }: Rect): Rect => {
  const [dx, dy] = [(width * (1 - AWAY_SCALE)) / 2, (height * (1 - AWAY_SCALE)) / 2];
  return snapped(x + dx, y + dy, x + width - dx, y + height - dy);
};

const isOver = ({ startTick }: Course, tick: number): boolean => tick >= startTick + TRANSITION_TICKS - 1;

const flightAt = (course: Course, tick: number): Flight => {
  const { tile, from, to, fromOpacity, toOpacity } = course;
  if (isOver(course, tick)) return { tile, rect: to, opacity: toOpacity };
  const part = ease((tick + 1 - course.startTick) / TRANSITION_TICKS);
  return { tile, rect: between(from, to, part), opacity: fromOpacity + (toOpacity - fromOpacity) * part };
};

const resting = (tile: Tile): Course => ({
  tile,
  from: tile.rect,
  to: tile.rect,
  fromOpacity: 1,
  toOpacity: 1,
  startTick: Number.NEGATIVE_INFINITY,
  leaves: false,
});

export class Transitions {
  #courses = new Map<string, Course>();
  #scene: Scene | null = null;

  /**
   * Takes the scene of the next tick. Null: everything is at rest, draw the scene as it is; else the tiles in drawing order, those that
   * leave first. The first scene is at rest.
   */
  step(tick: number, scene: Scene): readonly Flight[] | null {
    const before = this.#scene;
    this.#scene = scene;
    if (before === null) this.#courses = new Map(scene.tiles.map((tile) => [tileKey(tile), resting(tile)]));
    else if (before !== scene) this.#courses = this.#follow(tick, scene);
    const courses = [...this.#courses.values()];
    if (courses.every((course) => isOver(course, tick))) {
      for (const [key, { leaves }] of this.#courses) if (leaves) this.#courses.delete(key);
      return null;
    }
    return courses.map((course) => flightAt(course, tick));
  }

  /** Courses of the tiles that leave, then those of the scene's tiles. */
  #follow(tick: number, scene: Scene): Map<string, Course> {
    const now = new Map(scene.tiles.map((tile) => [tileKey(tile), tile]));
    const taken = scene.tiles.filter((tile) => !this.#courses.has(tileKey(tile))).map(({ rect }) => rect);
    const next = new Map<string, Course>();
    for (const [key, course] of this.#courses) {
      if (now.has(key)) continue;
      const left = course.leaves ? course : this.#leave(tick, course, taken);
      if (!course.leaves || !isOver(course, tick)) next.set(key, left);
    }
    const places = [...next.values()].map(({ tile }) => tile.rect);
    for (const [key, tile] of now) next.set(key, this.#stay(tick, key, tile, places));
    return next;
  }

  /** Fades out; where another tile is about to cover it, goes on to its place and stays under that one. */
  #leave(tick: number, course: Course, taken: readonly Rect[]): Course {
    const { tile, rect, opacity } = flightAt(course, tick - 1);
    const covered = taken.some((other) => sameRect(other, tile.rect));
    return {
      tile,
      from: rect,
      to: covered ? tile.rect : away(rect),
      fromOpacity: opacity,
      toOpacity: covered ? opacity : 0,
      startTick: tick,
      leaves: true,
    };
  }

  /** Goes on, sets out for another place, or comes. `places`: where those rested that leave. */
  #stay(tick: number, key: string, tile: Tile, places: readonly Rect[]): Course {
    const course = this.#courses.get(key);
    if (course && !course.leaves && sameRect(course.tile.rect, tile.rect)) return { ...course, tile };
    const { rect, opacity } = course ? flightAt(course, tick - 1) : { rect: tile.rect, opacity: 0 };
    const covers = places.some((other) => sameRect(other, tile.rect));
    return {
      tile,
      from: course || covers ? rect : away(rect),
      to: tile.rect,
      fromOpacity: opacity,
      toOpacity: 1,
      startTick: tick,
      leaves: false,
    };
  }
}
