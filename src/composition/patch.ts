/**
 * A patch: something drawn once (a name, a ring, an avatar) and blended into many pictures. It keeps only what it covers, as runs of
 * samples in a row, premultiplied, so that blending is one multiplication and one addition a sample.
 */
import type { Planes } from './av.ts';
import { cbOf, crOf, lumaOf } from './colour.ts';

/** `source` is colour × opacity × 256, `keep` is 256 × (1 − opacity), for the runs one after the other. */
interface Layer {
  /** Row, first column, number of samples; three numbers a run. */
  readonly runs: Int32Array;
  readonly source: Uint16Array;
  readonly keep: Uint16Array;
}

export interface Patch {
  readonly luma: Layer;
  readonly cb: Layer;
  readonly cr: Layer;
}

/** Memory that a patch takes. */
export const bytesOf = ({ luma, cb, cr }: Patch): number =>
  [luma, cb, cr].reduce(
    (sum, { runs, source, keep }) => sum + runs.byteLength + source.byteLength + keep.byteLength,
    0,
  );

/** Opacity and the three components at every sample of a plane. */
interface Coverage {
  readonly width: number;
  readonly height: number;
  /** 0…1. */
  readonly alpha: Float32Array;
  readonly value: Float32Array;
}

/** Below this an opacity changes nothing in eight bits. */
const INVISIBLE = 1 / 512;

const toLayer = ({ width, height, alpha, value }: Coverage): Layer => {
  const runs: number[] = [];
  const source: number[] = [];
  const keep: number[] = [];
  for (let row = 0; row < height; row++) {
    let start = -1;
    for (let column = 0; column <= width; column++) {
      const opacity = column < width ? (alpha[row * width + column] as number) : 0;
      if (opacity > INVISIBLE) {
        if (start < 0) start = column;
        const rest = Math.round(256 * (1 - opacity));
        keep.push(rest);
        source.push(Math.round((value[row * width + column] as number) * (256 - rest)));
      } else if (start >= 0) {
        runs.push(row, start, column - start);
        start = -1;
      }
    }
  }
  return { runs: Int32Array.from(runs), source: Uint16Array.from(source), keep: Uint16Array.from(keep) };
};

/**
 * Makes a patch of straight (not premultiplied) 8-bit RGBA of even width and height. Chroma opacity is the mean of its four pixels,
 * chroma colour their mean weighted by opacity: an edge takes no colour from what is transparent.
 */
export const patchOf = (rgba: Uint8ClampedArray, width: number, height: number): Patch => {
  const halfWidth = width >> 1;
  const halfHeight = height >> 1;
  const alpha = new Float32Array(width * height);
  const luma = new Float32Array(width * height);
  const alphaHalf = new Float32Array(halfWidth * halfHeight);
  const cb = new Float32Array(halfWidth * halfHeight);
  const cr = new Float32Array(halfWidth * halfHeight);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const opacity = (rgba[4 * i + 3] as number) / 255;
      if (opacity === 0) continue;
      const r = rgba[4 * i] as number;
      const g = rgba[4 * i + 1] as number;
      const b = rgba[4 * i + 2] as number;
      const half = (y >> 1) * halfWidth + (x >> 1);
      alpha[i] = opacity;
      luma[i] = lumaOf(r, g, b);
      alphaHalf[half] = (alphaHalf[half] as number) + opacity / 4;
      cb[half] = (cb[half] as number) + (opacity / 4) * cbOf(r, g, b);
      cr[half] = (cr[half] as number) + (opacity / 4) * crOf(r, g, b);
    }
  }
  for (let half = 0; half < alphaHalf.length; half++) {
    const opacity = alphaHalf[half] as number;
    if (opacity === 0) continue;
    cb[half] = (cb[half] as number) / opacity;
    cr[half] = (cr[half] as number) / opacity;
  }
  const size = { width: halfWidth, height: halfHeight, alpha: alphaHalf };
  return {
    luma: toLayer({ width, height, alpha, value: luma }),
    cb: toLayer({ ...size, value: cb }),
    cr: toLayer({ ...size, value: cr }),
  };
};

/** Hot: allocates nothing. */
const blendLayer = (plane: Buffer, stride: number, x: number, y: number, layer: Layer): void => {
  const { runs, source, keep } = layer;
  let next = 0;
  for (let run = 0; run < runs.length; run += 3) {
    let at = (y + (runs[run] as number)) * stride + x + (runs[run + 1] as number);
    for (const end = at + (runs[run + 2] as number); at < end; at++, next++) {
      plane[at] = ((plane[at] as number) * (keep[next] as number) + (source[next] as number) + 128) >> 8;
    }
  }
};

/** Blends a patch with its top left corner at (x, y), both even. The caller has made sure that it lies inside. */
export const blend = (planes: Planes, x: number, y: number, patch: Patch): void => {
  blendLayer(planes.data[0], planes.strides[0], x, y, patch.luma);
  blendLayer(planes.data[1], planes.strides[1], x >> 1, y >> 1, patch.cb);
  blendLayer(planes.data[2], planes.strides[2], x >> 1, y >> 1, patch.cr);
};
