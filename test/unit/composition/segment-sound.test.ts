import { describe, expect, test } from 'vitest';
import { segmentSound } from '../../../src/composition/segment-sound.ts';
import { MediaSpans } from '../../../src/domain/media-spans.ts';
import type { EncodedTrack } from '../../../src/synthetic/encoded-track.ts';
import type { Timeline } from '../../../src/timeline/timeline.ts';
import { sine, sound } from './media.ts';
import { DELAY_MS, type PublishOptions, Rehearsal } from './rehearsal.ts';
import { feedOf } from './rendering.ts';

const START_NS = 1e9;

/** The mix of the first segment, from the recording's start. */
const heard = async (tracks: readonly (Partial<PublishOptions> & { media: EncodedTrack })[]) => {
  const rehearsal = new Rehearsal();
  for (const [i, track] of tracks.entries()) {
    rehearsal.joins(`p${i}`, `P${i}`, 100);
    rehearsal.publishes({ participant: `p${i}`, source: 'microphone', fromMs: 200, toMs: 6500, ...track });
  }
  const feed = feedOf(rehearsal.records(7000));
  while (await feed.advance());
  (feed.timeline as Timeline).finish();
  const span = { index: 0, ticks: 128, spans: new MediaSpans(START_NS, [], null) };
  const { mix, levels } = await segmentSound(feed.timeline, span);
  return { left: mix.left.subarray(-mix.start), right: mix.right.subarray(-mix.start), levels };
};

const steepest = (samples: Float32Array): number => {
  let most = 0;
  for (let i = 1; i < samples.length; i++) most = Math.max(most, Math.abs((samples[i] ?? 0) - (samples[i - 1] ?? 0)));
  return most;
};
/** Between neighbouring samples of 440 Hz at 0.3. */
const SLOPE = (0.3 * 2 * Math.PI * 440) / 48_000;

const tone = () => sound(7, sine(440, 0.3));

describe('segmentSound', () => {
  test('puts samples where they were captured', async () => {
    // Silence, then a tone from 3 s of the track's time on.
    const { left } = await heard([{ media: await sound(7, (n) => (n >= 144_000 ? sine(1000, 0.5)(n) : 0)) }]);
    const expected = ((200 + 3000 + DELAY_MS - 1000) / 1000) * 48_000;
    const onset = left.findIndex((value) => Math.abs(value) > 0.1);
    expect(Math.abs(onset - expected)).toBeLessThan(0.002 * 48_000);
  });

  test('one voice goes to both ears and is metered', async () => {
    const { left, right, levels } = await heard([{ media: await tone() }]);
    expect(left).toEqual(right);
    // 0.3/√2 = −13.5 dBFS.
    for (const window of levels) expect(Math.abs((Object.values(window)[0] ?? 0) + 13.5)).toBeLessThan(0.5);
    expect(levels.length).toBe(42);
  });

  test('drift is stretched away without a click', async () => {
    for (const clockRatio of [1.0003, 0.9997]) {
      const { left } = await heard([{ media: await tone(), clockRatio }]);
      expect(steepest(left.subarray(4800))).toBeLessThan(SLOPE * 1.15);
      expect(Math.max(...left.subarray(150_000, 200_000))).toBeGreaterThan(0.27);
    }
  });

  test('losses and silence by DTX do not click', async () => {
    const lossy = await heard([{ media: await tone(), loses: (packet) => packet % 17 === 5 || packet % 61 === 7 }]);
    expect(steepest(lossy.left)).toBeLessThan(SLOPE * 2);
    const media = await tone();
    const frames = media.frames.filter((_, i) => i % 50 < 30);
    const dtx = await heard([{ media: { ...media, frames } }]);
    expect(steepest(dtx.left)).toBeLessThan(SLOPE * 2);
    let silent = 0;
    for (const value of dtx.left) if (value === 0) silent += 1;
    expect(silent / dtx.left.length).toBeGreaterThan(0.3);
  });

  test('damaged packets do not end a track', async () => {
    const damages = (payload: Buffer, packet: number) => (packet % 5 === 0 ? Buffer.alloc(40, packet * 37) : payload);
    const { left } = await heard([{ media: await tone(), damages }]);
    for (const value of left) expect(Math.abs(value)).toBeLessThanOrEqual(1);
    expect(Math.max(...left.subarray(150_000))).toBeGreaterThan(0.2);
  });

  test('25 people who shout at once do not clip', async () => {
    const media = await sound(7, sine(440, 0.7));
    const { left } = await heard(Array.from({ length: 25 }, () => ({ media })));
    let peak = 0;
    for (const value of left) peak = Math.max(peak, Math.abs(value));
    expect(peak).toBeGreaterThan(0.8);
    expect(peak).toBeLessThanOrEqual(0.89 + 1e-6);
  });
});
