/** What a payload format makes of one coded frame: the payloads of its RTP packets, in order; the last one carries the marker bit. */

/** Leaves room for RTP, extensions, SRTP, UDP and IP within 1280 bytes, the least that every path takes (RFC 8200 §5). */
export const MAX_PAYLOAD = 1120;

/** Cuts one coded frame into payloads. Keeps what its format counts (picture ids) from frame to frame. */
export type Packetize = (frame: Buffer, keyframe: boolean) => Buffer[];

/** Cuts bytes into equal parts of at most `most`: equal parts pace better than one short tail. */
export const cut = (bytes: Buffer, most: number): Buffer[] => {
  const count = Math.max(1, Math.ceil(bytes.length / most));
  const size = Math.ceil(bytes.length / count);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
};
