/**
 * Layouts in which something is larger than the rest: shares with people beside them, one person with others beside him, one tile alone.
 * Pure; golden-tested. On a landscape canvas the others stand in a column at the right, whose tiles are of one size however many there
 * are, so that the stage stays where it is while people come and go; on a portrait canvas they stand below.
 */
import { bandRects, gridRects } from './grid.ts';
import type { Rect, Size } from './layout.ts';
import { acrossOf, even, gapOf, heightOf, isLandscape, units } from './tile-measures.ts';

/** Most tiles beside the stage. */
export const MAX_COLUMN = 5;
/** Most shares on the stage at once. */
export const MAX_SHARES = 4;
/** Part of a portrait canvas's height that one share gets, or three and four together: room for an upright screen, and for people below. */
const PORTRAIT_SHARE = 0.4;

/** What is large, and what is beside it. */
export interface StageRects {
  readonly stage: readonly Rect[];
  readonly beside: readonly Rect[];
}

/** Splits an area among shares: one; two above each other; three and four in quarters. */
const splitStage = (stage: Rect, shares: number, canvas: Size): Rect[] => {
  const gap = gapOf(canvas);
  const columns = shares > 2 ? 2 : 1;
  const rows = Math.ceil(shares / columns);
  const width = even((stage.width - (columns - 1) * gap) / columns);
  const height = even((stage.height - (rows - 1) * gap) / rows);
  return Array.from({ length: shares }, (_, i) => ({
    x: stage.x + (i % columns) * (width + gap),
    y: stage.y + Math.floor(i / columns) * (height + gap),
    width,
    height,
  }));
};

/** The canvas without its margins. */
const inner = (canvas: Size): Rect => {
  const gap = gapOf(canvas);
  return { x: gap, y: gap, width: canvas.width - 2 * gap, height: canvas.height - 2 * gap };
};

const checkBeside = (count: number): void => {
  if (Number.isInteger(count) && count >= 0 && count <= MAX_COLUMN) return;
  throw new RangeError(`Beside the stage there are 0 to ${MAX_COLUMN} tiles, not ${count}.`);
};

/** The column at the right of a landscape canvas, and what it leaves to the stage; `grain` rounds the stage's width. */
const columnAtRight = (
  count: number,
  canvas: Size,
  grain: typeof even,
): { readonly stage: Rect; readonly beside: readonly Rect[] } => {
  const gap = gapOf(canvas);
  const whole = inner(canvas);
  const width = units((((whole.height - (MAX_COLUMN - 1) * gap) / MAX_COLUMN) * 16) / 9);
  const height = heightOf(width);
  const stageWidth = grain(canvas.width - width - 3 * gap);
  const stage = { ...whole, x: even((canvas.width - stageWidth - gap - width) / 2), width: stageWidth };
  const top = even((canvas.height - acrossOf(count, height, gap)) / 2);
  const x = stage.x + stageWidth + gap;
  return {
    stage,
    beside: Array.from({ length: count }, (_, i) => ({ x, y: top + i * (height + gap), width, height })),
  };
};

/** A stage of this height with the others below it on a portrait canvas, all together in the middle. */
const bandBelow = (stageHeight: number, count: number, canvas: Size) => {
  const gap = gapOf(canvas);
  const whole = inner(canvas);
  const tiles = bandRects(count, canvas, whole.y + stageHeight);
  const first = Math.min(...tiles.map(({ y }) => y));
  const last = Math.max(...tiles.map(({ y, height }) => y + height));
  const top = even((canvas.height - stageHeight - gap - (last - first)) / 2);
  return {
    stage: { ...whole, y: top, height: stageHeight },
    beside: tiles.map((tile) => ({ ...tile, y: tile.y - first + top + stageHeight + gap })),
  };
};

/** Height of a portrait canvas's stage: two shares above each other are 16:9. */
const portraitShareHeight = (shares: number, canvas: Size): number =>
  shares === 2 ? 2 * heightOf(inner(canvas).width) + gapOf(canvas) : even(canvas.height * PORTRAIT_SHARE);

/**
 * Rectangles while something is shared: whole areas of the shares, into which their pictures are fitted, and `beside` people.
 * Throws a RangeError unless 0 ≤ beside ≤ 5 and 1 ≤ shares ≤ 4.
 */
export const shareRects = (beside: number, canvas: Size, shares: number): StageRects => {
  checkBeside(beside);
  if (!Number.isInteger(shares) || shares < 1 || shares > MAX_SHARES) {
    throw new RangeError(`The stage holds 1 to ${MAX_SHARES} shares, not ${shares}.`);
  }
  if (beside === 0) return { stage: splitStage(inner(canvas), shares, canvas), beside: [] };
  const area = isLandscape(canvas)
    ? columnAtRight(beside, canvas, even)
    : bandBelow(portraitShareHeight(shares, canvas), beside, canvas);
  return { stage: splitStage(area.stage, shares, canvas), beside: area.beside };
};

/** The largest 16:9 tile of an area, in its middle. */
const mainIn = (area: Rect): Rect => {
  // A pixel more: the height is rounded down to even.
  const width = Math.min(area.width, units(((area.height + 1) * 16) / 9));
  const height = heightOf(width);
  const x = area.x + even((area.width - width) / 2);
  return { x, y: area.y + even((area.height - height) / 2), width, height };
};

/** Rectangles of one person on the stage, in 16:9, and of `beside` others. Throws a RangeError unless 0 ≤ beside ≤ 5. */
export const sidebarRects = (beside: number, canvas: Size): StageRects => {
  checkBeside(beside);
  if (beside === 0) return { stage: gridRects(1, canvas), beside: [] };
  const area = isLandscape(canvas)
    ? columnAtRight(beside, canvas, units)
    : bandBelow(heightOf(units(inner(canvas).width)), beside, canvas);
  return { stage: [mainIn(area.stage)], beside: area.beside };
};

/** The whole canvas, for a tile alone. The only one of a person whose width may be no multiple of sixteen: that of an 854 pixels wide canvas. */
export const frameRect = (canvas: Size): Rect => ({ x: 0, y: 0, width: canvas.width, height: canvas.height });
