/**
 * What streams say of their colours, brought to one form. Matrices are numbered as in ITU-T H.273 §8.3, which H.264, AV1 and the header
 * extension share. The form is interned: reading it allocates nothing, and equal colours are the same object.
 */
import type { ColourMatrix, ColourRange, VideoColour } from './types.ts';

/** URI of the header extension (webrtc.org/experiments/rtp-hdrext/color-space). */
export const COLOUR_EXTENSION = 'http://www.webrtc.org/experiments/rtp-hdrext/color-space';

/** Primaries, transfer, matrix, then range and chroma siting in one byte. */
const SHORT_FORM_BYTES = 4;
/** The same and HDR metadata, which we have no use for. */
const LONG_FORM_BYTES = 28;

/** 5 and 6 are BT.601 in its 625- and 525-line editions. Others do not occur in rooms, or not in 4:2:0. */
const MATRICES: Readonly<Record<number, ColourMatrix>> = { 1: 'bt709', 5: 'bt601', 6: 'bt601', 9: 'bt2020' };

const INTERNED: ReadonlyMap<string, VideoColour> = new Map(
  ([null, 'bt601', 'bt709', 'bt2020'] as const).flatMap((matrix) =>
    ([null, 'limited', 'full'] as const).map((range) => [`${matrix} ${range}`, { matrix, range }] as const),
  ),
);

/** Null where neither is known. */
export const colourOf = (matrix: ColourMatrix | null, range: ColourRange | null): VideoColour | null =>
  matrix === null && range === null ? null : (INTERNED.get(`${matrix} ${range}`) ?? null);

/** A matrix by its number in H.273; null for unspecified ones and those we cannot use. */
export const matrixOf = (coefficients: number): ColourMatrix | null => MATRICES[coefficients] ?? null;

/** What `first` says, and of the rest what `second` says. */
export const preferred = (first: VideoColour | null, second: VideoColour | null): VideoColour | null =>
  first === null || second === null
    ? (first ?? second)
    : colourOf(first.matrix ?? second.matrix, first.range ?? second.range);

/**
 * The value of the header extension: range is bits 4–5 of the last byte, 1 limited, 2 full; 0 is none and 3 is derived from what else
 * is said. Null where it says nothing or is none.
 */
export const readColourExtension = (value: Uint8Array): VideoColour | null => {
  if (value.length !== SHORT_FORM_BYTES && value.length !== LONG_FORM_BYTES) return null;
  const range = ((value[3] ?? 0) >> 4) & 3;
  return colourOf(matrixOf(value[2] ?? 0), range === 1 ? 'limited' : range === 2 ? 'full' : null);
};

/**
 * A bitstream's matrix and its one bit for the range. Encoders that know of no colours leave both as they are: beside an unspecified
 * matrix only the bit that is set says something.
 */
export const codedColour = (matrix: ColourMatrix | null, full: boolean): VideoColour | null =>
  colourOf(matrix, full ? 'full' : matrix === null ? null : 'limited');
