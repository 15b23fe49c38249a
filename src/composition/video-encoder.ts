/**
 * One segment's picture as H.264. Every segment has an encoder of its own with the same settings: it begins with an IDR, refers to
 * nothing outside, and its SPS and PPS are those of every other, so segments of different processes join by copying packets.
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
  FF_ENCODER_LIBX264,
} from 'node-av/constants';
import { Codec, CodecContext, Dictionary, type Frame, type Packet, Rational } from 'node-av/lib';
import type { Size } from '../domain/layout.ts';
import { FRAME_RATE, SEGMENT_TICKS } from '../domain/media-time.ts';
import { check, newPacket } from './av.ts';
import type { FragmentWriter } from './fragment-writer.ts';
import { type RateControl, rateOf } from './rate-control.ts';

export class VideoEncoder {
  readonly context: CodecContext;
  readonly #packet: Packet = newPacket();
  #closed = false;

  private constructor(context: CodecContext) {
    this.context = context;
  }

  /** Opens an encoder for one segment. `threads` changes no header. */
  static async open(size: Size, threads: number, rate: RateControl = rateOf(size)): Promise<VideoEncoder> {
    const codec = Codec.findEncoderByName(FF_ENCODER_LIBX264);
    if (!codec) throw new Error('The media library has no H.264 encoder.');
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
    const options = Dictionary.fromObject({ preset: rate.preset, crf: String(rate.crf), 'forced-idr': '1' });
    check(await context.open2(codec, options), 'Opening the H.264 encoder');
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
