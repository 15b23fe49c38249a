/**
 * One segment's sound as AAC-LC. Encoders have memory, so the one of a segment is fed three frames more than it owns before it and
 * two after it, and only the packets that it owns are kept: segments join without a seam. The encoder delays by one frame: the
 * packet with time `p` is heard from `p` on and carries samples from before `p + 1024`, so a segment that owns frames [g0, g1) keeps
 * packets from frame g0 − 1 to g1 − 1 and hands on the last: the next segment has it too, as its first, and where none follows it is the end.
 */
import {
  AV_CHANNEL_LAYOUT_STEREO,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_SAMPLE_FMT_FLTP,
  FF_ENCODER_AAC,
} from 'node-av/constants';
import { Codec, CodecContext, type Packet, Rational } from 'node-av/lib';
import { AAC_FRAME, SAMPLE_RATE } from '../domain/media-time.ts';
import { check, newPacket, newSound, soundPlanes } from './av.ts';
import { FragmentWriter } from './fragment-writer.ts';
import type { SoundBuffer } from './placement.ts';

/** Measured: with fewer a join clicks for 20 ms. */
export const AAC_PREROLL_FRAMES = 3;
/** One for the overlap, one for the packet that is handed on. */
export const AAC_EXTRA_FRAMES = 2;
const BIT_RATE = 128_000n;

/** Frames of the global 1024-sample grid that a segment owns, [first, end). */
export interface FrameRange {
  readonly first: number;
  readonly end: number;
}

const openEncoder = async (): Promise<CodecContext> => {
  const codec = Codec.findEncoderByName(FF_ENCODER_AAC);
  if (!codec) throw new Error('The media library has no AAC encoder.');
  const context = new CodecContext();
  context.allocContext3(codec);
  context.sampleRate = SAMPLE_RATE;
  context.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
  context.sampleFormat = AV_SAMPLE_FMT_FLTP;
  context.bitRate = BIT_RATE;
  context.timeBase = new Rational(1, SAMPLE_RATE);
  context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  check(await context.open2(codec), 'Opening the AAC encoder');
  return context;
};

/**
 * Encodes a segment's sound to a file; resolves to its bytes of media. `sound` reaches from `AAC_PREROLL_FRAMES` before the owned
 * frames to `AAC_EXTRA_FRAMES` after them.
 */
export const encodeSound = async (sound: SoundBuffer, owned: FrameRange, path: string): Promise<number> => {
  const context = await openEncoder();
  const packet: Packet = newPacket();
  const frame = newSound(AAC_FRAME);
  const writer = await FragmentWriter.open(path, context, 'audio');
  const lowest = BigInt((owned.first - 1) * AAC_FRAME);
  const highest = BigInt((owned.end - 1) * AAC_FRAME);
  const drain = async () => {
    while (context.receivePacketSync(packet) >= 0) {
      if (packet.pts >= lowest && packet.pts <= highest) await writer.write(packet);
      packet.unref();
    }
  };
  try {
    for (let g = owned.first - AAC_PREROLL_FRAMES; g < owned.end + AAC_EXTRA_FRAMES; g++) {
      check(frame.makeWritable(), 'Reusing a block of samples');
      const from = g * AAC_FRAME - sound.start;
      const [left, right] = soundPlanes(frame);
      left?.set(sound.left.subarray(from, from + AAC_FRAME));
      right?.set(sound.right.subarray(from, from + AAC_FRAME));
      frame.pts = BigInt(g * AAC_FRAME);
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
