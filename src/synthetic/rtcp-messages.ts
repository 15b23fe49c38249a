/** The RTCP that a sender needs: reports to write (RFC 3550 §6.4.1, §6.5), negative acknowledgements and picture requests to read (RFC 4585 §6, RFC 5104 §4.3.1). */

/** NTP seconds begin in 1900. */
const NTP_EPOCH_S = 2_208_988_800;
const SENDER_REPORT = 200;
const DESCRIPTION = 202;
const BYE = 203;
const TRANSPORT_FEEDBACK = 205;
const PAYLOAD_FEEDBACK = 206;
const GENERIC_NACK = 1;
const PICTURE_LOSS = 1;
const FULL_INTRA_REQUEST = 4;

/** True for RTCP on a port shared with RTP (RFC 5761 §4). */
export const isRtcp = (packet: Buffer): boolean => {
  const type = packet[1] ?? 0;
  return packet.length >= 8 && type >= 192 && type <= 223;
};

export interface SenderReport {
  readonly ssrc: number;
  /** Milliseconds since 1970 on the sender's clock. */
  readonly wallMs: number;
  readonly timestamp: number;
  readonly packets: number;
  readonly bytes: number;
}

/** A compound packet: sender report and the canonical name. */
export const writeSenderReport = (report: SenderReport, cname: string): Buffer => {
  const sr = Buffer.alloc(28);
  sr[0] = 0x80;
  sr[1] = SENDER_REPORT;
  sr.writeUInt16BE(6, 2);
  sr.writeUInt32BE(report.ssrc >>> 0, 4);
  const seconds = Math.floor(report.wallMs / 1000);
  sr.writeUInt32BE((seconds + NTP_EPOCH_S) >>> 0, 8);
  sr.writeUInt32BE(Math.floor(((report.wallMs - seconds * 1000) / 1000) * 2 ** 32) >>> 0, 12);
  sr.writeUInt32BE(report.timestamp >>> 0, 16);
  sr.writeUInt32BE(report.packets >>> 0, 20);
  sr.writeUInt32BE(report.bytes >>> 0, 24);
  const name = Buffer.from(cname);
  // SSRC, item type 1 and length, the name, at least one zero byte, to a multiple of four.
  const sdes = Buffer.alloc(4 + Math.ceil((4 + 2 + name.length + 1) / 4) * 4);
  sdes[0] = 0x81;
  sdes[1] = DESCRIPTION;
  sdes.writeUInt16BE(sdes.length / 4 - 1, 2);
  sdes.writeUInt32BE(report.ssrc >>> 0, 4);
  sdes[8] = 1;
  sdes[9] = name.length;
  name.copy(sdes, 10);
  return Buffer.concat([sr, sdes]);
};

/** Says goodbye for these sources. */
export const writeBye = (ssrcs: readonly number[]): Buffer => {
  const bye = Buffer.alloc(4 + ssrcs.length * 4);
  bye[0] = 0x80 | ssrcs.length;
  bye[1] = BYE;
  bye.writeUInt16BE(ssrcs.length, 2);
  for (const [index, ssrc] of ssrcs.entries()) bye.writeUInt32BE(ssrc >>> 0, 4 + index * 4);
  return bye;
};

/** What the receiver wants of a source. */
export type Feedback =
  | { readonly type: 'nack'; readonly ssrc: number; readonly sequences: readonly number[] }
  | { readonly type: 'keyframe'; readonly ssrc: number };

const nackSequences = (message: Buffer): number[] => {
  const sequences: number[] = [];
  for (let at = 12; at + 4 <= message.length; at += 4) {
    const first = message.readUInt16BE(at);
    const mask = message.readUInt16BE(at + 2);
    sequences.push(first);
    for (let bit = 0; bit < 16; bit++) if ((mask >> bit) & 1) sequences.push((first + bit + 1) & 0xffff);
  }
  return sequences;
};

/** Feedback in a compound packet. Truncated or unknown parts are passed over: RTCP is advice. */
export const readFeedback = (packet: Buffer): Feedback[] => {
  const feedback: Feedback[] = [];
  let at = 0;
  while (at + 4 <= packet.length) {
    const end = at + (packet.readUInt16BE(at + 2) + 1) * 4;
    if (end > packet.length) break;
    const message = packet.subarray(at, end);
    const format = (message[0] ?? 0) & 0x1f;
    const type = message[1];
    if (type === TRANSPORT_FEEDBACK && format === GENERIC_NACK && message.length >= 16) {
      feedback.push({ type: 'nack', ssrc: message.readUInt32BE(8), sequences: nackSequences(message) });
    } else if (type === PAYLOAD_FEEDBACK && format === PICTURE_LOSS && message.length >= 12) {
      feedback.push({ type: 'keyframe', ssrc: message.readUInt32BE(8) });
    } else if (type === PAYLOAD_FEEDBACK && format === FULL_INTRA_REQUEST) {
      for (let entry = 12; entry + 8 <= message.length; entry += 8) {
        feedback.push({ type: 'keyframe', ssrc: message.readUInt32BE(entry) });
      }
    }
    at = end;
  }
  return feedback;
};
