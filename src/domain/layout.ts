/** Layouts in words and numbers: rules, themes, qualities, sizes. Which rectangles a rule gives: `grid.ts` and `stage.ts`. */

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

/** Pixels; x and y from the top left. Even on every side (4:2:0); widths of people's tiles are multiples of 16. */
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
