/** Finds beeps of a pitch: the Goertzel algorithm (1958) over a sliding window, onset where the tone fills half of it. */
import { FLASH_MS } from '../../../src/synthetic/identity.ts';
import type { DecodedSound } from './media-file.ts';

/** 10 ms: pitches are whole multiples of 100 Hz apart, hence orthogonal over it. */
const WINDOW_MS = 10;
/** Onsets are found to a millisecond. */
const STEP_MS = 1;
/** A tone is heard above this amplitude (of 1); beeps are sent with 0.22. */
const LEAST_AMPLITUDE = 0.04;
/** Shorter tones are clicks. */
const LEAST_MS = FLASH_MS * 0.6;

export interface Beep {
  /** Seconds, at the middle of the rise. */
  readonly start: number;
  readonly duration: number;
  readonly amplitude: number;
}

/** Amplitude of a pitch in a window that begins at a sample. */
const amplitudeAt = (samples: Float32Array, from: number, length: number, coefficient: number): number => {
  let one = 0;
  let two = 0;
  for (let i = from; i < from + length; i++) {
    const next = (samples[i] ?? 0) + coefficient * one - two;
    two = one;
    one = next;
  }
  return (2 / length) * Math.sqrt(Math.max(0, one * one + two * two - coefficient * one * two));
};

/** All beeps of a pitch, by time. */
export const findBeeps = (sound: DecodedSound, hz: number): Beep[] => {
  const window = Math.round((sound.sampleRate * WINDOW_MS) / 1000);
  const step = Math.round((sound.sampleRate * STEP_MS) / 1000);
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / sound.sampleRate);
  const curve: number[] = [];
  for (let at = 0; at + window <= sound.samples.length; at += step) {
    curve.push(amplitudeAt(sound.samples, at, window, coefficient));
  }
  const timeOf = (index: number): number => sound.start + (index * step + window / 2) / sound.sampleRate;
  const beeps: Beep[] = [];
  for (let index = 0; index < curve.length; index++) {
    if ((curve[index] ?? 0) < LEAST_AMPLITUDE) continue;
    let end = index;
    while ((curve[end] ?? 0) >= LEAST_AMPLITUDE) end += 1;
    const part = curve.slice(index, end);
    // The middle of the beep is its level: edges ring, and another's beep may leak into them.
    const level = part.toSorted((a, b) => a - b)[Math.floor(part.length / 2)] ?? 0;
    const rise = part.findIndex((value) => value >= level / 2);
    const fall = part.findLastIndex((value) => value >= level / 2);
    const duration = ((fall - rise) * step) / sound.sampleRate;
    if (duration * 1000 >= LEAST_MS) beeps.push({ start: timeOf(index + rise), duration, amplitude: level });
    index = end;
  }
  return beeps;
};
