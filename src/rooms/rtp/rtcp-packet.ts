/**
 * RTCP read and written: SR, RR, SDES, BYE (RFC 3550 §6), NACK, PLI, FIR (RFC 4585, 5104), REMB (draft-alvestrand-rmcat-remb). Reading
 * accepts any bytes: what is malformed ends the walk.
 */

export const RTCP = {
  senderReport: 200,
  receiverReport: 201,
  description: 202,
  bye: 203,
  rtpFeedback: 205,
  payloadFeedback: 206,
} as const;
export const RTP_FEEDBACK = { nack: 1, transportWide: 15 } as const;
export const PAYLOAD_FEEDBACK = { pli: 1, fir: 4, application: 15 } as const;
/** Header, sender SSRC and sender information, without report blocks. */
export const SENDER_REPORT_BYTES = 28;

const REMB_MAGIC = 0x52454d42;
const REPORT_BLOCK_BYTES = 24;
/** `reception report count` has five bits. */
export const MAX_REPORT_BLOCKS = 31;
const CNAME_ITEM = 1;

/** One packet of a compound. `end` excludes padding. */
export interface RtcpPart {
  readonly type: number;
  /** Report count or feedback message type. */
  readonly count: number;
  readonly packet: Buffer;
}

/** The packets of a compound (RFC 3550 §6.1) as views. Stops at the first that does not fit. */
export function* rtcpParts(compound: Buffer): Generator<RtcpPart> {
  let at = 0;
  while (at + 8 <= compound.length) {
    const first = compound.readUInt8(at);
    const length = (compound.readUInt16BE(at + 2) + 1) * 4;
    if (first >> 6 !== 2 || length < 8 || at + length > compound.length) return;
    yield { type: compound.readUInt8(at + 1), count: first & 0x1f, packet: compound.subarray(at, at + length) };
    at += length;
  }
}

/** SSRCs of a BYE. */
export const byeSources = ({ packet, count }: RtcpPart): number[] => {
  const fit = Math.min(count, Math.floor((packet.length - 4) / 4));
  return Array.from({ length: fit }, (_, index) => packet.readUInt32BE(4 + index * 4));
};

/** Sequence numbers that a NACK (RFC 4585 §6.2.1) asks for. */
export const nackSequences = (packet: Buffer): number[] => {
  const sequences: number[] = [];
  for (let at = 12; at + 4 <= packet.length; at += 4) {
    const first = packet.readUInt16BE(at);
    const mask = packet.readUInt16BE(at + 2);
    sequences.push(first);
    for (let bit = 0; bit < 16; bit++) if ((mask >> bit) & 1) sequences.push((first + bit + 1) & 0xffff);
  }
  return sequences;
};

export interface ReportBlock {
  readonly ssrc: number;
  /** Of 256, since the previous report. */
  readonly fractionLost: number;
  readonly lastSenderReport: number;
  /** 1/65536 s. */
  readonly delaySinceSenderReport: number;
}

/** Report blocks of an SR or RR. */
export const reportBlocks = ({ type, count, packet }: RtcpPart): ReportBlock[] => {
  const start = type === RTCP.senderReport ? SENDER_REPORT_BYTES : 8;
  const fit = Math.max(0, Math.min(count, Math.floor((packet.length - start) / REPORT_BLOCK_BYTES)));
  return Array.from({ length: fit }, (_, index) => {
    const at = start + index * REPORT_BLOCK_BYTES;
    return {
      ssrc: packet.readUInt32BE(at),
      fractionLost: packet.readUInt8(at + 4),
      lastSenderReport: packet.readUInt32BE(at + 16),
      delaySinceSenderReport: packet.readUInt32BE(at + 20),
    };
  });
};

/** Bits per second of a REMB, or null where the packet is none. */
export const rembBitrate = (packet: Buffer): number | null => {
  if (packet.length < 20 || packet.readUInt32BE(12) !== REMB_MAGIC) return null;
  const packed = packet.readUInt32BE(16);
  return (packed & 0x3ffff) * 2 ** ((packed >>> 18) & 0x3f);
};

/** Media SSRCs that an FIR (RFC 5104 §4.3.1) asks a keyframe of. */
export const firSources = (packet: Buffer): number[] => {
  const sources: number[] = [];
  for (let at = 12; at + 8 <= packet.length; at += 8) sources.push(packet.readUInt32BE(at));
  return sources;
};

const header = (count: number, type: number, bytes: number): Buffer => {
  const packet = Buffer.alloc(bytes);
  packet.writeUInt8(0x80 | count, 0);
  packet.writeUInt8(type, 1);
  packet.writeUInt16BE(bytes / 4 - 1, 2);
  return packet;
};

export const buildPli = (sender: number, media: number): Buffer => {
  const packet = header(PAYLOAD_FEEDBACK.pli, RTCP.payloadFeedback, 12);
  packet.writeUInt32BE(sender, 4);
  packet.writeUInt32BE(media, 8);
  return packet;
};

/** `sequence` (8 bits) has to change with every new request. */
export const buildFir = (sender: number, media: number, sequence: number): Buffer => {
  const packet = header(PAYLOAD_FEEDBACK.fir, RTCP.payloadFeedback, 20);
  packet.writeUInt32BE(sender, 4);
  packet.writeUInt32BE(media, 12);
  packet.writeUInt8(sequence & 0xff, 16);
  return packet;
};

/** Ascending sequence numbers (extended or not) packed into pairs of number and following-16 mask. */
export const buildNack = (sender: number, media: number, sequences: readonly number[]): Buffer => {
  const pairs: number[] = [];
  let first = Number.NaN;
  for (const sequence of sequences) {
    const distance = sequence - first;
    if (distance >= 1 && distance <= 16) {
      pairs[pairs.length - 1] = (pairs[pairs.length - 1] ?? 0) | (1 << (distance - 1));
    } else {
      first = sequence;
      pairs.push(sequence & 0xffff, 0);
    }
  }
  const packet = header(RTP_FEEDBACK.nack, RTCP.rtpFeedback, 12 + pairs.length * 2);
  packet.writeUInt32BE(sender, 4);
  packet.writeUInt32BE(media, 8);
  for (const [index, value] of pairs.entries()) packet.writeUInt16BE(value, 12 + index * 2);
  return packet;
};

export interface ReceptionReport extends ReportBlock {
  readonly cumulativeLost: number;
  readonly extendedHighest: number;
  /** Timestamp units. */
  readonly jitter: number;
}

/** A receiver report of up to 31 blocks, with the CNAME that every compound needs (RFC 3550 §6.1). */
export const buildReceiverReport = (sender: number, cname: string, blocks: readonly ReceptionReport[]): Buffer => {
  const report = header(blocks.length, RTCP.receiverReport, 8 + blocks.length * REPORT_BLOCK_BYTES);
  report.writeUInt32BE(sender, 4);
  for (const [index, block] of blocks.entries()) {
    const at = 8 + index * REPORT_BLOCK_BYTES;
    report.writeUInt32BE(block.ssrc, at);
    report.writeUInt8(block.fractionLost, at + 4);
    report.writeUIntBE(block.cumulativeLost & 0xff_ffff, at + 5, 3);
    report.writeUInt32BE(block.extendedHighest >>> 0, at + 8);
    report.writeUInt32BE(block.jitter >>> 0, at + 12);
    report.writeUInt32BE(block.lastSenderReport >>> 0, at + 16);
    report.writeUInt32BE(block.delaySinceSenderReport >>> 0, at + 20);
  }
  return Buffer.concat([report, buildDescription(sender, cname)]);
};

/** SDES with one CNAME of at most 255 bytes. */
const buildDescription = (source: number, cname: string): Buffer => {
  const name = Buffer.from(cname.slice(0, 255), 'latin1');
  // Items end with at least one zero byte, up to the next multiple of four.
  const bytes = 8 + ((2 + name.length + 4) & ~3);
  const packet = header(1, RTCP.description, bytes);
  packet.writeUInt32BE(source, 4);
  packet.writeUInt8(CNAME_ITEM, 8);
  packet.writeUInt8(name.length, 9);
  name.copy(packet, 10);
  return packet;
};

export interface SenderReportFields {
  readonly ssrc: number;
  readonly ntpSeconds: number;
  readonly ntpFraction: number;
  readonly rtpTimestamp: number;
  readonly packets: number;
  readonly octets: number;
}

export const buildSenderReport = (fields: SenderReportFields, cname: string): Buffer => {
  const report = header(0, RTCP.senderReport, SENDER_REPORT_BYTES);
  report.writeUInt32BE(fields.ssrc, 4);
  report.writeUInt32BE(fields.ntpSeconds >>> 0, 8);
  report.writeUInt32BE(fields.ntpFraction >>> 0, 12);
  report.writeUInt32BE(fields.rtpTimestamp >>> 0, 16);
  report.writeUInt32BE(fields.packets >>> 0, 20);
  report.writeUInt32BE(fields.octets >>> 0, 24);
  return Buffer.concat([report, buildDescription(fields.ssrc, cname)]);
};

/** Asks the sender of `media` to keep all of it together below a bitrate. */
export const buildRemb = (sender: number, media: readonly number[], bitrateBps: number): Buffer => {
  const packet = header(PAYLOAD_FEEDBACK.application, RTCP.payloadFeedback, 20 + media.length * 4);
  let mantissa = Math.floor(bitrateBps);
  let exponent = 0;
  while (mantissa > 0x3ffff) {
    mantissa = Math.floor(mantissa / 2);
    exponent += 1;
  }
  packet.writeUInt32BE(sender, 4);
  packet.writeUInt32BE(REMB_MAGIC, 12);
  packet.writeUInt8(media.length, 16);
  packet.writeUIntBE((exponent << 18) | mantissa, 17, 3);
  for (const [index, ssrc] of media.entries()) packet.writeUInt32BE(ssrc, 20 + index * 4);
  return packet;
};
