/**
 * Two channels of speech in one file: what some recordings hold on the left, what others hold on the right, each at its time in the
 * session. Works on finished files, so it can be done as long as they are kept. MP3, as its callers expect, with channels coded apart.
 */
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AV_CHANNEL_LAYOUT_STEREO, AV_SAMPLE_FMT_FLTP, FF_ENCODER_LIBMP3LAME } from 'node-av/constants';
import { Codec, CodecContext, Dictionary, FormatContext, type Packet, Rational } from 'node-av/lib';
import { SAMPLE_RATE } from '../domain/media-time.ts';
import { channelSamples, check, newPacket, newSound } from './av.ts';
import { anyhow, type Guard } from './careful-decoding.ts';
import { LIMITER_FUTURE, LIMITER_PAST, limit } from './limiter.ts';
import { type Side, SpokenFile } from './spoken-file.ts';
import type { ArtifactFacts } from './task.ts';

/** Samples of an MP3 frame (MPEG-1, ISO/IEC 11172-3), whatever its bit rate. */
const MP3_FRAME = 1152;
/** Mixed at a time: a whole number of frames, about half a second. */
const BLOCK = 20 * MP3_FRAME;
/** Two voices at 64 kbit/s each are transparent. */
const BIT_RATE = 128_000n;

export interface MergeInput {
  /** Absolute path of a file with one Opus stream in it. */
  readonly path: string;
  readonly channel: 'left' | 'right';
  /** Which side of it is heard there; both, mixed, where it is absent. */
  readonly side?: Side;
  /** Of the file's beginning, on an axis that all inputs share; none is negative. */
  readonly offsetSeconds: number;
}

export interface MergeOptions {
  readonly inputs: readonly MergeInput[];
  /** Absolute path of the finished file without its extension. */
  readonly artifactPath: string;
  /** For the file until it is whole; on the same disk. */
  readonly scratchDir: string;
  /** Called as the work gets on. */
  readonly onStep?: () => void;
  /** Under which packets are decoded; none, where it is absent. */
  readonly guard?: Guard;
}

/** One channel's mix, limited: what is asked for must go on where it ended. */
class Channel {
  readonly #files: readonly SpokenFile[];
  /** Not yet limited; begins at `#start`. */
  #raw = new Float32Array(0);
  #start = -LIMITER_PAST;
  #mixed = 0;

  constructor(files: readonly SpokenFile[]) {
    this.#files = files;
    this.#raw = new Float32Array(LIMITER_PAST);
  }

  /** Samples [from, from + length), and nothing before `from` ever again. */
  async read(from: number, length: number): Promise<Float32Array> {
    const wanted = from + length + LIMITER_FUTURE;
    const more = new Float32Array(Math.max(0, wanted - this.#mixed));
    for (const file of this.#files) await file.addTo(more, this.#mixed);
    this.#mixed += more.length;
    const keep = this.#raw.subarray(Math.max(0, from - LIMITER_PAST - this.#start));
    this.#start += this.#raw.length - keep.length;
    const raw = new Float32Array(keep.length + more.length);
    raw.set(keep);
    raw.set(more, keep.length);
    this.#raw = raw;
    const left = Float32Array.from(raw);
    limit({ start: this.#start, left, right: new Float32Array(left.length) });
    return left.subarray(from - this.#start, from - this.#start + length);
  }
}

const openEncoder = async (): Promise<CodecContext> => {
  const codec = Codec.findEncoderByName(FF_ENCODER_LIBMP3LAME);
  if (!codec) throw new Error('The media library has no MP3 encoder.');
  const context = new CodecContext();
  context.allocContext3(codec);
  context.sampleRate = SAMPLE_RATE;
  context.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
  context.sampleFormat = AV_SAMPLE_FMT_FLTP;
  context.bitRate = BIT_RATE;
  context.timeBase = new Rational(1, SAMPLE_RATE);
  // Joint stereo would let one voice be heard on the other's side.
  check(await context.open2(codec, Dictionary.fromObject({ joint_stereo: '0' })), 'Opening the MP3 encoder');
  return context;
};

const encode = async (
  path: string,
  sides: readonly [Channel, Channel],
  samples: number,
  onStep: () => void,
): Promise<void> => {
  const context = await openEncoder();
  const format = new FormatContext();
  const packet: Packet = newPacket();
  const frame = newSound(MP3_FRAME);
  try {
    check(format.allocOutputContext2(null, 'mp3', path), 'Preparing the file');
    const stream = format.newStream();
    check(stream.codecpar.fromContext(context), 'Describing the sound');
    stream.timeBase = context.timeBase;
    check(await format.openOutput(), `Creating "${path}"`);
    check(await format.writeHeader(null), 'Writing the head of the file');
    const drain = async (): Promise<void> => {
      while (context.receivePacketSync(packet) >= 0) {
        packet.streamIndex = stream.index;
        packet.rescaleTs(context.timeBase, stream.timeBase);
        check(await format.writeFrame(packet), 'Writing to the file');
        packet.unref();
      }
    };
    for (let from = 0; from < samples; from += BLOCK) {
      const length = Math.min(BLOCK, Math.ceil((samples - from) / MP3_FRAME) * MP3_FRAME);
      const mixed = await Promise.all(sides.map((side) => side.read(from, length)));
      for (let at = 0; at < length; at += MP3_FRAME) {
        check(frame.makeWritable(), 'Reusing a block of samples');
        for (const [side, sound] of mixed.entries()) {
          channelSamples(frame, side).set(sound.subarray(at, at + MP3_FRAME));
        }
        frame.pts = BigInt(from + at);
        check(await context.sendFrame(frame), 'Encoding sound');
        await drain();
      }
      onStep();
    }
    check(await context.sendFrame(null), 'Ending the sound');
    await drain();
    check(await format.writeTrailer(), 'Completing the file');
  } finally {
    await format.closeOutput();
    format.freeContext();
    context.freeContext();
    packet.free();
    frame.free();
  }
};

const syncPath = async (path: string): Promise<void> => {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
};

/** Makes the file. Rejects, leaving nothing behind, if an input cannot be read. */
export const mergeChannels = async (options: MergeOptions): Promise<ArtifactFacts> => {
  const { inputs, artifactPath, scratchDir, onStep = () => undefined, guard = anyhow } = options;
  const path = `${artifactPath}.mp3`;
  const partial = join(scratchDir, `${basename(artifactPath)}.partial`);
  const files: { readonly channel: MergeInput['channel']; readonly file: SpokenFile }[] = [];
  try {
    for (const [number, { path: input, channel, side = 'both', offsetSeconds }] of inputs.entries()) {
      const offset = Math.round(offsetSeconds * SAMPLE_RATE);
      files.push({ channel, file: await SpokenFile.open(input, { offset, number, guard, side }) });
    }
    const channelOf = (wanted: MergeInput['channel']): Channel =>
      new Channel(files.filter(({ channel }) => channel === wanted).map(({ file }) => file));
    const samples = Math.max(MP3_FRAME, ...files.map(({ file }) => file.endSample));
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await mkdir(scratchDir, { recursive: true, mode: 0o700 });
    await encode(partial, [channelOf('left'), channelOf('right')], samples, onStep);
    await syncPath(partial);
    await rename(partial, path);
    await syncPath(dirname(path));
    const { size: bytes } = await stat(path);
    return {
      path,
      bytes,
      durationSeconds: samples / SAMPLE_RATE,
      width: null,
      height: null,
      format: 'mp3',
      videoBytes: 0,
    };
  } finally {
    for (const { file } of files) await file.close();
    await rm(partial, { force: true });
  }
};
