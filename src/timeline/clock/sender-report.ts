/** The sender information of an RTCP sender report (RFC 3550 §6.4.1). */

export interface SenderReport {
  /** Sender's clock, ns since 1900. A double at this size steps by 512 ns, far below what is judged. */
  readonly ntpNs: number;
  /** The same instant on the stream's RTP clock, 32 bits. */
  readonly rtpTimestamp: number;
}

const SENDER_REPORT = 200;
const LENGTH = 28;

/** The report, or null where it is none or gives no time (NTP zero: the sender has no clock, RFC 3550 §6.4.1). */
export const parseSenderReport = (bytes: Buffer): SenderReport | null => {
  if (bytes.length < LENGTH || (bytes[0] ?? 0) >> 6 !== 2 || bytes[1] !== SENDER_REPORT) return null;
  const seconds = bytes.readUInt32BE(8);
  const fraction = bytes.readUInt32BE(12);
  if (seconds === 0 && fraction === 0) return null;
  return { ntpNs: seconds * 1e9 + (fraction / 2 ** 32) * 1e9, rtpTimestamp: bytes.readUInt32BE(16) };
};
