/**
 * Puts decoded packets at their place in media time. A packet's samples fill exactly the interval that the timeline gave it: stretched
 * by interpolation where sender and recorder clocks drift, copied where not. Where sound breaks off or sets in, it fades, so that
 * neither a loss nor silence by DTX clicks.
 */
import type { StereoSamples } from './opus-decoder.ts';

/** After a break the last samples are mirrored and faded out over this: 10 ms. Long enough not to click, too short to be an echo. */
export const FADE_OUT_SAMPLES = 480;
/** A sound that sets in after a break is faded in over this: 2.5 ms. An onset of speech keeps its edge. */
export const FADE_IN_SAMPLES = 120;

/** A stretch of stereo sound. Index 0 is sample `start` of the media time axis. */
export interface SoundBuffer {
  readonly start: number;
  readonly left: Float32Array;
  readonly right: Float32Array;
}

export const newSoundBuffer = (start: number, length: number): SoundBuffer => ({
  start,
  left: new Float32Array(length),
  right: new Float32Array(length),
});

/** Cubic interpolation (Catmull-Rom) of `source` at a fractional index; ends repeat. */
const at = (source: Float32Array, position: number): number => {
  const last = source.length - 1;
  const i = Math.min(last, Math.floor(position));
  const t = position - i;
  const p1 = source[i] as number;
  const p2 = source[Math.min(last, i + 1)] as number;
  const p0 = source[Math.max(0, i - 1)] as number;
  const p3 = source[Math.min(last, i + 2)] as number;
  return p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)));
};

/** Writes `source` over [start, end) of the buffer (media samples), clipped to it. */
const stretch = (target: Float32Array, offset: number, length: number, source: Float32Array): void => {
  const from = Math.max(0, -offset);
  const to = Math.min(length, target.length - offset);
  if (source.length === length) {
    if (to > from) target.set(source.subarray(from, to), offset + from);
    return;
  }
  const step = source.length / length;
  for (let i = from; i < to; i++) target[offset + i] = at(source, i * step);
};

/** Places the packets of one stream, in order, into one buffer. */
export class Placement {
  readonly #buffer: SoundBuffer;
  /** Where the sound placed so far ends (media sample), or null at the beginning and after a break was faded out. */
  #end: number | null = null;

  constructor(buffer: SoundBuffer) {
    this.#buffer = buffer;
  }

  /** Places a decoded packet over [start, end). */
  place(samples: StereoSamples, start: number, end: number): void {
    if (end <= start) return;
    const continues = this.#end === start;
    if (!continues) this.break();
    const offset = start - this.#buffer.start;
    stretch(this.#buffer.left, offset, end - start, samples.left);
    stretch(this.#buffer.right, offset, end - start, samples.right);
    if (!continues) this.#fadeIn(offset, Math.min(FADE_IN_SAMPLES, end - start));
    this.#end = end;
  }

  /** Nothing follows where the last packet ended: it is lost, or there is silence. */
  break(): void {
    if (this.#end === null) return;
    const offset = this.#end - this.#buffer.start;
    for (const target of [this.#buffer.left, this.#buffer.right]) {
      for (let i = 0; i < FADE_OUT_SAMPLES && offset + i < target.length; i++) {
        const mirrored = offset - 1 - i;
        if (mirrored < 0 || offset + i < 0) continue;
        target[offset + i] = (target[mirrored] as number) * (1 - (i + 1) / FADE_OUT_SAMPLES);
      }
    }
    this.#end = null;
  }

  #fadeIn(offset: number, length: number): void {
    for (const target of [this.#buffer.left, this.#buffer.right]) {
      for (let i = Math.max(0, -offset); i < length && offset + i < target.length; i++) {
        target[offset + i] = (target[offset + i] as number) * ((i + 1) / length);
      }
    }
  }
}
