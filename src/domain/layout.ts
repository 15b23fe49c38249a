/**
 * Layout geometry: which rectangles a rule gives for a number of tiles on a canvas. Pure; golden-tested.
 * Rows follow the published behaviour of the built-in view: 1; 2; 2+1; 2+2; 3+2; 3+3; 2+3+2; 3+2+3; beyond eight the squarest grid.
 */

export type LayoutType = 'GRID' | 'SPOTLIGHT' | 'SIDEBAR';
export type LayoutPriority = 'SPEAKER' | 'PIN';
export type Theme = 'DARK' | 'LIGHT' | 'DEFAULT';
export type Quality = 'low' | 'med' | 'high' | 'ultra';

/** The rule in force for a span of a recording. */
export interface LayoutProgram {
  readonly type: LayoutType;
  readonly priority: LayoutPriority;
  /** Most tiles at once, 1–25. */
  readonly gridSize: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Pixels; x and y from the top left. Even on every side (4:2:0), x and width multiples of 16 for tiles. */
export interface Rect extends Size {
  readonly x: number;
  readonly y: number;
}

const LANDSCAPE: Record<Quality, Size> = {
  low: { width: 854, height: 480 },
  med: { width: 1280, height: 720 },
  high: { width: 1920, height: 1080 },
  ultra: { width: 3840, height: 2160 },
};

/** Canvas of a quality, sides swapped in portrait. */
export const canvasSize = (quality: Quality, orientation: 'landscape' | 'portrait'): Size => {
  const size = LANDSCAPE[quality];
  return orientation === 'landscape' ? size : { width: size.height, height: size.width };
};

/** Widths and x of tiles are whole numbers of these: scalers write whole vectors, straight into the canvas. */
const UNIT = 16;
/** Space between tiles and around them, as a part of the canvas's shorter side: visible, and no more. */
const GAP_RATIO = 0.012;
/** Most tiles of a grid. */
export const MAX_GRID = 25;
/** Most tiles in the column beside a share. */
export const MAX_COLUMN = 5;
/** Most shares on the stage at once. */
export const MAX_SHARES = 4;

const even = (value: number): number => Math.floor(value / 2) * 2;
const units = (value: number): number => Math.floor(value / UNIT) * UNIT;
/** 16:9 at this width, rounded down to even. */
const heightOf = (width: number): number => even((width * 9) / 16);
const marginOf = (canvas: Size): number => Math.max(2, even(Math.min(canvas.width, canvas.height) * GAP_RATIO));
/** Between tiles of a row: whole units, so that every x stays a multiple. */
const columnGapOf = (canvas: Size): number => Math.ceil(marginOf(canvas) / UNIT) * UNIT;

/** Published rows for up to eight tiles, by count. */
const ROWS: readonly (readonly number[])[] = [[], [1], [2], [2, 1], [2, 2], [3, 2], [3, 3], [2, 3, 2], [3, 2, 3]];

/** `count` tiles in rows of at most `columns`, as equal as can be, longer rows first. */
const balancedRows = (count: number, columns: number): number[] => {
  const rows = Math.ceil(count / columns);
  return Array.from({ length: rows }, (_, row) => Math.floor(count / rows) + (row < count % rows ? 1 : 0));
};

/** Width of the largest 16:9 tile that fits everywhere in these rows. */
const widestTile = (rows: readonly number[], canvas: Size, gap: number): number => {
  const margin = marginOf(canvas);
  const columns = Math.max(...rows);
  const across = (canvas.width - 2 * margin - (columns - 1) * gap) / columns;
  const down = (canvas.height - 2 * margin - (rows.length - 1) * margin) / rows.length;
  return units(Math.min(across, (down * 16) / 9));
};

/** Rows for a number of tiles: as published on a landscape canvas, those with the largest tiles on a portrait one. */
const rowsFor = (count: number, canvas: Size): readonly number[] => {
  if (canvas.width >= canvas.height) return ROWS[count] ?? balancedRows(count, Math.ceil(Math.sqrt(count)));
  const choices = Array.from({ length: count }, (_, columns) => balancedRows(count, columns + 1));
  const gap = columnGapOf(canvas);
  return choices.reduce((best, rows) => (widestTile(rows, canvas, gap) > widestTile(best, canvas, gap) ? rows : best));
};

/** True if every row can stand exactly in the middle of the canvas with every x a whole unit. */
const centresExactly = (rows: readonly number[], width: number, gap: number, canvas: Size): boolean =>
  rows.every((n) => (canvas.width - n * width - (n - 1) * gap) % (2 * UNIT) === 0);

/**
 * The gap and tile width. Unequal margins are seen at once, sixteen pixels of width are not: a unit more between tiles, or a unit less of
 * width, is taken where that puts every row exactly in the middle.
 */
const rowMeasures = (rows: readonly number[], canvas: Size): { readonly gap: number; readonly width: number } => {
  const gap = columnGapOf(canvas);
  const width = widestTile(rows, canvas, gap);
  const choices = [width, width - UNIT].flatMap((narrower) =>
    [gap, gap + UNIT].map((wider) => ({ gap: wider, width: Math.min(narrower, widestTile(rows, canvas, wider)) })),
  );
  const centred = choices.filter((choice) => centresExactly(rows, choice.width, choice.gap, canvas));
  const largest = Math.max(...centred.map((choice) => choice.width));
  return centred.find((choice) => choice.width === largest && choice.width > 0) ?? { gap, width };
};

/** x of the first tile of a row that is this wide, as near to the middle as whole units allow. */
const centredX = (rowWidth: number, left: number, room: number): number => {
  const x = Math.round((left + (room - rowWidth) / 2) / UNIT) * UNIT;
  return x + rowWidth > left + room ? x - UNIT : x;
};

/** Equal 16:9 tiles in centred rows. */
const placeRows = (rows: readonly number[], width: number, gap: number, canvas: Size): Rect[] => {
  const height = heightOf(width);
  const margin = marginOf(canvas);
  const spare = canvas.height - 2 * margin - rows.length * height;
  const rowGap = rows.length > 1 ? Math.min(gap, even(spare / (rows.length - 1))) : 0;
  const top = even((canvas.height - rows.length * height - (rows.length - 1) * rowGap) / 2);
  return rows.flatMap((n, row) => {
    const x = centredX(n * width + (n - 1) * gap, 0, canvas.width);
    const y = top + row * (height + rowGap);
    return Array.from({ length: n }, (_, column) => ({ x: x + column * (width + gap), y, width, height }));
  });
};

/**
 * Rectangles of a grid of `count` tiles, left to right, top to bottom: equal 16:9 tiles, rows centred.
 * Throws a RangeError unless 0 ≤ count ≤ 25.
 */
export const gridRects = (count: number, canvas: Size): readonly Rect[] => {
  if (!Number.isInteger(count) || count < 0 || count > MAX_GRID) {
    throw new RangeError(`A grid holds 0 to ${MAX_GRID} tiles, not ${count}.`);
  }
  if (count === 0) return [];
  const rows = rowsFor(count, canvas);
  const { gap, width } = rowMeasures(rows, canvas);
  return placeRows(rows, width, gap, canvas);
};

/** The stage of one or more shares, and the people beside it. */
export interface ShareRects {
  /** Whole area of each share; the picture is fitted into it. */
  readonly shares: readonly Rect[];
  readonly column: readonly Rect[];
}

/** Splits an area among shares: one; two above each other; three and four in quarters. */
const splitStage = (stage: Rect, shares: number, gap: number, margin: number): Rect[] => {
  const columns = shares > 2 ? 2 : 1;
  const rows = Math.ceil(shares / columns);
  const width = units((stage.width - (columns - 1) * gap) / columns);
  const height = even((stage.height - (rows - 1) * margin) / rows);
  return Array.from({ length: shares }, (_, i) => ({
    x: stage.x + (i % columns) * (width + gap),
    y: stage.y + Math.floor(i / columns) * (height + margin),
    width,
    height,
  }));
};

/**
 * Rectangles while something is shared: a main stage, and `columnCount` people beside it (below it on a portrait canvas), centred.
 * The stage's size does not depend on how many people there are, unless there is nobody.
 * Throws a RangeError unless 0 ≤ columnCount ≤ 5 and 1 ≤ shares ≤ 4.
 */
export const shareRects = (columnCount: number, canvas: Size, shares: number): ShareRects => {
  if (!Number.isInteger(columnCount) || columnCount < 0 || columnCount > MAX_COLUMN) {
    throw new RangeError(`The column beside a share holds 0 to ${MAX_COLUMN} tiles, not ${columnCount}.`);
  }
  if (!Number.isInteger(shares) || shares < 1 || shares > MAX_SHARES) {
    throw new RangeError(`The stage holds 1 to ${MAX_SHARES} shares, not ${shares}.`);
  }
  const margin = marginOf(canvas);
  const gap = columnGapOf(canvas);
  const landscape = canvas.width >= canvas.height;
  const width = landscape
    ? units((((canvas.height - 2 * margin - (MAX_COLUMN - 1) * margin) / MAX_COLUMN) * 16) / 9)
    : units((canvas.width - 2 * margin - (MAX_COLUMN - 1) * gap) / MAX_COLUMN);
  const height = heightOf(width);
  const stageX = Math.ceil(margin / UNIT) * UNIT;
  const aside = columnCount === 0 ? 0 : landscape ? width + gap : height + margin;
  const stage: Rect = {
    x: stageX,
    y: margin,
    width: units(canvas.width - stageX - margin - (landscape ? aside : 0)),
    height: even(canvas.height - 2 * margin - (landscape ? 0 : aside)),
  };
  const asColumn = (i: number): Rect => {
    const top = even((canvas.height - columnCount * height - (columnCount - 1) * margin) / 2);
    return { x: stage.x + stage.width + gap, y: top + i * (height + margin), width, height };
  };
  const asRow = (i: number): Rect => {
    const x = centredX(columnCount * width + (columnCount - 1) * gap, 0, canvas.width);
    return { x: x + i * (width + gap), y: stage.y + stage.height + margin, width, height };
  };
  return {
    shares: splitStage(stage, shares, gap, margin),
    column: Array.from({ length: columnCount }, (_, i) => (landscape ? asColumn(i) : asRow(i))),
  };
};
