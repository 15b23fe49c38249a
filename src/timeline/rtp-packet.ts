/** Reads an RTP packet's fixed header (RFC 3550 §5.1). Malformed packets give null, never an exception. */

export interface RtpPacket {
  readonly sequence: number;
  /** 32 bits, as sent. */
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payloadType: number;
  /** Without header, extensions and padding; empty for padding-only packets. A view into the packet. */
  readonly payload: Buffer;
}

const FIXED_HEADER = 12;

/** Where the payload begins: after CSRCs and the header extension (RFC 3550 §5.3.1). */
const payloadStart = (bytes: Buffer): number => {
  const first = bytes[0] ?? 0;
  const start = FIXED_HEADER + (first & 0x0f) * 4;
  if ((first & 0x10) === 0) return start;
  if (start + 4 > bytes.length) return bytes.length + 1;
  return start + 4 + bytes.readUInt16BE(start + 2) * 4;
};

/** The packet, or null where it is no RTP packet of version 2 or its lengths contradict each other. */
export const parseRtp = (bytes: Buffer): RtpPacket | null => {
  const first = bytes[0];
  const second = bytes[1];
  if (first === undefined || second === undefined || bytes.length < FIXED_HEADER || first >> 6 !== 2) return null;
  const start = payloadStart(bytes);
  const padding = (first & 0x20) === 0 ? 0 : (bytes[bytes.length - 1] ?? 0);
  const end = bytes.length - padding;
  if (start > end) return null;
  return {
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    marker: (second & 0x80) !== 0,
    payloadType: second & 0x7f,
    payload: bytes.subarray(start, end),
  };
};
