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
 * BT.601 → BT.709, both limited range, as what is added to each of the three: tables by chroma value, in 1/256. The matrix is
 * M709 · M601⁻¹; luma gets a share of chroma, chroma is turned a little, grey stays grey.
 */
const table = (factor: number): Int32Array =>
  Int32Array.from({ length: 256 }, (_, c) => Math.round(factor * (c - 128) * 256));
const LUMA_BY_CB = table(-0.11555);
const LUMA_BY_CR = table(-0.207938);
const CB_BY_CB = table(0.01864);
const CB_BY_CR = table(0.114618);
const CR_BY_CB = table(0.075049);
const CR_BY_CR = table(0.025327);

const clamp = (value: number): number => Math.min(255, Math.max(0, value));

/** Converts a rectangle (even on every side) of a BT.601 picture to BT.709 where it lies. Hot: allocates nothing. */
export const convert601To709 = (planes: Planes, rect: Rect): void => {
  const [Y, U, V] = planes.data;
  const [strideY, strideU, strideV] = planes.strides;
  for (let row = 0; row < rect.height; row += 2) {
    let at = (rect.y + row) * strideY + rect.x;
    let atU = ((rect.y + row) >> 1) * strideU + (rect.x >> 1);
    let atV = ((rect.y + row) >> 1) * strideV + (rect.x >> 1);
    for (const end = at + rect.width; at < end; at += 2, atU++, atV++) {
      const u = U[atU] as number;
      const v = V[atV] as number;
      if (u === 128 && v === 128) continue;
      const luma = ((LUMA_BY_CB[u] as number) + (LUMA_BY_CR[v] as number) + 128) >> 8;
      U[atU] = clamp(u + (((CB_BY_CB[u] as number) + (CB_BY_CR[v] as number) + 128) >> 8));
      V[atV] = clamp(v + (((CR_BY_CB[u] as number) + (CR_BY_CR[v] as number) + 128) >> 8));
      if (luma === 0) continue;
      Y[at] = clamp((Y[at] as number) + luma);
      Y[at + 1] = clamp((Y[at + 1] as number) + luma);
      Y[at + strideY] = clamp((Y[at + strideY] as number) + luma);
      Y[at + strideY + 1] = clamp((Y[at + strideY + 1] as number) + luma);
    }
  }
};
