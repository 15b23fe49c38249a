import { describe, expect, it } from 'vitest';
import { decodeAnyhow } from '../../../src/composition/careful-decoding.ts';
import { MediaSpans } from '../../../src/domain/media-spans.ts';
import { NS_PER_MS } from '../../../src/domain/media-time.ts';
import { Timeline } from '../../../src/timeline/timeline.ts';
import { decimate, trackSound } from '../../../src/transcription/track-sound.ts';
import { sine, sound } from '../composition/media.ts';
import { Rehearsal } from '../composition/rehearsal.ts';

const REACH = 48;
const tone = (hz: number): Float32Array =>
  new Float32Array(48_000 + 2 * REACH).map((_, n) => Math.sin((2 * Math.PI * hz * n) / 48_000));
const power = (samples: Float32Array): number => Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);

describe('from 48 to 16 kHz', () => {
  it('makes every third sample', () => {
    expect(decimate(tone(440)).length).toBe(16_000);
  });

  it.each([100, 1_000, 4_000, 6_000])('lets %i Hz through as it is', (hz) => {
    expect(power(decimate(tone(hz)))).toBeCloseTo(Math.SQRT1_2, 1);
  });

  it.each([8_500, 10_000, 14_000, 20_000])('keeps %i Hz, which would fold into speech, out', (hz) => {
    expect(power(decimate(tone(hz)))).toBeLessThan(0.01);
  });

  it('keeps a sample at its time', () => {
    const click = new Float32Array(4_800 + 2 * REACH);
    click[REACH + 1_200] = 1;
    const narrow = decimate(click);
    expect(narrow.indexOf(Math.max(...narrow))).toBe(400);
  });
});

describe("a speaker's sound", () => {
  const timelineOf = (rehearsal: Rehearsal, endMs: number): Timeline => {
    const timeline = new Timeline();
    for (const record of rehearsal.records(endMs)) timeline.push(record);
    timeline.finish();
    return timeline;
  };

  it('is the same however it is cut into windows', async () => {
    const rehearsal = new Rehearsal().joins('ada', 'Ada', 0);
    const media = await sound(4, sine(440, 0.3));
    rehearsal.publishes({ participant: 'ada', source: 'microphone', media, fromMs: 100, toMs: 3_500 });
    const timeline = timelineOf(rehearsal, 4_000);
    const spans = new MediaSpans(0, [], 3_500 * NS_PER_MS);
    const hear = (from: number, to: number) =>
      trackSound(timeline, [1], { spans, from, to, decode: decodeAnyhow.sound });
    const whole = await hear(8_000, 40_000);
    const parts = [await hear(8_000, 24_000), await hear(24_000, 40_000)].map((part) => part ?? new Float32Array(0));
    for (let i = 0; i < 32_000; i += 1) {
      const part = i < 16_000 ? parts[0]?.[i] : parts[1]?.[i - 16_000];
      expect(Math.abs((whole?.[i] ?? 1) - (part ?? 0))).toBeLessThan(0.01);
    }
    expect(power(whole ?? new Float32Array(1))).toBeCloseTo(0.3 * Math.SQRT1_2, 1);
  });

  it('is nothing where no packet came, and lays streams of one source together', async () => {
    const rehearsal = new Rehearsal().joins('ada', 'Ada', 0);
    const media = await sound(2, sine(440, 0.3));
    const shared = { participant: 'ada', source: 'microphone', media, trackId: 'one' } as const;
    rehearsal.publishes({ ...shared, fromMs: 100, toMs: 1_000 });
    rehearsal.publishes({ ...shared, fromMs: 2_000, toMs: 3_000 });
    const timeline = timelineOf(rehearsal, 4_000);
    const spans = new MediaSpans(0, [], 4_000 * NS_PER_MS);
    const hear = (from: number, to: number) =>
      trackSound(timeline, [1, 2], { spans, from, to, decode: decodeAnyhow.sound });
    expect(await hear(24_000, 28_000)).toBeNull();
    expect(power((await hear(4_000, 12_000)) ?? new Float32Array(1))).toBeGreaterThan(0.1);
    expect(power((await hear(36_000, 44_000)) ?? new Float32Array(1))).toBeGreaterThan(0.1);
  });
});
