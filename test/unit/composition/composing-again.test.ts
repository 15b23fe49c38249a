import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { leaveOut } from '../../../src/composition/left-out.ts';
import { segmentPaths } from '../../../src/composition/segment-files.ts';
import type { CompositionConfig } from '../../../src/composition/task.ts';
import { gridRects } from '../../../src/domain/grid.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import type { TimedEvent } from '../../../src/timeline/timeline.ts';
import { decodeFile } from '../../support/oracle/media-file.ts';
import { readTile } from '../../support/oracle/tile-reading.ts';
import { camera, sine, sound } from './media.ts';
import { RECORDING, Rehearsal } from './rehearsal.ts';
import { CONFIG, inFolder, renderFile } from './rendering.ts';

const GRID = { type: 'GRID', priority: 'SPEAKER', gridSize: 4 } as const;

/** Ada and Bob, each with a tone of their own; from 3.5 s of session time on one tile is shown. */
const two = async (): Promise<JournalRecord[]> => {
  const rehearsal = new Rehearsal().joins('ada', 'Ada', 100).joins('bob', 'Bob', 110);
  for (const [index, participant] of ['ada', 'bob'].entries()) {
    const common = { participant, fromMs: 200, toMs: 6_500 };
    rehearsal.publishes({ ...common, source: 'camera', media: await camera('vp8', index, 7) });
    rehearsal.publishes({
      ...common,
      source: 'microphone',
      media: await sound(7, sine(index === 0 ? 440 : 3000, 0.2)),
    });
  }
  rehearsal.event(3500, { type: 'layout-changed', recordingId: RECORDING, layout: { ...GRID, gridSize: 1 } });
  return rehearsal.paused(4500, 5000).recorded(1000, 6000).records(6_500);
};

/** Whose pictures stand in the tiles of a grid of so many, at the middle of each second. */
const shown = async (path: string, tiles: number): Promise<(number | null)[][]> => {
  const seen: (number | null)[][] = [];
  await decodeFile(path, (picture) => {
    if (Math.round(picture.time * 30) % 30 !== 15) return;
    seen.push(gridRects(tiles, CONFIG).map((rect) => readTile(picture, rect, 'cover').identity));
  });
  return seen;
};

/** Power of a tone in the sound of a file. */
const tone = async (path: string, hz: number): Promise<number> => {
  const { sound: heard } = await decodeFile(path, () => undefined);
  let [sine_, cosine] = [0, 0];
  const samples = heard?.samples ?? new Float32Array();
  for (const [n, value] of samples.entries()) {
    sine_ += value * Math.sin((2 * Math.PI * hz * n) / 48_000);
    cosine += value * Math.cos((2 * Math.PI * hz * n) / 48_000);
  }
  return (2 * Math.hypot(sine_, cosine)) / samples.length;
};

test(
  'leaves participants out, of picture and sound',
  () =>
    inFolder(async (folder) => {
      const facts = await renderFile(await two(), folder, { excludeParticipants: ['ada'] });
      expect(await shown(facts.path, 1)).toEqual(Array.from({ length: 4 }, () => [1]));
      expect(await tone(facts.path, 440)).toBeLessThan(0.005);
      expect(await tone(facts.path, 3000)).toBeGreaterThan(0.02);
    }),
  60_000,
);

test(
  'holds a layout that was asked for from start to end; otherwise what changed changes again',
  () =>
    inFolder(async (folder) => {
      const records = await two();
      const fixed = await renderFile(records, join(folder, 'fixed'), { layout: GRID, fixedLayout: true });
      expect(await shown(fixed.path, 2)).toEqual(Array.from({ length: 4 }, () => [0, 1]));
      const changing = await renderFile(records, join(folder, 'changing'), { layout: { ...GRID, gridSize: 9 } });
      expect((await shown(changing.path, 2)).slice(0, 2)).toEqual([
        [0, 1],
        [0, 1],
      ]);
      expect((await shown(changing.path, 1)).slice(3)).toEqual([[0]]);
    }),
  60_000,
);

test(
  'gives the same again for the same configuration',
  () =>
    inFolder(async (folder) => {
      const records = await two();
      const config: Partial<CompositionConfig> = { theme: 'LIGHT', fixedLayout: true, excludeParticipants: ['bob'] };
      const digest = async (name: string): Promise<string> => {
        await renderFile(records, join(folder, name), config);
        const hash = createHash('sha256');
        for (const index of [0, 1]) {
          const { video, audio } = segmentPaths(join(folder, name, 'segments'), index);
          for (const path of [video, audio]) hash.update(await readFile(path));
        }
        return hash.digest('hex');
      };
      expect(await digest('again')).toBe(await digest('first'));
    }),
  60_000,
);

test('takes snapshots as it takes events', () => {
  const info = (participantId: string) => ({ participantId, name: participantId, hidden: false }) as never;
  const recordings = [{ recordingId: RECORDING, startedNs: 0, layout: GRID }];
  const state = {
    type: 'room-state',
    participants: [info('ada'), info('bob')],
    tracks: [],
    pins: [],
    recordings,
  } as const;
  const event: TimedEvent = { atNs: 7, event: state };
  const taken = leaveOut(event, { participants: new Set(['bob']), layouts: true });
  expect(taken).toMatchObject({
    atNs: 7,
    event: { participants: [{ hidden: false }, { participantId: 'bob', hidden: true }], recordings: [] },
  });
  expect(leaveOut(event, { participants: new Set(), layouts: false })).toEqual(event);
});
