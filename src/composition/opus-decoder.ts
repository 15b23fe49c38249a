/**
 * Decodes one Opus stream (RFC 6716) to stereo floats at 48 kHz, whatever its packets hold: a mono packet fills both channels. A
 * packet that is damaged yields null and leaves the decoder usable. Synchronous: a packet takes some tens of microseconds.
 */
import { AV_CHANNEL_LAYOUT_STEREO, AV_CODEC_ID_OPUS, AV_SAMPLE_FMT_FLTP } from 'node-av/constants';
import { Codec, CodecContext, type Frame, type Packet } from 'node-av/lib';
import { SAMPLE_RATE } from '../domain/media-time.ts';
import { check, newFrame, newPacket, soundPlanes } from './av.ts';

/** The most a packet may hold: 120 ms (RFC 6716 §2.1.4). */
export const MAX_PACKET_SAMPLES = (SAMPLE_RATE * 120) / 1000;

/** Decoded samples: views that the next `decode` overwrites. */
export interface StereoSamples {
  readonly left: Float32Array;
  readonly right: Float32Array;
}

export class OpusDecoder {
  readonly #context: CodecContext;
  readonly #packet: Packet = newPacket();
  readonly #frame: Frame = newFrame();
  readonly #left = new Float32Array(MAX_PACKET_SAMPLES);
  readonly #right = new Float32Array(MAX_PACKET_SAMPLES);
  #closed = false;

  private constructor(context: CodecContext) {
    this.#context = context;
  }

  static async open(): Promise<OpusDecoder> {
    const codec = Codec.findDecoder(AV_CODEC_ID_OPUS);
    if (!codec) throw new Error('The media library has no Opus decoder.');
    const context = new CodecContext();
    context.allocContext3(codec);
    context.sampleRate = SAMPLE_RATE;
    context.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
    check(await context.open2(codec), 'Opening the Opus decoder');
    return new OpusDecoder(context);
  }

  decode(data: Buffer): StereoSamples | null {
    this.#packet.data = data;
    const sent = this.#context.sendPacketSync(this.#packet);
    this.#packet.unref();
    if (sent < 0) return null;
    let length = 0;
    while (this.#context.receiveFrameSync(this.#frame) >= 0) {
      length += this.#take(length);
      this.#frame.unref();
    }
    return length === 0 ? null : { left: this.#left.subarray(0, length), right: this.#right.subarray(0, length) };
  }

  /**
   * Appends the frame at hand; returns its samples. The frame's planes are shown to JavaScript once: every showing costs an external
   * buffer for each channel, which the garbage collector pays for.
   */
  #take(length: number): number {
    if (this.#frame.format !== AV_SAMPLE_FMT_FLTP) return 0;
    const [left, right = left] = soundPlanes(this.#frame);
    if (!left || !right || length + left.length > MAX_PACKET_SAMPLES) return 0;
    this.#left.set(left, length);
    this.#right.set(right, length);
    return left.length;
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#context.freeContext();
    this.#packet.free();
    this.#frame.free();
  }
}
