/** What every set of rectangles must be, on every canvas. */
import { expect } from 'vitest';
import { canvasSize, type Quality, type Rect, type Size } from '../../../src/domain/layout.ts';

const QUALITIES: Quality[] = ['low', 'med', 'high', 'ultra'];
export const CANVASES = QUALITIES.flatMap((quality) =>
  (['landscape', 'portrait'] as const).map((orientation) => ({
    quality,
    orientation,
    canvas: canvasSize(quality, orientation),
  })),
);

const overlap = (a: Rect, b: Rect): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** Even, of whole vectors' width (areas of shares: of even width), inside, apart. */
export const expectSound = (rects: readonly Rect[], canvas: Size, areas: readonly Rect[] = []): void => {
  for (const rect of rects) {
    const grain = areas.includes(rect) ? 2 : 16;
    expect([rect.x % 2, rect.width % grain, rect.y % 2, rect.height % 2]).toEqual([0, 0, 0, 0]);
    expect(Math.min(rect.x, rect.y), JSON.stringify(rect)).toBeGreaterThanOrEqual(2);
    expect(Math.min(rect.width, rect.height)).toBeGreaterThan(0);
    expect(rect.x + rect.width).toBeLessThanOrEqual(canvas.width - 2);
    expect(rect.y + rect.height, JSON.stringify(rect)).toBeLessThanOrEqual(canvas.height - 2);
  }
  rects.forEach((a, i) => {
    for (const b of rects.slice(i + 1)) expect(overlap(a, b), `${JSON.stringify(a)} ${JSON.stringify(b)}`).toBe(false);
  });
};

/** How many tiles stand in each row, from the top. */
export const rowsOf = (rects: readonly Rect[]): number[] =>
  [...new Set(rects.map((rect) => rect.y))]
    .sort((a, b) => a - b)
    .map((y) => rects.filter((rect) => rect.y === y).length);

export const isWide = ({ width, height }: Rect): boolean => Math.abs((width * 9) / 16 - height) < 2;

/** Between neighbours and around all of them: the same part of the canvas at every quality. */
export const GAPS: Readonly<Record<Quality, number>> = { low: 8, med: 12, high: 18, ultra: 36 };

/** Distances between the neighbours of a row, and between rows, each once. */
export const gapsOf = (rects: readonly Rect[]): number[] => {
  const distances = rects.flatMap((a) => {
    const right = rects.filter((b) => b.y === a.y && b.x > a.x).map((b) => b.x - a.x - a.width);
    const below = rects.filter((b) => b.y >= a.y + a.height).map((b) => b.y - a.y - a.height);
    return [right, below].flatMap((list) => (list.length > 0 ? [Math.min(...list)] : []));
  });
  return [...new Set(distances)].sort((a, b) => a - b);
};
