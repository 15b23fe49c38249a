/** Renders a rehearsed session, and looks at what came out: with our media library, not with our own code. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AVMEDIA_TYPE_AUDIO, AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import { Codec, CodecContext, FormatContext, type Frame } from 'node-av/lib';
import { channelSamples, check, newFrame, newPacket } from '../../../src/composition/av.ts';
import { Composer, type JournalFeed } from '../../../src/composition/composer.ts';
import { segmentPaths } from '../../../src/composition/segment-files.ts';
import type { CompositionConfig } from '../../../src/composition/task.ts';
import type { Rect } from '../../../src/domain/layout.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import type { ArtifactFacts } from '../../../src/packaging/facts.ts';
import { packageSegments, type SegmentInput } from '../../../src/packaging/package-segments.ts';
import { Timeline } from '../../../src/timeline/timeline.ts';
import { RECORDING } from './rehearsal.ts';

export const CONFIG: CompositionConfig = {
  width: 640,
  height: 360,
  mode: 'video-and-audio',
  theme: 'DARK',
  layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 },
};

/** A folder that is removed after the callback. */
export const inFolder = async <T>(use: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'roomtape-composition-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Feeds records in batches of `size`. */
export const feedOf = (
  records: readonly JournalRecord[],
  size = 200,
  atEnd: () => Promise<boolean> = async () => false,
): JournalFeed & { readonly timeline: Timeline } => {
  const timeline = new Timeline();
  let at = 0;
  return {
    timeline,
    async advance() {
      if (at >= records.length) return atEnd();
      for (const record of records.slice(at, at + size)) timeline.push(record);
      at += size;
      return true;
    },
  };
};

export const composerFor = async (
  records: readonly JournalRecord[],
  folder: string,
  config: Partial<CompositionConfig> = {},
  segmentsDir = join(folder, 'segments'),
  how: { batch?: number; atEnd?: () => Promise<boolean> } = {},
): Promise<Composer> => {
  const scratchDir = join(folder, 'scratch');
  await mkdir(segmentsDir, { recursive: true });
  await mkdir(scratchDir, { recursive: true });
  return new Composer({
    feed: feedOf(records, how.batch, how.atEnd),
    recordingId: RECORDING,
    config: { ...CONFIG, ...config },
    segmentsDir,
    scratchDir,
    threads: 2,
  });
};

/** Renders all segments and packages them. */
export const renderFile = async (
  records: readonly JournalRecord[],
  folder: string,
  config: Partial<CompositionConfig> = {},
): Promise<ArtifactFacts> => {
  const composer = await composerFor(records, folder, config);
  try {
    const segments: SegmentInput[] = [];
    for (let ticks = await composer.render(0); ticks !== null; ticks = await composer.render(segments.length)) {
      const { video, audio } = segmentPaths(join(folder, 'segments'), segments.length);
      segments.push({ video: config.mode === 'audio' ? null : video, audio, ticks });
    }
    const fileFormat = config.fileFormat ?? 'mp4';
    const [artifactPath, scratchDir] = [join(folder, 'out'), join(folder, 'scratch')];
    return await packageSegments({ segments, artifactPath, scratchDir, fileFormat });
  } finally {
    composer.close();
  }
};

/** One decoded picture: planes without padding, and its time. */
export interface SeenPicture {
  readonly seconds: number;
  readonly keyframe: boolean;
  readonly width: number;
  readonly y: Buffer;
  readonly u: Buffer;
  readonly v: Buffer;
}

const plane = (frame: Frame, index: number, shift: number): Buffer => {
  const [width, height] = [frame.width >> shift, frame.height >> shift];
  const [data, stride] = [frame.data?.[index], frame.linesize[index] ?? 0];
  if (!data) throw new Error('A decoded picture lacks a plane.');
  return Buffer.concat(Array.from({ length: height }, (_, row) => data.subarray(row * stride, row * stride + width)));
};

const decode = async (path: string, type: typeof AVMEDIA_TYPE_VIDEO, see: (frame: Frame, seconds: number) => void) => {
  const format = new FormatContext();
  check(await format.openInput(path), 'Opening the file');
  check(await format.findStreamInfo(), 'Reading the file');
  const index = format.findBestStream(type);
  const stream = format.streams[index];
  if (!stream) throw new Error('The file lacks a stream.');
  const codec = Codec.findDecoder(stream.codecpar.codecId);
  const context = new CodecContext();
  context.allocContext3(codec);
  check(stream.codecpar.toContext(context), 'Preparing a decoder');
  context.pktTimebase = stream.timeBase;
  check(await context.open2(codec), 'Opening a decoder');
  const [packet, frame] = [newPacket(), newFrame()];
  const drain = () => {
    while (context.receiveFrameSync(frame) >= 0) {
      see(frame, (Number(frame.pts) * stream.timeBase.num) / stream.timeBase.den);
      frame.unref();
    }
  };
  while (format.readFrameSync(packet) >= 0) {
    if (packet.streamIndex === index) {
      check(context.sendPacketSync(packet), 'Decoding the file');
      drain();
    }
    packet.unref();
  }
  context.sendPacketSync(null);
  drain();
  context.freeContext();
  await format.closeInput();
};

/** All pictures of a file. */
export const picturesOf = async (path: string): Promise<SeenPicture[]> => {
  const pictures: SeenPicture[] = [];
  await decode(path, AVMEDIA_TYPE_VIDEO, (frame, seconds) => {
    const planes = { y: plane(frame, 0, 0), u: plane(frame, 1, 1), v: plane(frame, 2, 1) };
    pictures.push({ seconds, keyframe: frame.keyFrame === 1, width: frame.width, ...planes });
  });
  return pictures;
};

/** The left and right channel of a file, sample 0 at time 0. */
export const soundOf = async (path: string): Promise<{ left: Float32Array; right: Float32Array }> => {
  const blocks: { at: number; left: Float32Array; right: Float32Array }[] = [];
  await decode(path, AVMEDIA_TYPE_AUDIO, (frame, seconds) => {
    const at = Math.round(seconds * 48_000);
    blocks.push({ at, left: channelSamples(frame, 0).slice(), right: channelSamples(frame, 1).slice() });
  });
  const length = Math.max(0, ...blocks.map((block) => block.at + block.left.length));
  const [left, right] = [new Float32Array(length), new Float32Array(length)];
  for (const block of blocks) {
    const skip = Math.max(0, -block.at);
    left.set(block.left.subarray(skip), block.at + skip);
    right.set(block.right.subarray(skip), block.at + skip);
  }
  return { left, right };
};

/** Mean of each component over the middle third of a rectangle. */
export const meanColour = (picture: SeenPicture, rect: Rect): { y: number; u: number; v: number } => {
  const mean = (data: Buffer, shift: number): number => {
    const stride = picture.width >> shift;
    let [sum, count] = [0, 0];
    for (let y = rect.y + rect.height / 3; y < rect.y + (2 * rect.height) / 3; y++) {
      for (let x = rect.x + rect.width / 3; x < rect.x + (2 * rect.width) / 3; x++) {
        sum += data[(Math.floor(y) >> shift) * stride + (Math.floor(x) >> shift)] ?? 0;
        count += 1;
      }
    }
    return sum / count;
  };
  return { y: mean(picture.y, 0), u: mean(picture.u, 1), v: mean(picture.v, 1) };
};

/** What `ffprobe` says of a file, where it is installed. */
export const probe = (path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile('ffprobe', ['-v', 'error', '-show_streams', '-of', 'json', path], (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
