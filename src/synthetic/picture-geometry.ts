/**
 * Where things stand in a synthetic picture, in units of a 320x180 picture. All that a machine reads lies in the middle half of the
 * width and between a tenth and four fifths of the height: a tile that crops to another shape, a name label, an icon or a
 * speaker's border do not touch it. Even numbers: 4:2:0. Pure data, also handed to pages that draw the same picture.
 */
import type { Rect, Size } from '../domain/layout.ts';

export const BASE: Size = { width: 320, height: 180 };

export const PICTURE = {
  /** Running time in digits, for eyes. */
  digits: { x: 80, y: 20, width: 160, height: 28 },
  /** Three rows of eight blocks. */
  code: { x: 80, y: 54, width: 160, height: 48 },
  /** Nothing but the identity colour. */
  identity: { x: 80, y: 104, width: 160, height: 10 },
  /** White while the beep sounds, black otherwise. */
  flash: { x: 80, y: 116, width: 160, height: 24 },
  /** The way of the moving ball: a box of `ball` by `ball`. */
  track: { x: 40, y: 146, width: 240, height: 12 },
  name: { x: 80, y: 2, width: 160, height: 16 },
} as const satisfies Record<string, Rect>;

export const BALL = 12;
/** Pixels that the ball moves in a second, in base units. */
const BALL_SPEED = 120;

/** Left edge of the ball at a time, in base units: back and forth along the track. */
export const ballX = (mediaMs: number): number => {
  const way = PICTURE.track.width - BALL;
  const travelled = (mediaMs / 1000) * BALL_SPEED;
  const folded = travelled % (2 * way);
  return PICTURE.track.x + (folded <= way ? folded : 2 * way - folded);
};

/** A rectangle of base units on a picture of another size, rounded to even pixels. */
export const scaleRect = (rect: Rect, size: Size): Rect => {
  const even = (value: number) => Math.round(value / 2) * 2;
  const x = even((rect.x * size.width) / BASE.width);
  const y = even((rect.y * size.height) / BASE.height);
  return {
    x,
    y,
    width: even(((rect.x + rect.width) * size.width) / BASE.width) - x,
    height: even(((rect.y + rect.height) * size.height) / BASE.height) - y,
  };
};
