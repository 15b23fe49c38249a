/**
 * One segment's picture as H.264, or VP9 for WebM. Every segment has an encoder of its own with the same settings: it begins with a
 * keyframe, refers to nothing outside, and its parameter sets are those of every other, so segments of different processes join by
 * copying packets.
 */
import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PICTURE_TYPE_I,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  AVCHROMA_LOC_LEFT,
  AVCOL_PRI_BT709,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_TRC_BT709,
  FF_ENCODER_LIBVPX_VP8,
  FF_ENCODER_LIBVPX_VP9,
  FF_ENCODER_LIBX264,
} from 'node-av/constants';
import { Codec, CodecContext, Dictionary, type Frame, type Packet, Rational } from 'node-av/lib';
import type { Size } from '../domain/layout.ts';
import { FRAME_RATE, SEGMENT_TICKS } from '../domain/media-time.ts';
import { check, newPacket } from './av.ts';
import type { FragmentWriter } from './fragment-writer.ts';
import { type RateControl, rateOf } from './rate-control.ts';

const ENCODERS = { h264: FF_ENCODER_LIBX264, vp8: FF_ENCODER_LIBVPX_VP8, vp9: FF_ENCODER_LIBVPX_VP9 } as const;

/** Columns of at least 256 pixels that VP9 codes beside each other, as a power of two. */
const tileColumns = (width: number): number => Math.max(0, Math.min(3, Math.floor(Math.log2(width / 256))));

const optionsOf = (rate: RateControl, { width }: Size): Record<string, string> => {
  if (rate.codec === 'h264') return { preset: rate.preset, crf: String(rate.crf), 'forced-idr': '1' };
  return {
    deadline: 'realtime',
    'cpu-used': String(rate.speed),
    crf: String(rate.crf),
    // A packet a tick, each shown: hidden ones would have to be counted.
    'auto-alt-ref': '0',
    'lag-in-frames': '0',
    ...(rate.codec === 'vp9' ? { 'row-mt': '1', 'tile-columns': String(tileColumns(width)), 'aq-mode': '0' } : {}),
  };
};

export class VideoEncoder {
  readonly context: CodecContext;
  readonly #packet: Packet = newPacket();
  #closed = false;

  private constructor(context: CodecContext) {
    this.context = context;
  }

  /** Opens an encoder for one segment. `threads` changes no header. */
  static async open(size: Size, threads: number, rate: RateControl = rateOf(size)): Promise<VideoEncoder> {
    const codec = Codec.findEncoderByName(ENCODERS[rate.codec]);
    if (!codec) throw new Error(`The media library has no encoder for ${rate.codec}.`);
    const context = new CodecContext();
    context.allocContext3(codec);
    context.width = size.width;
    context.height = size.height;
    context.pixelFormat = AV_PIX_FMT_YUV420P;
    context.timeBase = new Rational(1, FRAME_RATE);
    context.framerate = new Rational(FRAME_RATE, 1);
    context.sampleAspectRatio = new Rational(1, 1);
    context.gopSize = SEGMENT_TICKS;
    context.threadCount = threads;
    context.colorRange = AVCOL_RANGE_MPEG;
    context.colorSpace = AVCOL_SPC_BT709;
    context.colorPrimaries = AVCOL_PRI_BT709;
    context.colorTrc = AVCOL_TRC_BT709;
    context.chromaLocation = AVCHROMA_LOC_LEFT;
    context.rcMaxRate = BigInt(rate.maxRate);
    context.rcBufferSize = 2 * rate.maxRate;
    context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
    // libvpx takes the ceiling of constant quality from here; for x264 it would be another kind of control.
    if (rate.codec !== 'h264') context.bitRate = BigInt(rate.maxRate);
    check(
      await context.open2(codec, Dictionary.fromObject(optionsOf(rate, size))),
      `Opening the ${rate.codec} encoder`,
    );
    return new VideoEncoder(context);
  }

  /** Encodes the picture of a tick; `idr` starts a group of pictures with it. What is ready is written. */
  async encode(picture: Frame, tick: number, idr: boolean, writer: FragmentWriter): Promise<void> {
    picture.pts = BigInt(tick);
    picture.pictType = idr ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    check(await this.context.sendFrame(picture), 'Encoding a picture');
    await this.#drain(writer);
  }

  /** Writes all that is held back; `onStep` with every packet. */
  async finish(writer: FragmentWriter, onStep?: () => void): Promise<void> {
    check(await this.context.sendFrame(null), 'Ending a picture stream');
    await this.#drain(writer, onStep);
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.context.freeContext();
    this.#packet.free();
  }

  /** One tick of each packet's duration, or the muxer would guess the last one's. */
  async #drain(writer: FragmentWriter, onStep?: () => void): Promise<void> {
    while (this.context.receivePacketSync(this.#packet) >= 0) {
      this.#packet.duration = 1n;
      await writer.write(this.#packet);
      this.#packet.unref();
      onStep?.();
    }
  }
}
