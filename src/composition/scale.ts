/**
 * Puts a decoded picture straight into its place on the canvas: no picture in between. Cameras fill their tile and are cropped;
 * screens are shown whole. Whatever the sender's colours were, BT.709 limited range comes out.
 */
import { AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUVJ420P, SWS_BICUBIC, SWS_BILINEAR } from 'node-av/constants';
import { type Frame, SoftwareScaleContext } from 'node-av/lib';
import type { Rect, Size } from '../domain/layout.ts';
import type { VideoColour } from '../timeline/types.ts';
import { check, newPicture, type Planes, planesOf } from './av.ts';
import { convertTo709 } from './colour.ts';
import { rangelessFormat, sourceColour } from './source-colour.ts';

/** Cut or added pixels up to this share of a side are not worth a bar or a crop. */
const ASPECT_TOLERANCE = 0.004;
/** Narrower places show nothing, and scalers are not made for them. */
const LEAST_WIDTH = 16;
/**
 * The scaler writes whole vectors of 16 bytes, chroma too: a width of another multiple spills over what lies to the right (measured:
 * 8 bytes of chroma where nothing is scaled vertically). Such tiles are scaled aside and copied.
 */
const VECTOR = 32;

/** True where the shapes differ so little that no bar and no crop is worth it. */
const hasShapeOf = (a: Size, b: Size): boolean =>
  Math.abs((a.width * b.height) / (a.height * b.width) - 1) < ASPECT_TOLERANCE;

/**
 * Of what is cut off above and below, this part is cut above: faces are in the upper half of a picture. It matters for 4:3 cameras and
 * upright phones in wide tiles: of a phone's picture the middle third is a chin and a chest.
 */
const CUT_ABOVE = 1 / 3;

/** The part of a picture that has the shape of `shape`: the middle of its width, a little above the middle of its height; even at its corner. */
export const coverCrop = (source: Size, shape: Size): Rect => {
  const wanted = shape.width / shape.height;
  const given = source.width / source.height;
  if (hasShapeOf(shape, source)) return { x: 0, y: 0, width: source.width, height: source.height };
  const width = given > wanted ? Math.min(source.width, Math.round(source.height * wanted)) : source.width;
  const height = given > wanted ? source.height : Math.min(source.height, Math.round(source.width / wanted));
  const y = 2 * Math.round(((source.height - height) * CUT_ABOVE) / 2);
  return { x: ((source.width - width) >> 2) * 2, y, width, height };
};

/** The largest place inside `rect` with the shape of `source`, in its middle: all of it, or even on every side. */
export const containRect = (source: Size, rect: Rect): Rect => {
  if (hasShapeOf(source, rect)) return rect;
  const scale = Math.min(rect.width / source.width, rect.height / source.height);
  const width = Math.min(rect.width, Math.max(LEAST_WIDTH, Math.round((source.width * scale) / 2) * 2));
  const height = Math.min(rect.height, Math.max(2, Math.round((source.height * scale) / 2) * 2));
  return {
    x: rect.x + ((rect.width - width) >> 2) * 2,
    y: rect.y + ((rect.height - height) >> 2) * 2,
    width,
    height,
  };
};

/** Throws if writing this rectangle would leave the canvas: the scaler itself checks nothing. */
export const validateRect = (rect: Rect, canvas: Size): void => {
  const even = (rect.x | rect.y | rect.width | rect.height) % 2 === 0;
  const inside =
    rect.x >= 0 && rect.y >= 0 && rect.x + rect.width <= canvas.width && rect.y + rect.height <= canvas.height;
  if (even && inside && rect.width > 0 && rect.height > 0) return;
  throw new Error(
    `The rectangle ${rect.width}x${rect.height}+${rect.x}+${rect.y} is not even or not inside ${canvas.width}x${canvas.height}.`,
  );
};

/** The three planes of a part of the canvas, as the scaler takes them. */
const viewOf = ({ data, strides }: Planes, { x, y }: Rect): Buffer[] => [
  data[0].subarray(y * strides[0] + x),
  data[1].subarray((y >> 1) * strides[1] + (x >> 1)),
  data[2].subarray((y >> 1) * strides[2] + (x >> 1)),
];

/** Copies a whole picture to a place on the canvas. */
const copyTo = (planes: Planes, target: Rect, picture: Planes): void => {
  for (const [i, from] of picture.data.entries()) {
    const shift = i === 0 ? 0 : 1;
    const into = planes.data[i] as Buffer;
    const width = target.width >> shift;
    for (let row = 0; row < target.height >> shift; row++) {
      const at = row * (picture.strides[i] as number);
      const to = ((target.y >> shift) + row) * (planes.strides[i] as number) + (target.x >> shift);
      from.copy(into, to, at, at + width);
    }
  }
};

/** What a prepared scaler depends on. */
interface Prepared {
  readonly key: string;
  readonly context: SoftwareScaleContext;
}

/** Scales one tile's pictures. Keeps its scaler while sizes stay. */
export class TileScaler {
  #scaler: Prepared | null = null;
  #converter: Prepared | null = null;
  #converted: Frame | null = null;
  #aside: { readonly frame: Frame; readonly planes: Planes } | null = null;

  /**
   * Draws `picture` to `target` (see `validateRect`); for `cover` the target's shape is cut out of the picture. `told`: what its
   * sender says of its colours.
   */
  async draw(
    picture: Frame,
    planes: Planes,
    target: Rect,
    fit: 'cover' | 'contain',
    told: VideoColour | null = null,
  ): Promise<void> {
    validateRect(target, planes);
    const source = await this.#planar420(picture);
    const { matrix, range } = sourceColour(picture, told);
    const crop =
      fit === 'cover' ? coverCrop(source, target) : { x: 0, y: 0, width: source.width, height: source.height };
    // The scaler brings full range to limited range where the format's name says so, and knows nothing else of ranges.
    const format = range === 'full' ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
    const flags = fit === 'cover' ? SWS_BILINEAR : SWS_BICUBIC;
    const key = `${crop.width}x${crop.height}:${format}>${target.width}x${target.height}:${flags}`;
    if (this.#scaler?.key !== key) {
      this.#scaler?.context.freeContext();
      const context = new SoftwareScaleContext();
      context.getContext(crop.width, crop.height, format, target.width, target.height, AV_PIX_FMT_YUV420P, flags);
      this.#scaler = { key, context };
    }
    const whole = crop.width === source.width && crop.height === source.height;
    if (whole) await this.#scaleWhole(this.#scaler.context, source, planes, target);
    else await this.#scalePart(this.#scaler.context, source, crop, planes, target);
    convertTo709(planes, target, matrix);
  }

  /**
   * Scales aside, then copies: the picture's planes are never shown to JavaScript. As buffers they would count as external memory, 1.4 MB a
   * picture, and V8 would collect its whole heap ten times a second over it (measured: a tenth of all CPU); the copy costs a tenth of that.
   */
  async #scaleWhole(context: SoftwareScaleContext, source: Frame, planes: Planes, target: Rect): Promise<void> {
    const aside = this.#asideOf(target);
    check(await context.scaleFrame(aside.frame, source), 'Scaling a picture');
    copyTo(planes, target, aside.planes);
  }

  async #scalePart(
    context: SoftwareScaleContext,
    source: Frame,
    crop: Rect,
    planes: Planes,
    target: Rect,
  ): Promise<void> {
    const data = source.data;
    if (!data) return;
    const strides = source.linesize;
    const cropped = [0, 1, 2].map((plane) => {
      const shift = plane === 0 ? 0 : 1;
      return (data[plane] as Buffer).subarray((crop.y >> shift) * (strides[plane] as number) + (crop.x >> shift));
    });
    const aside = target.width % VECTOR === 0 ? null : this.#asideOf(target).planes;
    const place = aside ?? planes;
    const view = aside ? [...aside.data] : viewOf(planes, target);
    check(await context.scale(cropped, strides, 0, crop.height, view, [...place.strides]), 'Scaling a picture');
    if (aside) copyTo(planes, target, aside);
  }

  /** Idempotent. */
  close(): void {
    this.#scaler?.context.freeContext();
    this.#scaler = null;
    this.#converter?.context.freeContext();
    this.#converter = null;
    this.#converted?.free();
    this.#converted = null;
    this.#aside?.frame.free();
    this.#aside = null;
  }

  /** A picture of its own for a tile of this size; its rows are padded. */
  #asideOf({ width, height }: Size): { readonly frame: Frame; readonly planes: Planes } {
    if (this.#aside?.frame.width !== width || this.#aside.frame.height !== height) {
      this.#aside?.frame.free();
      const frame = newPicture({ width, height });
      this.#aside = { frame, planes: planesOf(frame) };
    }
    return this.#aside;
  }

  /** The picture itself in the usual format; others (4:4:4 screens, ten bits) are converted in their own size first, range and all kept. */
  async #planar420(picture: Frame): Promise<Frame> {
    if (picture.format === AV_PIX_FMT_YUV420P || picture.format === AV_PIX_FMT_YUVJ420P) return picture;
    const size = { width: Math.max(2, picture.width & ~1), height: Math.max(2, picture.height & ~1) };
    const key = `${picture.width}x${picture.height}:${picture.format}`;
    if (this.#converter?.key !== key || !this.#converted) {
      this.close();
      const context = new SoftwareScaleContext();
      const format = rangelessFormat(picture.format);
      context.getContext(
        picture.width,
        picture.height,
        format,
        size.width,
        size.height,
        AV_PIX_FMT_YUV420P,
        SWS_BILINEAR,
      );
      this.#converter = { key, context };
      this.#converted = newPicture(size);
    }
    const target = this.#converted;
    const data = picture.data;
    const into = target.data;
    if (!data || !into) return target;
    check(
      await this.#converter.context.scale(data, picture.linesize, 0, picture.height, into, target.linesize),
      'Converting a picture',
    );
    return target;
  }
}
