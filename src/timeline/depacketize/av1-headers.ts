/**
 * What a room needs of AV1's headers (AV1 bitstream specification §5.5, §5.9): picture size and colours, and whether a frame is a key
 * frame.
 */
import type { Size } from '../../domain/layout.ts';
import { codedColour, matrixOf } from '../colour.ts';
import type { VideoColour } from '../types.ts';
import { BitReader } from './bit-reader.ts';

export interface SequenceHeader {
  readonly size: Size;
  readonly colour: VideoColour | null;
  /** Every frame is then a shown key frame. */
  readonly stillPicture: boolean;
}

/** timing_info and decoder_model_info (§5.5.3, §5.5.4). Returns buffer_delay_length, or 0 without a model. */
const readTiming = (bits: BitReader): number => {
  if (!bits.flag()) return 0;
  bits.skip(64);
  if (bits.flag()) bits.unsignedExpGolomb();
  if (!bits.flag()) return 0;
  const delayLength = bits.bits(5) + 1;
  bits.skip(32 + 5 + 5);
  return delayLength;
};

const skipOperatingPoints = (bits: BitReader, delayLength: number): void => {
  const displayDelays = bits.flag();
  const points = bits.bits(5) + 1;
  for (let i = 0; i < points; i += 1) {
    bits.skip(12);
    if (bits.bits(5) > 7) bits.skip(1);
    if (delayLength > 0 && bits.flag()) bits.skip(2 * delayLength + 1);
    if (displayDelays && bits.flag()) bits.skip(4);
  }
};

/** A choice of two: the flag that it is left to each frame, else its value. */
const skipChoice = (bits: BitReader): boolean => {
  const selectable = bits.flag();
  return selectable || bits.flag();
};

/** What stands between the picture size and the colours of a sequence header (§5.5.1). */
const skipTools = (bits: BitReader, reduced: boolean): void => {
  if (!reduced && bits.flag()) {
    bits.skip(4);
    bits.skip(3);
  }
  bits.skip(3);
  if (!reduced) {
    bits.skip(4);
    const orderHint = bits.flag();
    if (orderHint) bits.skip(2);
    const screenContent = skipChoice(bits);
    if (screenContent) skipChoice(bits);
    if (orderHint) bits.skip(3);
  }
  bits.skip(3);
};

/** color_config (§5.5.2), as far as the range. */
const readColour = (bits: BitReader, profile: number): VideoColour | null => {
  const highDepth = bits.flag();
  if (profile === 2 && highDepth) bits.skip(1);
  const monochrome = profile !== 1 && bits.flag();
  if (!bits.flag()) return codedColour(null, bits.flag());
  const primaries = bits.bits(8);
  const transfer = bits.bits(8);
  const matrix = bits.bits(8);
  const sRgb = !monochrome && primaries === 1 && transfer === 13 && matrix === 0;
  return sRgb ? null : codedColour(matrixOf(matrix), bits.flag());
};

/** Reads the payload of a sequence header OBU; null where it is cut short. */
export const readSequenceHeader = (payload: Buffer): SequenceHeader | null => {
  const bits = new BitReader(payload);
  const profile = bits.bits(3);
  bits.skip(1);
  const reduced = bits.flag();
  if (reduced) bits.skip(5);
  else skipOperatingPoints(bits, readTiming(bits));
  const widthBits = bits.bits(4) + 1;
  const heightBits = bits.bits(4) + 1;
  const size = { width: bits.bits(widthBits) + 1, height: bits.bits(heightBits) + 1 };
  skipTools(bits, reduced);
  const colour = readColour(bits, profile);
  return bits.exhausted ? null : { size, colour, stillPicture: reduced };
};

/** True if a frame (header) OBU's payload opens a key frame. */
export const opensKeyframe = (payload: Buffer, sequence: SequenceHeader): boolean => {
  if (sequence.stillPicture) return true;
  const bits = new BitReader(payload);
  const showsExisting = bits.flag();
  return !showsExisting && bits.bits(2) === 0 && !bits.exhausted;
};
