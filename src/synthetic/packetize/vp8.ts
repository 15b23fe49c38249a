/** RTP payload format for VP8 (RFC 7741): one partition span per frame, 15-bit picture ids. */
import { cut, MAX_PAYLOAD, type Packetize } from './payload.ts';

const DESCRIPTOR_BYTES = 4;

/** `firstPictureId` is random in real senders; given here so that runs repeat. */
export const vp8Packetizer = (firstPictureId = 0x1234): Packetize => {
  let pictureId = firstPictureId & 0x7fff;
  return (frame) => {
    const payloads = cut(frame, MAX_PAYLOAD - DESCRIPTOR_BYTES).map((part, index) => {
      const payload = Buffer.allocUnsafe(DESCRIPTOR_BYTES + part.length);
      // X=1, S=1 on the first packet of the frame, partition 0 (§4.2).
      payload[0] = index === 0 ? 0x90 : 0x80;
      // I=1: a picture id follows, M=1 in its first bit: 15 bits.
      payload[1] = 0x80;
      payload.writeUInt16BE(0x8000 | pictureId, 2);
      part.copy(payload, DESCRIPTOR_BYTES);
      return payload;
    });
    pictureId = (pictureId + 1) & 0x7fff;
    return payloads;
  };
};
