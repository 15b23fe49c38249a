import { join } from 'node:path';
import { expect, test } from 'vitest';
import { guardWith } from '../../../src/composition/careful-decoding.ts';
import type { FrameRef } from '../../../src/composition/setbacks.ts';
import { copyParticipant } from '../../../src/copying/copy-participant.ts';
import { copyTrack } from '../../../src/copying/copy-track.ts';
import { judgeUnder } from '../../../src/copying/first-picture.ts';
import type { ParticipantId } from '../../../src/domain/ids.ts';
import { packetsOf } from '../../support/oracle/look.ts';
import { Rehearsal } from '../composition/rehearsal.ts';
import { inFolder } from '../composition/rendering.ts';
import { camera, feedOf } from './copying.ts';

const ADA = 'ada' as ParticipantId;

test('a keyframe over which somebody died begins no file: the next one does', () =>
  inFolder(async (folder) => {
    const media = await camera('vp8', 5);
    const rehearsal = new Rehearsal().joins('ada', 'Ada', 100);
    rehearsal.publishes({ participant: 'ada', source: 'camera', media, fromMs: 1000, toMs: 5000 });
    const records = rehearsal.recorded(1000, 4500).records(5000);
    const named: FrameRef[] = [];
    const careful = { before: async (frame: FrameRef) => void named.push(frame), after: () => undefined };
    for (const shunned of [[], undefined]) {
      const guard = guardWith({ shunned: shunned ?? named.slice(0, 1), careful, onStep: () => undefined });
      const shared = {
        openFeed: async () => feedOf(records, ADA),
        participantId: ADA,
        fileFormat: 'webm' as const,
        scratchDir: join(folder, 'scratch'),
        judgeFirst: judgeUnder(guard),
      };
      const [whole] = await copyParticipant({ ...shared, artifactPath: join(folder, 'whole') });
      const [track] = await copyTrack({ ...shared, source: 'camera', artifactPath: join(folder, 'track') });
      const keyframes = media.frames.filter(({ keyframe }) => keyframe).map(({ data }) => data.toString('base64'));
      const first = shunned ? keyframes[0] : keyframes[1];
      expect((await packetsOf(track?.facts.path ?? '')).video[0]?.data).toBe(first);
      const shown = (await packetsOf(whole?.facts.path ?? '')).video.filter(({ data }) => keyframes.includes(data));
      expect(shown[0]?.data).toBe(first);
      expect(track?.offsetSeconds).toBeCloseTo(shunned ? 0.02 : 1.02, 2);
    }
    // Each form asks about a picture once before it begins with it.
    expect(new Set(named.map(({ timeNs }) => timeNs)).size).toBe(2);
    expect(named).toHaveLength(2 + 4);
  }));
