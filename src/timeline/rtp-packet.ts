/** Reads an RTP packet's fixed header (RFC 3550 §5.1), and of its extensions the one that tells colours (RFC 8285). Malformed packets give null, never an exception. */
import { readColourExtension } from './colour.ts';
import type { VideoColour } from './types.ts';

export interface RtpPacket {
  readonly sequence: number;
  /** 32 bits, as sent. */
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payloadType: number;
  /** Without header, extensions and padding; empty for padding-only packets. A view into the packet. */
  readonly payload: Buffer;
  /** What its header extension says; null where it has none. */
  readonly colour: VideoColour | null;
}

const FIXED_HEADER = 12;
/** RFC 8285 §4.2 and §4.3: the one-byte and the two-byte form; the low four bits of the latter are free. */
const ONE_BYTE_PROFILE = 0xbede;
const TWO_BYTE_PROFILE = 0x1000;
/** RFC 8285 §4.2: ends the processing. */
const RESERVED_ID = 15;

/** Where the payload begins: after CSRCs and the header extension (RFC 3550 §5.3.1). */
const payloadStart = (bytes: Buffer): number => {
  const first = bytes[0] ?? 0;
  const start = FIXED_HEADER + (first & 0x0f) * 4;
  if ((first & 0x10) === 0) return start;
  if (start + 4 > bytes.length) return bytes.length + 1;
  return start + 4 + bytes.readUInt16BE(start + 2) * 4;
};

/** The value of a header extension, or null where the packet does not carry it. */
const extensionValue = (bytes: Buffer, id: number): Buffer | null => {
  const first = bytes[0] ?? 0;
  if (id === 0 || (first & 0x10) === 0) return null;
  const start = FIXED_HEADER + (first & 0x0f) * 4;
  const profile = bytes.readUInt16BE(start);
  const oneByte = profile === ONE_BYTE_PROFILE;
  if (!oneByte && (profile & 0xfff0) !== TWO_BYTE_PROFILE) return null;
  const end = start + 4 + bytes.readUInt16BE(start + 2) * 4;
  for (let at = start + 4; at < end; ) {
    const head = bytes[at] ?? 0;
    // Zeros pad.
    if (head === 0) {
      at += 1;
      continue;
    }
    const element = oneByte ? head >> 4 : head;
    if (oneByte && element === RESERVED_ID) return null;
    const from = oneByte ? at + 1 : at + 2;
    const to = from + (oneByte ? (head & 0x0f) + 1 : (bytes[at + 1] ?? 0));
    if (to > end) return null;
    if (element === id) return bytes.subarray(from, to);
    at = to;
  }
  return null;
};

/**
 * The packet, or null where it is no RTP packet of version 2 or its lengths contradict each other.
 * `colourId`: the id of the extension that tells colours; 0: not negotiated.
 */
export const parseRtp = (bytes: Buffer, colourId = 0): RtpPacket | null => {
  const first = bytes[0];
  const second = bytes[1];
  if (first === undefined || second === undefined || bytes.length < FIXED_HEADER || first >> 6 !== 2) return null;
  const start = payloadStart(bytes);
  const padding = (first & 0x20) === 0 ? 0 : (bytes[bytes.length - 1] ?? 0);
  const end = bytes.length - padding;
  if (start > end) return null;
  const told = extensionValue(bytes, colourId);
  return {
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    marker: (second & 0x80) !== 0,
    payloadType: second & 0x7f,
    payload: bytes.subarray(start, end),
    colour: told === null ? null : readColourExtension(told),
  };
};
