/** Writes RTP packets with one-byte header extensions (RFC 3550 §5.1, RFC 8285 §4.2). The sending half only. */

/** Header extensions that we offer, and the ids that we offer them with. */
export const EXTENSION = {
  audioLevel: { id: 1, uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level' },
  absSendTime: { id: 2, uri: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time' },
  transportSequence: {
    id: 3,
    uri: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  },
  mid: { id: 4, uri: 'urn:ietf:params:rtp-hdrext:sdes:mid' },
  rid: { id: 10, uri: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id' },
  repairedRid: { id: 11, uri: 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id' },
} as const;

export interface HeaderExtension {
  readonly id: number;
  /** 1–16 bytes. */
  readonly data: Buffer;
}

export interface RtpFields {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly extensions: readonly HeaderExtension[];
  readonly payload: Buffer;
}

const FIXED_BYTES = 12;
const ONE_BYTE_PROFILE = 0xbede;

/** One packet. Sequence and timestamp are taken modulo their size. */
export const writeRtp = (fields: RtpFields): Buffer => {
  const used = fields.extensions.reduce((sum, { data }) => sum + 1 + data.length, 0);
  const extensionBytes = used === 0 ? 0 : 4 + Math.ceil(used / 4) * 4;
  const packet = Buffer.alloc(FIXED_BYTES + extensionBytes + fields.payload.length);
  packet[0] = 0x80 | (extensionBytes > 0 ? 0x10 : 0);
  packet[1] = (fields.marker ? 0x80 : 0) | fields.payloadType;
  packet.writeUInt16BE(fields.sequence & 0xffff, 2);
  packet.writeUInt32BE(fields.timestamp >>> 0, 4);
  packet.writeUInt32BE(fields.ssrc >>> 0, 8);
  if (extensionBytes > 0) {
    packet.writeUInt16BE(ONE_BYTE_PROFILE, FIXED_BYTES);
    packet.writeUInt16BE(extensionBytes / 4 - 1, FIXED_BYTES + 2);
    let at = FIXED_BYTES + 4;
    for (const { id, data } of fields.extensions) {
      packet[at++] = (id << 4) | (data.length - 1);
      at += data.copy(packet, at);
    }
  }
  fields.payload.copy(packet, FIXED_BYTES + extensionBytes);
  return packet;
};

/** abs-send-time: 6.18 bits of seconds. */
export const absSendTime = (ntpMs: number): Buffer => {
  const data = Buffer.alloc(3);
  data.writeUIntBE(Math.floor(((ntpMs / 1000) % 64) * 2 ** 18) & 0xffffff, 0, 3);
  return data;
};
