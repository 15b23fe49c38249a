/**
 * Writes a recording as it should be, or with one known fault, without any of the product: the oracle's own test material. Pictures
 * are drawn as the participants draw them and scaled into their tiles; sound is mixed; H.264 and AAC in MP4.
 */
import {
  AV_CHANNEL_LAYOUT_STEREO,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_LOG_ERROR,
  AV_PIX_FMT_YUV420P,
  AV_SAMPLE_FMT_FLTP,
  AVCOL_SPC_BT709,
  AVERROR_EAGAIN,
  type FFEncoderCodec,
  SWS_BILINEAR,
} from 'node-av/constants';
import {
  Codec,
  CodecContext,
  Dictionary,
  FFmpegError,
  FormatContext,
  Frame,
  Log,
  Packet,
  Rational,
  SoftwareScaleContext,
} from 'node-av/lib';
import type { Rect, Size } from '../../../src/domain/layout.ts';
import { AAC_FRAME, FRAME_RATE, SAMPLE_RATE } from '../../../src/domain/media-time.ts';
import type { Turn } from '../../../src/synthetic/identity.ts';
import { Picture } from '../../../src/synthetic/picture.ts';
import { BASE, PICTURE } from '../../../src/synthetic/picture-geometry.ts';
import { drawSound } from '../../../src/synthetic/sound.ts';

export interface ReferenceTile {
  readonly turn: Turn;
  readonly rect: Rect;
}

export interface ReferenceOptions {
  readonly canvas: Size;
  readonly tiles: readonly ReferenceTile[];
  readonly seconds: number;
  /** Sound later than the picture by this much. */
  readonly soundLateMs?: number;
  /** Pictures are this much older than they should be. */
  readonly pictureLateMs?: number;
  /** Seconds whose flashes are covered up. */
  readonly hiddenFlashes?: readonly number[];
  /** Participants whose sound is missing. */
  readonly silent?: readonly number[];
  /** The file says BT.709 of its colours, which are BT.601. */
  readonly wrongMatrix?: boolean;
  /** A picture after which a tick is left out of the presentation times. */
  readonly skipTickAfter?: number;
}

const checked = (result: number, what: string): number => {
  FFmpegError.throwIfError(result, what);
  return result;
};

const openEncoder = async (name: string, set: (context: CodecContext) => void, options: Record<string, string>) => {
  const codec = Codec.findEncoderByName(name as FFEncoderCodec);
  if (!codec) throw new Error(`The encoder "${name}" is not in this build of FFmpeg.`);
  const context = new CodecContext();
  context.allocContext3(codec);
  set(context);
  context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  checked(await context.open2(codec, Dictionary.fromObject(options)), `The encoder "${name}" could not be opened.`);
  return context;
};

const newPicture = (size: Size): Frame => {
  const frame = new Frame();
  frame.alloc();
  frame.width = size.width;
  frame.height = size.height;
  frame.format = AV_PIX_FMT_YUV420P;
  checked(frame.getBuffer(0), 'A frame could not be allocated.');
  return frame;
};

/** Darkens the flash patch. */
const cover = (luma: Buffer | undefined, line: number): void => {
  const { x, y, width, height } = PICTURE.flash;
  for (let row = y; row < y + height; row++) luma?.fill(16, row * line + x, row * line + x + width);
};

/** Draws participants' pictures into their tiles. */
class Painter {
  readonly #source = newPicture(BASE);
  readonly #tiles;

  constructor(tiles: readonly ReferenceTile[]) {
    this.#tiles = tiles.map(({ turn, rect }) => {
      const scaler = new SoftwareScaleContext();
      const { width, height } = BASE;
      scaler.getContext(width, height, AV_PIX_FMT_YUV420P, rect.width, rect.height, AV_PIX_FMT_YUV420P, SWS_BILINEAR);
      const picture = new Picture({ size: BASE, fps: FRAME_RATE, turn, name: `P${turn.index}`, content: 'plain' });
      return { rect, scaler, picture };
    });
  }

  async paint(canvas: Frame, frame: number, coverFlashes: boolean): Promise<void> {
    const { data: source, linesize: sourceLines } = this.#source;
    const { data: target, linesize: lines } = canvas;
    if (!source || !target) throw new Error('A frame has no planes.');
    for (const { rect, scaler, picture } of this.#tiles) {
      picture.draw(frame, { data: source, linesize: sourceLines });
      if (coverFlashes) cover(source[0], sourceLines[0] ?? 0);
      const into = target.map((plane, index) => {
        const shift = index === 0 ? 0 : 1;
        return plane.subarray((rect.y >> shift) * (lines[index] ?? 0) + (rect.x >> shift));
      });
      await scaler.scale(source, sourceLines, 0, BASE.height, into, lines);
    }
  }

  free(): void {
    this.#source.free();
  }
}

const writeOut = async (output: FormatContext, context: CodecContext, index: number, frame: Frame | null) => {
  checked(await context.sendFrame(frame), 'A frame was refused by the encoder.');
  const packet = new Packet();
  packet.alloc();
  for (;;) {
    const result = await context.receivePacket(packet);
    if (result === AVERROR_EAGAIN || result < 0) break;
    const stream = output.streams[index];
    if (!stream) throw new Error('The output has no such stream.');
    packet.streamIndex = index;
    packet.rescaleTs(context.timeBase, stream.timeBase);
    checked(await output.interleavedWriteFrame(packet), 'A packet could not be written.');
    packet.unref();
  }
  packet.free();
};

/** The mixed sound from a sample on. */
const mix = (options: ReferenceOptions, first: number, out: Float32Array): void => {
  const late = Math.round(((options.soundLateMs ?? 0) * SAMPLE_RATE) / 1000);
  const one = new Float32Array(out.length);
  out.fill(0);
  for (const { turn } of options.tiles) {
    if (options.silent?.includes(turn.index)) continue;
    drawSound(turn, first - late, one);
    for (let i = 0; i < out.length; i++) out[i] = (out[i] ?? 0) + (one[i] ?? 0);
  }
};

/** Writes the file. Media time zero is file time zero. */
export const writeReferenceFile = async (path: string, options: ReferenceOptions): Promise<void> => {
  Log.setLevel(AV_LOG_ERROR);
  const video = await openEncoder(
    'libx264',
    (context) => {
      context.width = options.canvas.width;
      context.height = options.canvas.height;
      context.pixelFormat = AV_PIX_FMT_YUV420P;
      context.timeBase = new Rational(1, FRAME_RATE);
      context.framerate = new Rational(FRAME_RATE, 1);
      context.gopSize = FRAME_RATE * 2;
      if (options.wrongMatrix) context.colorSpace = AVCOL_SPC_BT709;
    },
    { preset: 'ultrafast', crf: '23', 'x264-params': 'log=0' },
  );
  const audio = await openEncoder(
    'aac',
    (context) => {
      context.sampleRate = SAMPLE_RATE;
      context.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
      context.sampleFormat = AV_SAMPLE_FMT_FLTP;
      context.bitRate = 128_000n;
      context.timeBase = new Rational(1, SAMPLE_RATE);
    },
    {},
  );
  const output = new FormatContext();
  checked(output.allocOutputContext2(null, 'mp4', path), 'The output could not be made.');
  for (const context of [video, audio]) {
    const stream = output.newStream();
    stream.codecpar.fromContext(context);
    stream.timeBase = context.timeBase;
  }
  checked(await output.openOutput(), `"${path}" could not be opened for writing.`);
  checked(await output.writeHeader(), 'The header could not be written.');
  const canvas = newPicture(options.canvas);
  const painter = new Painter(options.tiles);
  const late = Math.round(((options.pictureLateMs ?? 0) * FRAME_RATE) / 1000);
  for (let tick = 0; tick < options.seconds * FRAME_RATE; tick++) {
    checked(canvas.makeWritable(), 'A frame could not be written to.');
    canvas.data?.forEach((plane, index) => {
      plane.fill(index === 0 ? 32 : 128);
    });
    const hidden = options.hiddenFlashes?.includes(Math.floor(tick / FRAME_RATE)) ?? false;
    await painter.paint(canvas, Math.max(0, tick - late), hidden);
    const skipped = options.skipTickAfter !== undefined && tick > options.skipTickAfter ? 1 : 0;
    canvas.pts = BigInt(tick + skipped);
    await writeOut(output, video, 0, canvas);
  }
  await writeOut(output, video, 0, null);
  await writeSound(output, audio, options);
  checked(await output.writeTrailer(), 'The trailer could not be written.');
  await output.closeOutput();
  painter.free();
  canvas.free();
  video.freeContext();
  audio.freeContext();
};

const writeSound = async (output: FormatContext, audio: CodecContext, options: ReferenceOptions): Promise<void> => {
  const frame = new Frame();
  frame.alloc();
  frame.format = AV_SAMPLE_FMT_FLTP;
  frame.sampleRate = SAMPLE_RATE;
  frame.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
  frame.nbSamples = AAC_FRAME;
  checked(frame.getBuffer(0), 'A frame could not be allocated.');
  const samples = new Float32Array(AAC_FRAME);
  for (let first = 0; first < options.seconds * SAMPLE_RATE; first += AAC_FRAME) {
    checked(frame.makeWritable(), 'A frame could not be written to.');
    mix(options, first, samples);
    for (const plane of frame.data ?? []) Buffer.from(samples.buffer).copy(plane);
    frame.pts = BigInt(first);
    await writeOut(output, audio, 1, frame);
  }
  await writeOut(output, audio, 1, null);
  frame.free();
};
