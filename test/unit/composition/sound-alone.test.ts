/** A recording of sound alone: no picture is decoded, whatever the journal holds; what is shared with a screen keeps its two sides. */
import { afterEach, expect, test, vi } from 'vitest';
import { VideoDecoder } from '../../../src/composition/decoder.ts';
import { camera, sine, sound } from './media.ts';
import { Rehearsal } from './rehearsal.ts';
import { inFolder, renderFile, soundOf } from './rendering.ts';

afterEach(() => vi.restoreAllMocks());

/** Amplitude of a frequency in a second of sound (Goertzel's sum, by its definition). */
const amplitudeOf = (samples: Float32Array, hz: number): number => {
  let [re, im] = [0, 0];
  for (const [n, value] of samples.entries()) {
    re += value * Math.cos((2 * Math.PI * hz * n) / 48_000);
    im += value * Math.sin((2 * Math.PI * hz * n) / 48_000);
  }
  return (2 * Math.hypot(re, im)) / samples.length;
};

/** Ada shares her screen with music: 440 Hz on the left, 1000 Hz on the right; Bob hums 300 Hz; both cameras are on. */
const session = async () => {
  const rehearsal = new Rehearsal().joins('ada', 'Ada', 100).joins('bob', 'Bob', 100);
  const times = { fromMs: 200, toMs: 7000 };
  const garbage = (payload: Buffer, packet: number) => Buffer.alloc(payload.length, packet * 41);
  for (const [i, participant] of ['ada', 'bob'].entries()) {
    const media = await camera('vp8', i, 7);
    rehearsal.publishes({ ...times, participant, source: 'camera', media, damages: garbage });
  }
  const music = await sound(7, (n) => [sine(440, 0.3)(n), sine(1000, 0.2)(n)], 2);
  rehearsal.publishes({ ...times, participant: 'ada', source: 'screen-audio', media: music });
  const hum = await sound(7, sine(300, 0.1));
  rehearsal.publishes({ ...times, participant: 'bob', source: 'microphone', media: hum });
  return rehearsal.recorded(1000, 6500).records(7000);
};

test('decodes no picture, and keeps left and right apart', () =>
  inFolder(async (folder) => {
    const opened = vi.spyOn(VideoDecoder, 'open');
    const facts = await renderFile(await session(), folder, { mode: 'audio' });
    expect(opened).not.toHaveBeenCalled();
    expect(facts).toMatchObject({ format: 'm4a', width: null, height: null, videoBytes: 0, durationSeconds: 5.5 });
    const { left, right } = await soundOf(facts.path);
    // A second on either side of the seam at 4.27 s.
    for (const from of [48_000, 180_000]) {
      const [l, r] = [left.subarray(from, from + 48_000), right.subarray(from, from + 48_000)];
      expect(amplitudeOf(l, 440)).toBeCloseTo(0.3, 1);
      expect(amplitudeOf(r, 1000)).toBeCloseTo(0.2, 1);
      expect(amplitudeOf(l, 1000)).toBeLessThan(0.005);
      expect(amplitudeOf(r, 440)).toBeLessThan(0.005);
      for (const side of [l, r]) expect(amplitudeOf(side, 300)).toBeCloseTo(0.1, 1);
    }
  }));

test('with a picture the same two sides are heard, and two cameras are decoded', () =>
  inFolder(async (folder) => {
    const opened = vi.spyOn(VideoDecoder, 'open');
    const rehearsal = new Rehearsal().joins('ada', 'Ada', 100);
    const times = { participant: 'ada', fromMs: 200, toMs: 2500 };
    rehearsal.publishes({ ...times, source: 'camera', media: await camera('vp8', 0, 3) });
    rehearsal.publishes({ ...times, source: 'screen-video', media: await camera('vp8', 1, 3) });
    const music = await sound(3, (n) => [sine(440, 0.3)(n), sine(1000, 0.2)(n)], 2);
    rehearsal.publishes({ ...times, source: 'screen-audio', media: music });
    const facts = await renderFile(rehearsal.recorded(1000, 2200).records(2500), folder);
    expect(opened).toHaveBeenCalledTimes(2);
    const { left, right } = await soundOf(facts.path);
    expect(amplitudeOf(left.subarray(4800, 52_800), 440)).toBeCloseTo(0.3, 1);
    expect(amplitudeOf(left.subarray(4800, 52_800), 1000)).toBeLessThan(0.005);
    expect(amplitudeOf(right.subarray(4800, 52_800), 440)).toBeLessThan(0.005);
  }));
