import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { yuvOf } from '../../../src/composition/colour.ts';
import { segmentPaths } from '../../../src/composition/segment-files.ts';
import { PALETTES } from '../../../src/composition/themes.ts';
import { gridRects } from '../../../src/domain/grid.ts';
import type { Rect } from '../../../src/domain/layout.ts';
import { frameRect } from '../../../src/domain/stage.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { TRANSITION_TICKS } from '../../../src/timeline/transitions.ts';
import { camera } from './media.ts';
import { RECORDING, Rehearsal } from './rehearsal.ts';
import { CONFIG, composerFor, inFolder, meanColour, picturesOf, renderFile, type SeenPicture } from './rendering.ts';

/** A change at this tick is under way when the second segment, of ticks from 128 on, begins. */
const CHANGE_TICK = 126;
const START_MS = 1000;
const CHANGE_MS = START_MS + (CHANGE_TICK * 1000) / 30 - 10;
const END_MS = 7000;

/** Two people, until one leaves. */
const journal = async (): Promise<JournalRecord[]> => {
  const rehearsal = new Rehearsal().joins('ada', 'Ada', 100).joins('bob', 'Bob', 100);
  const source = 'camera';
  rehearsal.publishes({ participant: 'ada', source, media: await camera('vp8', 0, 7), fromMs: 200, toMs: END_MS });
  rehearsal.publishes({ participant: 'bob', source, media: await camera('h264', 1, 7), fromMs: 230, toMs: CHANGE_MS });
  rehearsal.leaves('bob', CHANGE_MS);
  return rehearsal.recorded(START_MS, 6500).records(END_MS);
};

const lumaAt = (picture: SeenPicture, rect: Rect): number => meanColour(picture, rect).y;
const middleOf = ({ x, y, width, height }: Rect): Rect => ({
  x: x + width * 0.45,
  y: y + height * 0.3,
  width: width * 0.1,
  height: height * 0.3,
});
const sameBytes = async (a: string, b: string): Promise<boolean> => (await readFile(a)).equals(await readFile(b));

describe('a transition', () => {
  test(
    'is the same to the byte for whoever begins in the middle of it',
    () =>
      inFolder(async (folder) => {
        const records = await journal();
        const inTurn = await composerFor(records, folder, {}, join(folder, 'in-turn'));
        for (const index of [0, 1]) await inTurn.render(index);
        inTurn.close();
        const alone = await composerFor(records, folder, {}, join(folder, 'alone'));
        await alone.render(1);
        alone.close();
        const [a, b] = ['in-turn', 'alone'].map((name) => segmentPaths(join(folder, name), 1).video) as [
          string,
          string,
        ];
        expect(await sameBytes(a, b)).toBe(true);
      }),
    60_000,
  );

  test(
    'goes from one scene to the next in six ticks, begins with a keyframe, and is a jump where it is turned off',
    () =>
      inFolder(async (folder) => {
        const records = await journal();
        const eased = await picturesOf((await renderFile(records, folder)).path);
        const jumping = await inFolder(async (other) =>
          picturesOf((await renderFile(records, other, { transitions: false })).path),
        );
        const distances = eased.map((picture, tick) => {
          const other = jumping[tick] as SeenPicture;
          let sum = 0;
          for (let i = 0; i < picture.y.length; i += 7) sum += Math.abs((picture.y[i] ?? 0) - (other.y[i] ?? 0));
          return (sum * 7) / picture.y.length;
        });
        // What differs lasts as long as the transition, whose last tick is at rest, and the one before all but.
        const differing = distances.flatMap((distance, tick) => (distance > 2 ? [tick] : []));
        expect(differing).toEqual(Array.from({ length: TRANSITION_TICKS - 2 }, (_, i) => CHANGE_TICK + i));
        const keyframes = eased.flatMap(({ keyframe }, tick) => (keyframe ? [tick] : []));
        expect(keyframes).toEqual([0, CHANGE_TICK, 128]);

        const [, right] = gridRects(2, CONFIG) as [Rect, Rect];
        const alone = gridRects(1, CONFIG)[0] as Rect;
        const ground = yuvOf(PALETTES.DARK.background).y;
        // Who leaves is seen, paler, where he was; the one who stays is larger at every tick.
        expect(lumaAt(eased[CHANGE_TICK] as SeenPicture, middleOf(right))).toBeGreaterThan(ground + 20);
        const edge = { x: alone.x + alone.width / 2, y: alone.y + alone.height - 12, width: 30, height: 8 };
        expect(Math.abs(lumaAt(eased[CHANGE_TICK] as SeenPicture, edge) - ground)).toBeLessThan(6);
        expect(lumaAt(eased[CHANGE_TICK + TRANSITION_TICKS - 1] as SeenPicture, edge)).toBeGreaterThan(ground + 10);
      }),
    60_000,
  );

  test(
    'of a change of layout leads to the whole canvas',
    () =>
      inFolder(async (folder) => {
        const records = await journal();
        const layout = { type: 'SPOTLIGHT', priority: 'SPEAKER', gridSize: 4 } as const;
        const at = records.findIndex(({ arrivalNs }) => arrivalNs >= 3e9);
        records.splice(at, 0, {
          type: 'event',
          arrivalNs: 3e9,
          event: { type: 'layout-changed', recordingId: RECORDING, layout },
        });
        const pictures = await picturesOf((await renderFile(records, folder)).path);
        const { width, height } = frameRect(CONFIG);
        const edge = { x: 0, y: height * 0.4, width: 8, height: 20 };
        const ground = yuvOf(PALETTES.DARK.background).y;
        expect(Math.abs(lumaAt(pictures[59] as SeenPicture, edge) - ground)).toBeLessThan(4);
        expect(lumaAt(pictures[66] as SeenPicture, edge)).toBeGreaterThan(ground + 20);
        expect(lumaAt(pictures[66] as SeenPicture, { ...edge, x: width - 8 })).toBeGreaterThan(ground + 20);
        expect(pictures.flatMap(({ keyframe }, tick) => (keyframe ? [tick] : []))).toEqual([0, 60, 128]);
      }),
    60_000,
  );
});
