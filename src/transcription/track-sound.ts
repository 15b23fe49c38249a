/**
 * One speaker's sound as engines take it: all streams of a source (a reconnect opens another), decoded, laid together, made mono, at 16 kHz.
 * A function of the timeline alone, whatever was heard before: a recording can be entered anywhere.
 */
import type { DecodeSound } from '../composition/careful-decoding.ts';
import { piecesOf, type SoundSource, soundOf } from '../composition/stream-sound.ts';
import type { MediaSpans } from '../domain/media-spans.ts';
import { SAMPLE_RATE } from '../domain/media-time.ts';
import { SPEECH_RATE } from './engine.ts';

const RATIO = SAMPLE_RATE / SPEECH_RATE;
/** Samples at 48 kHz on either side that one of 16 kHz is made of: 1 ms. */
const REACH = 48;
/** Half of 16 kHz less half of the filter's slope, so that what lies above 8 kHz doesn't fold into speech. */
const CUTOFF_HZ = 7_200;

/** Windowed sinc (Hamming), sum 1. */
const FILTER = ((): Float32Array => {
  const taps = new Float32Array(2 * REACH + 1);
  let sum = 0;
  for (let i = 0; i < taps.length; i++) {
    const x = (2 * CUTOFF_HZ * (i - REACH)) / SAMPLE_RATE;
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    const tap = sinc * (0.54 - 0.46 * Math.cos((Math.PI * i) / REACH));
    taps[i] = tap;
    sum += tap;
  }
  return taps.map((tap) => tap / sum);
})();

/** Every third sample of the filtered sound. `wide` has `REACH` samples more on either side. */
export const decimate = (wide: Float32Array): Float32Array => {
  const narrow = new Float32Array(Math.floor((wide.length - 2 * REACH) / RATIO));
  for (let i = 0; i < narrow.length; i++) {
    let sum = 0;
    for (let k = 0; k < FILTER.length; k++) sum += (wide[i * RATIO + k] as number) * (FILTER[k] as number);
    narrow[i] = sum;
  }
  return narrow;
};

/**
 * Samples [from, to) at 16 kHz, counted from media time zero. Null: no packet came. The source must be settled 10 ms beyond the end.
 * @param streams of one speaker.
 */
export const trackSound = async (
  source: SoundSource,
  streams: readonly number[],
  { spans, from, to, decode }: { spans: MediaSpans; from: number; to: number; decode: DecodeSound },
): Promise<Float32Array | null> => {
  const start = from * RATIO - REACH;
  const end = to * RATIO + REACH;
  let mono: Float32Array | null = null;
  for (const stream of streams) {
    for (const piece of piecesOf(spans, start, end)) {
      const sound = await soundOf(source, stream, piece, decode);
      if (!sound) continue;
      mono ??= new Float32Array(end - start);
      const offset = sound.start - start;
      for (let i = 0; i < sound.left.length; i++) {
        mono[offset + i] = (mono[offset + i] as number) + ((sound.left[i] as number) + (sound.right[i] as number)) / 2;
      }
    }
  }
  return mono && decimate(mono);
};
