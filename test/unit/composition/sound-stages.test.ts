import { describe, expect, test } from 'vitest';
import { LevelMeter, WINDOW_SAMPLES, windowsOfSegment } from '../../../src/composition/levels.ts';
import { CEILING, LIMITER_FUTURE, LIMITER_PAST, limit } from '../../../src/composition/limiter.ts';
import { FADE_OUT_SAMPLES, newSoundBuffer, Placement, type SoundBuffer } from '../../../src/composition/placement.ts';
import type { ParticipantId } from '../../../src/domain/ids.ts';
import { sine } from './media.ts';

const block = (first: number, length: number, sample: (n: number) => number) => {
  const left = Float32Array.from({ length }, (_, i) => sample(first + i));
  return { left, right: left.slice() };
};

/** The largest step between neighbouring samples. */
const steepest = (samples: Float32Array): number => {
  let most = 0;
  for (let i = 1; i < samples.length; i++) most = Math.max(most, Math.abs((samples[i] ?? 0) - (samples[i - 1] ?? 0)));
  return most;
};

describe('Placement', () => {
  test('copies packets that fit exactly', () => {
    const buffer = newSoundBuffer(0, 9600);
    const placement = new Placement(buffer);
    for (let n = 960; n < 5760; n += 960) placement.place(block(n, 960, sine(440, 0.5)), n, n + 960);
    for (let n = 2000; n < 5760; n++) expect(buffer.left[n]).toBeCloseTo(sine(440, 0.5)(n), 6);
  });

  test('stretches drifting packets into their place without a step', () => {
    const buffer = newSoundBuffer(0, 48_000);
    const placement = new Placement(buffer);
    for (let i = 0; i < 40; i++) placement.place(block(i * 960, 960, sine(440, 0.5)), i * 962, (i + 1) * 962);
    const wanted = (n: number) => sine(440, 0.5)((n * 960) / 962);
    for (let n = 1000; n < 38_000; n++) expect(Math.abs((buffer.left[n] ?? 0) - wanted(n))).toBeLessThan(0.02);
  });

  test('a loss fades out and in: no click', () => {
    const buffer = newSoundBuffer(0, 48_000);
    const placement = new Placement(buffer);
    const slope = steepest(block(0, 960, sine(440, 0.5)).left);
    for (let i = 0; i < 40; i++) {
      if (i % 7 === 3) placement.break();
      else placement.place(block(i * 960, 960, sine(440, 0.5)), i * 960, (i + 1) * 960);
    }
    placement.break();
    expect(steepest(buffer.left)).toBeLessThan(slope * 1.2);
    const gap = 3 * 960 + FADE_OUT_SAMPLES;
    expect(Math.max(...buffer.left.subarray(gap, 4 * 960))).toBe(0);
  });

  test('keeps to its buffer at both ends', () => {
    const buffer = newSoundBuffer(1000, 500);
    const placement = new Placement(buffer);
    for (let n = 0; n < 3840; n += 960)
      placement.place(
        block(n, 960, (m) => m),
        n,
        n + 960,
      );
    expect(buffer.left[0]).toBe(1000);
    expect(buffer.left[499]).toBe(1499);
  });
});

describe('limit', () => {
  const noisy = (start: number, length: number): SoundBuffer => {
    const sample = (n: number) => (n % 30_000 < 9_000 ? 3.2 : 0.4) * Math.sin(n / 20) * Math.cos(n / 371);
    return { start, ...block(start, length, sample) };
  };

  test('never passes the ceiling, and leaves what is quiet untouched', () => {
    const loud = noisy(0, 96_000);
    limit(loud);
    for (const value of loud.left) expect(Math.abs(value)).toBeLessThanOrEqual(CEILING + 1e-6);
    const quiet: SoundBuffer = { start: 0, ...block(0, 48_000, sine(440, 0.8)) };
    const before = quiet.left.slice();
    limit(quiet);
    expect(quiet.left).toEqual(before);
  });

  test('gives the same wherever a segment begins', () => {
    const whole = noisy(0, 200_000);
    limit(whole);
    const part = noisy(61_337, 90_000);
    limit(part);
    for (let i = LIMITER_PAST; i < 90_000 - LIMITER_FUTURE; i++) {
      expect(Math.abs((part.left[i] ?? 0) - (whole.left[61_337 + i] ?? 0))).toBeLessThan(1e-6);
    }
  });

  test('moves its gain without steps', () => {
    const sound: SoundBuffer = { start: 0, ...block(0, 48_000, (n) => (n > 20_000 && n < 21_000 ? 4 : 0.5)) };
    limit(sound);
    const before = sound.left.subarray(0, 20_000);
    expect(steepest(before)).toBeLessThan(0.01);
    expect(sound.left[47_000]).toBeCloseTo(0.5, 6);
  });
});

describe('LevelMeter', () => {
  const ada = 'ada' as ParticipantId;

  test('measures dBFS by window; what is absent is silence', () => {
    const sound = newSoundBuffer(0, 3 * WINDOW_SAMPLES);
    sound.left.set(block(0, WINDOW_SAMPLES, sine(1000, 0.5)).left, WINDOW_SAMPLES);
    sound.right.set(sound.left);
    const meter = new LevelMeter({ first: 0, end: 3 });
    meter.add(ada, sound);
    // A sine of amplitude 0.5: 20·log10(0.5/√2) = −9.03 dBFS.
    expect(meter.levels()).toEqual([{}, { ada: -9 }, {}]);
  });

  test('windows of segments follow each other without gap or overlap', () => {
    let expected = 0;
    for (let index = 0; index < 200; index++) {
      const { first, end } = windowsOfSegment(index);
      expect(first).toBe(expected);
      expect(end * 100).toBeLessThanOrEqual(((index + 1) * 128 * 1000) / 30 + 1e-6);
      expected = end;
    }
  });
});
