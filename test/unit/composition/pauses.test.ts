import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { segmentPaths } from '../../../src/composition/segment-files.ts';
import { segmentSound } from '../../../src/composition/segment-sound.ts';
import { gridRects } from '../../../src/domain/grid.ts';
import type { ParticipantId, TrackId } from '../../../src/domain/ids.ts';
import type { Rect } from '../../../src/domain/layout.ts';
import { MediaSpans } from '../../../src/domain/media-spans.ts';
import { decodeFile } from '../../support/oracle/media-file.ts';
import { readTile } from '../../support/oracle/tile-reading.ts';
import { camera, sine, sound } from './media.ts';
import { DELAY_MS, Rehearsal } from './rehearsal.ts';
import { CONFIG, composerFor, feedOf, inFolder, picturesOf, renderFile } from './rendering.ts';

const FROM_MS = 200;
/** A keyframe arrives at 6220 ms: soon after the resumption, as one that was asked for does. */
const PAUSED_MS = 3500;
const RESUMED_MS = 5950;
const CUT = 75;
const [TILE] = gridRects(1, CONFIG) as [Rect];

/** One person with picture and sound, recorded from 1 s to 9 s of session time. */
const person = async (tone = sine(440, 0.3)): Promise<Rehearsal> => {
  const rehearsal = new Rehearsal().joins('ada', 'Ada', 100);
  const common = { participant: 'ada', fromMs: FROM_MS, toMs: 10_000 };
  rehearsal.publishes({ ...common, source: 'camera', media: await camera('vp8', 0, 10) });
  rehearsal.publishes({ ...common, source: 'microphone', media: await sound(10, tone) });
  return rehearsal;
};

/** Frame numbers that the file shows, by tick, and which ticks are keyframes. */
const seen = async (path: string) => {
  const frames: (number | null)[] = [];
  const file = await decodeFile(path, (picture) => frames.push(readTile(picture, TILE, 'cover').frame));
  return { frames, file };
};

/** The frame that is nearest to a session time. */
const frameAt = (ms: number): number => Math.round(((ms - FROM_MS - DELAY_MS) * 30) / 1000);

const hashes = async (folder: string, count: number): Promise<string[]> => {
  const all: string[] = [];
  for (let index = 0; index < count; index++) {
    const { video, audio } = segmentPaths(join(folder, 'segments'), index);
    for (const path of [video, audio])
      all.push(
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      );
  }
  return all;
};

describe('a recording that was paused', () => {
  test(
    'is one file: pictures before and after meet at an IDR, what came in the pause is not in it',
    () =>
      inFolder(async (folder) => {
        const records = (await person()).paused(PAUSED_MS, RESUMED_MS).recorded(1000, 9000).records(10_000);
        const facts = await renderFile(records, folder);
        expect(facts.durationSeconds).toBeCloseTo(2.5 + 3.05, 1);
        const { frames, file } = await seen(facts.path);
        expect(file.video?.deltas.size).toBe(1);
        const ticks = Math.round((2.5 + 3.05) * 30);
        expect(frames).toHaveLength(ticks);
        for (let tick = 0; tick < CUT; tick++) {
          expect(Math.abs((frames[tick] ?? -99) - frameAt(1000 + (tick * 1000) / 30))).toBeLessThanOrEqual(1);
        }
        // The first picture behind the pause is shown from the cut on: no look back, no initials.
        const keyframe = frameAt(6220);
        for (let tick = CUT; tick < ticks; tick++) {
          const due = Math.max(keyframe, frameAt(RESUMED_MS + ((tick - CUT) * 1000) / 30));
          expect(Math.abs((frames[tick] ?? -99) - due), `tick ${tick}`).toBeLessThanOrEqual(1);
        }
        const pictures = await keyframeTicks(facts.path);
        expect(pictures).toContain(CUT);
      }),
    60_000,
  );

  test('does not click at the cut, and sound stays with the picture', async () => {
    // A tone that is loud on both sides; in the pause it would be another.
    const rehearsal = await person((n) =>
      n > 3.4 * 48_000 && n < 5.6 * 48_000 ? sine(2000, 0.3)(n) : sine(440, 0.3)(n),
    );
    const feed = feedOf(rehearsal.paused(PAUSED_MS, RESUMED_MS).recorded(1000, 9000).records(10_000));
    while (await feed.advance());
    feed.timeline.finish();
    const pauses = [{ pausedNs: PAUSED_MS * 1e6, resumedNs: RESUMED_MS * 1e6 }];
    const spans = new MediaSpans(1e9, pauses, 9e9);
    const { mix, levels } = await segmentSound(feed.timeline, { index: 0, ticks: 128, spans });
    const left = mix.left.subarray(-mix.start);
    const slope = (0.3 * 2 * Math.PI * 440) / 48_000;
    let steepest = 0;
    for (let i = 1; i < left.length; i++) steepest = Math.max(steepest, Math.abs((left[i] ?? 0) - (left[i - 1] ?? 0)));
    expect(steepest).toBeLessThan(slope * 1.5);
    const peak = (from: number, to: number) =>
      Math.max(...left.subarray(Math.round(from * 48_000), Math.round(to * 48_000)));
    expect(peak(2.4, 2.49)).toBeGreaterThan(0.27);
    expect(peak(2.4995, 2.5005)).toBeLessThan(0.05);
    expect(peak(2.55, 2.65)).toBeGreaterThan(0.27);
    expect(levels).toHaveLength(42);
    // An Opus decoder that begins anew is at full level after 80 ms: window 25 begins at the cut.
    for (const [i, level] of levels.entries()) {
      expect(Math.abs((level['ada' as ParticipantId] ?? -127) + 13.5), `window ${i}`).toBeLessThan(i === 25 ? 5 : 0.5);
    }
  });

  test(
    'a beep behind the pause comes with its flash',
    () =>
      inFolder(async (folder) => {
        // Identity 0 of 4 flashes in seconds 0, 4 and 8 of its own time.
        const records = (await person((n) => (n % 192_000 < 4800 ? sine(1000, 0.5)(n) : 0)))
          .paused(1500, 3000)
          .recorded(1000, 9500)
          .records(10_000);
        const facts = await renderFile(records, folder);
        const lit: number[] = [];
        const { sound: heard } = await decodeFile(facts.path, (picture) => {
          if (readTile(picture, TILE, 'cover').flash > 125) lit.push(picture.time);
        });
        const expected = (FROM_MS + 4000 + DELAY_MS - 3000) / 1000 + 0.5;
        expect(Math.abs((lit[0] ?? 0) - expected)).toBeLessThanOrEqual(1 / 60 + 1e-6);
        const onset = (heard?.samples ?? new Float32Array()).findIndex((value) => Math.abs(value) > 0.1);
        expect(Math.abs(onset / 48_000 - expected)).toBeLessThan(0.005);
      }),
    60_000,
  );

  test(
    'renders the same while it is written and afterwards, alone or after others',
    () =>
      inFolder(async (folder) => {
        const records = (await person()).paused(PAUSED_MS, RESUMED_MS).recorded(1000, 9000).records(10_000);
        const live = join(folder, 'live');
        const later = join(folder, 'later');
        const composer = await composerFor(records, live, {}, undefined, { batch: 1 });
        for (const index of [0, 1]) await composer.render(index);
        composer.close();
        for (const index of [1, 0]) {
          const alone = await composerFor(records, later, {}, undefined, { batch: records.length });
          await alone.render(index);
          alone.close();
        }
        expect(await hashes(later, 2)).toEqual(await hashes(live, 2));
      }),
    60_000,
  );

  test(
    'people who came, went and changed their names for a picture in the pause are as they are then',
    () =>
      inFolder(async (folder) => {
        const rehearsal = await person();
        rehearsal.joins('bob', 'Bob', 4000);
        rehearsal.event(4500, { type: 'track-unpublished', trackId: 'ada-camera' as TrackId });
        const records = rehearsal.paused(PAUSED_MS, RESUMED_MS).recorded(1000, 7000).records(8000);
        const facts = await renderFile(records, folder);
        const { frames } = await seen(facts.path);
        expect(frames.slice(0, CUT).every((frame) => frame !== null)).toBe(true);
        expect(frames.slice(CUT).every((frame) => frame === null)).toBe(true);
      }),
    60_000,
  );
});

describe('a recording that is paused now', () => {
  test(
    'has its segments before the pause; the one in progress waits for what follows',
    () =>
      inFolder(async (folder) => {
        const records = (await person()).paused(7000).recorded(1000, 60_000).records(20_000);
        const waiting = new Error('There is nothing more yet.');
        const composer = await composerFor(records, folder, {}, undefined, {
          batch: 50,
          atEnd: () => Promise.reject(waiting),
        });
        expect(await composer.render(0)).toBe(128);
        expect(composer.totalTicks).toBeNull();
        await expect(composer.render(1)).rejects.toBe(waiting);
        composer.close();
      }),
    60_000,
  );

  test(
    'ends with the pause, where it is stopped in it or its journal ends in it',
    () =>
      inFolder(async (folder) => {
        const stopped = (await person()).paused(3500).recorded(1000, 9000).records(10_000);
        const crashed = (await person()).paused(3500).recorded(1000, 90_000).records(6000);
        for (const [name, records] of Object.entries({ stopped, crashed })) {
          const facts = await renderFile(records, join(folder, name));
          expect(facts.durationSeconds, name).toBeCloseTo(2.5, 2);
          const { frames } = await seen(facts.path);
          expect(frames, name).toHaveLength(75);
        }
      }),
    60_000,
  );
});

const keyframeTicks = async (path: string): Promise<number[]> => {
  const pictures = await picturesOf(path);
  return pictures.flatMap(({ keyframe }, tick) => (keyframe ? [tick] : []));
};
