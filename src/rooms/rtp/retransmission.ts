/** RTX (RFC 4588 §4) done and undone. */
import type { RtpView } from './rtp-packet.ts';

/** A retransmission's payload opens with the sequence number of the original. */
export const ORIGINAL_SEQUENCE_BYTES = 2;

/**
 * The original packet out of a retransmission, made in the same memory: the header moves two bytes up over the original sequence
 * number. Header extensions stay as the retransmission carried them. The view must be parsed again. Null: nothing is in it, it only
 * probes for bandwidth.
 */
export const undoRetransmission = (
  packet: Buffer,
  view: RtpView,
  original: { readonly ssrc: number; readonly payloadType: number },
): Buffer | null => {
  if (view.payloadLength < ORIGINAL_SEQUENCE_BYTES) return null;
  const sequence = packet.readUInt16BE(view.payloadOffset);
  packet.copyWithin(ORIGINAL_SEQUENCE_BYTES, 0, view.payloadOffset);
  const whole = packet.subarray(ORIGINAL_SEQUENCE_BYTES);
  whole.writeUInt8((view.marker ? 0x80 : 0) | original.payloadType, 1);
  whole.writeUInt16BE(sequence, 2);
  whole.writeUInt32BE(original.ssrc, 8);
  return whole;
};
