/**
 * Where tiles go. Pure geometry in CSS pixels. The row patterns are those of the recorder, so that the room looks like its film;
 * unlike there, tiles keep a picture's proportions and the page's background shows beside them.
 */

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
export interface Area {
  readonly width: number;
  readonly height: number;
}

const LANDSCAPE: readonly (readonly number[])[] = [[], [1], [2], [2, 1], [2, 2], [3, 2], [3, 3], [2, 3, 2], [3, 2, 3]];
const PORTRAIT: readonly (readonly number[])[] = [[], [1], [1, 1], [1, 1, 1], [2, 2], [2, 1, 2], [2, 2, 2]];

/** Tiles per row, from the top. Beyond the known patterns the squarest grid, its last row filled as far as it goes. */
export const rowsOf = (count: number, isPortrait: boolean): readonly number[] => {
  const known = (isPortrait ? PORTRAIT : LANDSCAPE)[count];
  if (known !== undefined) return known;
  const columns = isPortrait ? Math.max(2, Math.floor(Math.sqrt(count / 1.6))) : Math.ceil(Math.sqrt(count));
  const full = Math.floor(count / columns);
  const rest = count % columns;
  return [...Array.from({ length: full }, () => columns), ...(rest === 0 ? [] : [rest])];
};

/** Cameras are 16:9; a tile is cropped to no narrower than this. */
const WIDEST = 16 / 9;
const NARROWEST = { landscape: 4 / 3, portrait: 3 / 4 };

/** One box per tile, of one size, rows centred, the whole centred in the area. */
export const arrangeTiles = (count: number, area: Area, gap: number): Box[] => {
  const isPortrait = area.height > area.width;
  const rows = rowsOf(count, isPortrait);
  const columns = Math.max(1, ...rows);
  const cellWidth = Math.max(0, (area.width - gap * (columns - 1)) / columns);
  const cellHeight = Math.max(0, (area.height - gap * (rows.length - 1)) / Math.max(1, rows.length));
  const narrowest = isPortrait ? NARROWEST.portrait : NARROWEST.landscape;
  const width = Math.min(cellWidth, cellHeight * WIDEST);
  const height = Math.min(cellHeight, width / narrowest);
  const top = (area.height - rows.length * height - (rows.length - 1) * gap) / 2;
  return rows.flatMap((inRow, row) => {
    const left = (area.width - inRow * width - (inRow - 1) * gap) / 2;
    return Array.from({ length: inRow }, (_, column) => ({
      x: left + column * (width + gap),
      y: top + row * (height + gap),
      width,
      height,
    }));
  });
};

export interface StageArrangement {
  readonly stage: Box;
  /** As many boxes as there is room for, at most five. */
  readonly others: readonly Box[];
}

const BESIDE_AT_MOST = 5;
/** Widths beside the stage, in pixels: a face must be recognised, and the stage must stay one. */
const SMALLEST_BESIDE = 140;
const LARGEST_BESIDE = 280;

/** A stage with the others beside it (below it where the area is upright). */
export const arrangeStage = (others: number, area: Area, gap: number): StageArrangement => {
  const isUpright = area.width < area.height * 1.15;
  const whole = { x: 0, y: 0, width: area.width, height: area.height };
  if (others === 0) return { stage: whole, others: [] };
  if (isUpright) {
    const height = Math.min(110, area.height * 0.22);
    const width = Math.min(height * WIDEST, (area.width - gap) / 2);
    const fitting = Math.max(1, Math.floor((area.width + gap) / (width + gap)));
    const shown = Math.min(others, BESIDE_AT_MOST, fitting);
    const left = (area.width - shown * width - (shown - 1) * gap) / 2;
    const y = area.height - height;
    return {
      stage: { ...whole, height: y - gap },
      others: Array.from({ length: shown }, (_, index) => ({ x: left + index * (width + gap), y, width, height })),
    };
  }
  const fitting = Math.max(1, Math.floor((area.height + gap) / (SMALLEST_BESIDE / WIDEST + gap)));
  const shown = Math.min(others, BESIDE_AT_MOST, fitting);
  const cellHeight = (area.height - gap * (shown - 1)) / shown;
  const width = Math.min(Math.max(SMALLEST_BESIDE, area.width * 0.2), LARGEST_BESIDE, cellHeight * WIDEST);
  const height = width / WIDEST;
  const top = (area.height - shown * height - (shown - 1) * gap) / 2;
  const x = area.width - width;
  return {
    stage: { ...whole, width: x - gap },
    others: Array.from({ length: shown }, (_, index) => ({ x, y: top + index * (height + gap), width, height })),
  };
};
