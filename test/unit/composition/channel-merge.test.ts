import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mergeChannels } from '../../../src/composition/channel-merge.ts';
import { copyParticipant } from '../../../src/copying/copy-participant.ts';
import { copyTrack } from '../../../src/copying/copy-track.ts';
import type { ParticipantId } from '../../../src/domain/ids.ts';
import { beepHz } from '../../../src/synthetic/identity.ts';
import { findBeeps } from '../../support/oracle/beeps.ts';
import { camera, feedOf, judgeFirst, microphone } from '../copying/copying.ts';
import { Rehearsal } from './rehearsal.ts';
import { inFolder, soundOf } from './rendering.ts';

/** Ada's and Bob's microphones, beeping at every full second and at every other after 0.2 s; Bob's clock is 150 ppm fast. */
const session = async () => {
  const rehearsal = new Rehearsal().joins('ada', 'Ada', 100).joins('bob', 'Bob', 100);
  const shared = { fromMs: 200, toMs: 24_000, source: 'microphone' } as const;
  rehearsal.publishes({ ...shared, participant: 'ada', media: await microphone(24, 0) });
  rehearsal.publishes({ ...shared, participant: 'bob', media: await microphone(24, 1), clockRatio: 1.00015 });
  rehearsal.publishes({ ...shared, participant: 'ada', source: 'camera', media: await camera('vp8', 2), toMs: 2000 });
  return rehearsal.recorded(1000, 23_500).records(24_000);
};

/** MP3's encoder delay stands in its times; players take it off, as the file tells them to. */
const DELAY_S = 1105 / 48_000;

const beepsOf = (samples: Float32Array, index: number): number[] =>
  findBeeps({ sampleRate: 48_000, channels: 1, start: -DELAY_S, samples }, beepHz(index)).map(({ start }) => start);

test('whom the first channel names is heard on the left alone, whom the second names on the right, at their times', () =>
  inFolder(async (folder) => {
    const records = await session();
    const openFeed = (who: string) => async () => feedOf(records, who);
    const shared = {
      fileFormat: 'webm',
      artifactPath: join(folder, 'ada'),
      scratchDir: join(folder, 'scratch'),
      judgeFirst,
    } as const;
    const [ada] = await copyParticipant({
      ...shared,
      openFeed: openFeed('ada'),
      participantId: 'ada' as ParticipantId,
    });
    const [bob] = await copyTrack({
      openFeed: openFeed('bob'),
      participantId: 'bob' as ParticipantId,
      source: 'microphone',
      fileFormat: 'mp4',
      artifactPath: join(folder, 'bob'),
      scratchDir: join(folder, 'scratch'),
      judgeFirst,
    });
    if (!ada || !bob) throw new Error('Nothing was copied.');
    let steps = 0;
    const facts = await mergeChannels({
      inputs: [
        { path: ada.facts.path, channel: 'left', offsetSeconds: 0 },
        // As if his recording had begun two seconds later.
        { path: bob.facts.path, channel: 'right', offsetSeconds: 2 + bob.offsetSeconds },
      ],
      artifactPath: join(folder, 'merged'),
      scratchDir: join(folder, 'scratch'),
      onStep: () => {
        steps += 1;
      },
    });
    expect(facts).toMatchObject({ path: join(folder, 'merged.mp3'), format: 'mp3', width: null, height: null });
    expect(facts.durationSeconds).toBeCloseTo(24.5, 1);
    expect(steps).toBeGreaterThan(40);
    expect((await readdir(folder)).toSorted()).toEqual(['ada.webm', 'bob.mp4', 'merged.mp3', 'scratch']);

    const { left, right } = await soundOf(facts.path);
    const [first, second] = [beepsOf(left, 0), beepsOf(right, 1)];
    expect(first).toHaveLength(23);
    expect(second).toHaveLength(12);
    // Beeps began at 0.2 s + n; the recording at 1 s.
    for (const [i, beep] of first.entries()) expect(Math.abs(beep - (0.22 + i))).toBeLessThan(0.004);
    for (const [i, beep] of second.entries()) expect(Math.abs(beep - (3.22 + 2 * i - 1))).toBeLessThan(0.008);
    // One voice is not heard on the other's side.
    expect(beepsOf(left, 1)).toEqual([]);
    expect(beepsOf(right, 0)).toEqual([]);
    let leak = 0;
    for (let i = 0; i < 48_000; i++) leak = Math.max(leak, Math.abs(right[i] ?? 0));
    expect(leak).toBeLessThan(0.002);
  }));

test('a file that is not there, or holds no sound, is said by name and leaves nothing behind', () =>
  inFolder(async (folder) => {
    const missing = join(folder, 'missing.webm');
    const inputs = [{ path: missing, channel: 'left', offsetSeconds: 0 }] as const;
    await expect(mergeChannels({ inputs, artifactPath: join(folder, 'merged'), scratchDir: folder })).rejects.toThrow(
      missing,
    );
    expect(await readdir(folder)).toEqual([]);
  }));
