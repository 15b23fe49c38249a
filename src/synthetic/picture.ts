/**
 * The moving picture of a synthetic participant, drawn straight into the planes of a yuv420p frame: identity colour, name, running
 * time in digits and as a code of blocks, a ball that moves, a patch that flashes.
 *
 * Letters are drawn once with a canvas and kept as luma stencils: a frame then costs a copy of the background and a few fills,
 * so that encoding, not drawing, bounds how fast test material is made.
 */
import { fileURLToPath } from 'node:url';
import { createCanvas, GlobalFonts } from '@napi-rs/canvas';
import type { Rect, Size } from '../domain/layout.ts';
import { identityYuv, isFlashing, type Turn, type Yuv } from './identity.ts';
import { BALL, BASE, ballX, PICTURE, scaleRect } from './picture-geometry.ts';
import { CODE_COLUMNS, CODE_ROWS, encodeTimecode } from './timecode.ts';

const FONT = 'Synthetic Sans';
const WHITE: Yuv = { y: 235, u: 128, v: 128 };
const BLACK: Yuv = { y: 16, u: 128, v: 128 };

/** Planes of a yuv420p frame with their line sizes in bytes. */
export interface Planes {
  readonly data: readonly Buffer[];
  readonly linesize: readonly number[];
}

export interface PictureOptions {
  readonly size: Size;
  readonly fps: number;
  readonly turn: Turn;
  readonly name: string;
  /**
   * `plain` compresses well. `camera` adds what a camera sees: a shaded, still background under sensor noise. `noisy` adds so much
   * noise that an encoder has to work.
   */
  readonly content: 'plain' | 'camera' | 'noisy';
}

/** Luma coverage of a drawn text, 0–255. */
interface Stencil extends Size {
  readonly coverage: Uint8Array;
}

const registerFont = (): void => {
  if (GlobalFonts.has(FONT)) return;
  const file = fileURLToPath(import.meta.resolve('@fontsource/noto-sans/files/noto-sans-latin-400-normal.woff2'));
  if (!GlobalFonts.registerFromPath(file, FONT)) throw new Error(`The font file "${file}" could not be read.`);
};

const drawText = (text: string, size: Size): Stencil => {
  const canvas = createCanvas(size.width, size.height);
  const context = canvas.getContext('2d');
  context.fillStyle = 'white';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = `${Math.floor(size.height * 0.9)}px "${FONT}"`;
  context.fillText(text, size.width / 2, size.height / 2, size.width);
  const rgba = context.getImageData(0, 0, size.width, size.height).data;
  const coverage = new Uint8Array(size.width * size.height);
  for (let pixel = 0; pixel < coverage.length; pixel++) coverage[pixel] = rgba[pixel * 4 + 3] ?? 0;
  return { ...size, coverage };
};

const DIGITS = '0123456789:.';
/** `mm:ss.mmm` */
const clockText = (mediaMs: number): string => {
  const whole = Math.floor(mediaMs);
  const pad = (value: number, length: number) => String(value).padStart(length, '0');
  return `${pad(Math.floor(whole / 60_000) % 100, 2)}:${pad(Math.floor(whole / 1000) % 60, 2)}.${pad(whole % 1000, 3)}`;
};

/** A small, fast, repeatable generator (mulberry32): noise must be the same in every run, or caches differ. */
const randomBytes = (length: number, seed: number): Int8Array => {
  const bytes = new Int8Array(length);
  let state = seed >>> 0;
  for (let i = 0; i < length; i++) {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    bytes[i] = (mixed ^ (mixed >>> 14)) & 0xff;
  }
  return bytes;
};

/** Right shift of a signed random byte: ±1 for a camera in daylight, ±32 for noise that defeats prediction. */
const NOISE_SHIFT = { plain: 8, camera: 6, noisy: 2 } as const;
const NOISE_BYTES = 1 << 20;

/** Draws any frame of one participant's picture. Stateless between frames but for reused buffers. */
export class Picture {
  readonly #options: PictureOptions;
  readonly #luma: Buffer;
  readonly #digits: Map<string, Stencil>;
  readonly #noise: Int8Array | null;

  constructor(options: PictureOptions) {
    registerFont();
    this.#options = options;
    const { size, turn, content } = options;
    this.#luma = Buffer.alloc(size.width * size.height, identityYuv(turn.index).y);
    if (content !== 'plain') shade(this.#luma, size, scaleRect(PICTURE.identity, size));
    const name = scaleRect(PICTURE.name, size);
    stamp(this.#luma, size.width, drawText(options.name, name), name, WHITE.y);
    const glyph = this.#glyphSize();
    this.#digits = new Map([...DIGITS].map((digit) => [digit, drawText(digit, glyph)]));
    this.#noise = content === 'plain' ? null : randomBytes(NOISE_BYTES, 1 + turn.index);
  }

  #glyphSize(): Size {
    const box = scaleRect(PICTURE.digits, this.#options.size);
    return { width: Math.floor(box.width / clockText(0).length), height: box.height };
  }

  /** Draws frame number `frame` into planes of the picture's size. */
  draw(frame: number, planes: Planes): void {
    const { size, fps, turn } = this.#options;
    const mediaMs = (frame * 1000) / fps;
    this.#background(frame, planes);
    this.#clock(mediaMs, planes);
    this.#code(frame, planes);
    const flash = scaleRect(PICTURE.flash, size);
    fill(planes, flash, isFlashing(turn, mediaMs) ? WHITE : BLACK);
    fill(planes, scaleRect({ x: ballX(mediaMs), y: PICTURE.track.y, width: BALL, height: BALL }, size), WHITE);
  }

  #background(frame: number, { data, linesize }: Planes): void {
    const { size, turn, content } = this.#options;
    const colour = identityYuv(turn.index);
    const [y, u, v] = data;
    const [lumaLine = 0] = linesize;
    if (!y || !u || !v) throw new TypeError('A yuv420p frame has three planes.');
    for (let row = 0; row < size.height; row++) {
      this.#luma.copy(y, row * lumaLine, row * size.width, (row + 1) * size.width);
    }
    u.fill(colour.u);
    v.fill(colour.v);
    if (this.#noise) addNoise(y, lumaLine, size, this.#noise, frame, NOISE_SHIFT[content]);
  }

  #clock(mediaMs: number, { data, linesize }: Planes): void {
    const [y] = data;
    const [line = 0] = linesize;
    const box = scaleRect(PICTURE.digits, this.#options.size);
    let x = box.x;
    for (const digit of clockText(mediaMs)) {
      const stencil = this.#digits.get(digit);
      if (y && stencil) {
        stamp(y, line, stencil, { ...box, x }, WHITE.y);
        x += stencil.width;
      }
    }
  }

  #code(frame: number, planes: Planes): void {
    const bits = encodeTimecode(frame, this.#options.turn.index);
    const width = PICTURE.code.width / CODE_COLUMNS;
    const height = PICTURE.code.height / CODE_ROWS;
    bits.forEach((bit, index) => {
      const x = PICTURE.code.x + (index % CODE_COLUMNS) * width;
      const y = PICTURE.code.y + Math.floor(index / CODE_COLUMNS) * height;
      fill(planes, scaleRect({ x, y, width, height }, this.#options.size), bit ? WHITE : BLACK);
    });
  }
}

/** A still, uneven light over the background, but not over the strip that tells the identity. */
const shade = (luma: Buffer, size: Size, keep: Rect): void => {
  for (let y = 0; y < size.height; y++) {
    if (y >= keep.y - 2 && y < keep.y + keep.height + 2) continue;
    for (let x = 0; x < size.width; x++) {
      const light = 24 * Math.sin((x / size.width) * 9) * Math.cos((y / size.height) * 7);
      const at = y * size.width + x;
      luma[at] = Math.max(24, Math.min(220, (luma[at] ?? 0) + light));
    }
  }
};

const addNoise = (y: Buffer, line: number, size: Size, noise: Int8Array, frame: number, shift: number): void => {
  let at = (frame * 65_537) % NOISE_BYTES;
  for (let row = 0; row < size.height; row++) {
    for (let pixel = row * line; pixel < row * line + size.width; pixel++) {
      const value = (y[pixel] ?? 0) + ((noise[at] ?? 0) >> shift);
      y[pixel] = value < 16 ? 16 : Math.min(value, 235);
      at = (at + 1) % NOISE_BYTES;
    }
  }
};

const fill = ({ data, linesize }: Planes, rect: Rect, colour: Yuv): void => {
  const values = [colour.y, colour.u, colour.v];
  data.forEach((plane, index) => {
    const shift = index === 0 ? 0 : 1;
    const line = linesize[index] ?? 0;
    const from = rect.x >> shift;
    const to = (rect.x + rect.width) >> shift;
    for (let row = rect.y >> shift; row < (rect.y + rect.height) >> shift; row++) {
      plane.fill(values[index] ?? 0, row * line + from, row * line + to);
    }
  });
};

const stamp = (luma: Buffer, line: number, stencil: Stencil, at: { x: number; y: number }, value: number): void => {
  for (let row = 0; row < stencil.height; row++) {
    for (let column = 0; column < stencil.width; column++) {
      const cover = stencil.coverage[row * stencil.width + column] ?? 0;
      if (cover === 0) continue;
      const pixel = (at.y + row) * line + at.x + column;
      const under = luma[pixel] ?? 0;
      luma[pixel] = under + (((value - under) * cover) >> 8);
    }
  }
};

/** Sizes that the picture is made in: whole multiples of half the base, so that blocks fall on even pixels. */
export const isPictureSize = (size: Size): boolean =>
  size.width * BASE.height === size.height * BASE.width && size.width % (BASE.width / 2) === 0;
