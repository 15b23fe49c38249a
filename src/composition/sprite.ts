/**
 * A tile under way: drawn once at the size in which it rests, decoration and all, then scaled to where it is at each tick. Nothing that is
 * drawn by vectors is drawn again for a size that lasts a thirtieth of a second.
 */
import { AV_PIX_FMT_YUV420P, SWS_BILINEAR } from 'node-av/constants';
import { type Frame, SoftwareScaleContext } from 'node-av/lib';
import type { Rect, Size } from '../domain/layout.ts';
import { check, newPicture, type Planes, planesOf } from './av.ts';
import { TileScaler } from './scale.ts';

/** Puts a whole picture of the rectangle's size on the canvas, with an opacity of 0…256. Hot: allocates nothing. */
const putOver = (canvas: Planes, { x, y, width, height }: Rect, picture: Planes, opacity: number): void => {
  for (let plane = 0; plane < 3; plane++) {
    const shift = plane === 0 ? 0 : 1;
    const into = canvas.data[plane] as Buffer;
    const from = picture.data[plane] as Buffer;
    const columns = width >> shift;
    for (let row = 0; row < height >> shift; row++) {
      let at = row * (picture.strides[plane] as number);
      let to = ((y >> shift) + row) * (canvas.strides[plane] as number) + (x >> shift);
      if (opacity >= 256) {
        from.copy(into, to, at, at + columns);
        continue;
      }
      for (const end = at + columns; at < end; at++, to++) {
        const under = into[to] as number;
        into[to] = under + ((((from[at] as number) - under) * opacity + 128) >> 8);
      }
    }
  }
};

export class Sprite {
  /** What is drawn on it, in its owner's words; null: nothing yet. */
  look: string | null = null;
  readonly planes: Planes;
  /** Scales the tile's pictures. */
  readonly scaler = new TileScaler();
  readonly #frame: Frame;
  #closed = false;

  constructor(size: Size) {
    this.#frame = newPicture(size);
    this.planes = planesOf(this.#frame);
  }

  /** Puts it on the canvas: scaled to a rectangle, even on every side and inside the canvas, with an opacity of 0…1. */
  async putOn(canvas: Planes, rect: Rect, opacity: number): Promise<void> {
    const weight = Math.round(256 * opacity);
    const { width, height } = this.planes;
    if (rect.width === width && rect.height === height) return putOver(canvas, rect, this.planes, weight);
    const scaled = newPicture(rect);
    const context = new SoftwareScaleContext();
    try {
      const format = AV_PIX_FMT_YUV420P;
      context.getContext(width, height, format, rect.width, rect.height, format, SWS_BILINEAR);
      check(await context.scaleFrame(scaled, this.#frame), 'Scaling a tile under way');
      putOver(canvas, rect, planesOf(scaled), weight);
    } finally {
      context.freeContext();
      scaled.free();
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.scaler.close();
    this.#frame.free();
  }
}
