/**
 * One segment's sound as AAC-LC, or as Opus for WebM. It is fed more than the segment owns (`sound-grid.ts`), and only the packets that the
 * segment owns are kept: segments join without a seam. Encoders delay: the packet of frame g is heard `delay` samples before the frame
 * begins. So the packet after the last owned one is handed on, too: the next segment has it as its first, and where none follows it is the end.
 */
import {
  AV_CHANNEL_LAYOUT_STEREO,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_SAMPLE_FMT_FLT,
  AV_SAMPLE_FMT_FLTP,
  FF_ENCODER_AAC,
  FF_ENCODER_LIBOPUS,
} from 'node-av/constants';
import { Codec, CodecContext, Dictionary, type Frame, type Packet, Rational } from 'node-av/lib';
import { SAMPLE_RATE } from '../domain/media-time.ts';
import { check, newPacket, newSound, soundPlanes } from './av.ts';
import { FragmentWriter } from './fragment-writer.ts';
import type { SoundBuffer } from './placement.ts';
import { AAC_GRID, type FrameRange, type SoundGrid } from './sound-grid.ts';

const BIT_RATE = 128_000n;

const ENCODERS = {
  aac: { name: FF_ENCODER_AAC, format: AV_SAMPLE_FMT_FLTP, options: {} },
  // `audio`: nothing is taken for speech, whose coder would be switched on and off between segments.
  opus: {
    name: FF_ENCODER_LIBOPUS,
    format: AV_SAMPLE_FMT_FLT,
    options: { application: 'audio', frame_duration: '20' },
  },
} as const;

const openEncoder = async (kind: SoundGrid['codec']): Promise<CodecContext> => {
  const { name, format, options } = ENCODERS[kind];
  const codec = Codec.findEncoderByName(name);
  if (!codec) throw new Error(`The media library has no encoder for ${kind}.`);
  const context = new CodecContext();
  context.allocContext3(codec);
  context.sampleRate = SAMPLE_RATE;
  context.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
  context.sampleFormat = format;
  context.bitRate = BIT_RATE;
  context.timeBase = new Rational(1, SAMPLE_RATE);
  context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  check(await context.open2(codec, Dictionary.fromObject(options)), `Opening the ${kind} encoder`);
  return context;
};

/** Fills a block from sample `from` of the buffer on, planar or interleaved. */
const fill = (frame: Frame, sound: SoundBuffer, from: number): void => {
  const length = frame.nbSamples;
  const [first, second] = soundPlanes(frame);
  if (!first) throw new Error('A block of samples has no memory.');
  if (second) {
    first.set(sound.left.subarray(from, from + length));
    second.set(sound.right.subarray(from, from + length));
    return;
  }
  for (let i = 0; i < length; i++) {
    first[2 * i] = sound.left[from + i] as number;
    first[2 * i + 1] = sound.right[from + i] as number;
  }
};

/**
 * Encodes a segment's sound to a file; resolves to its bytes of media. `sound` reaches from the grid's `preroll` before the owned frames to
 * its `extra` after them.
 */
export const encodeSound = async (
  sound: SoundBuffer,
  owned: FrameRange,
  path: string,
  grid: SoundGrid = AAC_GRID,
): Promise<number> => {
  const context = await openEncoder(grid.codec);
  const packet: Packet = newPacket();
  const frame = newSound(grid.frame, ENCODERS[grid.codec].format);
  const writer = await FragmentWriter.open(path, context, 'audio');
  const lowest = BigInt(owned.first * grid.frame - grid.delay);
  const highest = BigInt(owned.end * grid.frame - grid.delay);
  const drain = async () => {
    while (context.receivePacketSync(packet) >= 0) {
      if (packet.pts >= lowest && packet.pts <= highest) await writer.write(packet);
      packet.unref();
    }
  };
  try {
    for (let g = owned.first - grid.preroll; g < owned.end + grid.extra; g++) {
      check(frame.makeWritable(), 'Reusing a block of samples');
      fill(frame, sound, g * grid.frame - sound.start);
      frame.pts = BigInt(g * grid.frame);
      check(await context.sendFrame(frame), 'Encoding sound');
      await drain();
    }
    check(await context.sendFrame(null), 'Ending a sound stream');
    await drain();
    await writer.finish();
    return writer.bytes;
  } finally {
    await writer.close();
    context.freeContext();
    packet.free();
    frame.free();
  }
};
