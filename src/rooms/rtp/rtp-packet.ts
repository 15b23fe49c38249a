/**
 * RTP packets in place (RFC 3550 §5.1, header extensions RFC 8285): a reusable view over received bytes, and in-place writing.
 * Nothing is copied; a view is filled again for every packet.
 */

const HEADER_BYTES = 12;
/** RFC 8285 §4.2: one-byte header form. */
const ONE_BYTE_PROFILE = 0xbede;
/** RFC 8285 §4.3: two-byte header form, the low four bits are free. */
const TWO_BYTE_PROFILE = 0x1000;
const MAX_EXTENSION_ID = 255;

/** RTP and RTCP share the port: second byte 192–223 is RTCP (RFC 5761 §4). */
export const isRtcp = (packet: Uint8Array): boolean => {
  const type = packet[1] ?? 0;
  return type >= 192 && type <= 223;
};

/** Where the parts of one RTP packet lie. Offsets count from the start of the packet. */
export class RtpView {
  marker = false;
  payloadType = 0;
  sequence = 0;
  timestamp = 0;
  ssrc = 0;
  payloadOffset = 0;
  /** End of the payload: padding (RFC 3550 §5.1, P bit) lies behind it. Equal to `payloadOffset` in a padding-only packet. */
  payloadEnd = 0;
  /** Start and length by extension id, 0 where it is absent. */
  readonly #extensionOffset = new Uint16Array(MAX_EXTENSION_ID + 1);
  readonly #extensionLength = new Uint8Array(MAX_EXTENSION_ID + 1);
  /** The ids that are set, so that clearing costs what parsing did. */
  readonly #present = new Uint8Array(MAX_EXTENSION_ID + 1);
  #presentCount = 0;

  /** Fills the view. False: not a well-formed RTP packet, the view means nothing. */
  parse(packet: Buffer): boolean {
    this.#clearExtensions();
    const length = packet.length;
    if (length < HEADER_BYTES || length > 0xffff) return false;
    const first = packet.readUInt8(0);
    if (first >> 6 !== 2) return false;
    let offset = HEADER_BYTES + (first & 0x0f) * 4;
    if (offset > length) return false;
    if (first & 0x10) {
      if (offset + 4 > length) return false;
      const profile = packet.readUInt16BE(offset);
      const end = offset + 4 + packet.readUInt16BE(offset + 2) * 4;
      if (end > length) return false;
      if (profile === ONE_BYTE_PROFILE) this.#parseOneByte(packet, offset + 4, end);
      else if ((profile & 0xfff0) === TWO_BYTE_PROFILE) this.#parseTwoByte(packet, offset + 4, end);
      offset = end;
    }
    let end = length;
    if (first & 0x20) {
      const padding = packet.readUInt8(length - 1);
      if (padding === 0 || padding > length - offset) return false;
      end -= padding;
    }
    const second = packet.readUInt8(1);
    this.marker = (second & 0x80) !== 0;
    this.payloadType = second & 0x7f;
    this.sequence = packet.readUInt16BE(2);
    this.timestamp = packet.readUInt32BE(4);
    this.ssrc = packet.readUInt32BE(8);
    this.payloadOffset = offset;
    this.payloadEnd = end;
    return true;
  }

  get payloadLength(): number {
    return this.payloadEnd - this.payloadOffset;
  }

  hasExtension(id: number): boolean {
    return id > 0 && this.#extensionOffset[id] !== 0;
  }

  /** Where the value of an extension starts, 0 if it is absent. */
  extensionOffset(id: number): number {
    return this.#extensionOffset[id] ?? 0;
  }

  /** Length of an extension's value in bytes; 0 also where it is absent. */
  extensionLength(id: number): number {
    return this.#extensionLength[id] ?? 0;
  }

  /** An extension's value as text (MID, RID), or null. */
  extensionText(packet: Buffer, id: number): string | null {
    if (!this.hasExtension(id)) return null;
    const start = this.extensionOffset(id);
    return packet.toString('latin1', start, start + this.extensionLength(id));
  }

  #clearExtensions(): void {
    for (let i = 0; i < this.#presentCount; i++) {
      const id = this.#present[i] ?? 0;
      this.#extensionOffset[id] = 0;
      this.#extensionLength[id] = 0;
    }
    this.#presentCount = 0;
  }

  #parseOneByte(packet: Buffer, from: number, end: number): void {
    let at = from;
    while (at < end) {
      const head = packet.readUInt8(at);
      if (head === 0) {
        at += 1;
        continue;
      }
      const id = head >> 4;
      // RFC 8285 §4.2: id 15 ends the processing.
      if (id === 15) return;
      const length = (head & 0x0f) + 1;
      if (at + 1 + length > end) return;
      if (id !== 0) this.#set(id, at + 1, length);
      at += 1 + length;
    }
  }

  #parseTwoByte(packet: Buffer, from: number, end: number): void {
    let at = from;
    while (at < end) {
      const id = packet.readUInt8(at);
      if (id === 0) {
        at += 1;
        continue;
      }
      if (at + 2 > end) return;
      const length = packet.readUInt8(at + 1);
      if (at + 2 + length > end) return;
      this.#set(id, at + 2, length);
      at += 2 + length;
    }
  }

  #set(id: number, offset: number, length: number): void {
    if (this.#extensionOffset[id] === 0) {
      this.#present[this.#presentCount] = id;
      this.#presentCount += 1;
    }
    this.#extensionOffset[id] = offset;
    this.#extensionLength[id] = length;
  }
}

/** One header extension to write: id 1–14 and a value of 1–16 bytes. */
export interface ExtensionValue {
  readonly id: number;
  readonly value: Uint8Array;
}

export interface RtpFields {
  readonly marker: boolean;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  /** Written in the one-byte form (RFC 8285 §4.2). */
  readonly extensions?: readonly ExtensionValue[];
  readonly payload: Uint8Array;
}

/** A whole RTP packet. */
export const buildRtp = (fields: RtpFields): Buffer => {
  const extensions = fields.extensions ?? [];
  const valueBytes = extensions.reduce((sum, { value }) => sum + 1 + value.length, 0);
  const extensionBytes = valueBytes === 0 ? 0 : 4 + ((valueBytes + 3) & ~3);
  const packet = Buffer.alloc(HEADER_BYTES + extensionBytes + fields.payload.length);
  packet.writeUInt8(0x80 | (extensionBytes > 0 ? 0x10 : 0), 0);
  packet.writeUInt8((fields.marker ? 0x80 : 0) | fields.payloadType, 1);
  packet.writeUInt16BE(fields.sequence & 0xffff, 2);
  packet.writeUInt32BE(fields.timestamp >>> 0, 4);
  packet.writeUInt32BE(fields.ssrc >>> 0, 8);
  if (extensionBytes > 0) {
    packet.writeUInt16BE(ONE_BYTE_PROFILE, HEADER_BYTES);
    packet.writeUInt16BE((extensionBytes - 4) / 4, HEADER_BYTES + 2);
    let at = HEADER_BYTES + 4;
    for (const { id, value } of extensions) {
      packet.writeUInt8((id << 4) | (value.length - 1), at);
      packet.set(value, at + 1);
      at += 1 + value.length;
    }
  }
  packet.set(fields.payload, HEADER_BYTES + extensionBytes);
  return packet;
};
