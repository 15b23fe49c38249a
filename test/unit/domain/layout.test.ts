import { describe, expect, it } from 'vitest';
import {
  canvasSize,
  gridRects,
  MAX_COLUMN,
  MAX_GRID,
  MAX_SHARES,
  type Quality,
  type Rect,
  shareRects,
} from '../../../src/domain/layout.ts';

const QUALITIES: Quality[] = ['low', 'med', 'high', 'ultra'];
const CANVASES = QUALITIES.flatMap((quality) =>
  (['landscape', 'portrait'] as const).map((orientation) => ({
    quality,
    orientation,
    canvas: canvasSize(quality, orientation),
  })),
);

const overlap = (a: Rect, b: Rect): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

const expectSound = (rects: readonly Rect[], canvas: { width: number; height: number }): void => {
  for (const rect of rects) {
    expect([rect.x % 16, rect.width % 16, rect.y % 2, rect.height % 2]).toEqual([0, 0, 0, 0]);
    expect(Math.min(rect.x, rect.y)).toBeGreaterThanOrEqual(0);
    expect(Math.min(rect.width, rect.height)).toBeGreaterThan(0);
    expect(rect.x + rect.width).toBeLessThanOrEqual(canvas.width);
    expect(rect.y + rect.height).toBeLessThanOrEqual(canvas.height);
  }
  rects.forEach((a, i) => {
    for (const b of rects.slice(i + 1)) expect(overlap(a, b), `${JSON.stringify(a)} ${JSON.stringify(b)}`).toBe(false);
  });
};

/** How many tiles stand in each row, from the top. */
const rowsOf = (rects: readonly Rect[]): number[] =>
  [...new Set(rects.map((rect) => rect.y))]
    .sort((a, b) => a - b)
    .map((y) => rects.filter((rect) => rect.y === y).length);

describe.each(CANVASES)('a grid on $quality $orientation', ({ canvas }) => {
  it.each(Array.from({ length: MAX_GRID }, (_, i) => i + 1))(
    'of %i tiles is sound, equal, 16:9 and centred',
    (count) => {
      const rects = gridRects(count, canvas);
      expect(rects).toHaveLength(count);
      expectSound(rects, canvas);
      const first = rects[0];
      for (const rect of rects) {
        expect(rect).toMatchObject({ width: first?.width, height: first?.height });
        expect(Math.abs((rect.width * 9) / 16 - rect.height)).toBeLessThan(2);
      }
      for (const y of new Set(rects.map((rect) => rect.y))) {
        const row = rects.filter((rect) => rect.y === y);
        const left = Math.min(...row.map((rect) => rect.x));
        const right = canvas.width - Math.max(...row.map((rect) => rect.x + rect.width));
        expect(Math.abs(left - right), `left ${left}, right ${right}`).toBeLessThanOrEqual(16);
      }
      const top = Math.min(...rects.map((rect) => rect.y));
      const bottom = canvas.height - Math.max(...rects.map((rect) => rect.y + rect.height));
      expect(Math.abs(top - bottom)).toBeLessThanOrEqual(2);
    },
  );

  it.each(Array.from({ length: MAX_COLUMN + 1 }, (_, i) => i))('beside shares, %i people fit', (people) => {
    for (let shares = 1; shares <= MAX_SHARES; shares += 1) {
      const rects = shareRects(people, canvas, shares);
      expect(rects.column).toHaveLength(people);
      expect(rects.shares).toHaveLength(shares);
      expectSound([...rects.shares, ...rects.column], canvas);
    }
  });
});

describe('a grid', () => {
  it('has the published rows on a landscape canvas', () => {
    const rows = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 25].map((n) =>
      rowsOf(gridRects(n, canvasSize('med', 'landscape'))).join('+'),
    );
    expect(rows).toEqual([
      '1',
      '2',
      '2+1',
      '2+2',
      '3+2',
      '3+3',
      '2+3+2',
      '3+2+3',
      '3+3+3',
      '4+3+3',
      '4+3+3+3',
      '5+5+5+5+5',
    ]);
  });

  it('has these rectangles at 720p', () => {
    const text = (rects: readonly Rect[]) => rects.map((r) => `${r.x},${r.y} ${r.width}x${r.height}`);
    expect(text(gridRects(1, canvasSize('med', 'landscape')))).toEqual(['16,8 1248x702']);
    expect(text(gridRects(4, canvasSize('med', 'landscape')))).toEqual([
      '16,8 608x342',
      '656,8 608x342',
      '16,370 608x342',
      '656,370 608x342',
    ]);
  });

  it('fills most of the canvas', () => {
    for (const count of [1, 4, 9, 16, 25]) {
      const canvas = canvasSize('high', 'landscape');
      const area = gridRects(count, canvas).reduce((sum, rect) => sum + rect.width * rect.height, 0);
      expect(area / (canvas.width * canvas.height), `${count}`).toBeGreaterThan(0.8);
    }
  });

  it('of nobody is empty, and impossible counts are refused', () => {
    expect(gridRects(0, canvasSize('med', 'landscape'))).toEqual([]);
    expect(() => gridRects(26, canvasSize('med', 'landscape'))).toThrow(RangeError);
    expect(() => gridRects(1.5, canvasSize('med', 'landscape'))).toThrow(RangeError);
    expect(() => shareRects(6, canvasSize('med', 'landscape'), 1)).toThrow(RangeError);
    expect(() => shareRects(1, canvasSize('med', 'landscape'), 0)).toThrow(RangeError);
  });

  it('keeps the stage where it is while people come and go', () => {
    const canvas = canvasSize('med', 'landscape');
    expect(shareRects(1, canvas, 1).shares).toEqual(shareRects(5, canvas, 1).shares);
    expect(shareRects(0, canvas, 1).shares[0]?.width).toBeGreaterThan(shareRects(1, canvas, 1).shares[0]?.width ?? 0);
  });
});
