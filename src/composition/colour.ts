/**
 * Colour as the file carries it: BT.709, limited range (ITU-R BT.709-6 §3). Patches are drawn in sRGB and converted here; pictures
 * whose sender used another matrix, BT.601 as most cameras in WebRTC, are converted in place once they are scaled.
 */

import type { Rect } from '../domain/layout.ts';
import type { ColourMatrix } from '../timeline/types.ts';
import type { Planes } from './av.ts';

export interface Yuv {
  readonly y: number;
  readonly u: number;
  readonly v: number;
}

/** `#rrggbb` as three numbers of 0…255. */
export const parseHex = (hex: string): readonly [number, number, number] => {
  const value = Number.parseInt(hex.slice(1), 16);
  if (!/^#[0-9a-fA-F]{6}$/.test(hex)) throw new Error(`"${hex}" is not a colour of the form #rrggbb.`);
  return [value >> 16, (value >> 8) & 255, value & 255];
};

/** Luma of 0…255 RGB, unrounded, 16…235. */
export const lumaOf = (r: number, g: number, b: number): number =>
  16 + (219 / 255) * (0.2126 * r + 0.7152 * g + 0.0722 * b);
/** Blue and red difference of 0…255 RGB, unrounded, 16…240. */
export const cbOf = (r: number, g: number, b: number): number =>
  128 + (224 / 255) * ((b - (0.2126 * r + 0.7152 * g + 0.0722 * b)) / 1.8556);
export const crOf = (r: number, g: number, b: number): number =>
  128 + (224 / 255) * ((r - (0.2126 * r + 0.7152 * g + 0.0722 * b)) / 1.5748);

export const yuvOf = (hex: string): Yuv => {
  const [r, g, b] = parseHex(hex);
  return { y: Math.round(lumaOf(r, g, b)), u: Math.round(cbOf(r, g, b)), v: Math.round(crOf(r, g, b)) };
};

/** Relative luminance of WCAG 2.2, 0…1. */
const luminance = (hex: string): number => {
  const [r, g, b] = parseHex(hex).map((value) => {
    const c = value / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

/** Contrast ratio of two colours (WCAG 2.2 §1.4.3), 1…21. */
export const contrast = (a: string, b: string): number => {
  const [light, dark] = [luminance(a), luminance(b)].sort((p, q) => q - p) as [number, number];
  return (light + 0.05) / (dark + 0.05);
};

/** `over` at opacity `alpha` (0…1) on top of `under`. */
export const mix = (over: string, under: string, alpha: number): string => {
  const bottom = parseHex(under);
  const parts = parseHex(over).map((value, i) => Math.round(value * alpha + (bottom[i] ?? 0) * (1 - alpha)));
  return `#${parts.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
};

/** Shares of red and blue in luma (ITU-R BT.601-7 §2.5.1, BT.709-6 §3.2, BT.2020-2 table 4). */
const LUMA_SHARES: Readonly<Record<ColourMatrix, { readonly red: number; readonly blue: number }>> = {
  bt601: { red: 0.299, blue: 0.114 },
  bt709: { red: 0.2126, blue: 0.0722 },
  bt2020: { red: 0.2627, blue: 0.0593 },
};
/** Luma steps to one chroma step of limited range: 219 of 0…1 against 224 of −½…½. */
const LUMA_PER_CHROMA = 219 / 224;

/**
 * From one matrix to BT.709, both limited range. Grey stays grey, luma gets a share of chroma, chroma is turned a little. All three
 * depend on the chroma pair alone, so they are tables of 65536 by `cb << 8 | cr`: a quarter of the time of computing them.
 */
interface Turn {
  readonly lumaShift: Int8Array;
  readonly cb: Uint8ClampedArray;
  readonly cr: Uint8ClampedArray;
}

const turnFrom = (matrix: ColourMatrix): Turn => {
  const turn = { lumaShift: new Int8Array(65536), cb: new Uint8ClampedArray(65536), cr: new Uint8ClampedArray(65536) };
  const from = LUMA_SHARES[matrix];
  const to = LUMA_SHARES.bt709;
  for (let pair = 0; pair < 65536; pair++) {
    // Of a picture whose luma is 0: how far red, green and blue are from it.
    const blue = 2 * (1 - from.blue) * ((pair >> 8) - 128);
    const red = 2 * (1 - from.red) * ((pair & 255) - 128);
    const green = -(from.red * red + from.blue * blue) / (1 - from.red - from.blue);
    const luma = to.red * red + (1 - to.red - to.blue) * green + to.blue * blue;
    turn.lumaShift[pair] = Math.round(LUMA_PER_CHROMA * luma);
    turn.cb[pair] = 128 + (blue - luma) / (2 * (1 - to.blue));
    turn.cr[pair] = 128 + (red - luma) / (2 * (1 - to.red));
  }
  return turn;
};

const FROM_601 = turnFrom('bt601');
/** Rare: made when the first such picture comes. */
let from2020: Turn | null = null;

const turnOf = (matrix: 'bt601' | 'bt2020'): Turn => {
  if (matrix === 'bt601') return FROM_601;
  from2020 ??= turnFrom('bt2020');
  return from2020;
};

/** Converts a rectangle (even on every side) of a limited-range picture to BT.709 where it lies. Hot: allocates nothing. */
export const convertTo709 = ({ data, luma, strides }: Planes, rect: Rect, matrix: ColourMatrix): void => {
  if (matrix === 'bt709') return;
  const { lumaShift, cb, cr } = turnOf(matrix);
  const [, U, V] = data;
  const [strideY, strideU, strideV] = strides;
  for (let row = rect.y; row < rect.y + rect.height; row += 2) {
    let upper = row * strideY + rect.x;
    let lower = upper + strideY;
    let atU = (row >> 1) * strideU + (rect.x >> 1);
    let atV = (row >> 1) * strideV + (rect.x >> 1);
    for (const end = upper + rect.width; upper < end; upper += 2, lower += 2, atU++, atV++) {
      const pair = ((U[atU] as number) << 8) | (V[atV] as number);
      U[atU] = cb[pair] as number;
      V[atV] = cr[pair] as number;
      const shift = lumaShift[pair] as number;
      luma[upper] = (luma[upper] as number) + shift;
      luma[upper + 1] = (luma[upper + 1] as number) + shift;
      luma[lower] = (luma[lower] as number) + shift;
      luma[lower + 1] = (luma[lower + 1] as number) + shift;
    }
  }
};
