/** The depacketizer of a codec. */
import type { VideoCodec } from '../../domain/media.ts';
import { Av1Depacketizer } from './av1.ts';
import type { Depacketizer } from './depacketizer.ts';
import { H264Depacketizer } from './h264.ts';
import { Vp8Depacketizer } from './vp8.ts';
import { Vp9Depacketizer } from './vp9.ts';

/** @param fmtp SDP parameters: H.264 may carry its parameter sets there. */
export const createDepacketizer = (codec: VideoCodec, fmtp: string): Depacketizer => {
  switch (codec) {
    case 'vp8':
      return new Vp8Depacketizer();
    case 'vp9':
      return new Vp9Depacketizer();
    case 'h264':
      return new H264Depacketizer(fmtp);
    case 'av1':
      return new Av1Depacketizer();
  }
};
