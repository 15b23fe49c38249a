import {
  AV_PIX_FMT_GBRP10LE,
  AV_PIX_FMT_GRAY8,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUV444P,
  AV_PIX_FMT_YUVJ420P,
  AV_PIX_FMT_YUVJ444P,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT470BG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_BT2020_NCL,
  AVCOL_SPC_UNSPECIFIED,
  AVCOL_SPC_YCGCO,
  type AVColorSpace,
} from 'node-av/constants';
import type { Frame } from 'node-av/lib';
import { describe, expect, test } from 'vitest';
import { check, newFrame, newPicture, type Planes, planesOf } from '../../../src/composition/av.ts';
import { containRect, coverCrop, TileScaler, validateRect } from '../../../src/composition/scale.ts';
import type { Rect } from '../../../src/domain/layout.ts';
import type { ColourMatrix, ColourRange, VideoColour } from '../../../src/timeline/types.ts';

const GUARD = 201;

const canvasOf = (width: number, height: number) => {
  const frame = newPicture({ width, height });
  const planes = planesOf(frame);
  for (const plane of planes.data) plane.fill(GUARD);
  return { frame, planes };
};

const source = (
  width: number,
  height: number,
  colour: readonly [number, number, number],
  space: AVColorSpace = AVCOL_SPC_BT709,
) => {
  const frame = newPicture({ width, height });
  frame.colorSpace = space;
  for (const [i, plane] of planesOf(frame).data.entries()) plane.fill(colour[i] ?? 0);
  return frame;
};

/** Bytes outside a rectangle that are not what they were. */
const spilled = (planes: Planes, rect: Rect): number => {
  let count = 0;
  for (const [i, plane] of planes.data.entries()) {
    const shift = i === 0 ? 0 : 1;
    for (let y = 0; y < planes.height >> shift; y++) {
      for (let x = 0; x < planes.width >> shift; x++) {
        const inside =
          x >= rect.x >> shift &&
          x < (rect.x + rect.width) >> shift &&
          y >= rect.y >> shift &&
          y < (rect.y + rect.height) >> shift;
        if (!inside && plane[y * (planes.strides[i] ?? 0) + x] !== GUARD) count += 1;
      }
    }
  }
  return count;
};

describe('coverCrop', () => {
  test('takes all of a picture of the same shape', () =>
    expect(coverCrop({ width: 1280, height: 720 }, { width: 640, height: 360 })).toEqual({
      x: 0,
      y: 0,
      width: 1280,
      height: 720,
    }));
  test('cuts the sides off a wider one, evenly', () =>
    expect(coverCrop({ width: 1280, height: 720 }, { width: 400, height: 400 })).toEqual({
      x: 280,
      y: 0,
      width: 720,
      height: 720,
    }));
  test('cuts a third above and two thirds below off a taller one, where faces are', () => {
    const wide = { width: 640, height: 360 };
    expect(coverCrop({ width: 360, height: 640 }, wide)).toEqual({ x: 0, y: 146, width: 360, height: 203 });
    expect(coverCrop({ width: 640, height: 480 }, wide)).toEqual({ x: 0, y: 40, width: 640, height: 360 });
  });
  test('stays inside sources of any size, and begins at an even corner', () => {
    for (const width of [1, 2, 3, 17, 322, 641, 1080, 4000]) {
      for (const height of [1, 2, 3, 19, 181, 479, 1920, 3001]) {
        for (const shape of [
          { width: 608, height: 342 },
          { width: 224, height: 224 },
          { width: 480, height: 854 },
        ]) {
          const crop = coverCrop({ width, height }, shape);
          expect([crop.x % 2, crop.y % 2]).toEqual([0, 0]);
          expect(Math.min(crop.x, crop.y, crop.width - 1, crop.height - 1)).toBeGreaterThanOrEqual(0);
          expect(crop.x + crop.width).toBeLessThanOrEqual(width);
          expect(crop.y + crop.height).toBeLessThanOrEqual(height);
        }
      }
    }
  });
});

describe('containRect', () => {
  test('puts bars beside a narrow picture', () => {
    const rect = containRect({ width: 1024, height: 768 }, { x: 16, y: 8, width: 640, height: 360 });
    expect(rect).toEqual({ x: 96, y: 8, width: 480, height: 360 });
  });
  test('is all of a place that has its shape but for a rounding', () => {
    const whole = { x: 0, y: 0, width: 854, height: 480 };
    expect(containRect({ width: 1280, height: 720 }, whole)).toEqual(whole);
  });
  test('stays inside for any shape', () => {
    const tile = { x: 32, y: 10, width: 208, height: 116 };
    for (const [width, height] of [
      [1, 5000],
      [5000, 1],
      [333, 777],
      [1920, 1080],
    ] as const) {
      const rect = containRect({ width, height }, tile);
      expect(rect.x).toBeGreaterThanOrEqual(tile.x);
      expect(rect.y).toBeGreaterThanOrEqual(tile.y);
      expect(rect.x + rect.width).toBeLessThanOrEqual(tile.x + tile.width);
      expect(rect.y + rect.height).toBeLessThanOrEqual(tile.y + tile.height);
      expect([rect.x % 2, rect.y % 2, rect.width % 2, rect.height % 2]).toEqual([0, 0, 0, 0]);
      expect(Math.abs(2 * (rect.x - tile.x) + rect.width - tile.width)).toBeLessThanOrEqual(2);
    }
  });
});

describe('validateRect', () => {
  const canvas = { width: 640, height: 360 };
  test.each([
    { x: -2, y: 0, width: 16, height: 16 },
    { x: 0, y: 0, width: 642, height: 16 },
    { x: 632, y: 0, width: 16, height: 16 },
    { x: 0, y: 346, width: 16, height: 16 },
    { x: 1, y: 0, width: 16, height: 16 },
    { x: 0, y: 0, width: 0, height: 16 },
  ])('refuses $width x $height + $x + $y', (rect) =>
    expect(() => validateRect(rect, canvas)).toThrow('not even or not inside'),
  );
});

describe('TileScaler', () => {
  const tile = { x: 32, y: 6, width: 208, height: 116 };

  test.each([14, 26, 50])('spills over nothing where a tile of whole vectors stands at x = %d', async (x) => {
    const { frame, planes } = canvasOf(640, 360);
    for (const [width, height] of [
      [640, 480],
      [320, 180],
      [480, 854],
      [256, 400],
    ] as const) {
      for (const tileWidth of [224, 256, 400]) {
        for (const plane of planes.data) plane.fill(GUARD);
        const place = { x, y: 12, width: tileWidth, height: 2 * Math.floor((tileWidth * 9) / 32) };
        const scaler = new TileScaler();
        const picture = source(width, height, [100, 90, 150]);
        await scaler.draw(picture, planes, place, 'cover');
        expect(spilled(planes, place), `${width}x${height} in ${tileWidth}`).toBe(0);
        expect(planes.data[0][(place.y + 4) * planes.strides[0] + x]).toBe(100);
        scaler.close();
        picture.free();
      }
    }
    frame.free();
  });

  test.each([
    [320, 180],
    [322, 182],
    [180, 320],
    [33, 17],
    [1280, 720],
    [2, 2],
    [320, 116],
    [208, 116],
  ])('fills exactly its tile from %dx%d', async (width, height) => {
    const { frame, planes } = canvasOf(320, 180);
    const scaler = new TileScaler();
    const picture = source(width, height, [100, 90, 150]);
    await scaler.draw(picture, planes, tile, 'cover');
    expect(spilled(planes, tile)).toBe(0);
    for (const [x, y] of [
      [tile.x, tile.y],
      [tile.x + tile.width - 1, tile.y + tile.height - 1],
      [tile.x + 100, tile.y + 60],
    ] as const) {
      expect(planes.data[0][y * planes.strides[0] + x]).toBe(100);
      expect(planes.data[1][(y >> 1) * planes.strides[1] + (x >> 1)]).toBe(90);
      expect(planes.data[2][(y >> 1) * planes.strides[2] + (x >> 1)]).toBe(150);
    }
    scaler.close();
    picture.free();
    frame.free();
  });

  test('follows a source that changes its size', async () => {
    const { frame, planes } = canvasOf(320, 180);
    const scaler = new TileScaler();
    for (const [size, luma] of [
      [320, 50],
      [160, 120],
      [640, 180],
    ] as const) {
      const picture = source(size, (size * 9) / 16, [luma, 128, 128]);
      await scaler.draw(picture, planes, tile, 'cover');
      expect(planes.data[0][60 * planes.strides[0] + 100]).toBe(luma);
      picture.free();
    }
    scaler.close();
    frame.free();
  });

  test('brings full range to limited range', async () => {
    const { frame, planes } = canvasOf(320, 180);
    const scaler = new TileScaler();
    const picture = newFrame();
    picture.width = 320;
    picture.height = 180;
    picture.format = AV_PIX_FMT_YUVJ420P;
    picture.colorRange = AVCOL_RANGE_JPEG;
    picture.colorSpace = AVCOL_SPC_BT709;
    check(picture.getBuffer(0), 'Allocating');
    for (const [i, plane] of planesOf(picture).data.entries()) plane.fill(i === 0 ? 255 : 128);
    await scaler.draw(picture, planes, tile, 'cover');
    expect(planes.data[0][60 * planes.strides[0] + 100]).toBe(235);
    scaler.close();
    picture.free();
    frame.free();
  });

  test('takes 4:4:4, and colours of BT.601 where nothing is said', async () => {
    const { frame, planes } = canvasOf(320, 180);
    const scaler = new TileScaler();
    const picture = newFrame();
    picture.width = 321;
    picture.height = 181;
    picture.format = AV_PIX_FMT_YUV444P;
    picture.colorSpace = AVCOL_SPC_UNSPECIFIED;
    check(picture.getBuffer(0), 'Allocating');
    for (const [i, plane] of planesOf(picture).data.entries()) plane.fill([81, 90, 240][i] ?? 0);
    await scaler.draw(picture, planes, tile, 'cover');
    expect(spilled(planes, tile)).toBe(0);
    expect(Math.abs((planes.data[0][60 * planes.strides[0] + 100] ?? 0) - 63)).toBeLessThanOrEqual(1);
    scaler.close();
    picture.free();
    frame.free();
  });
});

test.each([
  [1, 1],
  [1, 7],
  [2000, 1],
  [3, 3],
  [2, 2000],
])('a hostile %ix%i picture is drawn like any other, in every format', async (width, height) => {
  const { frame, planes } = canvasOf(320, 180);
  const tile = { x: 32, y: 20, width: 256, height: 144 };
  for (const format of [AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV444P, AV_PIX_FMT_GRAY8, AV_PIX_FMT_GBRP10LE]) {
    const scaler = new TileScaler();
    const picture = newFrame();
    [picture.width, picture.height, picture.format] = [width, height, format];
    check(picture.getBuffer(0), 'Allocating');
    for (const fit of ['cover', 'contain'] as const) await scaler.draw(picture, planes, tile, fit);
    expect(spilled(planes, tile)).toBe(0);
    scaler.close();
    picture.free();
  }
  frame.free();
});

describe('colours, whatever the source says of them', () => {
  const KR_KB = { bt601: [0.299, 0.114], bt709: [0.2126, 0.0722], bt2020: [0.2627, 0.0593] } as const;
  const COLOURS = [
    [196, 48, 48],
    [40, 140, 64],
    [52, 84, 204],
    [198, 164, 32],
    [255, 255, 255],
    [0, 0, 0],
    [128, 128, 128],
  ] as const;

  /** By the recommendations' formulas, apart from the product's. */
  const coded = (rgb: readonly [number, number, number], matrix: ColourMatrix, range: ColourRange) => {
    const [r, g, b] = rgb;
    const [kr, kb] = KR_KB[matrix];
    const y = kr * r + (1 - kr - kb) * g + kb * b;
    const [scale, offset, chroma] = range === 'full' ? [1, 0, 1] : [219 / 255, 16, 224 / 255];
    const u = 128 + (chroma * (b - y)) / (2 * (1 - kb));
    const v = 128 + (chroma * (r - y)) / (2 * (1 - kr));
    return [Math.round(offset + scale * y), Math.round(u), Math.round(v)] as const;
  };

  /** The middle of the tile, of one plain picture. */
  const drawn = async (
    size: readonly [number, number],
    yuv: readonly [number, number, number],
    prepare: (picture: Frame) => void,
    told: VideoColour | null = null,
  ) => {
    const { frame, planes } = canvasOf(320, 180);
    const scaler = new TileScaler();
    const picture = source(...size, yuv, AVCOL_SPC_UNSPECIFIED);
    prepare(picture);
    await scaler.draw(picture, planes, { x: 32, y: 6, width: 208, height: 116 }, 'cover', told);
    const at = planes.data.map((plane, i) => {
      const shift = i === 0 ? 0 : 1;
      return plane[(60 >> shift) * (planes.strides[i] ?? 0) + (100 >> shift)] ?? 0;
    });
    scaler.close();
    picture.free();
    frame.free();
    return at;
  };
  const worst = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((x, i) => Math.abs(x - (b[i] ?? 0))));

  const matrices = ['bt601', 'bt709', 'bt2020'] as const;
  const ranges = ['limited', 'full'] as const;
  test.each(matrices.flatMap((matrix) => ranges.map((range) => [matrix, range] as const)))(
    '%s, %s range, told by the sender against a decoder that reports otherwise',
    async (matrix, range) => {
      for (const size of [
        [320, 180],
        [208, 116],
        [640, 480],
      ] as const) {
        for (const rgb of COLOURS) {
          const got = await drawn(
            size,
            coded(rgb, matrix, range),
            (picture) => {
              picture.colorSpace = matrix === 'bt709' ? AVCOL_SPC_BT470BG : AVCOL_SPC_BT709;
              picture.colorRange = range === 'full' ? AVCOL_RANGE_MPEG : AVCOL_RANGE_JPEG;
            },
            { matrix, range },
          );
          expect(worst(got, coded(rgb, 'bt709', 'limited')), `${rgb} of ${size}: ${got}`).toBeLessThanOrEqual(2);
        }
      }
    },
  );

  test('reported by the decoder, where the sender says nothing', async () => {
    const reported = await drawn([320, 180], coded(COLOURS[0], 'bt709', 'full'), (picture) => {
      picture.colorSpace = AVCOL_SPC_BT709;
      picture.colorRange = AVCOL_RANGE_JPEG;
    });
    expect(worst(reported, coded(COLOURS[0], 'bt709', 'limited'))).toBeLessThanOrEqual(2);
  });

  test('each part from whoever says it', async () => {
    const told = { matrix: null, range: 'full' } as const;
    const got = await drawn(
      [320, 180],
      coded(COLOURS[0], 'bt2020', 'full'),
      (picture) => {
        picture.colorSpace = AVCOL_SPC_BT2020_NCL;
      },
      told,
    );
    expect(worst(got, coded(COLOURS[0], 'bt709', 'limited'))).toBeLessThanOrEqual(2);
  });

  test.each([
    ['nothing', AVCOL_SPC_UNSPECIFIED],
    ['a matrix that is of no use', AVCOL_SPC_YCGCO],
  ])('limited BT.601 where all say %s', async (_, space) => {
    const got = await drawn([320, 180], coded(COLOURS[0], 'bt601', 'limited'), (picture) => {
      picture.colorSpace = space;
    });
    expect(worst(got, coded(COLOURS[0], 'bt709', 'limited'))).toBeLessThanOrEqual(2);
  });

  test('one tile whose sender changes its mind', async () => {
    const { frame, planes } = canvasOf(320, 180);
    const scaler = new TileScaler();
    for (const told of [
      null,
      { matrix: 'bt709', range: 'full' },
      { matrix: 'bt709', range: 'limited' },
      null,
    ] as const) {
      const picture = source(
        320,
        180,
        coded(COLOURS[1], told?.matrix ?? 'bt601', told?.range ?? 'limited'),
        AVCOL_SPC_BT470BG,
      );
      await scaler.draw(picture, planes, { x: 0, y: 0, width: 320, height: 180 }, 'cover', told);
      const at = planes.data.map((plane) => plane[0] ?? 0);
      expect(worst(at, coded(COLOURS[1], 'bt709', 'limited')), `${told?.range}: ${at}`).toBeLessThanOrEqual(2);
      picture.free();
    }
    scaler.close();
    frame.free();
  });

  test('4:4:4 in full range, by its format alone', async () => {
    const { frame, planes } = canvasOf(320, 180);
    const scaler = new TileScaler();
    const picture = newFrame();
    picture.width = 320;
    picture.height = 180;
    picture.format = AV_PIX_FMT_YUVJ444P;
    picture.colorSpace = AVCOL_SPC_BT709;
    picture.colorRange = AVCOL_RANGE_JPEG;
    check(picture.getBuffer(0), 'Allocating');
    for (const [i, plane] of planesOf(picture).data.entries()) plane.fill(coded(COLOURS[2], 'bt709', 'full')[i] ?? 0);
    await scaler.draw(picture, planes, { x: 0, y: 0, width: 320, height: 180 }, 'cover');
    const at = planes.data.map((plane) => plane[0] ?? 0);
    expect(worst(at, coded(COLOURS[2], 'bt709', 'limited')), String(at)).toBeLessThanOrEqual(2);
    scaler.close();
    picture.free();
    frame.free();
  });
});
