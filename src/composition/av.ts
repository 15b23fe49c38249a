/**
 * The few things that every use of the media library needs: return codes turned into errors, frames and packets that exist, and
 * silence on standard error (a hostile stream makes a decoder complain thousands of times a second; we count its errors ourselves).
 */
import {
  AV_CHANNEL_LAYOUT_STEREO,
  AV_LOG_QUIET,
  AV_PIX_FMT_YUV420P,
  type AV_SAMPLE_FMT_FLT,
  AV_SAMPLE_FMT_FLTP,
  AVCOL_PRI_BT709,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_TRC_BT709,
  type AVError,
} from 'node-av/constants';
import { FFmpegError, Frame, Log, Packet } from 'node-av/lib';
import type { Size } from '../domain/layout.ts';
import { SAMPLE_RATE } from '../domain/media-time.ts';

Log.setLevel(AV_LOG_QUIET);

/** A call into the media library failed. `code` is its negative return value. */
export class MediaLibraryError extends Error {
  override readonly name = 'MediaLibraryError';
  readonly code: number;
  constructor(what: string, code: number) {
    super(`${what} failed: ${FFmpegError.strerror(code)} (${code}).`);
    this.code = code;
  }
}

/** Returns the code of a library call, or throws `MediaLibraryError` if it is negative. */
export const check = (code: number | AVError, what: string): number => {
  if (code < 0) throw new MediaLibraryError(what, code);
  return code;
};

export const newPacket = (): Packet => {
  const packet = new Packet();
  packet.alloc();
  return packet;
};

export const newFrame = (): Frame => {
  const frame = new Frame();
  frame.alloc();
  return frame;
};

/** A yuv420p picture with its own memory, marked BT.709, limited range. */
export const newPicture = ({ width, height }: Size): Frame => {
  const frame = newFrame();
  frame.width = width;
  frame.height = height;
  frame.format = AV_PIX_FMT_YUV420P;
  frame.colorRange = AVCOL_RANGE_MPEG;
  frame.colorSpace = AVCOL_SPC_BT709;
  frame.colorPrimaries = AVCOL_PRI_BT709;
  frame.colorTrc = AVCOL_TRC_BT709;
  check(frame.getBuffer(0), 'Allocating a picture');
  return frame;
};

/** A stereo block of floats, planar or interleaved, at 48 kHz with its own memory. */
export const newSound = (
  samples: number,
  format: typeof AV_SAMPLE_FMT_FLTP | typeof AV_SAMPLE_FMT_FLT = AV_SAMPLE_FMT_FLTP,
): Frame => {
  const frame = newFrame();
  frame.format = format;
  frame.sampleRate = SAMPLE_RATE;
  frame.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
  frame.nbSamples = samples;
  check(frame.getBuffer(0), 'Allocating a block of samples');
  return frame;
};

/** The float samples of one channel of a planar float frame, as a view of the frame's memory. */
export const channelSamples = (frame: Frame, channel: number): Float32Array => {
  const plane = frame.extendedData?.[channel];
  if (!plane) throw new Error(`Channel ${channel} of a sound frame was asked for; it has ${frame.channels}.`);
  return new Float32Array(plane.buffer, plane.byteOffset, frame.nbSamples);
};

/** The float samples of every plane of a frame, as views of its memory: one a channel, or one of all, interleaved. */
export const soundPlanes = (frame: Frame): Float32Array[] => {
  const planes = frame.extendedData ?? [];
  const length = planes.length === 1 ? frame.nbSamples * frame.channels : frame.nbSamples;
  return planes.map((plane) => new Float32Array(plane.buffer, plane.byteOffset, length));
};

/** The planes of a planar 4:2:0 picture in native memory, and bytes per row of each. */
export interface Planes extends Size {
  readonly data: readonly [Buffer, Buffer, Buffer];
  /** The first plane again: what is written to it is clamped to 0…255. */
  readonly luma: Uint8ClampedArray;
  readonly strides: readonly [number, number, number];
}

/** Views of a picture's planes; valid while the frame keeps its buffers. */
export const planesOf = (frame: Frame): Planes => {
  const [y, u, v] = frame.data ?? [];
  const [strideY = 0, strideU = 0, strideV = 0] = frame.linesize;
  if (!y || !u || !v) throw new Error('A picture without three planes was used as 4:2:0.');
  const luma = new Uint8ClampedArray(y.buffer, y.byteOffset, y.length);
  return { width: frame.width, height: frame.height, data: [y, u, v], luma, strides: [strideY, strideU, strideV] };
};
