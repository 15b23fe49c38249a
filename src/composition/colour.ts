/**
 * Colour as the file carries it: BT.709, limited range (ITU-R BT.709-6 §3). Patches are drawn in sRGB and converted here; pictures
 * whose sender used BT.601, as cameras in WebRTC do, are converted in place once they are scaled.
 */

import type { Rect } from '../domain/layout.ts';
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

/**
 * BT.601 → BT.709, both limited range: M709 · M601⁻¹. Grey stays grey, luma gets a share of chroma, chroma is turned a little. All
 * three depend on the chroma pair alone, so they are tables of 65536 by `cb << 8 | cr`: a quarter of the time of computing them.
 */
const LUMA_SHIFT = new Int8Array(65536);
const TURNED_CB = new Uint8ClampedArray(65536);
const TURNED_CR = new Uint8ClampedArray(65536);
for (let pair = 0; pair < 65536; pair++) {
  const cb = (pair >> 8) - 128;
  const cr = (pair & 255) - 128;
  LUMA_SHIFT[pair] = Math.round(-0.11555 * cb - 0.207938 * cr);
  TURNED_CB[pair] = 128 + 1.01864 * cb + 0.114618 * cr;
  TURNED_CR[pair] = 128 + 0.075049 * cb + 1.025327 * cr;
}

/** Converts a rectangle (even on every side) of a BT.601 picture to BT.709 where it lies. Hot: allocates nothing. */
export const convert601To709 = ({ data, luma, strides }: Planes, rect: Rect): void => {
  const [, U, V] = data;
  const [strideY, strideU, strideV] = strides;
  for (let row = rect.y; row < rect.y + rect.height; row += 2) {
    let upper = row * strideY + rect.x;
    let lower = upper + strideY;
    let atU = (row >> 1) * strideU + (rect.x >> 1);
    let atV = (row >> 1) * strideV + (rect.x >> 1);
    for (const end = upper + rect.width; upper < end; upper += 2, lower += 2, atU++, atV++) {
      const pair = ((U[atU] as number) << 8) | (V[atV] as number);
      U[atU] = TURNED_CB[pair] as number;
      V[atV] = TURNED_CR[pair] as number;
      const shift = LUMA_SHIFT[pair] as number;
      luma[upper] = (luma[upper] as number) + shift;
      luma[upper + 1] = (luma[upper + 1] as number) + shift;
      luma[lower] = (luma[lower] as number) + shift;
      luma[lower + 1] = (luma[lower + 1] as number) + shift;
    }
  }
};
