import { describe, expect, it } from 'vitest';
import { Bandwidth } from '../../../../src/rooms/forwarding/bandwidth.ts';
import { allocate, idealLayer, orderLayers } from '../../../../src/rooms/forwarding/layer-choice.ts';

const layer = (width: number, height: number, bitrateBps = 0) => ({ size: { width, height }, bitrateBps });
const S = 1e9;

describe('layers', () => {
  const layers = [layer(320, 180), layer(640, 360), layer(1280, 720)];

  it('the smallest that fills the view; the largest where none does or nothing is said', () => {
    expect(idealLayer(layers, { width: 300, height: 170 })).toBe(0);
    expect(idealLayer(layers, { width: 360, height: 202 })).toBe(0);
    expect(idealLayer(layers, { width: 640, height: 360 })).toBe(1);
    expect(idealLayer(layers, { width: 1920, height: 1080 })).toBe(2);
    expect(idealLayer(layers, null)).toBe(2);
  });

  it('are ordered by size, or by bitrate while a size is unknown', () => {
    expect(orderLayers([layer(1280, 720), layer(320, 180), layer(640, 360)])).toEqual([1, 2, 0]);
    expect(orderLayers([{ size: null, bitrateBps: 900 }, layer(320, 180, 100)])).toEqual([1, 0]);
  });

  it('the dearest gives way first, and nobody loses the smallest', () => {
    const demands = [{ bitrates: [100, 500, 2000] }, { bitrates: [100, 400] }];
    expect(allocate(demands, Number.POSITIVE_INFINITY)).toEqual([2, 1]);
    expect(allocate(demands, 1000)).toEqual([1, 1]);
    expect(allocate(demands, 600)).toEqual([0, 1]);
    expect(allocate(demands, 1)).toEqual([0, 0]);
    expect(allocate([{ bitrates: [] }], 1)).toEqual([-1]);
  });
});

describe('Bandwidth', () => {
  it('a lasting low estimate limits for a while, a single one does not', () => {
    const bandwidth = new Bandwidth();
    bandwidth.estimate(300_000, 1_000_000, 0);
    expect(bandwidth.budget(0)).toBe(Number.POSITIVE_INFINITY);
    bandwidth.estimate(1_000_000, 1_000_000, S);
    bandwidth.estimate(300_000, 1_000_000, 2 * S);
    bandwidth.estimate(400_000, 1_000_000, 4 * S);
    expect(bandwidth.budget(5 * S)).toBe(400_000);
    expect(bandwidth.budget(13 * S)).toBe(Number.POSITIVE_INFINITY);
  });

  it('waits longer each time that more was too much', () => {
    const bandwidth = new Bandwidth();
    bandwidth.loss(0.2, 1_000_000, 0);
    expect(bandwidth.budget(7 * S)).toBe(900_000);
    bandwidth.loss(0.2, 1_000_000, 10 * S);
    expect(bandwidth.budget(25 * S)).toBe(900_000);
    expect(bandwidth.budget(27 * S)).toBe(Number.POSITIVE_INFINITY);
  });
});
