/**
 * Which container takes a coded picture as it is. WebM is defined for VP8, VP9 and AV1 with Opus; H.264 has no place in it. MP4 has
 * registered entries for H.264, VP9, AV1 and Opus that players know; VP8's they do not. What the caller asked for is taken where
 * it fits, the other one where not: nothing is encoded anew.
 */
import type { VideoCodec } from '../domain/media.ts';
import type { FileFormat } from '../domain/recording.ts';

const FITS: Record<FileFormat, ReadonlySet<VideoCodec>> = {
  webm: new Set(['vp8', 'vp9', 'av1']),
  mp4: new Set(['h264', 'vp9', 'av1']),
};

/** `codec` null: sound alone, which fits both. */
export const containerFor = (wanted: FileFormat, codec: VideoCodec | null): FileFormat => {
  if (codec === null || FITS[wanted].has(codec)) return wanted;
  return wanted === 'webm' ? 'mp4' : 'webm';
};
