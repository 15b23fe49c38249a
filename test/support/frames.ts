/** A picture of a recording as PNG, to be looked at. */
import { createCanvas } from '@napi-rs/canvas';
import type { Picture } from './oracle/media-file.ts';

type Planes = Pick<Picture, 'width' | 'height' | 'planes' | 'lines'>;

/** BT.709 limited range to RGB (ITU-R BT.709-6 §3). */
const toRgba = ({ width, height, planes, lines }: Planes): Uint8ClampedArray => {
  const [y, u, v] = planes;
  const [yLine = 0, uLine = 0, vLine = 0] = lines;
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const luma = 1.164 * ((y?.[row * yLine + column] ?? 16) - 16);
      const cb = (u?.[(row >> 1) * uLine + (column >> 1)] ?? 128) - 128;
      const cr = (v?.[(row >> 1) * vLine + (column >> 1)] ?? 128) - 128;
      rgba.set([luma + 1.793 * cr, luma - 0.213 * cb - 0.533 * cr, luma + 2.112 * cb, 255], (row * width + column) * 4);
    }
  }
  return rgba;
};

/** A picture as PNG. */
export const pngOf = (picture: Planes): Buffer => {
  const canvas = createCanvas(picture.width, picture.height);
  const context = canvas.getContext('2d');
  const image = context.createImageData(picture.width, picture.height);
  image.data.set(toRgba(picture));
  context.putImageData(image, 0, 0);
  return canvas.toBuffer('image/png');
};
