import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyTrack } from '../../../src/copying/copy-track.ts';
import type { ParticipantId, TrackId } from '../../../src/domain/ids.ts';
import type { TrackSource } from '../../../src/domain/media.ts';
import type { FileFormat } from '../../../src/domain/recording.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { look, packetsOf } from '../../support/oracle/look.ts';
import { Rehearsal } from '../composition/rehearsal.ts';
import { inFolder } from '../composition/rendering.ts';
import { camera, feedOf, judgeFirst, microphone } from './copying.ts';

const ADA = 'ada' as ParticipantId;

const copy = (
  records: readonly JournalRecord[],
  folder: string,
  source: TrackSource,
  fileFormat: FileFormat = 'webm',
) =>
  copyTrack({
    openFeed: async () => feedOf(records, ADA),
    participantId: ADA,
    source,
    fileFormat,
    artifactPath: join(folder, 'file'),
    scratchDir: join(folder, 'scratch'),
    judgeFirst,
  });

/** Ada from 0.2 s on, recorded from 1 to 8.5 s; both tracks off from 3.5 to 5.6 s, the camera gone at 7.3 s. */
const session = async (): Promise<JournalRecord[]> => {
  const rehearsal = new Rehearsal().joins('ada', 'Ada', 100);
  const shared = { participant: 'ada', fromMs: 200, toMs: 9000 };
  rehearsal.publishes({ ...shared, source: 'camera', media: await camera('vp8', 9) });
  rehearsal.publishes({ ...shared, source: 'microphone', media: await microphone(9) });
  for (const trackId of ['ada-camera', 'ada-microphone'] as TrackId[]) {
    rehearsal.event(3500, { type: 'track-muted', trackId, muted: true });
    rehearsal.event(5600, { type: 'track-muted', trackId, muted: false });
  }
  rehearsal.event(7300, { type: 'track-unpublished', trackId: 'ada-camera' as TrackId });
  return rehearsal.recorded(1000, 8500).records(9000);
};

test('a file for each time the camera is on, from its first keyframe on', () =>
  inFolder(async (folder) => {
    const parts = await copy(await session(), folder, 'camera');
    expect(parts.map(({ facts }) => facts.path)).toEqual([join(folder, 'file.webm'), join(folder, 'file-1.webm')]);
    // Keyframes are at 1.22 s and 6.22 s of the session: 0.22 s and 5.22 s of the recording.
    expect(parts.map(({ offsetSeconds }) => offsetSeconds.toFixed(2))).toEqual(['0.22', '5.22']);
    expect(parts.map(({ facts }) => facts.durationSeconds.toFixed(2))).toEqual(['2.28', '1.08']);
    for (const { facts } of parts) {
      const seen = await look(facts.path);
      expect(facts).toMatchObject({ width: 320, height: 180, format: 'webm' });
      expect(seen.sound).toBeNull();
      expect(seen.duration).toBeCloseTo(facts.durationSeconds, 2);
      expect(seen.pictures.every(({ identity }) => identity === 0)).toBe(true);
      expect(seen.flashes[0]).toBe(0);
    }
  }));

test('a file for each time the microphone is on, in step with the camera', () =>
  inFolder(async (folder) => {
    const parts = await copy(await session(), folder, 'microphone', 'mp4');
    expect(parts.map(({ facts }) => facts.format)).toEqual(['mp4', 'mp4']);
    const beeps: number[] = [];
    for (const { facts, offsetSeconds } of parts) {
      const seen = await look(facts.path);
      expect(facts).toMatchObject({ width: null, height: null, videoBytes: 0 });
      expect(seen.video).toBeNull();
      expect(seen.duration).toBeCloseTo(facts.durationSeconds, 1);
      beeps.push(...seen.beeps.map((beep) => offsetSeconds + beep));
    }
    // Captured at whole seconds of the camera's clock, which begins at 0.22 s: 1.22 s of the session is 0.22 s of the recording.
    expect(beeps).toHaveLength(6);
    for (const [i, second] of [0.22, 1.22, 2.22, 5.22, 6.22, 7.22].entries()) expect(beeps[i]).toBeCloseTo(second, 2);
  }));

test('no file where the source never was on', () =>
  inFolder(async (folder) => {
    expect(await copy(await session(), folder, 'screen-video')).toEqual([]);
  }));

test('the packets of a stretch and no others', () =>
  inFolder(async (folder) => {
    const [part] = await copy(await session(), folder, 'microphone');
    const { audio } = await packetsOf(part?.facts.path ?? '');
    expect(audio.length).toBe(125);
    expect(audio.at(-1)?.seconds).toBeLessThan(2.5);
  }));
