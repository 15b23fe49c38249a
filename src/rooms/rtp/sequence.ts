/** Arithmetic of 16-bit sequence numbers and 32-bit timestamps (RFC 3550 §A.1, RFC 1982). */

/** The value nearest to `reference` that is `sequence` in its low 16 bits. May be below zero early in a stream. */
export const extendSequence = (reference: number, sequence: number): number => {
  const delta = (sequence - reference) & 0xffff;
  return reference + (delta >= 0x8000 ? delta - 0x1_0000 : delta);
};

/** True if a sequence number lies behind a reference, extended or not, in sending order. */
export const isNewer = (sequence: number, reference: number): boolean => {
  const delta = (sequence - reference) & 0xffff;
  return delta > 0 && delta < 0x8000;
};
