/**
 * Encodes the picture and the sound of a synthetic participant, once: a track is looked up in the cache folder by everything that
 * determines its bytes. A pre-encoded stream cannot answer a picture loss indication: whoever waits for a keyframe waits as long as
 * they are apart.
 */
import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AV_CHANNEL_LAYOUT_MONO,
  AV_LOG_ERROR,
  AV_PIX_FMT_YUV420P,
  AV_SAMPLE_FMT_FLT,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_SMPTE170M,
  type FFEncoderCodec,
} from 'node-av/constants';
import { Codec, CodecContext, Dictionary, FFmpegError, Frame, Log, Packet, Rational } from 'node-av/lib';
import type { VideoCodec } from '../domain/media.ts';
import { SAMPLE_RATE } from '../domain/media-time.ts';
import { type EncodedFrame, type EncodedTrack, saveTrack } from './encoded-track.ts';
import type { Turn } from './identity.ts';
import { isPictureSize, Picture, type PictureOptions } from './picture.ts';
import { drawSound, drawTalk } from './sound.ts';

/** Change it when the picture, the sound or the encoder settings change: cached tracks are made again. */
const EDITION = 4;
const VIDEO_CLOCK = 90_000;
/** Samples in a 20 ms Opus packet, the length that every browser sends. */
const OPUS_FRAME = 960;

export interface VideoOptions extends PictureOptions {
  readonly codec: VideoCodec;
  readonly seconds: number;
  /** Keyframes are so many frames apart; without it a second. */
  readonly keyframeInterval?: number | undefined;
}

export interface AudioOptions {
  readonly turn: Turn;
  readonly seconds: number;
  /** Discontinuous transmission: hardly anything is sent while it is silent. */
  readonly dtx: boolean;
  /** No beeps: an open microphone in a still room. */
  readonly silent: boolean;
  /** Talks in its turn instead of beeping. Only ever true: tracks of those who beep keep their names in the cache. */
  readonly talks?: true;
}

const ENCODERS: Record<VideoCodec, { name: string; options: Record<string, string> }> = {
  vp8: {
    name: 'libvpx',
    options: {
      deadline: 'realtime',
      'cpu-used': '12',
      'auto-alt-ref': '0',
      'lag-in-frames': '0',
      'error-resilient': '0',
    },
  },
  vp9: {
    name: 'libvpx-vp9',
    options: { deadline: 'realtime', 'cpu-used': '8', 'auto-alt-ref': '0', 'lag-in-frames': '0', 'row-mt': '0' },
  },
  h264: {
    name: 'libx264',
    options: {
      preset: 'ultrafast',
      tune: 'zerolatency',
      profile: 'baseline',
      'x264-params': 'scenecut=0:repeat-headers=1',
    },
  },
  av1: {
    name: 'libsvtav1',
    options: { preset: '12', 'svtav1-params': 'pred-struct=1:rc=2:lp=1:scm=0:enable-overlays=0' },
  },
};

/** Bits a second for a picture of a size at a rate: what a browser spends on a camera. */
const bitrateOf = ({ size, fps, content }: VideoOptions): number => {
  const perPixel = content === 'noisy' ? 0.16 : 0.07;
  return Math.round(Math.max(200_000, size.width * size.height * fps * perPixel));
};

const checked = (result: number, what: string): number => {
  FFmpegError.throwIfError(result, what);
  return result;
};

const encoderNamed = (name: string): Codec => {
  const codec = Codec.findEncoderByName(name as FFEncoderCodec);
  if (!codec) throw new Error(`The encoder "${name}" is not in this build of FFmpeg.`);
  return codec;
};

/** Sends one frame (null: the end) and hands over what comes out. */
const encodeInto = async (
  context: CodecContext,
  frame: Frame | null,
  packet: Packet,
  take: (packet: Packet) => void,
): Promise<void> => {
  checked(await context.sendFrame(frame), 'A frame was refused by the encoder.');
  while ((await context.receivePacket(packet)) >= 0) {
    take(packet);
    packet.unref();
  }
};

const openVideoEncoder = async (options: VideoOptions): Promise<CodecContext> => {
  const { name, options: settings } = ENCODERS[options.codec];
  const codec = encoderNamed(name);
  const context = new CodecContext();
  context.allocContext3(codec);
  context.width = options.size.width;
  context.height = options.size.height;
  context.pixelFormat = AV_PIX_FMT_YUV420P;
  context.colorRange = AVCOL_RANGE_MPEG;
  context.colorSpace = AVCOL_SPC_SMPTE170M;
  context.timeBase = new Rational(1, options.fps);
  context.framerate = new Rational(options.fps, 1);
  context.gopSize = options.keyframeInterval ?? options.fps;
  context.maxBFrames = 0;
  context.threadCount = 1;
  context.bitRate = BigInt(bitrateOf(options));
  checked(await context.open2(codec, Dictionary.fromObject(settings)), `The encoder "${name}" could not be opened.`);
  return context;
};

/** Encodes a picture from media time zero. Throws for sizes that are not 16:9 multiples of 160x90. */
export const encodeVideo = async (options: VideoOptions): Promise<EncodedTrack> => {
  const { size, fps, seconds, codec } = options;
  if (!isPictureSize(size)) {
    throw new RangeError(`A picture of ${size.width}x${size.height} cannot be drawn: multiples of 160x90 can.`);
  }
  const context = await openVideoEncoder(options);
  const frame = new Frame();
  const packet = new Packet();
  packet.alloc();
  frame.alloc();
  frame.width = size.width;
  frame.height = size.height;
  frame.format = AV_PIX_FMT_YUV420P;
  checked(frame.getBuffer(0), 'A frame could not be allocated.');
  const picture = new Picture(options);
  const frames: EncodedFrame[] = [];
  const take = (out: Packet) => {
    const time = Math.round((Number(out.pts) * VIDEO_CLOCK) / fps);
    frames.push({ time, keyframe: out.isKeyframe, level: 0, data: Buffer.from(out.data ?? []) });
  };
  try {
    for (let index = 0; index < seconds * fps; index++) {
      checked(frame.makeWritable(), 'A frame could not be written to.');
      const { data, linesize } = frame;
      if (!data) throw new Error('A frame has no planes.');
      picture.draw(index, { data, linesize });
      frame.pts = BigInt(index);
      await encodeInto(context, frame, packet, take);
    }
    await encodeInto(context, null, packet, take);
  } finally {
    packet.free();
    frame.free();
    context.freeContext();
  }
  return { codec, clockRate: VIDEO_CLOCK, duration: seconds * VIDEO_CLOCK, ...size, frames };
};

/** −dBov of samples (RFC 6464 §3), 127 for digital silence. */
const levelOf = (samples: Float32Array): number => {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const rms = Math.sqrt(sum / samples.length);
  return rms === 0 ? 127 : Math.max(0, Math.min(127, Math.round(-20 * Math.log10(rms))));
};

/** Encodes a sound from media time zero; the times of its frames begin with the encoder's look-ahead, below zero. */
export const encodeAudio = async ({ turn, seconds, dtx, silent, talks }: AudioOptions): Promise<EncodedTrack> => {
  const codec = encoderNamed('libopus');
  const context = new CodecContext();
  context.allocContext3(codec);
  context.sampleRate = SAMPLE_RATE;
  context.channelLayout = AV_CHANNEL_LAYOUT_MONO;
  context.sampleFormat = AV_SAMPLE_FMT_FLT;
  context.bitRate = 48_000n;
  context.timeBase = new Rational(1, SAMPLE_RATE);
  const settings = { application: dtx ? 'voip' : 'audio', frame_duration: '20', dtx: dtx ? '1' : '0' };
  checked(await context.open2(codec, Dictionary.fromObject(settings)), 'The Opus encoder could not be opened.');
  const frame = new Frame();
  const packet = new Packet();
  packet.alloc();
  frame.alloc();
  frame.format = AV_SAMPLE_FMT_FLT;
  frame.sampleRate = SAMPLE_RATE;
  frame.channelLayout = AV_CHANNEL_LAYOUT_MONO;
  frame.nbSamples = OPUS_FRAME;
  checked(frame.getBuffer(0), 'A frame could not be allocated.');
  const samples = new Float32Array(OPUS_FRAME);
  const levels: number[] = [];
  const frames: EncodedFrame[] = [];
  const take = (out: Packet) => {
    const level = levels[frames.length] ?? 127;
    frames.push({ time: Number(out.pts), keyframe: true, level, data: Buffer.from(out.data ?? []) });
  };
  const count = (seconds * SAMPLE_RATE) / OPUS_FRAME;
  try {
    for (let index = 0; index < count; index++) {
      checked(frame.makeWritable(), 'A frame could not be written to.');
      if (talks) drawTalk(turn, index * OPUS_FRAME, samples);
      else drawSound(turn, index * OPUS_FRAME, samples, silent);
      levels.push(levelOf(samples));
      const [plane] = frame.data ?? [];
      if (!plane) throw new Error('A frame has no samples.');
      Buffer.from(samples.buffer).copy(plane);
      frame.pts = BigInt(index * OPUS_FRAME);
      await encodeInto(context, frame, packet, take);
    }
    await encodeInto(context, null, packet, take);
  } finally {
    packet.free();
    frame.free();
    context.freeContext();
  }
  // The last packet only flushes the look-ahead: without it the next round begins exactly where this one ended.
  return {
    codec: 'opus',
    clockRate: SAMPLE_RATE,
    duration: seconds * SAMPLE_RATE,
    width: 0,
    height: 0,
    frames: frames.slice(0, count),
  };
};

const cachePath = (folder: string, kind: string, options: object): string => {
  const hash = createHash('sha256')
    .update(JSON.stringify([EDITION, kind, options]))
    .digest('hex')
    .slice(0, 24);
  return join(folder, `${kind}-${hash}.track`);
};

const cached = async (path: string, encode: () => Promise<EncodedTrack>): Promise<string> => {
  try {
    await access(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    Log.setLevel(AV_LOG_ERROR);
    await saveTrack(path, await encode());
  }
  return path;
};

/** Path of the encoded picture in the cache folder; encoded first if need be. */
export const cachedVideo = (folder: string, options: VideoOptions): Promise<string> =>
  cached(cachePath(folder, options.codec, options), () => encodeVideo(options));

/** Path of the encoded sound in the cache folder; encoded first if need be. */
export const cachedAudio = (folder: string, options: AudioOptions): Promise<string> =>
  cached(cachePath(folder, 'opus', options), () => encodeAudio(options));
