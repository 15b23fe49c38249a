import { describe, expect, it } from 'vitest';
import { canvasSize, type Rect } from '../../../src/domain/layout.ts';
import { frameRect, MAX_COLUMN, MAX_SHARES, shareRects, sidebarRects } from '../../../src/domain/stage.ts';
import { CANVASES, expectSound, GAPS, gapsOf, isWide, rowsOf } from './rectangles.ts';

const area = ({ width, height }: Rect): number => width * height;
const text = (rects: readonly Rect[]) => rects.map((r) => `${r.x},${r.y} ${r.width}x${r.height}`);
/** From the stage to who is beside or below it; null: nobody is. */
const apart = (stage: readonly Rect[], beside: readonly Rect[]): number | null => {
  const [right, bottom] = [
    Math.max(...stage.map(({ x, width }) => x + width)),
    Math.max(...stage.map(({ y, height }) => y + height)),
  ];
  const [first] = beside;
  if (first === undefined) return null;
  return first.x >= right ? first.x - right : Math.min(...beside.map(({ y }) => y)) - bottom;
};

describe.each(CANVASES)('on $quality $orientation', ({ canvas, quality, orientation }) => {
  const gap = GAPS[quality];
  const people = Array.from({ length: MAX_COLUMN + 1 }, (_, i) => i);

  it.each(people)('%i people stand beside shares', (count) => {
    for (let shares = 1; shares <= MAX_SHARES; shares += 1) {
      const { stage, beside } = shareRects(count, canvas, shares);
      expect([stage.length, beside.length]).toEqual([shares, count]);
      expectSound([...stage, ...beside], canvas, stage);
      for (const part of [stage, beside]) expect([[], [gap]]).toContainEqual(gapsOf(part));
      // Quarters of an even width are a pixel apart from it.
      if (count > 0) expect([gap, gap + 2]).toContain(apart(stage, beside));
      if (shares === 1) for (const tile of beside) expect(area(tile) * 2).toBeLessThan(area(stage[0] as Rect));
    }
  });

  it.each(people)('%i people stand beside one', (count) => {
    const { stage, beside } = sidebarRects(count, canvas);
    expect([stage.length, beside.length]).toEqual([1, count]);
    expectSound([...stage, ...beside], canvas);
    const [main] = stage as [Rect];
    expect(isWide(main)).toBe(true);
    for (const tile of beside) expect(area(tile) * 2).toBeLessThan(area(main));
    expect(apart(stage, beside)).toBe(count === 0 ? null : gap);
    if (orientation === 'landscape') for (const tile of beside) expect(isWide(tile)).toBe(true);
  });
});

describe('a stage', () => {
  const landscape = canvasSize('med', 'landscape');
  const portrait = canvasSize('med', 'portrait');

  it('stays where it is while people come and go', () => {
    expect(shareRects(1, landscape, 1).stage).toEqual(shareRects(5, landscape, 1).stage);
    expect(sidebarRects(1, landscape).stage).toEqual(sidebarRects(5, landscape).stage);
    expect(area(shareRects(0, landscape, 1).stage[0] as Rect)).toBeGreaterThan(
      area(shareRects(1, landscape, 1).stage[0] as Rect),
    );
  });

  it('has people in a column at its right, or in rows below', () => {
    expect(rowsOf(sidebarRects(5, landscape).beside)).toEqual([1, 1, 1, 1, 1]);
    expect(rowsOf(sidebarRects(5, portrait).beside)).toEqual([2, 2, 1]);
    const { stage, beside } = sidebarRects(3, portrait);
    expect(Math.min(...beside.map(({ y }) => y))).toBeGreaterThan((stage[0]?.y ?? 0) + (stage[0]?.height ?? 0));
  });

  it('has these rectangles at 720p', () => {
    expect(text(sidebarRects(2, landscape).stage)).toEqual(['18,76 1008x566']);
    expect(text(sidebarRects(2, landscape).beside)).toEqual(['1038,228 224x126', '1038,366 224x126']);
    expect(text(shareRects(1, landscape, 2).stage)).toEqual(['12,12 1020x342', '12,366 1020x342']);
    expect(text(sidebarRects(2, portrait).stage)).toEqual(['16,272 688x386']);
    expect(text(sidebarRects(2, portrait).beside)).toEqual(['18,670 336x336', '366,670 336x336']);
    expect(text(shareRects(1, portrait, 1).stage)).toEqual(['12,284 696x512']);
    expect(frameRect(portrait)).toEqual({ x: 0, y: 0, width: 720, height: 1280 });
  });

  it('refuses impossible counts', () => {
    expect(() => shareRects(6, landscape, 1)).toThrow(RangeError);
    expect(() => shareRects(1, landscape, 0)).toThrow(RangeError);
    expect(() => sidebarRects(6, landscape)).toThrow(RangeError);
  });
});
