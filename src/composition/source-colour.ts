/**
 * How a decoded picture's numbers stand for colours: what its sender said, else what its decoder reports, else limited-range BT.601. That
 * is what is meant where nobody says anything: libwebrtc converts what cameras give by it and sends it untagged, and receivers show
 * untagged video by it. Values that nobody can use in 4:2:0 count as not said.
 */
import {
  AV_PIX_FMT_YUV411P,
  AV_PIX_FMT_YUV422P,
  AV_PIX_FMT_YUV440P,
  AV_PIX_FMT_YUV444P,
  AV_PIX_FMT_YUVJ411P,
  AV_PIX_FMT_YUVJ420P,
  AV_PIX_FMT_YUVJ422P,
  AV_PIX_FMT_YUVJ440P,
  AV_PIX_FMT_YUVJ444P,
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_RGB,
  type AVPixelFormat,
} from 'node-av/constants';
import type { Frame } from 'node-av/lib';
import { matrixOf } from '../timeline/colour.ts';
import type { ColourMatrix, ColourRange, VideoColour } from '../timeline/types.ts';

export interface SourceColour {
  readonly matrix: ColourMatrix;
  readonly range: ColourRange;
}

/** Pixel formats that say "full range" by their name, and what they are besides. */
const FULL_RANGE_FORMATS = new Map<number, AVPixelFormat>([
  [AV_PIX_FMT_YUVJ411P, AV_PIX_FMT_YUV411P],
  [AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUV422P],
  [AV_PIX_FMT_YUVJ440P, AV_PIX_FMT_YUV440P],
  [AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUV444P],
]);

/** A pixel format without what its name says of the range. */
export const rangelessFormat = (format: number): AVPixelFormat =>
  FULL_RANGE_FORMATS.get(format) ?? (format as AVPixelFormat);

/** @param told by the sender; null: nothing. */
export const sourceColour = (picture: Frame, told: VideoColour | null): SourceColour => {
  // It has no matrix: the scaler gives it this one.
  if (picture.colorSpace === AVCOL_SPC_RGB) return { matrix: 'bt601', range: 'limited' };
  const reportedFull =
    picture.colorRange === AVCOL_RANGE_JPEG ||
    picture.format === AV_PIX_FMT_YUVJ420P ||
    FULL_RANGE_FORMATS.has(picture.format);
  return {
    matrix: told?.matrix ?? matrixOf(picture.colorSpace) ?? 'bt601',
    range: told?.range ?? (reportedFull ? 'full' : 'limited'),
  };
};
