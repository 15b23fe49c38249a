/** The payload format of a codec. */
import type { EncodedTrack } from '../encoded-track.ts';
import { av1Packetizer } from './av1.ts';
import { h264Packetizer } from './h264.ts';
import type { Packetize } from './payload.ts';
import { vp8Packetizer } from './vp8.ts';
import { vp9Packetizer } from './vp9.ts';

/** Opus: one packet is one payload (RFC 7587 §4.2). */
const opusPacketizer = (): Packetize => (frame) => [frame];

export const packetizerFor = (track: Pick<EncodedTrack, 'codec' | 'width' | 'height'>): Packetize => {
  switch (track.codec) {
    case 'vp8':
      return vp8Packetizer();
    case 'vp9':
      return vp9Packetizer(track);
    case 'h264':
      return h264Packetizer();
    case 'av1':
      return av1Packetizer();
    case 'opus':
      return opusPacketizer();
  }
};
