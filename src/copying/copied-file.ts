/**
 * A file of coded pictures and Opus packets as their senders made them, with the times that the timeline gave them. Times are nanoseconds
 * from the file's beginning. Each picture lasts until the next, the last one until the end; so a packet is written when its successor is known.
 * Pictures come in the order of decoding. Where that is not the order of showing (`reordered`), each gets a time of decoding too: the times
 * of showing, sorted, and so many places later that none is shown before it is decoded.
 *
 * States: open → finished (whole, on disk, under its name) or discarded (nothing is left).
 */
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  AV_CHANNEL_LAYOUT_STEREO,
  AV_CODEC_ID_OPUS,
  AV_PIX_FMT_YUV420P,
  AV_PROFILE_VP9_0,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_BT2020_NCL,
  AVCOL_SPC_SMPTE170M,
  AVERROR_INVALIDDATA,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
} from 'node-av/constants';
import { Dictionary, FormatContext, Rational, type Stream } from 'node-av/lib';
import { check, newPacket } from '../composition/av.ts';
import type { VideoCodec } from '../domain/media.ts';
import { NS_PER_S, SAMPLE_RATE } from '../domain/media-time.ts';
import type { FileFormat } from '../domain/recording.ts';
import type { VideoColour } from '../timeline/types.ts';
import { CODEC_IDS } from './codec-ids.ts';
import type { FirstPicture } from './first-picture.ts';
import { opusHead, PRE_SKIP } from './opus-head.ts';

const MATRICES = { bt601: AVCOL_SPC_SMPTE170M, bt709: AVCOL_SPC_BT709, bt2020: AVCOL_SPC_BT2020_NCL } as const;
const RANGES = { limited: AVCOL_RANGE_MPEG, full: AVCOL_RANGE_JPEG } as const;

const VIDEO_CLOCK = 90_000;
/** Ticks of a picture of 30 a second: how far apart the first ones are decoded, where some have to be before the beginning. */
const USUAL_PICTURE = VIDEO_CLOCK / 30;
/** Who watches over us thinks in minutes. */
const SIGN_MS = 1_000;
/** The index stands in front in both: a player that reads over HTTP can seek at once. Times stay as they are given. */
const OPTIONS: Record<FileFormat, Record<string, string>> = {
  webm: { cues_to_front: '1', avoid_negative_ts: 'disabled' },
  mp4: { movflags: '+faststart' },
};

export interface PictureFormat extends FirstPicture {
  readonly codec: VideoCodec;
  /** The first keyframe, which says what players must know of the stream before they see it. */
  readonly keyframe: Buffer;
  readonly colour: VideoColour | null;
}

export interface CopiedFileOptions {
  /** Absolute path of the finished file without its extension. */
  readonly path: string;
  /** Where it lies until it is whole; on the same disk. */
  readonly scratchDir: string;
  readonly container: FileFormat;
  readonly picture: PictureFormat | null;
  readonly sound: boolean;
  /** Called while the file is completed: its index is moved to the front, which takes as long as the file is large. */
  readonly onStep?: (() => void) | undefined;
}

export interface CopiedFacts {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  readonly durationSeconds: number;
  readonly width: number | null;
  readonly height: number | null;
  readonly format: FileFormat;
  readonly videoBytes: number;
}

interface Held {
  readonly data: Buffer;
  /** When it is shown, and when it is decoded; in ticks of the picture's clock. */
  readonly shown: number;
  readonly decoded: number;
  readonly keyframe: boolean;
}

const toTicks = (ns: number): number => Math.round((ns * VIDEO_CLOCK) / NS_PER_S);

const syncPath = async (path: string): Promise<void> => {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
};

const describePicture = (stream: Stream, picture: PictureFormat): void => {
  const { codecpar } = stream;
  codecpar.codecType = AVMEDIA_TYPE_VIDEO;
  codecpar.codecId = CODEC_IDS[picture.codec];
  codecpar.width = picture.width;
  codecpar.height = picture.height;
  codecpar.format = AV_PIX_FMT_YUV420P;
  if (picture.codec === 'vp9') codecpar.profile = AV_PROFILE_VP9_0;
  // H.264's parameter sets and AV1's sequence header: the muxers take them out of the keyframe that they stand in.
  if (picture.codec === 'h264' || picture.codec === 'av1') codecpar.extradata = picture.keyframe;
  if (picture.colour?.matrix) codecpar.colorSpace = MATRICES[picture.colour.matrix];
  if (picture.colour?.range) codecpar.colorRange = RANGES[picture.colour.range];
  stream.timeBase = new Rational(1, VIDEO_CLOCK);
};

const describeSound = (stream: Stream): void => {
  const { codecpar } = stream;
  codecpar.codecType = AVMEDIA_TYPE_AUDIO;
  codecpar.codecId = AV_CODEC_ID_OPUS;
  codecpar.sampleRate = SAMPLE_RATE;
  codecpar.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
  codecpar.initialPadding = PRE_SKIP;
  codecpar.extradata = opusHead();
  stream.timeBase = new Rational(1, SAMPLE_RATE);
};

export class CopiedFile {
  readonly #options: CopiedFileOptions;
  readonly #format: FormatContext;
  readonly #partial: string;
  readonly #picture: Stream | null;
  readonly #sound: Stream | null;
  readonly #packet = newPacket();
  #held: Held | null = null;
  /** Times of showing that are not yet times of decoding; ascending. */
  #toDecode: number[] = [];
  #pictures = 0;
  #lastDecoded = Number.NEGATIVE_INFINITY;
  #lastSoundTime = Number.NEGATIVE_INFINITY;
  #videoBytes = 0;
  #closed = false;

  private constructor(
    options: CopiedFileOptions,
    format: FormatContext,
    partial: string,
    streams: { picture: Stream | null; sound: Stream | null },
  ) {
    this.#options = options;
    this.#format = format;
    this.#partial = partial;
    this.#picture = streams.picture;
    this.#sound = streams.sound;
  }

  static async create(options: CopiedFileOptions): Promise<CopiedFile> {
    const partial = join(options.scratchDir, `${basename(options.path)}.partial`);
    await mkdir(dirname(options.path), { recursive: true, mode: 0o700 });
    await mkdir(options.scratchDir, { recursive: true, mode: 0o700 });
    const format = new FormatContext();
    check(format.allocOutputContext2(null, options.container, partial), 'Preparing the file');
    const picture = options.picture ? format.newStream() : null;
    if (picture && options.picture) describePicture(picture, options.picture);
    const sound = options.sound ? format.newStream() : null;
    if (sound) describeSound(sound);
    const file = new CopiedFile(options, format, partial, { picture, sound });
    try {
      check(await format.openOutput(), `Creating "${partial}"`);
      const header = Dictionary.fromObject(OPTIONS[options.container]);
      check(await format.writeHeader(header), 'Writing the head of the file');
    } catch (error) {
      await file.discard();
      throw error;
    }
    return file;
  }

  /** Writes a coded picture that is shown at this time. In the order of decoding. */
  picture(data: Buffer, ns: number, keyframe: boolean): void {
    const decoded = this.#decodedAt(toTicks(ns));
    this.#release((held) => decoded - held.decoded);
    this.#held = { data, shown: Math.max(toTicks(ns), decoded), decoded, keyframe };
  }

  /** Writes an Opus packet. `ns`: when the encoder was given it; players hear it earlier by the encoder's look-ahead. */
  sound(data: Buffer, ns: number, lengthNs: number): void {
    if (!this.#sound) return;
    const time = Math.max(Math.round((ns * SAMPLE_RATE) / NS_PER_S) - PRE_SKIP, this.#lastSoundTime + 1);
    this.#lastSoundTime = time;
    const length = Math.round((lengthNs * SAMPLE_RATE) / NS_PER_S);
    this.#write(this.#sound, data, { time, decoded: time, length, keyframe: true });
  }

  /** Completes the file, which lasts until `endNs`, and gives it its name. */
  async finish(endNs: number): Promise<CopiedFacts> {
    const { path: name, container, picture, onStep } = this.#options;
    const path = `${name}.${container}`;
    const signs = onStep && setInterval(onStep, SIGN_MS);
    try {
      this.#release((held) => toTicks(endNs) - held.shown);
      check(await this.#format.writeTrailer(), 'Completing the file');
      await this.#close();
      await syncPath(this.#partial);
      await rename(this.#partial, path);
      await syncPath(dirname(path));
    } catch (error) {
      await this.discard();
      throw error;
    } finally {
      clearInterval(signs);
    }
    return {
      path,
      bytes: (await stat(path)).size,
      durationSeconds: endNs / NS_PER_S,
      width: picture?.width ?? null,
      height: picture?.height ?? null,
      format: container,
      videoBytes: this.#videoBytes,
    };
  }

  /** Leaves nothing behind. Idempotent; does nothing to a finished file. */
  async discard(): Promise<void> {
    await this.#close();
    await rm(this.#partial, { force: true });
  }

  /** When the next picture is decoded, given when it is shown. Strictly ascending. */
  #decodedAt(shown: number): number {
    const reordered = this.#options.picture?.reordered ?? 0;
    const missing = reordered - this.#pictures;
    this.#pictures += 1;
    this.#toDecode.push(shown);
    this.#toDecode.sort((a, b) => a - b);
    const [earliest = shown] = this.#toDecode;
    if (missing <= 0) this.#toDecode.shift();
    const wanted = missing > 0 ? earliest - missing * USUAL_PICTURE : earliest;
    this.#lastDecoded = Math.max(wanted, this.#lastDecoded + 1);
    return this.#lastDecoded;
  }

  /** Writes the picture that is held back. */
  #release(lengthOf: (held: Held) => number): void {
    const held = this.#held;
    this.#held = null;
    if (!held || !this.#picture) return;
    this.#videoBytes += held.data.length;
    const { data, shown: time, decoded, keyframe } = held;
    this.#write(this.#picture, data, { time, decoded, length: Math.max(1, lengthOf(held)), keyframe });
  }

  #write(stream: Stream, data: Buffer, at: { time: number; decoded: number; length: number; keyframe: boolean }): void {
    const packet = this.#packet;
    packet.data = data;
    packet.streamIndex = stream.index;
    packet.pts = BigInt(at.time);
    packet.dts = BigInt(at.decoded);
    packet.duration = BigInt(at.length);
    packet.isKeyframe = at.keyframe;
    const clock = stream === this.#picture ? VIDEO_CLOCK : SAMPLE_RATE;
    packet.rescaleTs({ num: 1, den: clock }, stream.timeBase);
    const written = this.#format.interleavedWriteFrameSync(packet);
    packet.unref();
    // A packet that makes no sense to the muxer is left out: it costs a picture, not the file.
    if (written !== AVERROR_INVALIDDATA) check(written, 'Writing to the file');
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#packet.free();
    await this.#format.closeOutput();
    this.#format.freeContext();
  }
}
