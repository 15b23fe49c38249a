/**
 * Writes forwarded packets into one reused buffer: fresh header, our header extensions (MID, send time), the source's payload. The
 * result is valid until the next call.
 */

/** A received packet is at most 1500 bytes; extensions and the RTX prefix add a few. */
const SCRATCH_BYTES = 4_096;
const HEADER_BYTES = 12;
const ONE_BYTE_PROFILE = 0xbede;
const ABS_SEND_TIME_BYTES = 3;
/** RFC 8285 §4.2: a value has 1–16 bytes. */
const MAX_MID_BYTES = 16;

export interface PacketFields {
  readonly marker: boolean;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
}

export class PacketWriter {
  readonly #scratch = Buffer.alloc(SCRATCH_BYTES);
  readonly #extensions: Buffer;
  /** Where in `#extensions` the send time goes, 0 if it is not negotiated. */
  readonly #sendTimeAt: number;
  /** Where the payload begins in what `write` returns. */
  payloadOffset = 0;

  constructor(options: { readonly mid: string; readonly midId: number; readonly absSendTimeId: number }) {
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
    this.#sendTimeAt = sendTime.length > 0 ? 5 : 0;
  }

  /** `originalSequence`: written in front of the payload (RTX, RFC 4588 §4), or -1. Null where it would not fit. */
  write(
    fields: PacketFields,
    source: Buffer,
    payloadOffset: number,
    payloadEnd: number,
    nowNs: number,
    originalSequence = -1,
  ): Buffer | null {
    const out = this.#scratch;
    const extensions = this.#extensions;
    let at = HEADER_BYTES + extensions.length;
    if (at + 2 + payloadEnd - payloadOffset > SCRATCH_BYTES) return null;
    out[0] = extensions.length > 0 ? 0x90 : 0x80;
    out[1] = (fields.marker ? 0x80 : 0) | fields.payloadType;
    out.writeUInt16BE(fields.sequence & 0xffff, 2);
    out.writeUInt32BE(fields.timestamp >>> 0, 4);
    out.writeUInt32BE(fields.ssrc, 8);
    extensions.copy(out, HEADER_BYTES);
    if (this.#sendTimeAt > 0) out.writeUIntBE(absSendTime(nowNs), HEADER_BYTES + this.#sendTimeAt, ABS_SEND_TIME_BYTES);
    if (originalSequence >= 0) at = out.writeUInt16BE(originalSequence & 0xffff, at);
    this.payloadOffset = at;
    source.copy(out, at, payloadOffset, payloadEnd);
    return out.subarray(0, at + payloadEnd - payloadOffset);
  }
}

/** Seconds as 6.18 fixed point, modulo 64 (webrtc.org/experiments/rtp-hdrext/abs-send-time). */
const absSendTime = (nowNs: number): number => Math.floor((nowNs / 1e9) * 2 ** 18) % 2 ** 24;
