/** Every quality in both orientations: what is drawn is where it belongs up to the last pixel, and segments go together. */
import { expect, test } from 'vitest';
import { yuvOf } from '../../../src/composition/colour.ts';
import { rateOf } from '../../../src/composition/rate-control.ts';
import { PALETTES } from '../../../src/composition/themes.ts';
import { VideoEncoder } from '../../../src/composition/video-encoder.ts';
import { gridRects } from '../../../src/domain/grid.ts';
import { canvasSize, type Rect } from '../../../src/domain/layout.ts';
import { identityYuv } from '../../../src/synthetic/identity.ts';
import { camera, sine, sound } from './media.ts';
import { Rehearsal } from './rehearsal.ts';
import { inFolder, meanColour, picturesOf, renderFile, type SeenPicture } from './rendering.ts';

const ORIENTATIONS = ['landscape', 'portrait'] as const;
const CASES = (['low', 'med', 'high', 'ultra'] as const).flatMap((quality) =>
  ORIENTATIONS.map((orientation) => ({ quality, orientation, size: canvasSize(quality, orientation) })),
);

/** Luma of one pixel. */
const lumaAt = (picture: SeenPicture, x: number, y: number): number => picture.y[y * picture.width + x] ?? -1;

/** The strip of a synthetic picture that is the identity's plain colour; it stays when the sides are cropped. */
const plainPart = ({ x, y, width, height }: Rect): Rect => ({
  x: x + width * 0.1,
  y: y + height * 0.42,
  width: width * 0.1,
  height: height * 0.1,
});

test.each(CASES)(
  '$quality, $orientation: $size.width x $size.height',
  ({ size }) =>
    inFolder(async (folder) => {
      const rehearsal = new Rehearsal().joins('ada', 'Ada', 100).joins('bob', 'Bob', 100);
      const times = { fromMs: 200, toMs: 1500 };
      for (const [i, participant] of ['ada', 'bob'].entries()) {
        const media = await camera('vp8', i, 2, { width: 640, height: 360 });
        rehearsal.publishes({ ...times, participant, source: 'camera', media });
      }
      const tone = await sound(2, sine(440, 0.3));
      rehearsal.publishes({ ...times, participant: 'ada', source: 'microphone', media: tone });
      const records = rehearsal.recorded(1000, 1200).records(2500);
      const facts = await renderFile(records, folder, size);
      expect(facts).toMatchObject(size);
      const pictures = await picturesOf(facts.path);
      expect(pictures.length).toBe(6);
      const picture = pictures[5] as SeenPicture;
      expect(picture.y.length).toBe(size.width * size.height);
      const background = yuvOf(PALETTES.DARK.background).y;
      for (const x of [0, size.width - 1]) {
        for (const y of [0, size.height - 1]) expect(Math.abs(lumaAt(picture, x, y) - background)).toBeLessThan(4);
      }
      for (const [i, tile] of gridRects(2, size).entries()) {
        const seen = meanColour(picture, plainPart(tile));
        // The matrix changes on the way; luma moves by some steps.
        expect(Math.abs(seen.y - identityYuv(i).y)).toBeLessThan(24);
        expect(Math.hypot(seen.u - identityYuv(i).u, seen.v - identityYuv(i).v)).toBeLessThan(24);
        // Beside the tile there is background again: nothing spills over.
        const beside = tile.x + tile.width + 1;
        if (beside < size.width) {
          expect(Math.abs(lumaAt(picture, beside, tile.y + tile.height / 2) - background)).toBeLessThan(8);
        }
      }
    }),
  120_000,
);

test('a quality has one rate, and more pixels never get less', () => {
  const rates = CASES.map(({ size }) => rateOf(size).maxRate);
  for (const [i, { size }] of CASES.entries()) {
    expect(rateOf({ width: size.height, height: size.width })).toEqual(rateOf(size));
    if (i > 0) expect(rates[i]).toBeGreaterThanOrEqual(rates[i - 1] ?? 0);
  }
});

test.each(CASES)('encoders of $quality, $orientation write equal headers, whatever their threads', async ({ size }) => {
  const encoders = await Promise.all([1, 2, 4].map((threads) => VideoEncoder.open(size, threads)));
  const headers = encoders.map(({ context }) => Buffer.from(context.extraData ?? []).toString('hex'));
  for (const encoder of encoders) encoder.close();
  expect(headers[0]?.length).toBeGreaterThan(20);
  expect(new Set(headers).size).toBe(1);
});

test.each(CASES)(
  'WebM of $quality, $orientation',
  ({ size }) =>
    inFolder(async (folder) => {
      const rehearsal = new Rehearsal().joins('ada', 'Ada', 100);
      const facts = await renderFile(rehearsal.recorded(1000, 1070).records(2500), folder, {
        ...size,
        fileFormat: 'webm',
      });
      expect(facts).toMatchObject({ ...size, format: 'webm' });
      const pictures = await picturesOf(facts.path);
      expect(pictures.length).toBe(2);
      const background = yuvOf(PALETTES.DARK.background).y;
      for (const picture of pictures) {
        expect(picture.y.length).toBe(size.width * size.height);
        for (const x of [0, size.width - 1])
          expect(Math.abs(lumaAt(picture, x, size.height - 1) - background)).toBeLessThan(4);
      }
    }),
  120_000,
);
