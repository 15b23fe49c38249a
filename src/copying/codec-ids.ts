/** The media library's names of what rooms send. */
import { AV_CODEC_ID_AV1, AV_CODEC_ID_H264, AV_CODEC_ID_VP8, AV_CODEC_ID_VP9, type AVCodecID } from 'node-av/constants';
import type { VideoCodec } from '../domain/media.ts';

export const CODEC_IDS: Record<VideoCodec, AVCodecID> = {
  vp8: AV_CODEC_ID_VP8,
  vp9: AV_CODEC_ID_VP9,
  h264: AV_CODEC_ID_H264,
  av1: AV_CODEC_ID_AV1,
};
