import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { yuvOf } from '../../../src/composition/colour.ts';
import { NothingToComposeError } from '../../../src/composition/nothing-to-compose.ts';
import { readFacts, segmentPaths } from '../../../src/composition/segment-files.ts';
import { PALETTES } from '../../../src/composition/themes.ts';
import { gridRects } from '../../../src/domain/grid.ts';
import type { TrackId } from '../../../src/domain/ids.ts';
import type { Rect } from '../../../src/domain/layout.ts';
import { shareRects } from '../../../src/domain/stage.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { identityYuv } from '../../../src/synthetic/identity.ts';
import { camera, sine, sound } from './media.ts';
import { DELAY_MS, Rehearsal } from './rehearsal.ts';
import {
  CONFIG,
  composerFor,
  inFolder,
  meanColour,
  picturesOf,
  renderFile,
  type SeenPicture,
  soundOf,
} from './rendering.ts';

/** An identity colour as the file must show it: BT.601 came in, BT.709 goes out. */
const identity709 = (index: number) => {
  const { y, u, v } = identityYuv(index);
  const [cb, cr] = [u - 128, v - 128];
  return {
    y: y - 0.11555 * cb - 0.207938 * cr,
    u: 128 + 1.01864 * cb + 0.114618 * cr,
    v: 128 + 0.075049 * cb + 1.025327 * cr,
  };
};

const distance = (a: { y: number; u: number; v: number }, b: { y: number; u: number; v: number }) =>
  Math.hypot(a.y - b.y, a.u - b.u, a.v - b.v);

/** The strip of a synthetic picture that is the identity's plain colour: right of the name, above the code. */
const plainPart = (tile: Rect): Rect => ({
  x: tile.x + tile.width * 0.03,
  y: tile.y + tile.height * 0.4,
  width: tile.width * 0.15,
  height: tile.height * 0.15,
});

const showsIdentity = (picture: SeenPicture, tile: Rect, index: number) =>
  expect(distance(meanColour(picture, plainPart(tile)), identity709(index))).toBeLessThan(8);

const equalDeltas = (pictures: readonly SeenPicture[]) => {
  for (const [i, picture] of pictures.entries()) expect(picture.seconds).toBeCloseTo(i / 30, 9);
};

/** Two people; the second's camera goes off at 5 s. */
const twoPeople = async (): Promise<JournalRecord[]> => {
  const rehearsal = new Rehearsal().joins('ada', 'Ada', 100).joins('bob', 'Bob', 100);
  const toMs = 11_000;
  rehearsal.publishes({ participant: 'ada', source: 'camera', media: await camera('vp8', 0, 11), fromMs: 200, toMs });
  rehearsal.publishes({
    participant: 'bob',
    source: 'camera',
    media: await camera('h264', 1, 11),
    fromMs: 230,
    toMs: 5000,
  });
  const tone = await sound(11, sine(440, 0.3));
  rehearsal.publishes({ participant: 'ada', source: 'microphone', media: tone, fromMs: 200, toMs });
  rehearsal.event(5000, { type: 'track-unpublished', trackId: 'bob-camera' as TrackId });
  return rehearsal.recorded(1000, 10_400).records(11_000);
};

describe('Composer', () => {
  test(
    'renders who is there, where the layout says, at a constant rate, and sound without a seam',
    () =>
      inFolder(async (folder) => {
        const facts = await renderFile(await twoPeople(), folder);
        expect(facts).toMatchObject({ width: 640, height: 360, format: 'mp4' });
        expect(facts.durationSeconds).toBeCloseTo(9.4, 2);

        const pictures = await picturesOf(facts.path);
        expect(pictures.length).toBe(282);
        equalDeltas(pictures);
        const [left, right] = gridRects(2, CONFIG) as [Rect, Rect];
        for (const tick of [0, 64, 110]) {
          const picture = pictures[tick] as SeenPicture;
          showsIdentity(picture, left, 0);
          showsIdentity(picture, right, 1);
        }
        const off = pictures[140] as SeenPicture;
        showsIdentity(off, left, 0);
        expect(distance(meanColour(off, plainPart(right)), yuvOf(PALETTES.DARK.tile))).toBeLessThan(4);
        const corner = { x: 0, y: 0, width: 12, height: 12 };
        expect(distance(meanColour(off, corner), yuvOf(PALETTES.DARK.background))).toBeLessThan(4);
        for (const tick of [0, 128, 256]) expect(pictures[tick]?.keyframe).toBe(true);

        // 440 Hz from end to end: what is not the tone is what decoding, mixing, encoding and joining added.
        const { left: heard } = await soundOf(facts.path);
        expect(Math.abs(heard.length - 9.4 * 48_000)).toBeLessThanOrEqual(1024);
        let [roughest, quietest, loudest] = [0, 1, 0];
        for (let from = 4800; from < 9.3 * 48_000; from += 480) {
          const peak = Math.max(...heard.subarray(from, from + 480));
          [quietest, loudest] = [Math.min(quietest, peak), Math.max(loudest, peak)];
        }
        // Eleven cycles are 1200 samples: the tone repeats itself.
        for (let i = 4800; i < heard.length - 3000; i++) {
          roughest = Math.max(roughest, Math.abs((heard[i] ?? 0) - (heard[i + 1200] ?? 0)));
        }
        expect(quietest).toBeGreaterThan(0.28);
        expect(loudest).toBeLessThan(0.32);
        expect(roughest).toBeLessThan(0.03);
      }),
    60_000,
  );

  test(
    'a segment rendered alone is, to the byte, the one rendered in its turn',
    () =>
      inFolder(async (folder) => {
        const records = await twoPeople();
        const inTurn = await composerFor(records, folder, {}, join(folder, 'in-turn'));
        for (const index of [0, 1, 2]) await inTurn.render(index);
        inTurn.close();
        for (const index of [1, 2]) {
          // Once with nothing to go by, once beside finished neighbours.
          for (const segments of [`alone-${index}`, 'in-turn-again']) {
            const alone = await composerFor(records, folder, {}, join(folder, segments));
            await alone.render(index);
            alone.close();
            const [a, b] = [segmentPaths(join(folder, 'in-turn'), index), segmentPaths(join(folder, segments), index)];
            expect((await readFile(b.video)).equals(await readFile(a.video))).toBe(true);
            expect((await readFile(b.audio)).equals(await readFile(a.audio))).toBe(true);
            expect(await readFile(b.facts, 'utf8')).toBe(await readFile(a.facts, 'utf8'));
          }
        }
      }),
    60_000,
  );

  test(
    'takes finished segments as they are, and knows the end',
    () =>
      inFolder(async (folder) => {
        const records = await twoPeople();
        const first = await composerFor(records, folder);
        expect(await first.render(2)).toBe(26);
        expect(first.totalTicks).toBe(282);
        expect(await first.render(3)).toBeNull();
        first.close();
        const { video } = segmentPaths(join(folder, 'segments'), 2);
        const before = await readFile(video);
        const second = await composerFor(records, folder);
        expect(await second.render(2)).toBe(26);
        await expect(second.render(1)).rejects.toThrow('Segment 1 was asked for after segment 2');
        second.close();
        expect((await readFile(video)).equals(before)).toBe(true);
        expect((await readFacts(join(folder, 'segments'), 2))?.ticks).toBe(26);
      }),
    60_000,
  );

  test(
    'sound alone: no picture is decoded or written',
    () =>
      inFolder(async (folder) => {
        const facts = await renderFile(await twoPeople(), folder, { mode: 'audio' });
        expect(facts).toMatchObject({ format: 'm4a', width: null, height: null, videoBytes: 0 });
        expect((await soundOf(facts.path)).left.length / 48_000).toBeCloseTo(9.4, 1);
      }),
    60_000,
  );

  test(
    'picture and sound of one instant come out together',
    () =>
      inFolder(async (folder) => {
        // A beep in the very millisecond in which the picture flashes: identity 0 of 4 flashes in seconds 0, 4 and 8.
        const beeps = await sound(6, (n) => (n % 192_000 < 4800 ? sine(1000, 0.5)(n) : 0));
        const rehearsal = new Rehearsal().joins('ada', 'Ada', 100);
        rehearsal.publishes({
          participant: 'ada',
          source: 'camera',
          media: await camera('vp8', 0, 6),
          fromMs: 200,
          toMs: 6000,
        });
        rehearsal.publishes({ participant: 'ada', source: 'microphone', media: beeps, fromMs: 200, toMs: 6000 });
        const facts = await renderFile(rehearsal.recorded(1000, 5500).records(6000), folder);
        const expected = (200 + 4000 + DELAY_MS - 1000) / 1000;
        const { left } = await soundOf(facts.path);
        const onset = left.findIndex((value) => Math.abs(value) > 0.1) / 48_000;
        expect(Math.abs(onset - expected)).toBeLessThan(0.005);
        const [tile] = gridRects(1, CONFIG) as [Rect];
        // The flash patch of the synthetic picture: the lower bar.
        const patch = {
          x: tile.x + tile.width * 0.3,
          y: tile.y + tile.height * 0.68,
          width: tile.width * 0.4,
          height: tile.height * 0.08,
        };
        const lit = (await picturesOf(facts.path)).findIndex((picture) => meanColour(picture, patch).y > 128) / 30;
        expect(Math.abs(lit - expected)).toBeLessThanOrEqual(1 / 60 + 1e-6);
      }),
    60_000,
  );

  test(
    'a share is shown whole beside the people, stereo kept',
    () =>
      inFolder(async (folder) => {
        const rehearsal = new Rehearsal().joins('ada', 'Ada', 100);
        const toMs = 3000;
        rehearsal.publishes({
          participant: 'ada',
          source: 'camera',
          media: await camera('vp9', 0, 3),
          fromMs: 200,
          toMs,
        });
        rehearsal.publishes({
          participant: 'ada',
          source: 'screen-video',
          media: await camera('av1', 2, 3),
          fromMs: 200,
          toMs,
        });
        const stereo = await sound(3, (n) => [sine(440, 0.4)(n), 0], 2);
        rehearsal.publishes({ participant: 'ada', source: 'screen-audio', media: stereo, fromMs: 200, toMs });
        const facts = await renderFile(rehearsal.recorded(1000, 2500).records(3000), folder);
        const picture = (await picturesOf(facts.path))[30] as SeenPicture;
        const { stage: shares, beside: column } = shareRects(1, CONFIG, 1);
        showsIdentity(picture, column[0] as Rect, 0);
        const stage = shares[0] as Rect;
        const height = Math.round((stage.width * 9) / 16);
        showsIdentity(picture, { ...stage, y: stage.y + (stage.height - height) / 2, height }, 2);
        const heard = await soundOf(facts.path);
        expect(Math.max(...heard.left.subarray(20_000, 40_000))).toBeGreaterThan(0.3);
        expect(Math.max(...heard.right.subarray(20_000, 40_000))).toBeLessThan(0.05);
      }),
    60_000,
  );

  test(
    'colours as their sender means them, whatever the bitstream says; both ways of one picture beside each other',
    () =>
      inFolder(async (folder) => {
        const rehearsal = new Rehearsal().joins('ada', 'Ada', 100).joins('bob', 'Bob', 100);
        const times = { source: 'camera' as const, fromMs: 200, toMs: 4000 };
        // Its parameter sets say limited BT.601; the sender says BT.709 in full range.
        const media = await camera('h264', 0, 4);
        rehearsal.publishes({ ...times, participant: 'ada', media, colour: Buffer.from('01010120', 'hex') });
        rehearsal.publishes({ ...times, participant: 'bob', media });
        const facts = await renderFile(rehearsal.recorded(1000, 3500).records(4000), folder);
        const pictures = await picturesOf(facts.path);
        const [left, right] = gridRects(2, CONFIG) as [Rect, Rect];
        const { y, u, v } = identityYuv(0);
        const meant = { y: 16 + (y * 219) / 255, u: 128 + ((u - 128) * 224) / 255, v: 128 + ((v - 128) * 224) / 255 };
        // Among them the ticks around a keyframe and one far from any.
        for (const tick of [0, 22, 36, 50, 70]) {
          const picture = pictures[tick] as SeenPicture;
          expect(distance(meanColour(picture, plainPart(left)), meant)).toBeLessThan(4);
          showsIdentity(picture, right, 0);
        }
      }),
    60_000,
  );

  test(
    'simulcast: layers of other sizes, a loss that freezes, a stream that starts without a keyframe',
    () =>
      inFolder(async (folder) => {
        const rehearsal = new Rehearsal().joins('ada', 'Ada', 100).joins('bob', 'Bob', 100);
        const toMs = 5000;
        const shared = { participant: 'ada', source: 'camera' as const, trackId: 'simulcast', fromMs: 200 };
        rehearsal.publishes({
          ...shared,
          media: await camera('vp8', 0, 5, { width: 160, height: 90 }),
          rid: 'l',
          toMs,
        });
        rehearsal.publishes({
          ...shared,
          media: await camera('vp8', 0, 5, { width: 640, height: 360 }),
          rid: 'h',
          toMs: 2000,
        });
        rehearsal.publishes({
          participant: 'bob',
          source: 'camera',
          media: await camera('h264', 1, 5),
          fromMs: 200,
          toMs,
          loses: (packet) => packet < 30 || (packet > 70 && packet % 9 === 0),
          damages: (payload, packet) =>
            packet > 70 && packet % 11 === 0 ? Buffer.alloc(payload.length, 0x65) : payload,
        });
        const facts = await renderFile(rehearsal.recorded(1000, 4500).records(5000), folder);
        const pictures = await picturesOf(facts.path);
        equalDeltas(pictures);
        const [left] = gridRects(2, CONFIG) as [Rect, Rect];
        for (const tick of [5, 50, 100]) showsIdentity(pictures[tick] as SeenPicture, left, 0);
      }),
    60_000,
  );

  test.each([
    ['nobody at all', (rehearsal: Rehearsal) => rehearsal, 1500, 45],
    ['somebody who publishes nothing', (rehearsal: Rehearsal) => rehearsal.joins('ada', 'Ada', 100), 1500, 45],
    ['a recording of no length', (rehearsal: Rehearsal) => rehearsal.joins('ada', 'Ada', 100), 0, 1],
    ['one second', (rehearsal: Rehearsal) => rehearsal, 1000, 30],
  ])(
    '%s gives a file',
    (_, script, lengthMs, ticks) =>
      inFolder(async (folder) => {
        const records = script(new Rehearsal())
          .recorded(1000, 1000 + lengthMs)
          .records(4000);
        const facts = await renderFile(records, folder);
        const pictures = await picturesOf(facts.path);
        expect(pictures.length).toBe(ticks);
        equalDeltas(pictures);
        expect(facts.durationSeconds).toBeCloseTo(ticks / 30, 6);
        const picture = pictures.at(-1) as SeenPicture;
        const backgroundAt = (place: Rect) => distance(meanColour(picture, place), yuvOf(PALETTES.DARK.background));
        const middle = backgroundAt({ x: 200, y: 100, width: 240, height: 160 });
        if (records.some((record) => record.type === 'event' && record.event.type === 'participant-joined')) {
          expect(middle).toBeGreaterThan(10);
        } else {
          expect(backgroundAt({ x: 40, y: 40, width: 200, height: 280 })).toBeLessThan(3);
          // The sign of an empty room.
          expect(middle).toBeGreaterThan(3);
          expect(middle).toBeLessThan(10);
        }
      }),
    60_000,
  );

  test(
    'a journal whose writer died ends with its last record',
    () =>
      inFolder(async (folder) => {
        const records = (await twoPeople()).filter((record) => record.arrivalNs < 3.0e9);
        const composer = await composerFor(records, folder);
        expect(await composer.render(0)).toBe(60);
        composer.close();
      }),
    60_000,
  );

  test('a journal without such a recording is refused in words', () =>
    inFolder(async (folder) => {
      const records = new Rehearsal().joins('ada', 'Ada', 100).records(1000);
      const composer = await composerFor(records, folder);
      await expect(composer.render(0)).rejects.toThrow(NothingToComposeError);
      expect(composer.totalTicks).toBeNull();
      composer.close();
    }));
});
