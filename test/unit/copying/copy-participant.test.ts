import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyParticipant } from '../../../src/copying/copy-participant.ts';
import type { ParticipantId, TrackId } from '../../../src/domain/ids.ts';
import type { FileFormat } from '../../../src/domain/recording.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { look, packetsOf } from '../../support/oracle/look.ts';
import { Rehearsal } from '../composition/rehearsal.ts';
import { inFolder } from '../composition/rendering.ts';
import { camera, feedOf, judgeFirst, microphone } from './copying.ts';

const ADA = 'ada' as ParticipantId;

const copy = (records: readonly JournalRecord[], folder: string, fileFormat: FileFormat = 'webm') =>
  copyParticipant({
    openFeed: async () => feedOf(records, ADA),
    participantId: ADA,
    fileFormat,
    artifactPath: join(folder, 'file'),
    scratchDir: join(folder, 'scratch'),
    judgeFirst,
  });

/** Each flash has its beep, to a frame of this coarse camera at most and to a few milliseconds on average. */
const inSync = (flashes: readonly number[], beeps: readonly number[]): void => {
  expect(beeps).toHaveLength(flashes.length);
  const offsets = flashes.map((flash, i) => flash - (beeps[i] ?? 0));
  for (const offset of offsets) expect(Math.abs(offset)).toBeLessThan(0.012);
};

describe('the participant form', () => {
  test.for([
    ['vp8', 'webm', 'webm'],
    ['vp8', 'mp4', 'webm'],
    ['vp9', 'webm', 'webm'],
    ['vp9', 'mp4', 'mp4'],
    ['h264', 'mp4', 'mp4'],
    ['h264', 'webm', 'mp4'],
    ['av1', 'webm', 'webm'],
    ['av1', 'mp4', 'mp4'],
  ] as const)('of %s, asked for as %s: %s, together, as long as the recording', ([codec, wanted, container]) =>
    inFolder(async (folder) => {
      const rehearsal = new Rehearsal().joins('ada', 'Ada', 100);
      const toMs = 9000;
      rehearsal.publishes({ participant: 'ada', source: 'camera', media: await camera(codec, 9), fromMs: 200, toMs });
      rehearsal.publishes({ participant: 'ada', source: 'microphone', media: await microphone(9), fromMs: 200, toMs });
      const off = { type: 'track-muted', trackId: 'ada-camera' as TrackId } as const;
      rehearsal.event(3700, { ...off, muted: true }).event(5600, { ...off, muted: false });
      const parts = await copy(rehearsal.recorded(1000, 7500).records(9000), folder, wanted);
      expect(parts).toHaveLength(1);
      const { facts, offsetSeconds } = parts[0] as (typeof parts)[number];
      expect(facts).toMatchObject({
        format: container,
        width: 320,
        height: 180,
        path: join(folder, `file.${container}`),
      });
      expect(offsetSeconds).toBe(0);
      expect(facts.durationSeconds).toBeCloseTo(6.5, 6);
      const seen = await look(facts.path);
      expect(seen.duration).toBeCloseTo(6.5, 2);
      expect(seen.video?.start).toBe(0);
      // The first picture is shown from the beginning; while the camera is off there is black, again and again; then a keyframe.
      expect(seen.pictures[0]).toMatchObject({ time: 0, identity: 0 });
      const dark = seen.pictures.filter(({ time }) => time > 2.71 && time < 5.2);
      expect(dark.map(({ time }) => time.toFixed(1))).toEqual(['2.7', '3.7', '4.7'].slice(dark.length === 3 ? 0 : 1));
      for (const picture of dark) expect(picture).toMatchObject({ black: true, width: 320 });
      const lit = seen.pictures.filter(({ time }) => time < 2.69 || time > 5.23);
      for (const picture of lit) expect(picture).toMatchObject({ identity: 0, black: false });
      expect(lit.length).toBeGreaterThan(57);
      inSync(
        seen.flashes.slice(1),
        [1, 2, 5, 6].map((second) => seen.beeps[second] ?? 0),
      );
      expect(seen.beeps).toHaveLength(7);
    }),
  );

  test.for([0, 3, 60])('of a recording of %i ms is a file all the same', (durationMs) =>
    inFolder(async (folder) => {
      const rehearsal = new Rehearsal().joins('ada', 'Ada', 100);
      rehearsal.publishes({
        participant: 'ada',
        source: 'camera',
        media: await camera('h264', 3),
        fromMs: 200,
        toMs: 3000,
      });
      for (const format of ['webm', 'mp4'] as const) {
        const [part] = await copy(rehearsal.recorded(1000, 1000 + durationMs).records(3000), folder, format);
        expect(part?.facts.durationSeconds).toBeCloseTo(Math.max(durationMs, 40) / 1000, 6);
        expect((await look(part?.facts.path ?? '')).pictures.length).toBeLessThan(3);
      }
      expect(await readdir(join(folder, 'scratch'))).toEqual([]);
    }),
  );

  test('of somebody who sends nothing is black and silent', () =>
    inFolder(async (folder) => {
      const rehearsal = new Rehearsal().joins('ada', 'Ada', 100).joins('bob', 'Bob', 100);
      const [picture, sound] = [await camera('vp8', 4, 1), await microphone(4, 1)];
      rehearsal.publishes({ participant: 'bob', source: 'camera', media: picture, fromMs: 200, toMs: 4000 });
      rehearsal.publishes({ participant: 'bob', source: 'microphone', media: sound, fromMs: 200, toMs: 4000 });
      const [part] = await copy(rehearsal.recorded(1000, 3300).records(4200), folder);
      const seen = await look(part?.facts.path ?? '', 1);
      expect(seen.pictures.map(({ time, black }) => [time, black])).toEqual([
        [0, true],
        [1, true],
        [2, true],
      ]);
      expect(seen.duration).toBeCloseTo(2.3, 2);
      expect(Math.max(...(seen.sound?.samples ?? [1]))).toBe(0);
      expect((seen.sound?.samples.length ?? 0) / 48_000).toBeCloseTo(2.3, 1);
    }));

  test('holds the packets as they were sent, without those that a loss made useless', () =>
    inFolder(async (folder) => {
      const [picture, sound] = [await camera('vp8', 5), await microphone(5, 0, true)];
      const rehearsal = new Rehearsal().joins('ada', 'Ada', 100);
      const lossAt = { from: 60, to: 64 };
      const loses = (packet: number) => packet >= lossAt.from && packet < lossAt.to;
      rehearsal.publishes({ participant: 'ada', source: 'camera', media: picture, fromMs: 200, toMs: 5000, loses });
      rehearsal.publishes({ participant: 'ada', source: 'microphone', media: sound, fromMs: 200, toMs: 5000 });
      const [part] = await copy(rehearsal.recorded(1000, 4600).records(5200), folder);
      const packets = await packetsOf(part?.facts.path ?? '');
      const sent = new Set(picture.frames.map(({ data }) => data.toString('base64')));
      for (const { data } of packets.video) expect(sent).toContain(data);
      const heard = new Set(sound.frames.map(({ data }) => data.toString('base64')));
      const silent = new Set([31, 30, 29, 28].map((toc) => Buffer.from([toc << 3, 255, 254]).toString('base64')));
      const copied = packets.audio.filter(({ data }) => !silent.has(data));
      for (const { data } of copied) expect(heard).toContain(data);
      expect(copied.length).toBeGreaterThan(15);
      // Sound without a hole: every packet begins where the one before ended, to what two clocks differ.
      for (const [i, { seconds }] of packets.audio.entries()) {
        const next = packets.audio[i + 1]?.seconds ?? seconds + 0.02;
        expect(next - seconds).toBeLessThan(0.0235);
      }
      const gaps = packets.video.map(({ seconds }, i) => (packets.video[i + 1]?.seconds ?? seconds) - seconds);
      const longest = Math.max(...gaps.slice(1));
      expect(longest).toBeGreaterThan(0.2);
      expect(longest).toBeLessThan(1.1);
      await look(part?.facts.path ?? '');
    }));

  test('goes on in another file where the codec changes, and takes the largest layer that sends', () =>
    inFolder(async (folder) => {
      const rehearsal = new Rehearsal().joins('ada', 'Ada', 100);
      const small = await camera('vp8', 8, 0, { width: 160, height: 90 });
      const large = await camera('vp8', 8, 0, { width: 640, height: 360 });
      const shared = { participant: 'ada', source: 'camera', fromMs: 200 } as const;
      rehearsal.publishes({ ...shared, media: small, rid: 'l', toMs: 5000 });
      rehearsal.publishes({ ...shared, media: large, rid: 'h', toMs: 3100 });
      rehearsal.event(5000, { type: 'track-unpublished', trackId: 'ada-camera' as TrackId });
      const later = await camera('h264', 8);
      rehearsal.publishes({ ...shared, fromMs: 5500, media: later, trackId: 'ada-second', toMs: 9000 });
      const parts = await copy(rehearsal.recorded(1000, 8000).records(9000), folder);
      expect(parts.map(({ facts }) => [facts.format, facts.width])).toEqual([
        ['webm', 640],
        ['mp4', 320],
      ]);
      expect(parts.map(({ facts }) => facts.path)).toEqual([join(folder, 'file.webm'), join(folder, 'file-1.mp4')]);
      expect(parts[1]?.offsetSeconds).toBeCloseTo(4.52, 2);
      expect(parts.reduce((sum, { facts }) => sum + facts.durationSeconds, 0)).toBeCloseTo(7, 6);
      const [first, second] = [await look(parts[0]?.facts.path ?? ''), await look(parts[1]?.facts.path ?? '')];
      const widths = first.pictures.filter(({ black }) => !black).map(({ width }) => width);
      expect(widths.indexOf(160)).toBe(widths.lastIndexOf(640) + 1);
      // The large one falls silent 2.1 s after the beginning; a keyframe of the small one follows within two seconds.
      const changed = first.pictures.find(({ width }) => width === 160)?.time ?? 0;
      expect(changed).toBeGreaterThan(3);
      expect(changed).toBeLessThan(4.1);
      expect(second.pictures.every(({ identity }) => identity === 0)).toBe(true);
    }));
});
