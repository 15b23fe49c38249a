/**
 * Colours as people see them: what a decoded picture's numbers mean, as red, green and blue. The formulas of the recommendations, and
 * nothing of the product's: the judge must not share its mistakes.
 */
import {
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_BT470BG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_BT2020_NCL,
  AVCOL_SPC_SMPTE170M,
  AVCOL_SPC_UNSPECIFIED,
} from 'node-av/constants';
import type { Frame } from 'node-av/lib';
import type { Rgb, Yuv } from '../../../src/synthetic/identity.ts';
import type { VideoColour } from '../../../src/timeline/types.ts';

export interface PictureColour {
  readonly matrix: 'bt601' | 'bt709' | 'bt2020';
  readonly range: 'limited' | 'full';
}

const MATRICES: ReadonlyMap<number, PictureColour['matrix']> = new Map([
  [AVCOL_SPC_BT709, 'bt709'],
  [AVCOL_SPC_BT470BG, 'bt601'],
  [AVCOL_SPC_SMPTE170M, 'bt601'],
  [AVCOL_SPC_BT2020_NCL, 'bt2020'],
  // What players take small untagged pictures for.
  [AVCOL_SPC_UNSPECIFIED, 'bt601'],
]);

/** @param told by the sender, beside the bitstream. */
export const colourOfFrame = (frame: Frame, told: VideoColour | null = null): PictureColour => {
  const matrix = told?.matrix ?? MATRICES.get(frame.colorSpace);
  if (!matrix) throw new Error(`A picture has matrix coefficients ${frame.colorSpace}, which nobody here should send.`);
  return { matrix, range: told?.range ?? (frame.colorRange === AVCOL_RANGE_JPEG ? 'full' : 'limited') };
};

/** Shares of red and blue in luma. */
const LUMA_SHARES = { bt601: [0.299, 0.114], bt709: [0.2126, 0.0722], bt2020: [0.2627, 0.0593] } as const;

/** Red, green and blue of 0…255, beyond it for numbers that stand for no colour. */
export const toRgb = ({ y, u, v }: Yuv, { matrix, range }: PictureColour): Rgb => {
  const [kr, kb] = LUMA_SHARES[matrix];
  const luma = range === 'full' ? y : ((y - 16) * 255) / 219;
  const chroma = range === 'full' ? 1 : 255 / 224;
  const red = luma + 2 * (1 - kr) * chroma * (v - 128);
  const blue = luma + 2 * (1 - kb) * chroma * (u - 128);
  return [red, (luma - kr * red - kb * blue) / (1 - kr - kb), blue];
};

/** The largest difference of one of the three, in steps of 255. */
export const farthest = (a: Rgb, b: Rgb): number => Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? 0))));
