/**
 * Writes one stream of one segment as a fragmented MP4. Timestamps stand in the file as they are given, shifted by one whole
 * segment: an encoder's first ones lie before the recording's start (B-frames, AAC priming), and a fragment's decode time has no
 * sign (ISO/IEC 14496-12 §8.8.12). `packaging` takes the shift away again.
 */
import { type CodecContext, Dictionary, FormatContext, type IRational, type Packet, type Stream } from 'node-av/lib';
import { SEGMENT_SAMPLES, SEGMENT_TICKS } from '../domain/media-time.ts';
import { check } from './av.ts';

/** Without these the muxer moves every file's first timestamp to 0, and segments would lie on top of each other. */
const OPTIONS = {
  movflags: 'frag_keyframe+empty_moov+default_base_moof+frag_discont',
  use_editlist: '0',
  avoid_negative_ts: 'disabled',
};

export class FragmentWriter {
  readonly #format: FormatContext;
  readonly #stream: Stream;
  readonly #timeBase: IRational;
  readonly #shift: bigint;
  #bytes = 0;
  #closing: Promise<void> | undefined;

  private constructor(format: FormatContext, stream: Stream, timeBase: IRational, shift: bigint) {
    this.#format = format;
    this.#stream = stream;
    this.#timeBase = timeBase;
    this.#shift = shift;
  }

  /** Creates the file for what an open encoder will give. */
  static async open(path: string, encoder: CodecContext, kind: 'video' | 'audio'): Promise<FragmentWriter> {
    const format = new FormatContext();
    check(format.allocOutputContext2(null, 'mp4', path), 'Preparing a segment');
    const stream = format.newStream();
    check(stream.codecpar.fromContext(encoder), 'Describing a segment');
    stream.timeBase = encoder.timeBase;
    check(await format.openOutput(), `Creating "${path}"`);
    check(await format.writeHeader(Dictionary.fromObject(OPTIONS)), `Writing the head of "${path}"`);
    const shift = BigInt(kind === 'video' ? SEGMENT_TICKS : SEGMENT_SAMPLES);
    return new FragmentWriter(format, stream, encoder.timeBase, shift);
  }

  /** Bytes of media so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Writes a packet with times in the encoder's time base. The packet is spent. */
  async write(packet: Packet): Promise<void> {
    this.#bytes += packet.size;
    packet.streamIndex = this.#stream.index;
    packet.pts += this.#shift;
    packet.dts += this.#shift;
    packet.rescaleTs(this.#timeBase, this.#stream.timeBase);
    check(await this.#format.writeFrame(packet), 'Writing to a segment');
  }

  /** Completes the file. */
  async finish(): Promise<void> {
    check(await this.#format.writeTrailer(), 'Completing a segment');
    await this.close();
  }

  /** Closes the file as it is. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#format.closeOutput();
    this.#format.freeContext();
  }
}
