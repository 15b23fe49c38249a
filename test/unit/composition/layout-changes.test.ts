import { expect, test } from 'vitest';
import { yuvOf } from '../../../src/composition/colour.ts';
import { PALETTES } from '../../../src/composition/themes.ts';
import { gridRects } from '../../../src/domain/grid.ts';
import { camera } from './media.ts';
import { RECORDING, Rehearsal } from './rehearsal.ts';
import { CONFIG, inFolder, meanColour, picturesOf, renderFile } from './rendering.ts';

const CHANGE_MS = 3_520;
/** The first tick whose instant is not before the change: the recording begins at one second. */
const CHANGE_TICK = Math.ceil(((CHANGE_MS - 1000) * 30) / 1000);

test(
  'another layout: the picture changes at the tick of the call, as an IDR, and no tick is lost',
  () =>
    inFolder(async (folder) => {
      const rehearsal = new Rehearsal().joins('ada', 'Ada', 100).joins('bob', 'Bob', 100);
      const toMs = 6_600;
      for (const [index, participant] of ['ada', 'bob'].entries()) {
        const media = await camera('vp8', index, 7);
        rehearsal.publishes({ participant, source: 'camera', media, fromMs: 200, toMs });
      }
      const layout = { type: 'GRID', priority: 'SPEAKER', gridSize: 1 } as const;
      rehearsal.event(CHANGE_MS, { type: 'layout-changed', recordingId: RECORDING, layout });
      const records = rehearsal.recorded(1000, 6_000).records(6_600);
      await renderFile(records, folder);
      const pictures = await picturesOf(`${folder}/out.mp4`);
      expect(pictures.map(({ seconds }) => Math.round(seconds * 30))).toEqual(Array.from({ length: 150 }, (_, i) => i));
      const idrs = pictures.flatMap(({ keyframe }, tick) => (keyframe ? [tick] : []));
      expect(idrs).toContain(CHANGE_TICK);
      expect(idrs.filter((tick) => tick > 0 && tick < 128)).toEqual([CHANGE_TICK]);
      const background = yuvOf(PALETTES.DARK.background).y;
      const [left] = gridRects(2, CONFIG);
      if (!left) throw new Error('Two tiles have rectangles.');
      // Above both tiles is background; the single tile reaches there.
      const above = { x: left.x + 32, y: Math.max(0, left.y - 24), width: 32, height: 8 };
      const isBackground = pictures.map((picture) => Math.abs(meanColour(picture, above).y - background) < 4);
      expect(isBackground.indexOf(false)).toBe(CHANGE_TICK);
      expect(isBackground.lastIndexOf(true)).toBe(CHANGE_TICK - 1);
    }),
  60_000,
);
