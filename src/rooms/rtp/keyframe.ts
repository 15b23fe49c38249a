/**
 * Does this RTP payload begin a keyframe? Read from the payload formats' own headers, no codec involved: VP8 (RFC 7741 §4.2, 4.3),
 * VP9 (RFC 9628 §4.2), H.264 (RFC 6184 §5.6–5.8), AV1 (AV1 RTP payload format §4.4). Any bytes are accepted: rubbish is no keyframe.
 */
import type { Codec } from '../../domain/media.ts';

const NAL_IDR = 5;
const NAL_SPS = 7;
const NAL_STAP_A = 24;
const NAL_FU_A = 28;

/** Offset of the VP8 payload header behind the payload descriptor, or -1 where the packet is too short. */
export const vp8HeaderOffset = (packet: Buffer, offset: number, end: number): number => {
  if (offset >= end) return -1;
  let at = offset + 1;
  if ((packet[offset] ?? 0) & 0x80) {
    if (at >= end) return -1;
    const extended = packet[at] ?? 0;
    at += 1;
    if (extended & 0x80) at += (packet[at] ?? 0) & 0x80 ? 2 : 1;
    if (extended & 0x40) at += 1;
    if (extended & 0x30) at += 1;
  }
  return at < end ? at : -1;
};

const vp8 = (packet: Buffer, offset: number, end: number): boolean => {
  const header = vp8HeaderOffset(packet, offset, end);
  if (header < 0) return false;
  const descriptor = packet[offset] ?? 0;
  const startsFirstPartition = (descriptor & 0x10) !== 0 && (descriptor & 0x07) === 0;
  return startsFirstPartition && ((packet[header] ?? 1) & 0x01) === 0;
};

const vp9 = (packet: Buffer, offset: number, end: number): boolean => {
  if (offset >= end) return false;
  const descriptor = packet[offset] ?? 0;
  const predicted = (descriptor & 0x40) !== 0;
  const begins = (descriptor & 0x08) !== 0;
  if (predicted || !begins) return false;
  if ((descriptor & 0x20) === 0) return true;
  let at = offset + 1;
  if (descriptor & 0x80) at += (packet[at] ?? 0) & 0x80 ? 2 : 1;
  if (at >= end) return false;
  // Only the lowest spatial layer starts the picture.
  return ((packet[at] ?? 0) & 0x0e) === 0;
};

const h264 = (packet: Buffer, offset: number, end: number): boolean => {
  if (offset >= end) return false;
  const type = (packet[offset] ?? 0) & 0x1f;
  if (type === NAL_IDR || type === NAL_SPS) return true;
  if (type === NAL_FU_A) {
    if (offset + 1 >= end) return false;
    const header = packet[offset + 1] ?? 0;
    return (header & 0x80) !== 0 && ((header & 0x1f) === NAL_IDR || (header & 0x1f) === NAL_SPS);
  }
  if (type !== NAL_STAP_A) return false;
  for (let at = offset + 1; at + 2 < end; ) {
    const inner = (packet[at + 2] ?? 0) & 0x1f;
    if (inner === NAL_IDR || inner === NAL_SPS) return true;
    at += 2 + packet.readUInt16BE(at);
  }
  return false;
};

const av1 = (packet: Buffer, offset: number, end: number): boolean => {
  if (offset >= end) return false;
  // Aggregation header Z|Y|W W|N: N opens a coded video sequence, Z would go on with an OBU of the packet before.
  const header = packet[offset] ?? 0;
  return (header & 0x08) !== 0 && (header & 0x80) === 0;
};

/** True if the payload `packet[offset, end)` begins a keyframe (H.264: its SPS, or the IDR picture). */
export const beginsKeyframe = (codec: Codec, packet: Buffer, offset: number, end: number): boolean => {
  switch (codec) {
    case 'vp8':
      return vp8(packet, offset, end);
    case 'vp9':
      return vp9(packet, offset, end);
    case 'h264':
      return h264(packet, offset, end);
    case 'av1':
      return av1(packet, offset, end);
    case 'opus':
      return false;
  }
};
