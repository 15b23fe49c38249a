/**
 * Grids: equal tiles in centred rows. Pure; golden-tested.
 *
 * Rows follow the published behaviour of the built-in view. Landscape: 1; 2; 2+1; 2+2; 3+2; 3+3; 2+3+2; 3+2+3, beyond eight the
 * squarest grid. Portrait: up to three above each other; 2+2; 2+1+2; 2+2+2, beyond six the rows with the largest tiles. Tiles are 16:9,
 * but square where several stand in a row of a portrait canvas: 16:9 would leave two thirds of it empty.
 */
import type { Rect, Size } from './layout.ts';
import { acrossOf, even, gapOf, heightOf, isLandscape, units } from './tile-measures.ts';

/** Most tiles of a grid. */
export const MAX_GRID = 25;

/** Published rows by count. */
const LANDSCAPE_ROWS: readonly (readonly number[])[] = [
  [],
  [1],
  [2],
  [2, 1],
  [2, 2],
  [3, 2],
  [3, 3],
  [2, 3, 2],
  [3, 2, 3],
];
const PORTRAIT_ROWS: readonly (readonly number[])[] = [[], [1], [1, 1], [1, 1, 1], [2, 2], [2, 1, 2], [2, 2, 2]];

/** A band of a canvas, from side to side. It has a gap on every side, as there is between its tiles. */
interface Band {
  readonly canvas: Size;
  readonly top: number;
  readonly height: number;
}

/** `count` tiles in rows of at most `columns`, as equal as can be, longer rows first. */
const balancedRows = (count: number, columns: number): number[] => {
  const rows = Math.ceil(count / columns);
  return Array.from({ length: rows }, (_, row) => Math.floor(count / rows) + (row < count % rows ? 1 : 0));
};

/** Side by side on a portrait canvas: square. */
const isSquare = (rows: readonly number[], canvas: Size): boolean => !isLandscape(canvas) && Math.max(...rows) > 1;
const tileHeight = (rows: readonly number[], canvas: Size, width: number): number =>
  isSquare(rows, canvas) ? width : heightOf(width);

/** Width of the largest tile that fits everywhere in these rows; 0 where none does. */
const widestTile = (rows: readonly number[], { canvas, height }: Band): number => {
  const gap = gapOf(canvas);
  const columns = Math.max(...rows);
  const across = (canvas.width - (columns + 1) * gap) / columns;
  const down = (height - (rows.length + 1) * gap) / rows.length;
  return Math.max(0, units(Math.min(across, isSquare(rows, canvas) ? down : (down * 16) / 9)));
};

/** Of all numbers of columns from `least` on, the rows with the largest tiles; of equals the fewest columns. */
const largestRows = (count: number, band: Band, least: number): readonly number[] => {
  const choices = Array.from({ length: Math.max(1, count - least + 1) }, (_, i) => balancedRows(count, least + i));
  const areaOf = (rows: readonly number[]): number => {
    const width = widestTile(rows, band);
    return width * tileHeight(rows, band.canvas, width);
  };
  return choices.reduce((best, rows) => (areaOf(rows) > areaOf(best) ? rows : best));
};

/** Tiles of one width in rows, in the middle of the band. */
const placeRows = (rows: readonly number[], width: number, { canvas, top, height }: Band): Rect[] => {
  const gap = gapOf(canvas);
  const tall = tileHeight(rows, canvas, width);
  const first = top + even((height - acrossOf(rows.length, tall, gap)) / 2);
  return rows.flatMap((n, row) => {
    const x = even((canvas.width - acrossOf(n, width, gap)) / 2);
    const y = first + row * (tall + gap);
    return Array.from({ length: n }, (_, column) => ({ x: x + column * (width + gap), y, width, height: tall }));
  });
};

const rowsFor = (count: number, band: Band): readonly number[] =>
  isLandscape(band.canvas)
    ? (LANDSCAPE_ROWS[count] ?? balancedRows(count, Math.ceil(Math.sqrt(count))))
    : (PORTRAIT_ROWS[count] ?? largestRows(count, band, 2));

/**
 * Rectangles of a grid of `count` tiles, left to right, top to bottom: equal tiles, rows centred.
 * Throws a RangeError unless 0 ≤ count ≤ 25.
 */
export const gridRects = (count: number, canvas: Size): readonly Rect[] => {
  if (!Number.isInteger(count) || count < 0 || count > MAX_GRID) {
    throw new RangeError(`A grid holds 0 to ${MAX_GRID} tiles, not ${count}.`);
  }
  if (count === 0) return [];
  const band = { canvas, top: 0, height: canvas.height };
  const rows = rowsFor(count, band);
  return placeRows(rows, widestTile(rows, band), band);
};

/**
 * Rectangles of a few tiles below the stage of a portrait canvas, in the band from `top` to the bottom: as large as fits two or more to a
 * row, so that they stay smaller than what is on the stage.
 */
export const bandRects = (count: number, canvas: Size, top: number): readonly Rect[] => {
  if (count === 0) return [];
  const band = { canvas, top, height: canvas.height - top };
  const rows = largestRows(count, band, 2);
  const half = units((canvas.width - 3 * gapOf(canvas)) / 2);
  return placeRows(rows, Math.min(widestTile(rows, band), half), band);
};
