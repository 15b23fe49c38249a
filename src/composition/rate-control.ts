/**
 * How much work and how many bytes a picture of a size gets. Constant quality with a ceiling: a still page costs next to nothing, and noise
 * that no quality tames cannot fill a disk. Chosen by measuring (docs/decisions, `npm run bench -- rates`). A function of the size
 * alone: all segments of a recording have the same.
 */
import type { Size } from '../domain/layout.ts';
import { FRAME_RATE } from '../domain/media-time.ts';
import type { FileFormat } from '../domain/recording.ts';

interface Quality {
  readonly crf: number;
  /** Ceiling in bits a second, over two seconds. */
  readonly maxRate: number;
}
export interface H264Rate extends Quality {
  readonly codec: 'h264';
  readonly preset: 'superfast' | 'veryfast' | 'faster';
}
export interface VpxRate extends Quality {
  readonly codec: 'vp8' | 'vp9';
  /** What libvpx calls `cpu-used`. */
  readonly speed: number;
}
export type RateControl = H264Rate | VpxRate;

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

/** VP9's scale of quality is another: 36 looks like x264's 23. */
const VP9_CRF_OFFSET = 13;
/** 8 to 16 CPU-s/min of 720p as x264's veryfast; a step more saves a twentieth of the CPU and blurs what scrolls. */
const VP9_SPEED = 6;

export function rateOf(size: Size): H264Rate;
export function rateOf(size: Size, format: FileFormat): RateControl;
export function rateOf({ width, height }: Size, format: FileFormat = 'mp4'): RateControl {
  const pixels = width * height;
  const crf = CRF_BY_PIXELS.find(({ upTo }) => pixels <= upTo)?.crf ?? 26;
  const bitsPerPixel = pixels < HUGE ? MOST_BITS_PER_PIXEL : MOST_BITS_PER_PIXEL_OF_HUGE;
  const maxRate = Math.round((pixels * FRAME_RATE * bitsPerPixel) / 1000) * 1000;
  return format === 'mp4'
    ? { codec: 'h264', preset: 'veryfast', crf, maxRate }
    : { codec: 'vp9', speed: VP9_SPEED, crf: crf + VP9_CRF_OFFSET, maxRate };
}
