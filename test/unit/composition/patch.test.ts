import { describe, expect, test } from 'vitest';
import { newPicture, planesOf } from '../../../src/composition/av.ts';
import { yuvOf } from '../../../src/composition/colour.ts';
import { blend, patchOf } from '../../../src/composition/patch.ts';
import { Patches } from '../../../src/composition/patches.ts';
import { PALETTES } from '../../../src/composition/themes.ts';
import { drawTile, type TileLook } from '../../../src/composition/tile-art.ts';

const look = (more: Partial<TileLook> = {}): TileLook => ({
  width: 320,
  height: 180,
  participantId: 'ada',
  name: 'Ada Lovelace',
  screen: false,
  micMuted: false,
  speaking: false,
  avatar: false,
  frame: false,
  scale: 1,
  ...more,
});

const pixel = (tile: TileLook, x: number, y: number): number[] =>
  Array.from(drawTile(tile, PALETTES.DARK).getContext('2d').getImageData(x, y, 1, 1).data);

/** A 32x16 canvas of one grey with an 8x8 patch of one colour and opacity at (16, 4). */
const blended = (colour: readonly [number, number, number], alpha: number) => {
  const frame = newPicture({ width: 32, height: 16 });
  const planes = planesOf(frame);
  for (const [i, plane] of planes.data.entries()) plane.fill(i === 0 ? 100 : 128);
  const rgba = new Uint8ClampedArray(8 * 8 * 4);
  for (let i = 0; i < 64; i++) rgba.set([...colour, alpha], i * 4);
  blend(planes, 16, 4, patchOf(rgba, 8, 8));
  const at = (x: number, y: number) => ({
    y: planes.data[0][y * planes.strides[0] + x],
    u: planes.data[1][(y >> 1) * planes.strides[1] + (x >> 1)],
    v: planes.data[2][(y >> 1) * planes.strides[2] + (x >> 1)],
  });
  const seen = { inside: at(18, 6), corner: at(23, 11), left: at(15, 6), below: at(18, 12) };
  frame.free();
  return seen;
};

describe('blend', () => {
  test('an opaque patch is its colour exactly, to its last pixel and no further', () => {
    const { inside, corner, left, below } = blended([255, 0, 0], 255);
    expect(inside).toEqual(yuvOf('#FF0000'));
    expect(corner).toEqual(yuvOf('#FF0000'));
    expect(left).toEqual({ y: 100, u: 128, v: 128 });
    expect(below).toEqual({ y: 100, u: 128, v: 128 });
  });

  test('half opacity is half way', () => {
    const { inside } = blended([255, 255, 255], 128);
    expect(Math.abs((inside.y ?? 0) - 168)).toBeLessThanOrEqual(1);
    expect(inside.u).toBe(128);
  });

  test('transparent covers nothing', () =>
    expect(patchOf(new Uint8ClampedArray(64 * 4), 8, 8).luma.runs.length).toBe(0));
});

describe('drawTile', () => {
  test('over a picture it covers corners, plate and ring, and nothing else', () => {
    expect(pixel(look(), 0, 0)).toEqual([5, 10, 14, 255]);
    expect(pixel(look(), 160, 90)[3]).toBe(0);
    expect(pixel(look(), 160, 1)[3]).toBeLessThan(30);
    expect(pixel(look({ speaking: true }), 160, 1)).toEqual([0x3b, 0xc9, 0xa7, 255]);
  });

  test('an avatar is opaque and its disc keeps its colour', () => {
    const data = drawTile(look({ avatar: true }), PALETTES.DARK)
      .getContext('2d')
      .getImageData(0, 0, 320, 180).data;
    for (let i = 3; i < data.length; i += 4) expect(data[i]).toBe(255);
  });

  test('a muted microphone shows', () => {
    const red = (tile: TileLook) => {
      const data = drawTile(tile, PALETTES.DARK).getContext('2d').getImageData(0, 0, 320, 180).data;
      let count = 0;
      for (let i = 0; i < data.length; i += 4) if ((data[i] ?? 0) > 200 && (data[i + 1] ?? 0) < 60) count += 1;
      return count;
    };
    expect(red(look())).toBe(0);
    expect(red(look({ micMuted: true }))).toBeGreaterThan(60);
  });

  test('no name reaches over the edge of a tile, however long it is or small the tile', () => {
    for (const [width, height] of [
      [1888, 1062],
      [160, 90],
      [48, 28],
      [16, 16],
    ] as const) {
      for (const name of ['W'.repeat(500), '👩‍👩‍👧‍👦'.repeat(60), '', 'नमस्ते'.repeat(50)]) {
        const tile = look({ width, height, name, micMuted: true });
        const data = drawTile(tile, PALETTES.DARK)
          .getContext('2d')
          .getImageData(width - 2, height >> 1, 1, 1).data;
        expect(data[3]).toBeLessThan(40);
      }
    }
  });
});

test('Patches keeps what was drawn, by look, within a limit of memory', () => {
  const avatar = (name: string) => look({ width: 320, height: 180, avatar: true, name });
  // Room for three avatars of this size, not for four.
  const patches = new Patches(PALETTES.LIGHT, 1.1e6);
  const first = patches.of(avatar('first'));
  expect(patches.of(avatar('first'))).toBe(first);
  expect(patches.of({ ...avatar('first'), speaking: true })).not.toBe(first);
  patches.of(avatar('second'));
  expect(patches.of(avatar('first'))).toBe(first);
  for (const name of ['third', 'fourth', 'fifth']) patches.of(avatar(name));
  expect(patches.of(avatar('first'))).not.toBe(first);
});
