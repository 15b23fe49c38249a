import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyParticipant } from '../../../src/copying/copy-participant.ts';
import type { ParticipantId } from '../../../src/domain/ids.ts';
import { packetsOf } from '../../support/oracle/look.ts';
import { Rehearsal } from '../composition/rehearsal.ts';
import { inFolder } from '../composition/rendering.ts';
import { seeded } from '../timeline/support/session.ts';
import { camera, feedOf, judgeFirst, microphone } from './copying.ts';

const ADA = 'ada' as ParticipantId;

/** Flips bytes of some packets, cuts others short. */
const damage = (seed: number, share: number) => {
  const random = seeded(seed);
  return (payload: Buffer): Buffer => {
    if (random() > share) return payload;
    if (random() < 0.3) return payload.subarray(0, Math.max(1, Math.floor(payload.length * random())));
    const bytes = Buffer.from(payload);
    for (let n = 0; n < 1 + random() * 8; n++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    return bytes;
  };
};

test.for([
  ['vp8', 'webm'],
  ['vp9', 'webm'],
  ['vp9', 'mp4'],
  ['h264', 'mp4'],
  ['av1', 'webm'],
  ['av1', 'mp4'],
] as const)('damaged %s in %s costs pictures, never the file', ([codec, fileFormat]) =>
  inFolder(async (folder) => {
    const [picture, sound] = [await camera(codec, 6), await microphone(6)];
    for (let seed = 1; seed <= 12; seed++) {
      const rehearsal = new Rehearsal().joins('ada', 'Ada', 100);
      const shared = { participant: 'ada', fromMs: 200, toMs: 6000, damages: damage(seed, 0.02 * seed) };
      rehearsal.publishes({ ...shared, source: 'camera', media: picture });
      rehearsal.publishes({ ...shared, source: 'microphone', media: sound });
      const records = rehearsal.recorded(1000, 5500).records(6200);
      const parts = await copyParticipant({
        openFeed: async () => feedOf(records, ADA),
        participantId: ADA,
        fileFormat,
        artifactPath: join(folder, `file-${seed}`),
        scratchDir: join(folder, 'scratch'),
        judgeFirst,
      });
      expect(parts.reduce((sum, { facts }) => sum + facts.durationSeconds, 0)).toBeCloseTo(4.5, 6);
      for (const { facts } of parts) {
        const packets = await packetsOf(facts.path);
        expect(packets.video.length).toBeGreaterThan(0);
        expect(packets.audio.length).toBeGreaterThan(0);
      }
    }
  }),
);
