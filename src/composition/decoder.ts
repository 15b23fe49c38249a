/**
 * Decodes one video stream forward from a keyframe and keeps its newest picture.
 *
 * What it shows is a function of the frames since the last keyframe alone, so that a segment looks the same whether the decoder came
 * here from the recording's start or entered at that keyframe: everything before is forgotten at a keyframe, which is shown at once; one
 * that cannot be decoded leaves no picture; a damaged frame after it freezes the picture until the next keyframe. Errors of the
 * stream never leave this class; they are counted.
 */
import {
  AV_CODEC_FLAG_LOW_DELAY,
  AV_CODEC_ID_AV1,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_VP8,
  AV_CODEC_ID_VP9,
  type AVCodecID,
} from 'node-av/constants';
import { Codec, CodecContext, Dictionary, type Frame, type Packet } from 'node-av/lib';
import type { VideoCodec } from '../domain/media.ts';
import type { VideoColour, VideoFrame } from '../timeline/types.ts';
import { check, newFrame, newPacket } from './av.ts';

const CODEC_IDS: Record<VideoCodec, AVCodecID> = {
  vp8: AV_CODEC_ID_VP8,
  vp9: AV_CODEC_ID_VP9,
  h264: AV_CODEC_ID_H264,
  av1: AV_CODEC_ID_AV1,
};

/** The largest screens that people share (5K), padded: a header that claims 16383² is refused before memory is taken for it. */
const MAX_PIXELS = Math.round(5120 * 2880 * 1.05);

/** Of one frame. `nothing` is no error: it is not to be shown (an alternate reference), or not yet; the picture stands. */
type Outcome = 'picture' | 'nothing' | 'error';

export class VideoDecoder {
  readonly #context: CodecContext;
  readonly #packet: Packet = newPacket();
  #shown: Frame = newFrame();
  #spare: Frame = newFrame();
  #hasPicture = false;
  #colour: VideoColour | null = null;
  #waitsForKeyframe = true;
  #errors = 0;
  #closed = false;

  private constructor(context: CodecContext) {
    this.#context = context;
  }

  /** Opens a decoder. One thread: tiles are decoded beside each other, and a frame thread would hold pictures back. */
  static async open(codec: VideoCodec): Promise<VideoDecoder> {
    const decoder = Codec.findDecoder(CODEC_IDS[codec]);
    if (!decoder) throw new Error(`The media library has no decoder for ${codec}.`);
    const context = new CodecContext();
    context.allocContext3(decoder);
    context.threadCount = 1;
    context.setFlags(AV_CODEC_FLAG_LOW_DELAY);
    check(
      await context.open2(decoder, Dictionary.fromObject({ max_pixels: String(MAX_PIXELS) })),
      `Opening the ${codec} decoder`,
    );
    return new VideoDecoder(context);
  }

  /** The newest picture, owned by the decoder and valid until the next `decode`. Null: nothing decodable since the last keyframe. */
  get picture(): Frame | null {
    return this.#hasPicture ? this.#shown : null;
  }

  /** What the sender says of the newest picture's colours; null: nothing. */
  get colour(): VideoColour | null {
    return this.#colour;
  }

  /** Frames that could not be decoded. */
  get errors(): number {
    return this.#errors;
  }

  /** Decodes one frame. True if there is a new picture. Never rejects because of what the frame holds. `shunned`: it counts as damaged. */
  async decode(frame: VideoFrame, shunned = false): Promise<boolean> {
    if (frame.keyframe) this.#waitsForKeyframe = false;
    else if (this.#waitsForKeyframe || !frame.decodable) return false;
    if (frame.keyframe) this.#forget();
    const outcome = shunned ? 'error' : frame.keyframe ? await this.#enter(frame) : await this.#send(frame);
    if (outcome === 'picture') this.#hasPicture = true;
    if (outcome !== 'error') return outcome === 'picture';
    this.#errors += 1;
    this.#waitsForKeyframe = true;
    return false;
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#hasPicture = false;
    this.#context.freeContext();
    this.#packet.free();
    this.#shown.free();
    this.#spare.free();
  }

  #forget(): void {
    this.#hasPicture = false;
    this.#context.flushBuffers();
  }

  /**
   * Begins at a keyframe. A stream that reorders its pictures (H.264 with B-frames, which some WHIP senders use) would keep it back until
   * others follow: it is taken out, and decoded once more for what refers to it. What follows is shown as late as the stream says.
   */
  async #enter(frame: VideoFrame): Promise<Outcome> {
    const sent = await this.#send(frame);
    if (sent !== 'nothing') return sent;
    await this.#context.sendPacket(null);
    const drained = this.#receive(frame);
    this.#context.flushBuffers();
    return drained === 'picture' && (await this.#send(frame)) !== 'error' ? 'picture' : 'error';
  }

  async #send(frame: VideoFrame): Promise<Outcome> {
    this.#packet.data = frame.data;
    this.#packet.isKeyframe = frame.keyframe;
    const sent = await this.#context.sendPacket(this.#packet);
    this.#packet.unref();
    return sent < 0 ? 'error' : this.#receive(frame);
  }

  #receive(frame: VideoFrame): Outcome {
    let outcome: Outcome = 'nothing';
    while (this.#context.receiveFrameSync(this.#spare) >= 0) {
      const before = this.#shown;
      this.#shown = this.#spare;
      this.#spare = before;
      this.#spare.unref();
      this.#colour = frame.colour ?? null;
      outcome = 'picture';
    }
    return outcome;
  }
}
