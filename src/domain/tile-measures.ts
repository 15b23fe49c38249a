/** Lengths that all layouts share: gaps and margins in proportion to the canvas, tiles of widths that scalers write in whole vectors. Pure. */
import type { Size } from './layout.ts';

/**
 * Widths of people's tiles are whole numbers of these: scalers write whole vectors. Where a tile stands is even, no more, so that gaps
 * stay in proportion; what is shared is fitted into its area and has the width that its shape gives.
 */
export const UNIT = 16;
/** Space between tiles and around them, as a part of the canvas's shorter side: 8, 12, 18, 36 pixels at 480, 720, 1080, 2160. */
const GAP_RATIO = 1 / 60;

export const even = (value: number): number => Math.floor(value / 2) * 2;
export const units = (value: number): number => Math.floor(value / UNIT) * UNIT;
/** 16:9 at this width, rounded down to even. */
export const heightOf = (width: number): number => even((width * 9) / 16);
export const isLandscape = (canvas: Size): boolean => canvas.width >= canvas.height;

/** Between tiles of a row, between rows, and around them all at least. */
export const gapOf = (canvas: Size): number => Math.max(2, even(Math.min(canvas.width, canvas.height) * GAP_RATIO));

/** What `count` things of this length take, with gaps between. */
export const acrossOf = (count: number, length: number, gap: number): number => count * length + (count - 1) * gap;
