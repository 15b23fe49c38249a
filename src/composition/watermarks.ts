/**
 * What is drawn over the finished picture: an image, a line of text (or what was said last on a topic), date and time of a place. A watermark lies on the picture while it
 * is encoded and is lifted off again, so that the canvas below goes on drawing no more than what changed.
 */
import { readFile } from 'node:fs/promises';
import { type Canvas, createCanvas, type Image, loadImage } from '@napi-rs/canvas';
import type { Rect, Size } from '../domain/layout.ts';
import { FRAME_RATE } from '../domain/media-time.ts';
import type { Planes } from './av.ts';
import { lineOf, reachOf, setFonts } from './fonts.ts';
import { cleanName, ellipsize } from './label-text.ts';
import { blend, type Patch, patchOf } from './patch.ts';
import type { WatermarkConfig } from './task.ts';

/** In parts of the canvas's shorter side. */
const MARGIN = 0.03;
const IMAGE_HEIGHT = 0.12;
const FONT = 0.032;
/** Of the canvas's width: an image or a line is never wider. */
const WIDEST = 0.4;

const even = (value: number): number => 2 * Math.ceil(value / 2);

/** Null where the bytes are no image that can be drawn: its text is drawn all the same, no recording is lost over it. */
const imageOf = async (path: string | null): Promise<Image | null> => {
  if (path === null) return null;
  const bytes = await readFile(path);
  return loadImage(bytes).catch(() => null);
};

/** `2026-11-22 17:46:03`, the same in every locale. */
const clockOf = (timezone: string, wallMs: number): string => {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'medium' });
  return format.format(new Date(wallMs));
};

/** A line as it is drawn: cut to the width it may take, and how far its ink reaches above its baseline and below. */
const fitted = (text: string, pixels: number, widest: number) => {
  const g = createCanvas(2, 2).getContext('2d');
  const line = lineOf(text);
  setFonts(g, line, pixels);
  const widthOf = (part: string): number => g.measureText(part).width;
  const shown = ellipsize(line.text, widest, widthOf);
  return { line, shown, width: widthOf(shown), reach: reachOf(line, shown, pixels) };
};

/** Image above, lines below, each as wide as it is; drawn to read on any picture. */
const draw = (image: Image | null, texts: readonly string[], canvas: Size): Canvas => {
  const side = Math.min(canvas.width, canvas.height);
  const font = Math.max(12, Math.round(side * FONT));
  const widest = Math.floor(canvas.width * WIDEST);
  const lines = texts.map((text) => fitted(text, font, widest - font));
  const scale = image ? Math.min((side * IMAGE_HEIGHT) / image.height, widest / image.width) : 0;
  const picture = { width: (image?.width ?? 0) * scale, height: (image?.height ?? 0) * scale };
  const lineHeight = Math.round(font * 1.6);
  const width = even(Math.max(2, picture.width, ...lines.map((line) => line.width + font)));
  const height = even(Math.max(2, picture.height + lines.length * lineHeight));
  const art = createCanvas(width, height);
  const g = art.getContext('2d');
  if (image) g.drawImage(image, (width - picture.width) / 2, 0, picture.width, picture.height);
  g.textBaseline = 'alphabetic';
  g.textAlign = 'left';
  for (const [i, { line, shown, width: textWidth, reach }] of lines.entries()) {
    const y = picture.height + i * lineHeight;
    const plate = textWidth + font;
    g.fillStyle = 'rgba(0, 0, 0, 0.45)';
    g.fillRect((width - plate) / 2, y, plate, lineHeight);
    setFonts(g, line, font);
    g.fillStyle = 'rgba(255, 255, 255, 0.92)';
    g.fillText(shown, (width - textWidth) / 2, Math.round(y + (lineHeight + reach.above - reach.below) / 2));
  }
  return art;
};

/** Where a mark of this size stands; inside the canvas, at even places. */
export const placeOf = (place: WatermarkConfig['place'], mark: Size, canvas: Size): Rect => {
  const margin = even(Math.min(canvas.width, canvas.height) * MARGIN);
  const along = (length: number, whole: number, where: 'start' | 'middle' | 'end'): number => {
    const free = whole - length;
    const at = where === 'start' ? margin : where === 'end' ? free - margin : free / 2;
    return 2 * Math.floor(Math.max(0, Math.min(free, at)) / 2);
  };
  const [down, across] = place === 'center' ? ['middle', 'middle'] : place.split('-');
  return {
    x: along(mark.width, canvas.width, across === 'left' ? 'start' : across === 'right' ? 'end' : 'middle'),
    y: along(mark.height, canvas.height, down === 'top' ? 'start' : down === 'bottom' ? 'end' : 'middle'),
    width: mark.width,
    height: mark.height,
  };
};

/** The samples under a rectangle, plane after plane. */
const copy = (planes: Planes, rect: Rect, saved: Buffer, back: boolean): void => {
  let at = 0;
  for (const [plane, data] of planes.data.entries()) {
    const shift = plane === 0 ? 0 : 1;
    const width = rect.width >> shift;
    for (let row = rect.y >> shift; row < (rect.y + rect.height) >> shift; row++, at += width) {
      const from = row * (planes.strides[plane] as number) + (rect.x >> shift);
      if (back) saved.copy(data, from, at, at + width);
      else data.copy(saved, at, from, from + width);
    }
  }
};

interface Laid {
  readonly rect: Rect;
  readonly patch: Patch;
  readonly under: Buffer;
}

class Mark {
  readonly #config: WatermarkConfig;
  readonly #image: Image | null;
  readonly #canvas: Size;
  #second: number | null = null;
  #line = '';
  #laid: Laid | null = null;

  constructor(config: WatermarkConfig, image: Image | null, canvas: Size) {
    this.#config = config;
    this.#image = image;
    this.#canvas = canvas;
  }

  /** As it is at a tick: a clock changes once a second, what is said now and then, everything else never. */
  at(tick: number, said: ReadonlyMap<string, string>): Laid {
    const { timezone, startedAtMs, topic, place } = this.#config;
    const text = (topic !== undefined && said.get(topic)) || this.#config.text;
    const second = timezone === null ? 0 : Math.floor((startedAtMs + (tick * 1000) / FRAME_RATE) / 1000);
    if (this.#laid && this.#second === second && this.#line === text) return this.#laid;
    const lines = [cleanName(text), ...(timezone === null ? [] : [clockOf(timezone, second * 1000)])];
    const art = draw(
      this.#image,
      lines.filter((line) => line !== ''),
      this.#canvas,
    );
    const { width, height } = art;
    const patch = patchOf(art.getContext('2d').getImageData(0, 0, width, height).data, width, height);
    this.#second = second;
    this.#line = text;
    this.#laid = { rect: placeOf(place, art, this.#canvas), patch, under: Buffer.alloc((width * height * 3) / 2) };
    return this.#laid;
  }
}

const NOTHING_SAID: ReadonlyMap<string, string> = new Map();

export class Watermarks {
  readonly #marks: readonly Mark[];
  #laid: Laid[] = [];

  private constructor(marks: readonly Mark[]) {
    this.#marks = marks;
  }

  /** Reads the images. Rejects if a file is missing. */
  static async open(configs: readonly WatermarkConfig[], canvas: Size): Promise<Watermarks> {
    const images = await Promise.all(configs.map(({ image }) => imageOf(image)));
    return new Watermarks(configs.map((config, i) => new Mark(config, images[i] ?? null, canvas)));
  }

  /** Lays all of them on the picture of a tick. `said`: the newest text of each topic. */
  lay(planes: Planes, tick: number, said: ReadonlyMap<string, string> = NOTHING_SAID): void {
    for (const mark of this.#marks) {
      const laid = mark.at(tick, said);
      copy(planes, laid.rect, laid.under, false);
      blend(planes, laid.rect.x, laid.rect.y, laid.patch);
      this.#laid.push(laid);
    }
  }

  /** Takes them off again: the picture is what it was before. */
  lift(planes: Planes): void {
    for (const { rect, under } of this.#laid.reverse()) copy(planes, rect, under, true);
    this.#laid = [];
  }
}
