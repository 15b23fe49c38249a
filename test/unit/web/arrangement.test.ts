import { describe, expect, it } from 'vitest';
import { type Area, arrangeStage, arrangeTiles, type Box, rowsOf } from '../../../web/room/arrangement.ts';

const WIDE: Area = { width: 1244, height: 606 };
const UPRIGHT: Area = { width: 340, height: 620 };
const GAP = 10;

const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const expectApart = (boxes: readonly Box[], area: Area): void => {
  for (const [index, box] of boxes.entries()) {
    expect(box.width).toBeGreaterThan(0);
    expect(box.height).toBeGreaterThan(0);
    expect(box.x).toBeGreaterThanOrEqual(-0.01);
    expect(box.y).toBeGreaterThanOrEqual(-0.01);
    expect(box.x + box.width).toBeLessThanOrEqual(area.width + 0.01);
    expect(box.y + box.height).toBeLessThanOrEqual(area.height + 0.01);
    for (const other of boxes.slice(index + 1)) expect(overlap(box, other)).toBe(false);
  }
};

describe('rows of tiles', () => {
  it('follow the recorder in landscape', () => {
    const rows = [1, 2, 3, 4, 5, 6, 7, 8].map((count) => rowsOf(count, false));
    expect(rows).toEqual([[1], [2], [2, 1], [2, 2], [3, 2], [3, 3], [2, 3, 2], [3, 2, 3]]);
  });

  it('follow the recorder upright', () => {
    const rows = [1, 2, 3, 4, 5, 6].map((count) => rowsOf(count, true));
    expect(rows).toEqual([[1], [1, 1], [1, 1, 1], [2, 2], [2, 1, 2], [2, 2, 2]]);
  });

  it('hold every tile, whatever their number', () => {
    for (const isPortrait of [false, true]) {
      for (let count = 0; count <= 60; count += 1) {
        expect(rowsOf(count, isPortrait).reduce((sum, row) => sum + row, 0)).toBe(count);
      }
    }
  });
});

describe('arrangeTiles', () => {
  it.each([WIDE, UPRIGHT])('keeps tiles apart and inside %o', (area) => {
    for (let count = 1; count <= 16; count += 1) {
      const boxes = arrangeTiles(count, area, GAP);
      expect(boxes).toHaveLength(count);
      expectApart(boxes, area);
    }
  });

  it('gives all tiles one size, no wider than 16:9', () => {
    const boxes = arrangeTiles(5, WIDE, GAP);
    const [first] = boxes;
    for (const box of boxes) {
      expect([box.width, box.height]).toEqual([first?.width, first?.height]);
      expect(box.width / box.height).toBeLessThanOrEqual(16 / 9 + 0.001);
    }
  });

  it('centres a short row', () => {
    const last = arrangeTiles(3, WIDE, GAP)[2];
    expect((last?.x ?? 0) + (last?.width ?? 0) / 2).toBeCloseTo(WIDE.width / 2);
  });

  it('survives an area without size', () => {
    expect(arrangeTiles(3, { width: 0, height: 0 }, GAP)).toHaveLength(3);
  });
});

describe('arrangeStage', () => {
  it.each([WIDE, UPRIGHT])('keeps the stage the largest, and all apart inside %o', (area) => {
    for (let others = 0; others <= 8; others += 1) {
      const { stage, others: boxes } = arrangeStage(others, area, GAP);
      expect(boxes.length).toBeLessThanOrEqual(Math.min(5, others));
      expectApart([stage, ...boxes], area);
      for (const box of boxes) expect(box.width * box.height).toBeLessThan(stage.width * stage.height);
    }
  });

  it('shows five beside the stage where there is room', () => {
    expect(arrangeStage(7, WIDE, GAP).others).toHaveLength(5);
  });
});
