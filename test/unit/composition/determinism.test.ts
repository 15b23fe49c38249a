/**
 * The promise that everything stands on: the same journal and the same configuration give the same pictures and the same sound before the
 * encoders, whoever renders which part, in whatever order, live or later. The journal is on disk, and has all that could tell renderers
 * apart: layers that come and go, losses, damaged frames, rare keyframes, mutes, a share, changing speakers, drifting clocks, a pause, another layout.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { planesOf } from '../../../src/composition/av.ts';
import { Composer } from '../../../src/composition/composer.ts';
import { segmentPaths } from '../../../src/composition/segment-files.ts';
import type { CompositionConfig } from '../../../src/composition/task.ts';
import { VideoEncoder } from '../../../src/composition/video-encoder.ts';
import type { TrackId } from '../../../src/domain/ids.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { openJournalFeed } from '../../../src/processes/journal-feed.ts';
import { encodeVideo } from '../../../src/synthetic/encode.ts';
import { camera, sine, sound } from './media.ts';
import { RECORDING, Rehearsal, saveJournal } from './rehearsal.ts';
import { CONFIG, feedOf, inFolder } from './rendering.ts';

const SMALL: CompositionConfig = { ...CONFIG, width: 320, height: 180, layout: { ...CONFIG.layout, gridSize: 3 } };
const SEGMENTS = 4;
const END_MS = 18_500;

/** A voice that is heard in every `turn`th of `of` stretches of 2 s. */
const voice = (turn: number, of: number) => (n: number) =>
  Math.floor(n / 96_000) % of === turn ? sine(220 * (turn + 1), 0.3)(n) : 0;

/** Of the second around the end of a segment, the VP8 keyframe claims 16383x16383: no decoder takes it. */
const hugeKeyframe = (payload: Buffer, packet: number): Buffer => {
  const startCode = payload.indexOf('9d012a', 0, 'hex');
  if (packet < 255 || packet >= 300 || startCode < 0 || startCode > 20) return payload;
  return Buffer.concat([
    payload.subarray(0, startCode + 3),
    Buffer.from('ff3fff3f', 'hex'),
    payload.subarray(startCode + 7),
  ]);
};

const difficultSession = async (): Promise<JournalRecord[]> => {
  const rehearsal = new Rehearsal();
  const people = ['ada', 'bob', 'cyd', 'dan'];
  for (const [i, name] of people.entries()) rehearsal.joins(name, name.toUpperCase(), 100 + i);
  const times = { fromMs: 200, toMs: END_MS };
  const layer = { participant: 'ada', source: 'camera', trackId: 'layers' } as const;
  const low = await camera('vp8', 0, 18, { width: 160, height: 90 });
  rehearsal.publishes({ ...layer, ...times, media: low, rid: 'l', damages: hugeKeyframe });
  const high = await camera('vp8', 0, 18, { width: 320, height: 180 });
  rehearsal.publishes({ ...layer, media: high, rid: 'h', fromMs: 230, toMs: 7_900, loses: (n) => n % 131 === 57 });
  // Keyframes 7 s apart: segments begin far from one.
  const rare = {
    size: { width: 320, height: 180 },
    fps: 30,
    seconds: 18,
    content: 'plain',
    keyframeInterval: 210,
  } as const;
  const bob = await encodeVideo({ ...rare, codec: 'h264', turn: { index: 1, of: 4 }, name: 'B' });
  rehearsal.publishes({
    participant: 'bob',
    source: 'camera',
    media: bob,
    ...times,
    loses: (n) => n === 300,
    damages: (payload, n) => (n % 97 === 40 ? Buffer.concat([payload.subarray(0, 20), Buffer.alloc(9, n)]) : payload),
    clockRatio: 1.0002,
  });
  const cyd = await encodeVideo({ ...rare, codec: 'vp9', turn: { index: 2, of: 4 }, name: 'C' });
  rehearsal.publishes({
    participant: 'cyd',
    source: 'camera',
    media: cyd,
    ...times,
    damages: (payload, n) => (n % 111 === 60 ? Buffer.concat([payload.subarray(0, 30), Buffer.alloc(50, n)]) : payload),
  });
  rehearsal.publishes({
    participant: 'dan',
    source: 'camera',
    media: await camera('av1', 3, 9),
    fromMs: 8_200,
    toMs: 17_000,
  });
  const screen = await camera('vp8', 3, 9, { width: 640, height: 360 });
  rehearsal.publishes({ participant: 'bob', source: 'screen-video', media: screen, fromMs: 6_000, toMs: 11_000 });
  rehearsal.event(11_000, { type: 'track-unpublished', trackId: 'bob-screen-video' as TrackId });
  for (const [i, participant] of people.entries()) {
    const media = await sound(18, voice(i, 4));
    rehearsal.publishes({ participant, source: 'microphone', media, ...times, loses: (n) => n % (60 + i) === 9 });
  }
  for (const [atMs, muted] of [
    [4_900, true],
    [9_700, false],
  ] as const) {
    rehearsal.event(atMs, { type: 'track-muted', trackId: 'cyd-camera' as TrackId, muted });
  }
  rehearsal.leaves('ada', 13_400);
  rehearsal.paused(11_500, 12_700);
  const layout = { type: 'GRID', priority: 'SPEAKER', gridSize: 2 } as const;
  rehearsal.event(15_000, { type: 'layout-changed', recordingId: RECORDING, layout });
  return rehearsal.recorded(1_000, 1_000 + 16_500).records(END_MS);
};

let records: JournalRecord[];
beforeAll(async () => {
  records = await difficultSession();
}, 120_000);

/** What is given to the encoder, by tick. */
type Pictures = Map<number, string>;

/** Runs `render` while the encoder only looks at what it is given. */
const watching = async (render: () => Promise<void>): Promise<Pictures> => {
  const pictures: Pictures = new Map();
  const spy = vi.spyOn(VideoEncoder.prototype, 'encode').mockImplementation(async (picture, tick, idr) => {
    const hash = createHash('sha1');
    const { data, strides, width, height } = planesOf(picture);
    for (const [i, plane] of data.entries()) {
      const shift = i === 0 ? 0 : 1;
      for (let row = 0; row < height >> shift; row++) {
        const at = row * (strides[i] ?? 0);
        hash.update(plane.subarray(at, at + (width >> shift)));
      }
    }
    expect(pictures.has(tick)).toBe(false);
    pictures.set(tick, `${hash.digest('hex')}${idr ? ' idr' : ''}`);
  });
  try {
    await render();
  } finally {
    spy.mockRestore();
  }
  return pictures;
};

/** Renders these segments by one composer, from memory in batches of `batch` records, or (0) from the journal on disk. */
const renderRun = async (
  folder: string,
  segmentsDir: string,
  indexes: readonly number[],
  batch: number,
): Promise<void> => {
  const scratchDir = join(folder, 'scratch');
  await mkdir(scratchDir, { recursive: true });
  await mkdir(segmentsDir, { recursive: true });
  const journal = { journalDir: join(folder, 'journal'), recordingId: RECORDING, follow: false };
  const disk = batch === 0 ? await openJournalFeed(journal) : null;
  const feed = disk ?? feedOf(records, batch);
  const composer = new Composer({ feed, recordingId: RECORDING, config: SMALL, segmentsDir, scratchDir, threads: 1 });
  for (const index of indexes) expect(await composer.render(index)).not.toBeNull();
  composer.close();
  await disk?.close();
};

interface Way {
  /** Segments by composer, in the order in which they are rendered. */
  readonly runs: readonly (readonly number[])[];
  readonly batch: number;
  /** Each composer by itself: it sees nobody's finished segments. */
  readonly alone?: boolean;
}

const WAYS: Record<string, Way> = {
  'live, record by record': { runs: [[0, 1, 2, 3]], batch: 1 },
  'all at once': { runs: [[0, 1, 2, 3]], batch: 1e9 },
  'two processes': {
    runs: [
      [0, 1],
      [2, 3],
    ],
    batch: 0,
  },
  'two processes that take turns': {
    runs: [
      [1, 3],
      [0, 2],
    ],
    batch: 500,
  },
  'each segment by its own, last first': { runs: [[3], [2], [1], [0]], batch: 0 },
  'each segment by its own, none knows of another': { runs: [[0], [1], [2], [3]], batch: 33, alone: true },
};

test(
  'the same pictures and the same sound, however the work is split and however the journal is read',
  () =>
    inFolder(async (folder) => {
      await saveJournal(records, join(folder, 'journal'));
      const expectedDir = join(folder, 'expected');
      const expected = await watching(() => renderRun(folder, expectedDir, [0, 1, 2, 3], 0));
      expect(expected.size).toBe(459);
      // It is worth something only if much happens: most ticks have a picture of their own, and layouts change.
      expect(new Set(expected.values()).size).toBeGreaterThan(400);
      expect([...expected.values()].filter((value) => value.endsWith('idr')).length).toBeGreaterThan(SEGMENTS);
      for (const [name, { runs, batch, alone }] of Object.entries(WAYS)) {
        const directoryOf = (run: number) => join(folder, alone ? `${name} ${run}` : name);
        const seen = await watching(async () => {
          for (const [i, run] of runs.entries()) await renderRun(folder, directoryOf(i), run, batch);
        });
        const differing = [...expected].flatMap(([tick, hash]) => (seen.get(tick) === hash ? [] : [tick]));
        expect(differing, name).toEqual([]);
        for (const [i, run] of runs.entries()) {
          for (const index of run) {
            const [a, b] = [segmentPaths(expectedDir, index), segmentPaths(directoryOf(i), index)];
            expect((await readFile(b.audio)).equals(await readFile(a.audio)), `${name}: sound of ${index}`).toBe(true);
            expect(await readFile(b.facts, 'utf8'), `${name}: facts of ${index}`).toBe(await readFile(a.facts, 'utf8'));
          }
        }
      }
    }),
  120_000,
);
