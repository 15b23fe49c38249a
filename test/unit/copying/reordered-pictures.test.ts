import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyParticipant } from '../../../src/copying/copy-participant.ts';
import { copyTrack } from '../../../src/copying/copy-track.ts';
import type { ParticipantId } from '../../../src/domain/ids.ts';
import { decodeFile } from '../../support/oracle/media-file.ts';
import { reorderedCamera } from '../composition/media.ts';
import { Rehearsal } from '../composition/rehearsal.ts';
import { inFolder } from '../composition/rendering.ts';
import { feedOf, judgeFirst, microphone } from './copying.ts';

const ADA = 'ada' as ParticipantId;

test('pictures that are sent out of their order are shown at their times', () =>
  inFolder(async (folder) => {
    const rehearsal = new Rehearsal().joins('ada', 'Ada', 100);
    const shared = { participant: 'ada', fromMs: 1000, toMs: 3100 };
    rehearsal.publishes({ ...shared, source: 'camera', media: await reorderedCamera(60) });
    rehearsal.publishes({ ...shared, source: 'microphone', media: await microphone(3) });
    const records = rehearsal.recorded(1000, 3200).records(3500);
    const options = {
      openFeed: async () => feedOf(records, ADA),
      participantId: ADA,
      fileFormat: 'mp4' as const,
      scratchDir: join(folder, 'scratch'),
      judgeFirst,
    };
    const [whole] = await copyParticipant({ ...options, artifactPath: join(folder, 'whole') });
    const [track] = await copyTrack({ ...options, source: 'camera', artifactPath: join(folder, 'track') });
    for (const [part, firstS] of [
      [whole, 0.02],
      [track, 0],
    ] as const) {
      const seen: { readonly number: number; readonly time: number }[] = [];
      const { duration } = await decodeFile(part?.facts.path ?? '', ({ planes, time }) => {
        seen.push({ number: Math.round(((planes[0]?.[0] ?? 0) - 20) / 3), time });
      });
      expect(duration).toBeCloseTo(part?.facts.durationSeconds ?? 0, 2);
      const numbers = seen.map(({ number }) => number);
      // The participant's file shows its first picture from the beginning.
      expect(numbers.slice(-60)).toEqual(Array.from({ length: 60 }, (_, i) => i));
      for (const { number, time } of seen.slice(-60)) {
        expect(Math.abs(time - firstS - number / 30)).toBeLessThan(0.002);
      }
    }
  }));
