/**
 * Decodes a finished recording: every picture handed over as planes, the whole sound as samples. Times are presentation times as a
 * player sees them, edit lists applied.
 */
import {
  AV_PIX_FMT_YUV420P,
  AV_SAMPLE_FMT_FLTP,
  AVERROR_EAGAIN,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
} from 'node-av/constants';
import { Codec, CodecContext, FFmpegError, FormatContext, Frame, Packet, type Stream } from 'node-av/lib';

import { colourOfFrame, type PictureColour } from './colours.ts';

/** A decoded picture, valid until the callback returns. */
export interface Picture {
  /** Seconds. */
  readonly time: number;
  readonly width: number;
  readonly height: number;
  /** Y, U, V. */
  readonly planes: readonly Buffer[];
  readonly lines: readonly number[];
  /** How its numbers stand for colours. */
  readonly colour: PictureColour;
}

export interface DecodedSound {
  readonly sampleRate: number;
  readonly channels: number;
  /** Time of the first sample, seconds. */
  readonly start: number;
  /** All channels, averaged. */
  readonly samples: Float32Array;
}

export interface DecodedVideo {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** Presentation time of the first picture, seconds. */
  readonly start: number;
  /** Every distance between neighbouring presentation times, in units of the stream's time base, with how often it occurs. */
  readonly deltas: ReadonlyMap<number, number>;
  /** From the first picture's time to the end of the last, seconds. */
  readonly duration: number;
  readonly codec: string;
}

export interface DecodedFile {
  readonly video: DecodedVideo | null;
  readonly sound: DecodedSound | null;
  /** As the container says, seconds. */
  readonly duration: number;
}

const checked = (result: number, what: string): number => {
  FFmpegError.throwIfError(result, what);
  return result;
};

const openDecoder = async (stream: Stream): Promise<CodecContext> => {
  const codec = Codec.findDecoder(stream.codecpar.codecId);
  if (!codec) throw new Error('There is no decoder for a stream of the file.');
  const context = new CodecContext();
  context.allocContext3(codec);
  context.parametersToContext(stream.codecpar);
  context.threadCount = 2;
  context.pktTimebase = stream.timeBase;
  checked(await context.open2(codec), 'A decoder could not be opened.');
  return context;
};

/** Takes what a decoder has. */
const drain = async (context: CodecContext, frame: Frame, take: (frame: Frame) => void): Promise<void> => {
  for (;;) {
    const result = await context.receiveFrame(frame);
    if (result === AVERROR_EAGAIN || result < 0) return;
    take(frame);
    frame.unref();
  }
};

class VideoReader {
  readonly #stream: Stream;
  readonly #onPicture: (picture: Picture) => void;
  readonly #times: bigint[] = [];
  #width = 0;
  #height = 0;

  constructor(stream: Stream, onPicture: (picture: Picture) => void) {
    this.#stream = stream;
    this.#onPicture = onPicture;
  }

  take(frame: Frame): void {
    if (frame.format !== AV_PIX_FMT_YUV420P)
      throw new Error(`Pictures are in pixel format ${frame.format}, not yuv420p.`);
    const { num, den } = this.#stream.timeBase;
    this.#times.push(frame.pts);
    this.#width = frame.width;
    this.#height = frame.height;
    this.#onPicture({
      time: (Number(frame.pts) * num) / den,
      width: frame.width,
      height: frame.height,
      planes: frame.data ?? [],
      lines: frame.linesize,
      colour: colourOfFrame(frame),
    });
  }

  result(codec: string): DecodedVideo {
    const { num, den } = this.#stream.timeBase;
    const deltas = new Map<number, number>();
    for (let index = 1; index < this.#times.length; index++) {
      const delta = Number((this.#times[index] ?? 0n) - (this.#times[index - 1] ?? 0n));
      deltas.set(delta, (deltas.get(delta) ?? 0) + 1);
    }
    const first = this.#times[0] ?? 0n;
    const last = this.#times.at(-1) ?? 0n;
    const usual = [...deltas].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0;
    return {
      width: this.#width,
      height: this.#height,
      frames: this.#times.length,
      start: (Number(first) * num) / den,
      deltas,
      duration: ((Number(last - first) + usual) * num) / den,
      codec,
    };
  }
}

class SoundReader {
  readonly #stream: Stream;
  readonly #parts: Float32Array[] = [];
  #start: number | undefined;
  #channels = 0;
  #rate = 0;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  take(frame: Frame): void {
    if (frame.format !== AV_SAMPLE_FMT_FLTP)
      throw new Error(`Sound is in sample format ${frame.format}, not planar float.`);
    const { num, den } = this.#stream.timeBase;
    this.#start ??= (Number(frame.pts) * num) / den;
    this.#channels = frame.channels;
    this.#rate = frame.sampleRate;
    const mixed = new Float32Array(frame.nbSamples);
    for (const plane of frame.data ?? []) {
      const samples = new Float32Array(plane.buffer, plane.byteOffset, frame.nbSamples);
      for (let i = 0; i < mixed.length; i++) mixed[i] = (mixed[i] ?? 0) + (samples[i] ?? 0) / frame.channels;
    }
    this.#parts.push(mixed);
  }

  result(): DecodedSound {
    const samples = new Float32Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      samples.set(part, at);
      at += part.length;
    }
    return { sampleRate: this.#rate, channels: this.#channels, start: this.#start ?? 0, samples };
  }
}

/** Decodes the whole file. Rejects if it cannot be read to its end. */
export const decodeFile = async (path: string, onPicture: (picture: Picture) => void): Promise<DecodedFile> => {
  const input = new FormatContext();
  checked(await input.openInput(path), `"${path}" cannot be opened.`);
  const packet = new Packet();
  packet.alloc();
  const frame = new Frame();
  frame.alloc();
  const decoders: { context: CodecContext; take: (frame: Frame) => void; index: number }[] = [];
  try {
    checked(await input.findStreamInfo(), `"${path}" has no readable streams.`);
    const videoAt = input.findBestStream(AVMEDIA_TYPE_VIDEO);
    const soundAt = input.findBestStream(AVMEDIA_TYPE_AUDIO);
    const videoStream = input.streams[videoAt];
    const soundStream = input.streams[soundAt];
    const video = videoStream ? new VideoReader(videoStream, onPicture) : null;
    const sound = soundStream ? new SoundReader(soundStream) : null;
    if (videoStream && video) {
      decoders.push({ context: await openDecoder(videoStream), take: (one) => video.take(one), index: videoAt });
    }
    if (soundStream && sound) {
      decoders.push({ context: await openDecoder(soundStream), take: (one) => sound.take(one), index: soundAt });
    }
    while ((await input.readFrame(packet)) >= 0) {
      const decoder = decoders.find(({ index }) => index === packet.streamIndex);
      if (decoder) {
        checked(await decoder.context.sendPacket(packet), 'A packet of the file cannot be decoded.');
        await drain(decoder.context, frame, decoder.take);
      }
      packet.unref();
    }
    for (const { context, take } of decoders) {
      await context.sendPacket(null);
      await drain(context, frame, take);
    }
    const codec = videoStream ? (Codec.findDecoder(videoStream.codecpar.codecId)?.name ?? 'unknown') : '';
    return {
      video: video?.result(codec) ?? null,
      sound: sound?.result() ?? null,
      duration: Number(input.duration) / 1_000_000,
    };
  } finally {
    for (const { context } of decoders) context.freeContext();
    frame.free();
    packet.free();
    await input.closeInput();
  }
};
