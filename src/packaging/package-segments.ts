/**
 * Joins segments into one file by copying packets: MP4 (H.264 + AAC), M4A where there is no picture, or WebM (VP9 + Opus). The index is
 * in front. Edit lists, or WebM's codec delay, put the picture of tick 0 and sample 0 of the sound at time 0, whatever B-frames and priming
 * come before. The file appears under its name only when it is whole and on disk.
 */
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AV_CODEC_ID_AAC, AV_PKT_DATA_SKIP_SAMPLES } from 'node-av/constants';
import { Dictionary, FFmpegError, FormatContext, type Packet, Rational, type Stream } from 'node-av/lib';
import { AAC_FRAME, FRAME_RATE, SAMPLE_RATE } from '../domain/media-time.ts';
import type { FileFormat } from '../domain/recording.ts';
import type { ArtifactFacts } from './facts.ts';
import { SegmentReader } from './segment-reader.ts';

/** One finished segment. */
export interface SegmentInput {
  /** Null in a recording of sound alone. */
  readonly video: string | null;
  readonly audio: string;
  readonly ticks: number;
}

export interface PackageOptions {
  /** All segments of the recording, in order. */
  readonly segments: readonly SegmentInput[];
  /** Absolute path of the finished file without its extension. */
  readonly artifactPath: string;
  /** What the segments were encoded for. Absent: MP4. */
  readonly fileFormat?: FileFormat;
  /** A folder on the same file system that somebody empties: the file is made there, so that nothing is left where files lie. */
  readonly scratchDir: string;
}

/** The media library refused something; `code` is its negative return value. */
export class PackagingError extends Error {
  override readonly name = 'PackagingError';
  readonly code: number;
  constructor(what: string, code: number) {
    super(`${what} failed: ${FFmpegError.strerror(code)} (${code}).`);
    this.code = code;
  }
}

const check = (code: number, what: string): void => {
  if (code < 0) throw new PackagingError(what, code);
};

/** Of every output: the muxer's name, and how it puts the index in front. */
const OUTPUTS = {
  mp4: { muxer: 'mp4', options: { movflags: '+faststart' } },
  m4a: { muxer: 'ipod', options: { movflags: '+faststart' } },
  webm: { muxer: 'webm', options: { cues_to_front: '1' } },
} as const;

const outputOf = ({ segments, fileFormat }: PackageOptions): ArtifactFacts['format'] => {
  if (fileFormat === 'webm') return 'webm';
  return segments[0]?.video === null ? 'm4a' : 'mp4';
};

/** Samples to be dropped from the end of a packet, as the library hands it on (10 bytes: from the start, from the end, two reasons). */
const discardAtEnd = (samples: number): Buffer => {
  const data = Buffer.alloc(10);
  data.writeUInt32LE(samples, 4);
  return data;
};

/** One stream of the file: where its packets come from now, and where they go. */
class Lane {
  readonly stream: Stream;
  readonly #extradata: Buffer | null;
  readonly #kind: 'video' | 'audio';
  /** Samples in all; nothing is heard after them. */
  readonly #endSample: number;
  #reader: SegmentReader;
  #lastPts: bigint | null = null;
  bytes = 0;

  private constructor(kind: 'video' | 'audio', reader: SegmentReader, stream: Stream, endSample: number) {
    this.#kind = kind;
    this.#reader = reader;
    this.stream = stream;
    this.#endSample = endSample;
    this.#extradata = reader.stream.codecpar.extradata;
  }

  static async open(format: FormatContext, kind: 'video' | 'audio', path: string, endSample: number): Promise<Lane> {
    const reader = await SegmentReader.open(path);
    const stream = format.newStream();
    check(reader.stream.codecpar.copy(stream.codecpar), 'Describing a stream');
    // The muxer writes its own tag: avc1, mp4a.
    stream.codecpar.codecTag = 0;
    stream.timeBase = reader.stream.timeBase;
    if (kind === 'video') stream.avgFrameRate = new Rational(FRAME_RATE, 1);
    // Opus says its own; a fragment of AAC does not.
    else if (stream.codecpar.codecId === AV_CODEC_ID_AAC) stream.codecpar.initialPadding = AAC_FRAME;
    return new Lane(kind, reader, stream, endSample);
  }

  /** Goes on with the next segment's file. */
  async continueWith(path: string): Promise<void> {
    await this.#reader.close();
    this.#reader = await SegmentReader.open(path);
    const { extradata } = this.#reader.stream.codecpar;
    if (Buffer.compare(extradata ?? Buffer.alloc(0), this.#extradata ?? Buffer.alloc(0)) !== 0) {
      throw new Error(`The segment "${path}" was encoded with other settings than the first: they can't be joined.`);
    }
  }

  /** The next packet to write, or null at the end of the segment. Passes over what the segment before held already. */
  async next(): Promise<Packet | null> {
    for (;;) {
      await this.#reader.advance();
      const { packet } = this.#reader;
      if (!packet) return null;
      if (this.#kind === 'video') return packet;
      if (this.#lastPts !== null && packet.pts <= this.#lastPts) continue;
      if (packet.pts >= BigInt(this.#endSample)) continue;
      return packet;
    }
  }

  /** Prepares a packet for writing. The last of the sound is as long as what is left of the recording. */
  stamp(packet: Packet): void {
    this.#lastPts = packet.pts;
    this.bytes += packet.size;
    if (this.#kind === 'audio') this.#endInTime(packet);
    packet.streamIndex = this.stream.index;
    packet.rescaleTs(this.#reader.stream.timeBase, this.stream.timeBase);
  }

  #endInTime(packet: Packet): void {
    const surplus = Number(packet.pts + packet.duration) - this.#endSample;
    if (surplus <= 0) return;
    packet.duration -= BigInt(surplus);
    check(packet.addSideData(AV_PKT_DATA_SKIP_SAMPLES, discardAtEnd(surplus)), 'Ending the sound');
  }

  /** Decode time in seconds of a packet at hand, for the order in the file. */
  secondsOf(packet: Packet): number {
    const { num, den } = this.#reader.stream.timeBase;
    return (Number(packet.dts) * num) / den;
  }

  close(): Promise<void> {
    return this.#reader.close();
  }
}

/** Writes one segment's packets of all lanes in order of their decode time. */
const copySegment = async (format: FormatContext, lanes: readonly Lane[]): Promise<void> => {
  const heads = await Promise.all(lanes.map((lane) => lane.next()));
  for (;;) {
    let earliest = -1;
    for (const [i, lane] of lanes.entries()) {
      const head = heads[i];
      const best = heads[earliest];
      const bestLane = lanes[earliest];
      if (head && (!best || !bestLane || lane.secondsOf(head) < bestLane.secondsOf(best))) earliest = i;
    }
    const lane = lanes[earliest];
    const packet = heads[earliest];
    if (!lane || !packet) return;
    lane.stamp(packet);
    check(await format.interleavedWriteFrame(packet), 'Writing to the file');
    heads[earliest] = await lane.next();
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

/** Size of the picture, null where there is none, and bytes of it. */
type Written = Pick<ArtifactFacts, 'width' | 'height' | 'videoBytes'>;

const writeFile = async (path: string, options: PackageOptions): Promise<Written> => {
  const { segments } = options;
  const output = OUTPUTS[outputOf(options)];
  const [first] = segments;
  if (!first) throw new Error('There is no segment to make a file of.');
  const ticks = segments.reduce((sum, segment) => sum + segment.ticks, 0);
  const endSample = (ticks * SAMPLE_RATE) / FRAME_RATE;
  const format = new FormatContext();
  const lanes: Lane[] = [];
  try {
    check(format.allocOutputContext2(null, output.muxer, path), 'Preparing the file');
    if (first.video) lanes.push(await Lane.open(format, 'video', first.video, endSample));
    lanes.push(await Lane.open(format, 'audio', first.audio, endSample));
    check(await format.openOutput(), `Creating "${path}"`);
    check(await format.writeHeader(Dictionary.fromObject(output.options)), 'Writing the head of the file');
    for (const [index, segment] of segments.entries()) {
      if (index > 0) {
        for (const lane of lanes) {
          await lane.continueWith(lane.stream.index === 0 && segment.video ? segment.video : segment.audio);
        }
      }
      await copySegment(format, lanes);
    }
    check(await format.writeTrailer(), 'Completing the file');
    const [video] = first.video ? lanes : [];
    const { width, height } = video?.stream.codecpar ?? { width: null, height: null };
    return { width, height, videoBytes: video?.bytes ?? 0 };
  } finally {
    for (const lane of lanes) await lane.close();
    await format.closeOutput();
    format.freeContext();
  }
};

/** Makes the file and tells of it. Rejects, leaving nothing behind, if a segment is missing, unreadable or of another encoding. */
export const packageSegments = async (options: PackageOptions): Promise<ArtifactFacts> => {
  const extension = outputOf(options);
  const path = `${options.artifactPath}.${extension}`;
  const partial = join(options.scratchDir, `${basename(path)}.partial`);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const written = await writeFile(partial, options);
    await syncPath(partial);
    await rename(partial, path);
    await syncPath(dirname(path));
    const ticks = options.segments.reduce((sum, segment) => sum + segment.ticks, 0);
    return { path, bytes: (await stat(path)).size, durationSeconds: ticks / FRAME_RATE, format: extension, ...written };
  } finally {
    await rm(partial, { force: true });
  }
};
