import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { TrackId } from '../../../src/domain/ids.ts';
import { copyRecording } from '../../../src/processes/copy-recording.ts';
import { sine, sound } from '../composition/media.ts';
import { RECORDING, Rehearsal, saveJournal } from '../composition/rehearsal.ts';
import { inFolder, soundOf } from '../composition/rendering.ts';

/** How much of a pitch is in a stretch of a second, 0 to 1 for a full sine. */
const amount = (samples: Float32Array, hz: number, fromS: number): number => {
  let [re, im] = [0, 0];
  for (let i = 0; i < 48_000; i++) {
    const sample = samples[Math.round(fromS * 48_000) + i] ?? 0;
    re += sample * Math.cos((2 * Math.PI * hz * i) / 48_000);
    im += sample * Math.sin((2 * Math.PI * hz * i) / 48_000);
  }
  return (2 * Math.hypot(re, im)) / 48_000;
};

test('the sound of a track as MP3: a file for each time it is on, left and right apart', () =>
  inFolder(async (folder) => {
    const media = await sound(7, (n) => [sine(440, 0.4)(n), sine(1000, 0.4)(n)] as const, 2);
    const rehearsal = new Rehearsal().joins('ada', 'Ada', 100);
    rehearsal.publishes({ participant: 'ada', source: 'screen-audio', media, fromMs: 200, toMs: 7000 });
    const trackId = 'ada-screen-audio' as TrackId;
    rehearsal.event(3500, { type: 'track-muted', trackId, muted: true });
    rehearsal.event(4500, { type: 'track-muted', trackId, muted: false });
    await saveJournal(rehearsal.recorded(1000, 6500).records(7200), join(folder, 'journal'));
    const files = await copyRecording(
      { kind: 'track', participantId: 'ada', source: 'screen-audio', fileFormat: 'webm', encodeAs: 'mp3' },
      {
        journalDir: join(folder, 'journal'),
        recordingId: RECORDING,
        artifactPath: join(folder, 'files', 'sound'),
        scratchDir: join(folder, 'scratch'),
        follow: false,
      },
    );
    expect((await readdir(join(folder, 'files'))).toSorted()).toEqual(['sound-1.mp3', 'sound.mp3']);
    expect(files.map(({ format, width }) => [format, width])).toEqual(Array(2).fill(['mp3', null]));
    for (const [i, { path, durationSeconds, offsetSeconds }] of files.entries()) {
      expect(Math.abs((offsetSeconds ?? 0) - (i === 0 ? 0 : 3.5))).toBeLessThan(0.05);
      expect(Math.abs(durationSeconds - (i === 0 ? 2.5 : 2))).toBeLessThan(0.06);
      const { left, right } = await soundOf(path);
      expect(Math.abs(left.length / 48_000 - durationSeconds)).toBeLessThan(0.06);
      expect(amount(left, 440, 0.4)).toBeGreaterThan(0.35);
      expect(amount(right, 1000, 0.4)).toBeGreaterThan(0.35);
      expect(amount(left, 1000, 0.4)).toBeLessThan(0.005);
      expect(amount(right, 440, 0.4)).toBeLessThan(0.005);
    }
  }));
