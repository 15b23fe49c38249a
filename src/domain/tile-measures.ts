/** Lengths that all layouts share: gaps and margins in proportion to the canvas, tiles on the grain that scalers write. Pure. */
import type { Size } from './layout.ts';

/** Widths and x of tiles are whole numbers of these: scalers write whole vectors, straight into the canvas. */
export const UNIT = 16;
/** Space between tiles and around them, as a part of the canvas's shorter side: visible, and no more. */
const GAP_RATIO = 0.012;

export const even = (value: number): number => Math.floor(value / 2) * 2;
export const units = (value: number): number => Math.floor(value / UNIT) * UNIT;
/** 16:9 at this width, rounded down to even. */
export const heightOf = (width: number): number => even((width * 9) / 16);
export const isLandscape = (canvas: Size): boolean => canvas.width >= canvas.height;

/** Around the canvas, and between rows. */
export const marginOf = (canvas: Size): number => Math.max(2, even(Math.min(canvas.width, canvas.height) * GAP_RATIO));
/** Between tiles of a row: whole units, so that every x stays a multiple. */
export const columnGapOf = (canvas: Size): number => Math.ceil(marginOf(canvas) / UNIT) * UNIT;

/** x of the first tile of a row that is this wide, as near to the canvas's middle as whole units allow. */
export const centredX = (rowWidth: number, canvasWidth: number): number => {
  const x = Math.round((canvasWidth - rowWidth) / 2 / UNIT) * UNIT;
  return x + rowWidth > canvasWidth ? x - UNIT : x;
};
