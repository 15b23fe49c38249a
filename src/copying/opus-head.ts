/** What a file says of its Opus stream (RFC 7845 §5.1; WebM and MP4 take it over). */
import { SAMPLE_RATE } from '../domain/media-time.ts';

/** Encoders look 6.5 ms ahead: what a packet decodes to was captured that much before its time, and players are told so. */
export const PRE_SKIP = 312;

/** Version 1, stereo (a mono packet fills both), no gain, mapping family 0. */
export const opusHead = (): Buffer => {
  const head = Buffer.alloc(19);
  head.write('OpusHead', 0, 'latin1');
  head.writeUInt8(1, 8);
  head.writeUInt8(2, 9);
  head.writeUInt16LE(PRE_SKIP, 10);
  head.writeUInt32LE(SAMPLE_RATE, 12);
  return head;
};
