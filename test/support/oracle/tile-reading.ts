/** Reads a synthetic picture back out of a tile: whose colour, which frame, flashing or not. */
import type { Rect } from '../../../src/domain/layout.ts';
import { identityOfColour, type Rgb, type Yuv } from '../../../src/synthetic/identity.ts';
import { BASE, PICTURE } from '../../../src/synthetic/picture-geometry.ts';
import { CODE_COLUMNS, CODE_ROWS, decodeTimecode } from '../../../src/synthetic/timecode.ts';
import { toRgb } from './colours.ts';
import type { Picture } from './media-file.ts';

/** How a picture fills a tile: cropped to fill it, or shown whole. */
export type Fit = 'cover' | 'contain';

export interface TileReading {
  /** Whose colour the identity strip has; null: nobody's. */
  readonly identity: number | null;
  /** Frame number in the code, null where its check sum does not fit the identity. */
  readonly frame: number | null;
  /** Mean luma of the flash patch. */
  readonly flash: number;
  /** The identity strip's mean colour. */
  readonly colour: Rgb;
  /** The colour is that of the strip alone: in a small tile its rows of chroma are mixed with their neighbours'. */
  readonly pure: boolean;
}

/** Above it a patch is white, below it black: half of the way between limited-range black and white. */
const MIDDLE_LUMA = 125;
/** The inner part of an area that is measured: scaling and compression blur the rest with its neighbours. */
const INNER = 0.6;

/** Where a rectangle of the base picture stands on the canvas. */
export const onCanvas = (part: Rect, tile: Rect, fit: Fit): Rect => {
  const across = tile.width / BASE.width;
  const down = tile.height / BASE.height;
  const scale = fit === 'cover' ? Math.max(across, down) : Math.min(across, down);
  return {
    x: tile.x + tile.width / 2 + (part.x - BASE.width / 2) * scale,
    y: tile.y + tile.height / 2 + (part.y - BASE.height / 2) * scale,
    width: part.width * scale,
    height: part.height * scale,
  };
};

/** Samples of a plane in the inner part of a rectangle of luma pixels, one at least; `shift` 1 for chroma. */
const innerOf = ({ x, y, width, height }: Rect, shift: 0 | 1) => {
  const divide = shift === 0 ? 1 : 2;
  const insetX = (width * (1 - INNER)) / 2;
  const insetY = (height * (1 - INNER)) / 2;
  const left = Math.ceil((x + insetX) / divide);
  const right = Math.max(left + 1, Math.floor((x + width - insetX) / divide));
  const top = Math.ceil((y + insetY) / divide);
  const bottom = Math.max(top + 1, Math.floor((y + height - insetY) / divide));
  return { left, right, top, bottom };
};

/** Mean of a plane over the inner part of a rectangle of luma pixels; `shift` 1 for chroma. */
const meanOf = (plane: Buffer | undefined, line: number, area: Rect, shift: 0 | 1): number => {
  if (!plane) throw new Error('The picture lacks a plane.');
  const { left, right, top, bottom } = innerOf(area, shift);
  let sum = 0;
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += plane[y * line + x] ?? 0;
  return sum / ((right - left) * (bottom - top));
};

const luma = (picture: Picture, area: Rect): number => meanOf(picture.planes[0], picture.lines[0] ?? 0, area, 0);

const colour = (picture: Picture, area: Rect): Yuv => ({
  y: luma(picture, area),
  u: meanOf(picture.planes[1], picture.lines[1] ?? 0, area, 1),
  v: meanOf(picture.planes[2], picture.lines[2] ?? 0, area, 1),
});

const codeBits = (picture: Picture, tile: Rect, fit: Fit): boolean[] => {
  const width = PICTURE.code.width / CODE_COLUMNS;
  const height = PICTURE.code.height / CODE_ROWS;
  return Array.from({ length: CODE_COLUMNS * CODE_ROWS }, (_, bit) => {
    const x = PICTURE.code.x + (bit % CODE_COLUMNS) * width;
    const y = PICTURE.code.y + Math.floor(bit / CODE_COLUMNS) * height;
    return luma(picture, onCanvas({ x, y, width, height }, tile, fit)) > MIDDLE_LUMA;
  });
};

/** Reads one tile of one picture. */
export const readTile = (picture: Picture, tile: Rect, fit: Fit = 'cover'): TileReading => {
  const place = onCanvas(PICTURE.identity, tile, fit);
  const strip = toRgb(colour(picture, place), picture.colour);
  const flash = luma(picture, onCanvas(PICTURE.flash, tile, fit));
  const identity = identityOfColour(strip);
  const frame = identity === null ? null : decodeTimecode(codeBits(picture, tile, fit), identity);
  return { identity, frame, flash, colour: strip, pure: (place.height * INNER) / 2 >= PURE_ROWS };
};

/** True for a flash patch that is lit. */
export const isLit = (reading: TileReading): boolean => reading.flash > MIDDLE_LUMA;

/** Luma along a line of pixels, averaged over a few beside it. */
const profile = (
  picture: Picture,
  from: number,
  to: number,
  at: (step: number, beside: number) => [number, number],
) => {
  const [plane] = picture.planes;
  const [line = 0] = picture.lines;
  return Array.from({ length: to - from }, (_, step) => {
    let sum = 0;
    for (let beside = -2; beside <= 2; beside++) {
      const [x, y] = at(from + step, beside);
      sum += plane?.[Math.round(y) * line + Math.round(x)] ?? 0;
    }
    return sum / 5;
  });
};

/** Fewer rows of chroma in the inner part than these (a tile of 140 lines has them), and two scalings mix all of them with their neighbours. */
const PURE_ROWS = 2.3;
/** How far to both sides of its place an edge is looked for. */
const SEARCH = 12;
/** A speaker's border, with its keyline: 4 px in a small tile, less than a hundredth of a large one. An edge near it would be taken for it. */
const BORDER = { least: 4, part: 0.01 } as const;
/** Fainter edges cannot be placed. */
const LEAST_CONTRAST = 40;

/** Where a profile crosses the middle between its ends, from its centre, in pixels; null: no clear edge. */
const crossing = (values: readonly number[]): number | null => {
  const first = values[0] ?? 0;
  const last = values.at(-1) ?? 0;
  if (Math.abs(first - last) < LEAST_CONTRAST) return null;
  const middle = (first + last) / 2;
  const after = values.findIndex((value) => (first < last ? value >= middle : value <= middle));
  const before = values[after - 1] ?? first;
  const here = values[after] ?? last;
  const part = here === before ? 0 : (middle - before) / (here - before);
  return after - 1 + part - (values.length - 1) / 2;
};

/**
 * How far the edges of the flash patch are from where the tile's rectangle puts them, the worst of left, right and bottom, in pixels; null where
 * the patch is not distinct from its surroundings. Tells a picture that is misplaced or misscaled by a little.
 */
export const misplacement = (picture: Picture, tile: Rect, fit: Fit = 'cover'): number | null => {
  const { x, y, width, height } = onCanvas(PICTURE.flash, tile, fit);
  const middleX = x + width / 2;
  const middleY = y + height / 2;
  // An edge between two pixels stands at a half: pixel centres do.
  const border = Math.max(BORDER.least, tile.width * BORDER.part);
  const across = (edge: number) => {
    const room = Math.min(edge - tile.x, tile.x + tile.width - edge) - border;
    const search = Math.max(2, Math.min(SEARCH, Math.floor(room)));
    return crossing(profile(picture, -search, search, (step, beside) => [edge + step, middleY + beside]));
  };
  const down = (edge: number, search: number) =>
    crossing(profile(picture, -search, search, (step, beside) => [middleX + beside, edge + step]));
  // Below the patch, six units of background come before the ball's way: look no further.
  const near = Math.max(2, Math.floor((height * 5) / 24));
  const errors = [across(x), across(x + width), down(y + height, near)];
  const known = errors.filter((error) => error !== null);
  return known.length === errors.length ? Math.max(...known.map(Math.abs)) : null;
};
