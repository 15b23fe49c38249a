/**
 * Picture size as the first packet of a keyframe tells it: VP8 frame header (RFC 6386 §9.1), VP9 scalability structure (RFC 9628
 * §4.2.1), H.264 sequence parameter set (H.264 §7.3.2.1.1), AV1 sequence header (AV1 §5.5). Null where that packet does not say.
 * Used to choose simulcast layers, so cropping is ignored.
 */

import type { Size } from '../../domain/layout.ts';
import type { Codec } from '../../domain/media.ts';
import { BitReader } from './bit-reader.ts';
import { vp8HeaderOffset } from './keyframe.ts';

/** H.264 profiles whose SPS carries the chroma fields (H.264 §7.3.2.1.1). */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
const NAL_SPS = 7;
const NAL_STAP_A = 24;
const OBU_SEQUENCE_HEADER = 1;

const vp8 = (packet: Buffer, offset: number, end: number): Size | null => {
  const header = vp8HeaderOffset(packet, offset, end);
  if (header < 0 || header + 10 > end) return null;
  return { width: packet.readUInt16LE(header + 6) & 0x3fff, height: packet.readUInt16LE(header + 8) & 0x3fff };
};

const vp9 = (packet: Buffer, offset: number, end: number): Size | null => {
  const descriptor = packet[offset] ?? 0;
  if ((descriptor & 0x02) === 0) return null;
  let at = offset + 1;
  if (descriptor & 0x80) at += (packet[at] ?? 0) & 0x80 ? 2 : 1;
  if (descriptor & 0x20) at += descriptor & 0x10 ? 1 : 2;
  const structure = packet[at] ?? 0;
  if ((structure & 0x10) === 0) return null;
  const last = at + 1 + (structure >> 5) * 4;
  return last + 4 > end ? null : { width: packet.readUInt16BE(last), height: packet.readUInt16BE(last + 2) };
};

const skipScalingLists = (reader: BitReader, lists: number): void => {
  for (let list = 0; list < lists; list++) {
    if (reader.bits(1) === 0) continue;
    let last = 8;
    let next = 8;
    for (let i = 0; i < (list < 6 ? 16 : 64); i++) {
      if (next !== 0) next = (last + reader.signedGolomb() + 256) % 256;
      last = next === 0 ? last : next;
    }
  }
};

const skipPictureOrder = (reader: BitReader): void => {
  const type = reader.unsignedGolomb();
  if (type === 0) reader.unsignedGolomb();
  if (type !== 1) return;
  reader.bits(1);
  reader.signedGolomb();
  reader.signedGolomb();
  const cycle = Math.min(255, reader.unsignedGolomb());
  for (let i = 0; i < cycle; i++) reader.signedGolomb();
};

const spsSize = (nal: Uint8Array): Size | null => {
  const reader = new BitReader(withoutEmulationPrevention(nal), 1, nal.length);
  const profile = reader.bits(8);
  reader.bits(16);
  reader.unsignedGolomb();
  if (HIGH_PROFILES.has(profile)) {
    const chroma = reader.unsignedGolomb();
    if (chroma === 3) reader.bits(1);
    reader.unsignedGolomb();
    reader.unsignedGolomb();
    reader.bits(1);
    if (reader.bits(1) === 1) skipScalingLists(reader, chroma === 3 ? 12 : 8);
  }
  reader.unsignedGolomb();
  skipPictureOrder(reader);
  reader.unsignedGolomb();
  reader.bits(1);
  const width = (reader.unsignedGolomb() + 1) * 16;
  const mapUnits = reader.unsignedGolomb() + 1;
  const framesOnly = reader.bits(1);
  return reader.exhausted ? null : { width, height: mapUnits * 16 * (2 - framesOnly) };
};

/** H.264 §7.4.1.1: 00 00 03 stands for 00 00. */
const withoutEmulationPrevention = (nal: Uint8Array): Uint8Array => {
  const out = new Uint8Array(nal.length);
  let length = 0;
  let zeros = 0;
  for (const byte of nal) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    out[length] = byte;
    length += 1;
  }
  return out.subarray(0, length);
};

const h264 = (packet: Buffer, offset: number, end: number): Size | null => {
  const type = (packet[offset] ?? 0) & 0x1f;
  if (type === NAL_SPS) return spsSize(packet.subarray(offset, end));
  if (type !== NAL_STAP_A) return null;
  for (let at = offset + 1; at + 2 < end; ) {
    const next = at + 2 + packet.readUInt16BE(at);
    if (((packet[at + 2] ?? 0) & 0x1f) === NAL_SPS) return spsSize(packet.subarray(at + 2, Math.min(next, end)));
    at = next;
  }
  return null;
};

const sequenceHeaderSize = (packet: Buffer, offset: number, end: number): Size | null => {
  const reader = new BitReader(packet, offset, end);
  reader.bits(3 + 1);
  if (reader.bits(1) === 1) {
    reader.bits(5);
  } else {
    // Timing information would need a decoder model here; real-time senders do not write it.
    if (reader.bits(1) === 1) return null;
    const displayDelay = reader.bits(1) === 1;
    const points = reader.bits(5) + 1;
    for (let point = 0; point < points; point++) {
      reader.bits(12);
      if (reader.bits(5) > 7) reader.bits(1);
      if (displayDelay && reader.bits(1) === 1) reader.bits(4);
    }
  }
  const widthBits = reader.bits(4) + 1;
  const heightBits = reader.bits(4) + 1;
  const width = reader.bits(widthBits) + 1;
  const height = reader.bits(heightBits) + 1;
  return reader.exhausted ? null : { width, height };
};

const av1 = (packet: Buffer, offset: number, end: number): Size | null => {
  const elements = ((packet[offset] ?? 0) >> 4) & 0x03;
  let at = offset + 1;
  for (let element = 1; at < end; element++) {
    let next = end;
    if (elements === 0 || element < elements) {
      const length = readLeb128(packet, at, end);
      if (length === null) return null;
      at = length.next;
      next = Math.min(end, at + length.value);
    }
    const header = packet[at] ?? 0;
    if (((header >> 3) & 0x0f) === OBU_SEQUENCE_HEADER) {
      let body = at + 1 + (header & 0x04 ? 1 : 0);
      if (header & 0x02) body = readLeb128(packet, body, next)?.next ?? next;
      return sequenceHeaderSize(packet, body, next);
    }
    at = next;
  }
  return null;
};

/** Little-endian base 128 (AV1 §4.10.5). */
const readLeb128 = (packet: Buffer, offset: number, end: number): { value: number; next: number } | null => {
  let value = 0;
  for (let i = 0; i < 4 && offset + i < end; i++) {
    const byte = packet[offset + i] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if ((byte & 0x80) === 0) return { value, next: offset + i + 1 };
  }
  return null;
};

/** Size of the keyframe that the payload `packet[offset, end)` begins, or null where its first packet does not say. */
export const keyframeSize = (codec: Codec, packet: Buffer, offset: number, end: number): Size | null => {
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
      return null;
  }
};
