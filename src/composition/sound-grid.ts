/**
 * How sound is cut for an encoder. Encoders have memory, so the one of a segment is fed more than it owns: `preroll` frames before, `extra`
 * after. Frames lie on one grid from the recording's first sample; a segment owns those that begin in it.
 */
import { AAC_FRAME, FRAME_RATE, SAMPLE_RATE, SEGMENT_SAMPLES } from '../domain/media-time.ts';
import type { FileFormat } from '../domain/recording.ts';

export interface SoundGrid {
  readonly codec: 'aac' | 'opus';
  /** Samples in a frame. */
  readonly frame: number;
  /** A packet is heard this many samples before its frame begins. */
  readonly delay: number;
  readonly preroll: number;
  readonly extra: number;
}

/** Frames of the grid, [first, end). */
export interface FrameRange {
  readonly first: number;
  readonly end: number;
}

/** Measured: with fewer than 3 before, a join clicks for 20 ms. After: one for the overlap, one for the packet that is handed on. */
export const AAC_GRID: SoundGrid = { codec: 'aac', frame: AAC_FRAME, delay: AAC_FRAME, preroll: 3, extra: 2 };
/** 20 ms; a segment is 213⅓ of them. libopus looks 6.5 ms ahead. After: the packet that is handed on. */
export const OPUS_GRID: SoundGrid = { codec: 'opus', frame: 960, delay: 312, preroll: 10, extra: 1 };

export const gridOf = (format: FileFormat = 'mp4'): SoundGrid => (format === 'mp4' ? AAC_GRID : OPUS_GRID);

/** Frames that a segment owns, and what it takes to cover the last one's ticks. */
export const ownedFrames = (
  { index, ticks }: { readonly index: number; readonly ticks: number },
  { frame }: SoundGrid = AAC_GRID,
): FrameRange => {
  const start = index * SEGMENT_SAMPLES;
  const first = Math.ceil(start / frame);
  const samples = start + (ticks * SAMPLE_RATE) / FRAME_RATE;
  return { first, end: Math.max(first + 1, Math.ceil(samples / frame)) };
};
