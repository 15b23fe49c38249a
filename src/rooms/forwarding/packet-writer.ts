/**
 * Writes forwarded packets into one reused buffer: fresh header, our header extensions (MID, send time), the source's colour space where
 * it sent one, the source's payload. The result is valid until the next call.
 */

/** A received packet is at most 1500 bytes; extensions and the RTX prefix add a few. */
const SCRATCH_BYTES = 4_096;
const HEADER_BYTES = 12;
const ONE_BYTE_PROFILE = 0xbede;
const ABS_SEND_TIME_BYTES = 3;
/** RFC 8285 §4.2: a value has 1–16 bytes. */
const MAX_MID_BYTES = 16;
/**
 * Colour space with HDR metadata has 28 and would take the two-byte form. It is forwarded without: the first four bytes are the short
 * form, and say what ordinary pictures need.
 */
const COLOUR_SPACE_BYTES = 4;
/** Its one-byte head, the value, and padding to whole words. */
const COLOUR_SPACE_ROOM = 8;

export interface PacketFields {
  readonly marker: boolean;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
}

/** Parts of the source's packet: the payload, and the value of its colour space extension where `colourSpaceBytes` is not 0. */
export interface SourceParts {
  readonly packet: Buffer;
  readonly payloadOffset: number;
  readonly payloadEnd: number;
  readonly colourSpaceAt: number;
  readonly colourSpaceBytes: number;
}

export interface PacketWriterOptions {
  readonly mid: string;
  /** Ids of the subscriber's header extensions, 0 where not negotiated. */
  readonly midId: number;
  readonly absSendTimeId: number;
  readonly colourSpaceId: number;
}

export class PacketWriter {
  readonly #scratch = Buffer.alloc(SCRATCH_BYTES);
  readonly #extensions: Buffer;
  /** Bytes of values in `#extensions`; padding follows. */
  readonly #valueBytes: number;
  readonly #colourSpaceId: number;
  /** Where in `#extensions` the send time goes, 0 if it is not negotiated. */
  readonly #sendTimeAt: number;
  /** Where the payload begins in what `write` returns. */
  payloadOffset = 0;

  constructor(options: PacketWriterOptions) {
    const mid = Buffer.from(options.mid, 'latin1');
    const withMid = options.midId > 0 && mid.length > 0 && mid.length <= MAX_MID_BYTES;
    const sendTime =
      options.absSendTimeId > 0 ? [(options.absSendTimeId << 4) | (ABS_SEND_TIME_BYTES - 1), 0, 0, 0] : [];
    const values = [...sendTime, ...(withMid ? [(options.midId << 4) | (mid.length - 1), ...mid] : [])];
    const words = Math.ceil(values.length / 4);
    this.#extensions = Buffer.alloc(words === 0 ? 0 : 4 + words * 4);
    if (words > 0) {
      this.#extensions.writeUInt16BE(ONE_BYTE_PROFILE, 0);
      this.#extensions.writeUInt16BE(words, 2);
      this.#extensions.set(values, 4);
    }
    this.#valueBytes = values.length;
    this.#colourSpaceId = options.colourSpaceId;
    this.#sendTimeAt = sendTime.length > 0 ? 5 : 0;
  }

  /** `originalSequence`: written in front of the payload (RTX, RFC 4588 §4), or -1. Null where it would not fit. */
  write(fields: PacketFields, source: SourceParts, nowNs: number, originalSequence = -1): Buffer | null {
    const out = this.#scratch;
    const { packet, payloadOffset, payloadEnd } = source;
    const most = HEADER_BYTES + this.#extensions.length + 4 + COLOUR_SPACE_ROOM + 2 + payloadEnd - payloadOffset;
    if (most > SCRATCH_BYTES) return null;
    let at = this.#writeExtensions(source, nowNs);
    out[0] = at > HEADER_BYTES ? 0x90 : 0x80;
    out[1] = (fields.marker ? 0x80 : 0) | fields.payloadType;
    out.writeUInt16BE(fields.sequence & 0xffff, 2);
    out.writeUInt32BE(fields.timestamp >>> 0, 4);
    out.writeUInt32BE(fields.ssrc, 8);
    if (originalSequence >= 0) at = out.writeUInt16BE(originalSequence & 0xffff, at);
    this.payloadOffset = at;
    packet.copy(out, at, payloadOffset, payloadEnd);
    return out.subarray(0, at + payloadEnd - payloadOffset);
  }

  /** Returns where they end. */
  #writeExtensions({ packet, colourSpaceAt, colourSpaceBytes }: SourceParts, nowNs: number): number {
    const out = this.#scratch;
    const extensions = this.#extensions;
    extensions.copy(out, HEADER_BYTES);
    if (this.#sendTimeAt > 0) out.writeUIntBE(absSendTime(nowNs), HEADER_BYTES + this.#sendTimeAt, ABS_SEND_TIME_BYTES);
    if (this.#colourSpaceId === 0 || colourSpaceBytes < COLOUR_SPACE_BYTES) return HEADER_BYTES + extensions.length;
    const values = HEADER_BYTES + 4;
    let at = values + this.#valueBytes;
    out[at] = (this.#colourSpaceId << 4) | (COLOUR_SPACE_BYTES - 1);
    packet.copy(out, at + 1, colourSpaceAt, colourSpaceAt + COLOUR_SPACE_BYTES);
    for (at += 1 + COLOUR_SPACE_BYTES; (at - values) % 4 !== 0; at += 1) out[at] = 0;
    out.writeUInt16BE(ONE_BYTE_PROFILE, HEADER_BYTES);
    out.writeUInt16BE((at - values) / 4, HEADER_BYTES + 2);
    return at;
  }
}

/** Seconds as 6.18 fixed point, modulo 64 (webrtc.org/experiments/rtp-hdrext/abs-send-time). */
const absSendTime = (nowNs: number): number => Math.floor((nowNs / 1e9) * 2 ** 18) % 2 ** 24;
