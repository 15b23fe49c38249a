/**
 * Grids: equal tiles in centred rows. Pure; golden-tested.
 *
 * Rows follow the published behaviour of the built-in view. Landscape: 1; 2; 2+1; 2+2; 3+2; 3+3; 2+3+2; 3+2+3, beyond eight the
 * squarest grid. Portrait: up to three above each other; 2+2; 2+1+2; 2+2+2, beyond six the rows with the largest tiles. Tiles are 16:9,
 * but square where several stand in a row of a portrait canvas: 16:9 would leave two thirds of it empty.
 */
import type { Rect, Size } from './layout.ts';
import { centredX, columnGapOf, even, heightOf, isLandscape, marginOf, UNIT, units } from './tile-measures.ts';

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

/** A band of a canvas, from side to side. It has a margin on every side, and between rows. */
interface Band {
  readonly canvas: Size;
  readonly top: number;
  readonly height: number;
}

/** Equal tiles in rows: how wide they are, and how far apart in a row. */
interface RowMeasures {
  readonly gap: number;
  readonly width: number;
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

/** Width of the largest tile that fits everywhere in these rows. */
const widestTile = (rows: readonly number[], { canvas, height }: Band, gap: number): number => {
  const margin = marginOf(canvas);
  const columns = Math.max(...rows);
  const across = (canvas.width - 2 * margin - (columns - 1) * gap) / columns;
  const down = (height - 2 * margin - (rows.length - 1) * margin) / rows.length;
  return units(Math.min(across, isSquare(rows, canvas) ? down : (down * 16) / 9));
};

/** True if every row can stand exactly in the middle of the canvas with every x a whole unit. */
const centresExactly = (rows: readonly number[], { gap, width }: RowMeasures, canvas: Size): boolean =>
  rows.every((n) => (canvas.width - n * width - (n - 1) * gap) % (2 * UNIT) === 0);

/** True if rows, as near to the middle as whole units allow, leave a margin on both sides. */
const keepsMargins = (rows: readonly number[], { gap, width }: RowMeasures, canvas: Size): boolean =>
  rows.every((n) => {
    const across = n * width + (n - 1) * gap;
    const x = centredX(across, canvas.width);
    return Math.min(x, canvas.width - x - across) >= marginOf(canvas) / 2;
  });

/**
 * The gap and tile width. Unequal margins are seen at once, sixteen pixels of width are not: a unit more between tiles, or a unit less of
 * width, is taken where that puts every row exactly in the middle.
 */
const rowMeasures = (rows: readonly number[], band: Band): RowMeasures => {
  const gap = columnGapOf(band.canvas);
  const width = widestTile(rows, band, gap);
  const choices = [width, width - UNIT].flatMap((narrower) =>
    [gap, gap + UNIT].map((wider) => ({ gap: wider, width: Math.min(narrower, widestTile(rows, band, wider)) })),
  );
  const possible = choices.filter((choice) => choice.width > 0 && keepsMargins(rows, choice, band.canvas));
  const centred = possible.filter((choice) => centresExactly(rows, choice, band.canvas));
  const wider = (a: RowMeasures, b: RowMeasures): RowMeasures => (b.width > a.width ? b : a);
  return (centred.length > 0 ? centred : possible).reduce(wider, { gap, width: 0 });
};

/** Of all numbers of columns from `least` on, the rows with the largest tiles; of equals the fewest columns. */
const largestRows = (count: number, band: Band, least: number): readonly number[] => {
  const choices = Array.from({ length: Math.max(1, count - least + 1) }, (_, i) => balancedRows(count, least + i));
  const areaOf = (rows: readonly number[]): number => {
    const { width } = rowMeasures(rows, band);
    return width * tileHeight(rows, band.canvas, width);
  };
  return choices.reduce((best, rows) => (areaOf(rows) > areaOf(best) ? rows : best));
};

/** Equal tiles in rows, in the middle of the band. */
const placeRows = (rows: readonly number[], { gap, width }: RowMeasures, { canvas, top, height }: Band): Rect[] => {
  const tall = tileHeight(rows, canvas, width);
  const spare = height - 2 * marginOf(canvas) - rows.length * tall;
  const rowGap = rows.length > 1 ? Math.min(gap, even(spare / (rows.length - 1))) : 0;
  const first = top + even((height - rows.length * tall - (rows.length - 1) * rowGap) / 2);
  return rows.flatMap((n, row) => {
    const x = centredX(n * width + (n - 1) * gap, canvas.width);
    const y = first + row * (tall + rowGap);
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
  return placeRows(rows, rowMeasures(rows, band), band);
};

/**
 * Rectangles of a few tiles below the stage of a portrait canvas, in the band from `top` to the bottom: as large as fits two or more to a
 * row, so that they stay smaller than what is on the stage.
 */
export const bandRects = (count: number, canvas: Size, top: number): readonly Rect[] => {
  if (count === 0) return [];
  const band = { canvas, top, height: canvas.height - top };
  const rows = largestRows(count, band, 2);
  const half = units((canvas.width - 2 * marginOf(canvas) - columnGapOf(canvas)) / 2);
  const { gap, width } = rowMeasures(rows, band);
  return placeRows(rows, { gap, width: Math.min(width, half) }, band);
};
