/**
 * The sound of one finished file, or one side of it, as mono samples at 48 kHz, read forward. Packets are joined without a seam: the container's times are
 * rounded to a millisecond and drift with the sender's clock, so a packet is put where the one before ended and stretched by two samples
 * at most towards where its time says; where they are far apart there is silence between.
 */
import { AV_SAMPLE_FMT_FLTP, AVMEDIA_TYPE_AUDIO } from 'node-av/constants';
import { Codec, CodecContext, FormatContext, type Frame, type Packet, type Stream } from 'node-av/lib';
import { SAMPLE_RATE } from '../domain/media-time.ts';
import { channelSamples, check, newFrame, newPacket } from './av.ts';
import type { Guard } from './careful-decoding.ts';

/** Rounding of a container's times is no drift. */
const ROUNDING_SAMPLES = SAMPLE_RATE / 1000;
/** Of a packet of 20 ms: 0.2 %, which nobody hears. */
const MOST_STRETCH_SAMPLES = 2;
/** Farther off than this there is a gap, or the sound was cut. */
const JUMP_SAMPLES = SAMPLE_RATE / 50;

interface Piece {
  /** On the axis that all inputs share. */
  readonly start: number;
  readonly samples: Float32Array;
}

/** Which side of a stereo file is read; both: they are mixed. */
export type Side = 'left' | 'right' | 'both';

const mono = (frame: Frame, side: Side): Float32Array => {
  if (frame.format !== AV_SAMPLE_FMT_FLTP) throw new Error('Opus is decoded to something else than planar float.');
  const { channels } = frame;
  if (side !== 'both') return Float32Array.from(channelSamples(frame, side === 'right' ? channels - 1 : 0));
  const sum = Float32Array.from(channelSamples(frame, 0));
  for (let channel = 1; channel < channels; channel++) {
    const samples = channelSamples(frame, channel);
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (samples[i] as number);
  }
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) / channels;
  return sum;
};

/** As many samples as wanted, by linear interpolation: one or two in a thousand are gained or lost. */
const stretched = (samples: Float32Array, length: number): Float32Array => {
  if (length === samples.length) return samples;
  const step = (samples.length - 1) / Math.max(1, length - 1);
  return Float32Array.from({ length }, (_, i) => {
    const at = Math.floor(i * step);
    const before = samples[at] as number;
    const after = samples[Math.min(samples.length - 1, at + 1)] as number;
    return before + (after - before) * (i * step - at);
  });
};

export interface SpokenFileOptions {
  /** Sample of the shared axis at which the file begins. */
  readonly offset: number;
  /** Among the files that are read; names its packets. */
  readonly number: number;
  readonly guard: Guard;
  readonly side: Side;
}

export class SpokenFile {
  readonly #format: FormatContext;
  readonly #stream: Stream;
  readonly #decoder: CodecContext;
  readonly #offset: number;
  readonly #number: number;
  readonly #guard: Guard;
  readonly #side: Side;
  readonly #packet: Packet = newPacket();
  readonly #frame: Frame = newFrame();
  /** Decoded and not yet passed. */
  #pieces: Piece[] = [];
  #end: number | null = null;
  #over = false;
  #closed = false;

  private constructor(format: FormatContext, stream: Stream, decoder: CodecContext, options: SpokenFileOptions) {
    this.#format = format;
    this.#stream = stream;
    this.#decoder = decoder;
    this.#offset = options.offset;
    this.#number = options.number;
    this.#guard = options.guard;
    this.#side = options.side;
  }

  /** Rejects if there is no sound in it. */
  static async open(path: string, options: SpokenFileOptions): Promise<SpokenFile> {
    const format = new FormatContext();
    check(await format.openInput(path), `Opening "${path}"`);
    check(await format.findStreamInfo(), `Reading "${path}"`);
    const stream = format.streams[format.findBestStream(AVMEDIA_TYPE_AUDIO)];
    const codec = stream && Codec.findDecoder(stream.codecpar.codecId);
    if (!stream || !codec) {
      await format.closeInput();
      throw new Error(`The file "${path}" holds no sound that could be merged.`);
    }
    const decoder = new CodecContext();
    decoder.allocContext3(codec);
    check(stream.codecpar.toContext(decoder), 'Preparing a decoder');
    decoder.pktTimebase = stream.timeBase;
    check(await decoder.open2(codec), 'Opening a decoder');
    return new SpokenFile(format, stream, decoder, options);
  }

  /** Sample of the shared axis at which the file ends, as its container says. */
  get endSample(): number {
    return this.#offset + Math.round((Number(this.#format.duration) * SAMPLE_RATE) / 1_000_000);
  }

  /** Adds samples [from, from + target.length) of the shared axis. What lies before `from` is never asked for again. */
  async addTo(target: Float32Array, from: number): Promise<void> {
    const end = from + target.length;
    while (!this.#over && (this.#end === null || this.#end < end)) await this.#decodeNext();
    for (const { start, samples } of this.#pieces) {
      const first = Math.max(0, from - start);
      const last = Math.min(samples.length, end - start);
      for (let i = first; i < last; i++) {
        const at = start + i - from;
        target[at] = (target[at] as number) + (samples[i] as number);
      }
    }
    this.#pieces = this.#pieces.filter(({ start, samples }) => start + samples.length > end);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#decoder.freeContext();
    this.#packet.free();
    this.#frame.free();
    await this.#format.closeInput();
  }

  async #decodeNext(): Promise<void> {
    const read = await this.#format.readFrame(this.#packet);
    if (read < 0) {
      this.#over = true;
      return;
    }
    if (this.#packet.streamIndex === this.#stream.index) {
      const ref = { stream: this.#number, timeNs: Number(this.#packet.pts) };
      await this.#guard(ref, (shunned) => (shunned ? undefined : this.#decode()));
    }
    this.#packet.unref();
  }

  /** A packet that cannot be decoded is a gap. */
  #decode(): void {
    if (this.#decoder.sendPacketSync(this.#packet) < 0) return;
    while (this.#decoder.receiveFrameSync(this.#frame) >= 0) {
      this.#place(this.#frame);
      this.#frame.unref();
    }
  }

  #place(frame: Frame): void {
    const { num, den } = this.#stream.timeBase;
    const due = this.#offset + Math.round((Number(frame.pts) * num * SAMPLE_RATE) / den);
    const off = this.#end === null ? 0 : due - this.#end;
    const start = this.#end === null || Math.abs(off) > JUMP_SAMPLES ? Math.max(due, this.#end ?? due) : this.#end;
    const drifts = start !== due && Math.abs(off) > ROUNDING_SAMPLES;
    const bend = drifts ? Math.max(-MOST_STRETCH_SAMPLES, Math.min(MOST_STRETCH_SAMPLES, off)) : 0;
    const samples = stretched(mono(frame, this.#side), frame.nbSamples + bend);
    this.#pieces.push({ start, samples });
    this.#end = start + samples.length;
  }
}
