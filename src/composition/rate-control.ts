/**
 * How much work and how many bytes a picture of a size gets. Constant quality with a ceiling: a still page costs next to nothing, and noise
 * that no quality tames cannot fill a disk. Chosen by measuring (docs/decisions, `npm run bench -- rates`). A function of the size
 * alone: all segments of a recording have the same.
 */
import type { Size } from '../domain/layout.ts';
import { FRAME_RATE } from '../domain/media-time.ts';

export interface RateControl {
  /** Of x264. */
  readonly preset: 'superfast' | 'veryfast' | 'faster';
  readonly crf: number;
  /** Ceiling in bits a second, over two seconds. */
  readonly maxRate: number;
}

/**
 * veryfast at all sizes: superfast saves 0 to 20 % of the encoder's CPU for two to five times the bytes, faster costs half as much again for
 * hardly fewer. A small picture is watched enlarged and gets a finer step, a huge one a coarser.
 */
const CRF_BY_PIXELS = [
  { upTo: 854 * 480, crf: 21 },
  { upTo: 1920 * 1080, crf: 23 },
  { upTo: Number.POSITIVE_INFINITY, crf: 26 },
] as const;

/**
 * Ceiling in bits a pixel for content that no CRF tames: 6.6 Mbps at 720p. A page of small print that scrolls is the hardest that is
 * shared; with 0.16 its lines melt while they move. At 4K a second of it would fill 15 MB: what moves there may melt.
 */
const MOST_BITS_PER_PIXEL = 0.24;
const MOST_BITS_PER_PIXEL_OF_HUGE = 0.16;
const HUGE = 2560 * 1440;

export const rateOf = ({ width, height }: Size): RateControl => {
  const pixels = width * height;
  const crf = CRF_BY_PIXELS.find(({ upTo }) => pixels <= upTo)?.crf ?? 26;
  const bitsPerPixel = pixels < HUGE ? MOST_BITS_PER_PIXEL : MOST_BITS_PER_PIXEL_OF_HUGE;
  return { preset: 'veryfast', crf, maxRate: Math.round((pixels * FRAME_RATE * bitsPerPixel) / 1000) * 1000 };
};
