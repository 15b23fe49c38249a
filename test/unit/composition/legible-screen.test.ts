/** A page of 12-pixel print that is shared at 1920x1080 keeps its letters' edges through scaling and encoding, at every quality. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newPicture, type Planes, planesOf } from '../../../src/composition/av.ts';
import { FragmentWriter } from '../../../src/composition/fragment-writer.ts';
import { containRect, TileScaler } from '../../../src/composition/scale.ts';
import { VideoEncoder } from '../../../src/composition/video-encoder.ts';
import { canvasSize, type Rect } from '../../../src/domain/layout.ts';
import { shareRects } from '../../../src/domain/stage.ts';
import { TextPage } from '../../../src/synthetic/text-page.ts';
import { inFolder, picturesOf } from './rendering.ts';

const SCREEN = { width: 1920, height: 1080 };
const TICKS = 6;

/** Mean step of luma from a pixel to the next within a rectangle: letters' edges. Blur takes it away. */
const edges = (luma: ArrayLike<number>, stride: number, rect: Rect): number => {
  let [sum, count] = [0, 0];
  for (let y = rect.y + 8; y < rect.y + rect.height - 8; y++) {
    for (let x = rect.x + 8; x < rect.x + rect.width - 8; x++, count++) {
      sum += Math.abs((luma[y * stride + x] ?? 0) - (luma[y * stride + x + 1] ?? 0));
    }
  }
  return sum / count;
};

/** Steps of the page itself are 17 on average; halved in size they are 14. Scaled bilinearly it would be 11. */
test.each([
  { quality: 'low', least: 13 },
  { quality: 'med', least: 17 },
  { quality: 'high', least: 15 },
  { quality: 'ultra', least: 7 },
] as const)(
  '$quality',
  ({ quality, least }) =>
    inFolder(async (folder) => {
      const size = canvasSize(quality, 'landscape');
      const [stage] = shareRects(0, size, 1).stage;
      if (!stage) throw new Error('There is no stage.');
      const place = containRect(SCREEN, stage);
      const [source, canvas] = [newPicture(SCREEN), newPicture(size)];
      const planes: Planes = planesOf(canvas);
      const { data, strides } = planesOf(source);
      new TextPage({ size: SCREEN, fontPixels: 12 }).draw(0, { data, linesize: strides });
      const scaler = new TileScaler();
      await scaler.draw(source, planes, place, 'contain', { matrix: 'bt601', range: 'limited' });
      const drawn = edges(planes.luma, planes.strides[0], place);
      expect(drawn).toBeGreaterThan(least);

      const path = join(folder, 'page.mp4');
      const encoder = await VideoEncoder.open(size, 2);
      const writer = await FragmentWriter.open(path, encoder.context, 'video');
      for (let tick = 0; tick < TICKS; tick++) await encoder.encode(canvas, tick, tick === 0, writer);
      await encoder.finish(writer);
      await writer.finish();
      encoder.close();
      scaler.close();
      const pictures = await picturesOf(path);
      expect(pictures.length).toBe(TICKS);
      for (const { y, width } of [pictures[0], pictures[TICKS - 1]].filter((picture) => picture !== undefined)) {
        expect(edges(y, width, place) / drawn).toBeGreaterThan(0.93);
      }
      source.free();
      canvas.free();
    }),
  60_000,
);
