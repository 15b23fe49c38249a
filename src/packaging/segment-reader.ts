/**
 * Reads one stream of one segment, packet by packet, with the recording's own times: the shift by one segment that its writer had to
 * add (`composition/fragment-writer.ts`) is taken away.
 */
import { AVERROR_EOF } from 'node-av/constants';
import { FFmpegError, FormatContext, Packet, type Stream } from 'node-av/lib';
import { FRAME_RATE, SEGMENT_TICKS } from '../domain/media-time.ts';

const fail = (what: string, code: number): Error =>
  new Error(`${what} failed: ${FFmpegError.strerror(code)} (${code}).`);

export class SegmentReader {
  readonly stream: Stream;
  readonly #format: FormatContext;
  readonly #path: string;
  readonly #shift: bigint;
  #packet: Packet | null = null;
  #closed = false;

  private constructor(format: FormatContext, stream: Stream, path: string) {
    this.#format = format;
    this.stream = stream;
    this.#path = path;
    const { num, den } = stream.timeBase;
    this.#shift = (BigInt(SEGMENT_TICKS) * BigInt(den)) / (BigInt(FRAME_RATE) * BigInt(num));
  }

  /** Rejects if the file is not a segment with exactly one stream. */
  static async open(path: string): Promise<SegmentReader> {
    const format = new FormatContext();
    const opened = await format.openInput(path);
    if (opened < 0) throw fail(`Opening the segment "${path}"`, opened);
    const [stream, ...others] = format.streams;
    if (!stream || others.length > 0) {
      await format.closeInput();
      throw new Error(`The segment "${path}" has ${format.nbStreams} streams; one was expected.`);
    }
    return new SegmentReader(format, stream, path);
  }

  /** The packet at hand, in the stream's time base; null at the end. Valid until `advance`. */
  get packet(): Packet | null {
    return this.#packet;
  }

  /** Reads the next packet. */
  async advance(): Promise<void> {
    const packet = this.#packet ?? new Packet();
    if (this.#packet) packet.unref();
    else packet.alloc();
    const read = await this.#format.readFrame(packet);
    if (read >= 0) {
      packet.pts -= this.#shift;
      packet.dts -= this.#shift;
      this.#packet = packet;
      return;
    }
    packet.free();
    this.#packet = null;
    if (read !== AVERROR_EOF) throw fail(`Reading the segment "${this.#path}"`, read);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#packet?.free();
    this.#packet = null;
    await this.#format.closeInput();
  }
}
