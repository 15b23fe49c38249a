import { describe, expect, it } from 'vitest';
import { gridRects, MAX_GRID } from '../../../src/domain/grid.ts';
import { canvasSize, type Rect } from '../../../src/domain/layout.ts';
import { CANVASES, expectSound, GAPS, gapsOf, isWide, rowsOf } from './rectangles.ts';

describe.each(CANVASES)('a grid on $quality $orientation', ({ canvas, quality, orientation }) => {
  it.each(Array.from({ length: MAX_GRID }, (_, i) => i + 1))('of %i tiles is sound, equal and centred', (count) => {
    const rects = gridRects(count, canvas);
    expect(rects).toHaveLength(count);
    expectSound(rects, canvas);
    const [first] = rects as [Rect];
    const square = orientation === 'portrait' && Math.max(...rowsOf(rects)) > 1;
    for (const rect of rects) {
      expect(rect).toMatchObject({ width: first.width, height: first.height });
      if (square) expect(rect.width).toBe(rect.height);
      else expect(isWide(rect)).toBe(true);
    }
    for (const y of new Set(rects.map((rect) => rect.y))) {
      const row = rects.filter((rect) => rect.y === y);
      const left = Math.min(...row.map((rect) => rect.x));
      const right = canvas.width - Math.max(...row.map((rect) => rect.x + rect.width));
      expect(Math.abs(left - right), `left ${left}, right ${right}`).toBeLessThanOrEqual(2);
    }
    const top = Math.min(...rects.map((rect) => rect.y));
    const bottom = canvas.height - Math.max(...rects.map((rect) => rect.y + rect.height));
    expect(Math.abs(top - bottom)).toBeLessThanOrEqual(2);
    const gap = GAPS[quality];
    expect(gapsOf(rects)).toEqual(count === 1 ? [] : [gap]);
    for (const rect of rects) expect(Math.min(rect.x, rect.y)).toBeGreaterThanOrEqual(gap);
  });
});

describe('a grid', () => {
  const rows = (orientation: 'landscape' | 'portrait', counts: readonly number[]) =>
    counts.map((n) => rowsOf(gridRects(n, canvasSize('med', orientation))).join('+')).join(' ');

  it('has the published rows', () => {
    expect(rows('landscape', [1, 2, 3, 4, 5, 6, 7, 8])).toBe('1 2 2+1 2+2 3+2 3+3 2+3+2 3+2+3');
    expect(rows('portrait', [1, 2, 3, 4, 5, 6])).toBe('1 1+1 1+1+1 2+2 2+1+2 2+2+2');
  });

  it('is as square as can be beyond them, or has the largest tiles', () => {
    expect(rows('landscape', [9, 10, 13, 16, 25])).toBe('3+3+3 4+3+3 4+3+3+3 4+4+4+4 5+5+5+5+5');
    expect(rows('portrait', [7, 8, 9, 12, 25])).toBe('2+2+2+1 2+2+2+2 2+2+2+2+1 3+3+3+3 4+4+4+4+3+3+3');
  });

  it('has these rectangles at 720p', () => {
    const text = (rects: readonly Rect[]) => rects.map((r) => `${r.x},${r.y} ${r.width}x${r.height}`);
    expect(text(gridRects(1, canvasSize('med', 'landscape')))).toEqual(['24,14 1232x692']);
    expect(text(gridRects(4, canvasSize('med', 'landscape')))).toEqual([
      '26,12 608x342',
      '646,12 608x342',
      '26,366 608x342',
      '646,366 608x342',
    ]);
    expect(text(gridRects(3, canvasSize('med', 'portrait')))).toEqual([
      '16,48 688x386',
      '16,446 688x386',
      '16,844 688x386',
    ]);
    expect(text(gridRects(4, canvasSize('med', 'portrait')))).toEqual([
      '18,298 336x336',
      '366,298 336x336',
      '18,646 336x336',
      '366,646 336x336',
    ]);
  });

  it('fills most of the canvas', () => {
    const filled = (count: number, orientation: 'landscape' | 'portrait') => {
      const canvas = canvasSize('high', orientation);
      const area = gridRects(count, canvas).reduce((sum, rect) => sum + rect.width * rect.height, 0);
      return area / (canvas.width * canvas.height);
    };
    for (const count of [1, 4, 9, 16, 25]) expect(filled(count, 'landscape'), `${count}`).toBeGreaterThan(0.75);
    for (const count of [3, 6, 8, 15]) expect(filled(count, 'portrait'), `${count}`).toBeGreaterThan(0.7);
  });

  it('of nobody is empty, and impossible counts are refused', () => {
    expect(gridRects(0, canvasSize('med', 'landscape'))).toEqual([]);
    expect(() => gridRects(26, canvasSize('med', 'landscape'))).toThrow(RangeError);
    expect(() => gridRects(1.5, canvasSize('med', 'landscape'))).toThrow(RangeError);
  });
});
