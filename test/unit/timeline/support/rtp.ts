/** Builds RTP and RTCP packets and payloads for tests: headers as the RFCs have them, contents that mark themselves. */

export interface RtpFields {
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker?: boolean;
  readonly payload: Buffer;
  readonly csrcs?: number;
  readonly extensionWords?: number;
  /** The header extension as it is, instead of an empty one. */
  readonly extension?: Buffer;
  readonly padding?: number;
}

export const rtpPacket = (fields: RtpFields): Buffer => {
  const { csrcs = 0, extensionWords, padding = 0 } = fields;
  const header = Buffer.alloc(12 + csrcs * 4);
  header[0] = 0x80 | (padding > 0 ? 0x20 : 0) | (extensionWords === undefined && !fields.extension ? 0 : 0x10) | csrcs;
  header[1] = (fields.marker ? 0x80 : 0) | fields.payloadType;
  header.writeUInt16BE(fields.sequence & 0xffff, 2);
  header.writeUInt32BE(fields.timestamp >>> 0, 4);
  header.writeUInt32BE(0x1234, 8);
  const empty = extensionWords === undefined ? 0 : 4 + extensionWords * 4;
  const extension = fields.extension ?? Buffer.alloc(empty);
  if (extensionWords !== undefined) extension.writeUInt32BE(0xbede0000 + extensionWords, 0);
  const tail = Buffer.alloc(padding);
  if (padding > 0) tail[padding - 1] = padding;
  return Buffer.concat([header, extension, fields.payload, tail]);
};

/** @param ntpSeconds sender's clock, since 1900. */
export const senderReport = (ntpSeconds: number, rtpTimestamp: number): Buffer => {
  const bytes = Buffer.alloc(28);
  bytes[0] = 0x80;
  bytes[1] = 200;
  bytes.writeUInt16BE(6, 2);
  bytes.writeUInt32BE(0x1234, 4);
  bytes.writeUInt32BE(Math.floor(ntpSeconds), 8);
  bytes.writeUInt32BE(Math.floor((ntpSeconds % 1) * 2 ** 32), 12);
  bytes.writeUInt32BE(rtpTimestamp >>> 0, 16);
  return bytes;
};

/** Cuts into `parts` pieces of about equal length, none empty. */
export const cut = (bytes: Buffer, parts: number): Buffer[] => {
  const step = Math.ceil(bytes.length / parts);
  return Array.from({ length: parts }, (_, i) => bytes.subarray(i * step, (i + 1) * step)).filter((b) => b.length > 0);
};

/** A VP8 frame (RFC 6386 §9.1) that decodes to nothing but tells its kind, size and a mark. */
export const vp8Frame = (options: {
  key: boolean;
  width?: number;
  height?: number;
  mark?: number;
  bytes?: number;
}): Buffer => {
  const { key, width = 640, height = 360, mark = 0, bytes = 40 } = options;
  const frame = Buffer.alloc(Math.max(bytes, 16), 0xaa);
  frame.writeUIntLE(key ? 0x10 : 0x11, 0, 3);
  if (key) {
    frame.writeUIntBE(0x9d012a, 3, 3);
    frame.writeUInt16LE(width, 6);
    frame.writeUInt16LE(height, 8);
  }
  frame.writeUInt32BE(mark, 12);
  return frame;
};

/** The mark of a frame made by `vp8Frame`. */
export const markOf = (data: Buffer): number => data.readUInt32BE(12);

/** RFC 7741 payloads of a frame, with a 15-bit picture id. */
export const vp8Payloads = (frame: Buffer, parts = 1, pictureId = 1): Buffer[] =>
  cut(frame, parts).map((piece, i) =>
    Buffer.concat([
      Buffer.from([0x80 | (i === 0 ? 0x10 : 0), 0x80, 0x80 | ((pictureId >> 8) & 0x7f), pictureId & 0xff]),
      piece,
    ]),
  );

/** An Opus packet of 20 ms (CELT full band, one frame) with a mark. */
export const opusPacket = (mark = 0, bytes = 20): Buffer => {
  const packet = Buffer.alloc(bytes, 0x55);
  packet[0] = 31 << 3;
  packet.writeUInt32BE(mark, 1);
  return packet;
};
