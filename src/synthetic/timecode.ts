/**
 * The machine-readable frame number of a synthetic picture: 24 black and white blocks, three rows of eight. Sixteen bits are the
 * frame's number, eight a check sum salted with the participant, so that a code read from the wrong tile is refused. Pure.
 */

export const CODE_COLUMNS = 8;
export const CODE_ROWS = 3;
export const CODE_BITS = CODE_COLUMNS * CODE_ROWS;
/** Frame numbers wrap here: 36 minutes at 30 fps. */
export const CODE_FRAMES = 1 << 16;

/** CRC-8 with polynomial 0x07, begun at a value that makes an all-black picture invalid. */
const crc8 = (bytes: readonly number[]): number => {
  let crc = 0xa5;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1;
  }
  return crc;
};

const check = (frame: number, participant: number): number => crc8([participant + 1, frame >> 8, frame & 0xff]);

/** Bits from top left to bottom right, true is white. */
export const encodeTimecode = (frame: number, participant: number): boolean[] => {
  const number = frame % CODE_FRAMES;
  const word = number * 256 + check(number, participant);
  return Array.from({ length: CODE_BITS }, (_, bit) => ((word >> (CODE_BITS - 1 - bit)) & 1) === 1);
};

/** The frame number, or null when the check sum is not this participant's. Throws unless there are 24 bits. */
export const decodeTimecode = (bits: readonly boolean[], participant: number): number | null => {
  if (bits.length !== CODE_BITS) throw new RangeError(`A timecode has ${CODE_BITS} bits; ${bits.length} were given.`);
  const word = bits.reduce((sum, bit) => sum * 2 + (bit ? 1 : 0), 0);
  const frame = Math.floor(word / 256);
  return check(frame, participant) === word % 256 ? frame : null;
};
