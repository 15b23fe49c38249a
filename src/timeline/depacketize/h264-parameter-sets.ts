/** H.264 parameter sets: their ids, and the picture size and colours that a sequence parameter set gives (ITU-T H.264 §7.3.2.1.1). */
import type { Size } from '../../domain/layout.ts';
import { colourOf, matrixOf } from '../colour.ts';
import type { VideoColour } from '../types.ts';
import { BitReader } from './bit-reader.ts';

/** Takes the emulation prevention bytes out (§7.4.1): 00 00 03 stands for 00 00. */
const withoutEmulation = (nal: Buffer): Buffer => {
  const out = Buffer.allocUnsafe(nal.length);
  let length = 0;
  let zeros = 0;
  for (const byte of nal) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    out[length] = byte;
    length += 1;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return out.subarray(0, length);
};

/** Profiles whose parameter sets tell of chroma and scaling (§7.3.2.1.1). */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

const skipScalingList = (bits: BitReader, size: number): void => {
  let last = 8;
  let next = 8;
  for (let i = 0; i < size; i += 1) {
    if (next !== 0) next = (last + bits.signedExpGolomb() + 256) % 256;
    if (next !== 0) last = next;
  }
};

/** Reads past the fields of high profiles; returns chroma_format_idc. */
const readChroma = (bits: BitReader): number => {
  const chroma = bits.unsignedExpGolomb();
  if (chroma === 3) bits.skip(1);
  bits.unsignedExpGolomb();
  bits.unsignedExpGolomb();
  bits.skip(1);
  if (bits.flag()) {
    for (let list = 0; list < (chroma === 3 ? 12 : 8); list += 1) {
      if (bits.flag()) skipScalingList(bits, list < 6 ? 16 : 64);
    }
  }
  return chroma;
};

const skipPictureOrder = (bits: BitReader): void => {
  const type = bits.unsignedExpGolomb();
  if (type === 0) {
    bits.unsignedExpGolomb();
  } else if (type === 1) {
    bits.skip(1);
    bits.signedExpGolomb();
    bits.signedExpGolomb();
    const cycle = Math.min(255, bits.unsignedExpGolomb());
    for (let i = 0; i < cycle; i += 1) bits.signedExpGolomb();
  }
};

/** aspect_ratio_idc with a ratio of its own (table E-1). */
const EXTENDED_SAR = 255;

/** The VUI as far as its colours (§E.1.1). Null where it does not tell them, or is cut short. */
const readColour = (bits: BitReader): VideoColour | null => {
  if (bits.flag() && bits.bits(8) === EXTENDED_SAR) bits.skip(32);
  if (bits.flag()) bits.skip(1);
  if (!bits.flag()) return null;
  bits.skip(3);
  const full = bits.flag();
  let matrix = null;
  if (bits.flag()) {
    bits.skip(16);
    matrix = matrixOf(bits.bits(8));
  }
  return bits.exhausted ? null : colourOf(matrix, full ? 'full' : 'limited');
};

/** What a sequence parameter set tells. */
export interface Sps {
  readonly id: number;
  /** Cropped. */
  readonly size: Size;
  readonly colour: VideoColour | null;
}

/** Reads a sequence parameter set (NAL header included); null where it makes no sense. */
export const readSps = (nal: Buffer): Sps | null => {
  const bits = new BitReader(withoutEmulation(nal.subarray(1)));
  const profile = bits.bits(8);
  bits.skip(16);
  const id = bits.unsignedExpGolomb();
  const chroma = HIGH_PROFILES.has(profile) ? readChroma(bits) : 1;
  bits.unsignedExpGolomb();
  skipPictureOrder(bits);
  bits.unsignedExpGolomb();
  bits.skip(1);
  const columns = bits.unsignedExpGolomb() + 1;
  const mapUnits = bits.unsignedExpGolomb() + 1;
  const framesOnly = bits.flag();
  if (!framesOnly) bits.skip(1);
  bits.skip(1);
  const crop = bits.flag() ? [0, 0, 0, 0].map(() => bits.unsignedExpGolomb()) : [0, 0, 0, 0];
  const [left = 0, right = 0, top = 0, bottom = 0] = crop;
  const cropX = chroma === 1 || chroma === 2 ? 2 : 1;
  const cropY = (chroma === 1 ? 2 : 1) * (framesOnly ? 1 : 2);
  const width = columns * 16 - cropX * (left + right);
  const height = mapUnits * 16 * (framesOnly ? 1 : 2) - cropY * (top + bottom);
  const sound = !bits.exhausted && id < 32 && width > 0 && height > 0 && width <= 16384 && height <= 16384;
  if (!sound) return null;
  return { id, size: { width, height }, colour: bits.flag() ? readColour(bits) : null };
};

/** Id of a picture parameter set and of the sequence parameter set it refers to, or null where it makes no sense. */
export const readPps = (nal: Buffer): { readonly id: number; readonly spsId: number } | null => {
  const bits = new BitReader(withoutEmulation(nal.subarray(1, 16)));
  const id = bits.unsignedExpGolomb();
  const spsId = bits.unsignedExpGolomb();
  return bits.exhausted || id > 255 || spsId > 31 ? null : { id, spsId };
};
