/**
 * A page of text, as somebody shares it: lines of small print, dark on white with coloured words, which scrolls now and then. Drawn once;
 * a frame of it is a copy of rows. For what has to be read in a recording.
 */
import { fileURLToPath } from 'node:url';
import { createCanvas, GlobalFonts } from '@napi-rs/canvas';
import type { Size } from '../domain/layout.ts';
import type { Planes } from './picture.ts';

const FONT = 'Synthetic Page Sans';
const INKS = ['#1b1b1b', '#1b1b1b', '#1b1b1b', '#0b57d0', '#8a1c1c', '#5f6368'];
const WORDS =
  'the recording of a room is written down first and rendered behind so that nothing is lost when a process dies 0123456789 {value} = [i + 1]; //'.split(
    ' ',
  );
/** The page is this many times as high as what is seen of it. */
const SCREENS = 2;
const MARGIN = 24;
const COLUMN_GAP = 32;
const COLUMNS = 3;

export interface TextPageOptions {
  readonly size: Size;
  /** Height of the letters' em, in pixels. */
  readonly fontPixels: number;
}

const registerFont = (): void => {
  if (GlobalFonts.has(FONT)) return;
  const file = fileURLToPath(import.meta.resolve('@fontsource/noto-sans/files/noto-sans-latin-400-normal.woff2'));
  if (!GlobalFonts.registerFromPath(file, FONT)) throw new Error(`The font file "${file}" could not be read.`);
};

/** RGBA of the whole page. */
const drawPage = ({ size, fontPixels }: TextPageOptions): Uint8ClampedArray => {
  registerFont();
  const height = size.height * SCREENS;
  const canvas = createCanvas(size.width, height);
  const context = canvas.getContext('2d');
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, size.width, height);
  context.font = `${fontPixels}px "${FONT}"`;
  context.textBaseline = 'top';
  const columnWidth = (size.width - 2 * MARGIN - (COLUMNS - 1) * COLUMN_GAP) / COLUMNS;
  const lineHeight = Math.round(fontPixels * 1.5);
  let word = 0;
  for (let column = 0; column < COLUMNS; column++) {
    const left = MARGIN + column * (columnWidth + COLUMN_GAP);
    for (let y = MARGIN; y + lineHeight < height; y += lineHeight) {
      for (let x = left; ; word++) {
        const text = `${WORDS[word % WORDS.length]} `;
        const { width } = context.measureText(text);
        if (x + width > left + columnWidth) break;
        context.fillStyle = INKS[(word * 7) % INKS.length] ?? '#000000';
        context.fillText(text, x, y);
        x += width;
      }
    }
  }
  return context.getImageData(0, 0, size.width, height).data;
};

const clamped = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));

/** Limited-range BT.601 planes of RGBA: what libwebrtc makes of a screen. */
const toPlanes = (rgba: Uint8ClampedArray, width: number): readonly [Buffer, Buffer, Buffer] => {
  const height = rgba.length / 4 / width;
  const [y, u, v] = [
    Buffer.alloc(width * height),
    Buffer.alloc((width * height) / 4),
    Buffer.alloc((width * height) / 4),
  ];
  for (let row = 0; row < height; row++) {
    for (let x = 0; x < width; x++) {
      const at = 4 * (row * width + x);
      const [r, g, b] = [rgba[at] ?? 0, rgba[at + 1] ?? 0, rgba[at + 2] ?? 0];
      y[row * width + x] = clamped(16 + 0.2568 * r + 0.5041 * g + 0.0979 * b);
    }
  }
  for (let row = 0; row < height; row += 2) {
    for (let x = 0; x < width; x += 2) {
      let [r, g, b] = [0, 0, 0];
      for (const pixel of [row * width + x, row * width + x + 1, (row + 1) * width + x, (row + 1) * width + x + 1]) {
        r += (rgba[4 * pixel] ?? 0) / 4;
        g += (rgba[4 * pixel + 1] ?? 0) / 4;
        b += (rgba[4 * pixel + 2] ?? 0) / 4;
      }
      const at = (row / 2) * (width / 2) + x / 2;
      u[at] = clamped(128 - 0.1482 * r - 0.291 * g + 0.4392 * b);
      v[at] = clamped(128 + 0.4392 * r - 0.3678 * g - 0.0714 * b);
    }
  }
  return [y, u, v];
};

export class TextPage {
  readonly #size: Size;
  readonly #planes: readonly [Buffer, Buffer, Buffer];

  /** Sides must be even. */
  constructor(options: TextPageOptions) {
    this.#size = options.size;
    this.#planes = toPlanes(drawPage(options), options.size.width);
  }

  /** Draws the page as it is seen when scrolled down by `scroll` pixels: even, 0 to the height of the picture. */
  draw(scroll: number, { data, linesize }: Planes): void {
    for (const [plane, source] of this.#planes.entries()) {
      const shift = plane === 0 ? 0 : 1;
      const [target, stride = 0] = [data[plane], linesize[plane]];
      if (!target) throw new TypeError('A yuv420p frame has three planes.');
      const width = this.#size.width >> shift;
      for (let row = 0; row < this.#size.height >> shift; row++) {
        const from = (row + (scroll >> shift)) * width;
        source.copy(target, row * stride, from, from + width);
      }
    }
  }
}
