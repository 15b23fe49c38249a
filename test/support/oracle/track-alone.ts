/**
 * A participant's tracks decoded alone from the journal: what had arrived, before anything was composed. A browser that starves on a
 * busy machine sends late and few pictures; the recording is compared with what it sent, not with what it should have.
 */
import { AV_CHANNEL_LAYOUT_MONO, AV_CODEC_ID_OPUS, AV_SAMPLE_FMT_FLTP } from 'node-av/constants';
import { Codec, CodecContext, FFmpegError, Frame, Packet, Rational } from 'node-av/lib';
import type { VideoCodec } from '../../../src/domain/media.ts';
import { SAMPLE_RATE } from '../../../src/domain/media-time.ts';
import { readJournal } from '../../../src/journal/reader.ts';
import { beepHz } from '../../../src/synthetic/identity.ts';
import { Timeline } from '../../../src/timeline/timeline.ts';
import type { AudioPacket, TimelineStream, VideoColour, VideoFrame } from '../../../src/timeline/types.ts';
import { type Beep, findBeeps } from './beeps.ts';
import { colourOfFrame } from './colours.ts';
import type { TimedFrame } from './expectation.ts';
import type { DecodedSound, Picture } from './media-file.ts';
import { isLit, readTile } from './tile-reading.ts';

export interface TracksAlone {
  /** Every decodable picture whose code can be read, by time: seconds of the file. */
  readonly frames: readonly TimedFrame[];
  /** When flashes begin. */
  readonly flashes: readonly number[];
  readonly beeps: readonly Beep[];
}

const DECODERS: Record<VideoCodec, string> = { vp8: 'vp8', vp9: 'vp9', h264: 'h264', av1: 'libdav1d' };

/** A picture that was on its way when the journal was opened lies before session time 0, and may be the keyframe of those after it. */
const FROM_THE_FIRST = Number.MIN_SAFE_INTEGER;
const TO_THE_LAST = Number.MAX_SAFE_INTEGER;

const checked = (result: number, what: string): number => {
  FFmpegError.throwIfError(result, what);
  return result;
};

/** Reads a finished journal into a timeline. */
export const timelineOf = async (directory: string): Promise<Timeline> => {
  const timeline = new Timeline();
  for await (const { records } of readJournal(directory)) for (const record of records) timeline.push(record);
  timeline.finish();
  return timeline;
};

/** Decodes pictures one after another; `look` sees each with its time in session nanoseconds. */
const decodePictures = async (
  codec: VideoCodec,
  frames: readonly VideoFrame[],
  look: (picture: Picture) => void,
): Promise<void> => {
  const decoder = Codec.findDecoderByName(DECODERS[codec] as never);
  if (!decoder) throw new Error(`There is no decoder for ${codec}.`);
  const context = new CodecContext();
  context.allocContext3(decoder);
  context.threadCount = 1;
  context.pktTimebase = new Rational(1, 1_000_000);
  checked(await context.open2(decoder), 'A decoder could not be opened.');
  const packet = new Packet();
  packet.alloc();
  const frame = new Frame();
  frame.alloc();
  const told = new Map<bigint, VideoColour | null>();
  const drain = async () => {
    while ((await context.receiveFrame(frame)) >= 0) {
      look({
        time: Number(frame.pts) / 1e6,
        width: frame.width,
        height: frame.height,
        planes: frame.data ?? [],
        lines: frame.linesize,
        colour: colourOfFrame(frame, told.get(frame.pts)),
      });
      frame.unref();
    }
  };
  try {
    for (const { data, decodable, timeNs, keyframe, colour = null } of frames) {
      if (!decodable) continue;
      packet.data = data;
      packet.pts = BigInt(Math.round(timeNs / 1000));
      packet.isKeyframe = keyframe;
      told.set(packet.pts, colour);
      checked(await context.sendPacket(packet), 'A journaled picture cannot be decoded.');
      packet.unref();
      await drain();
    }
    await context.sendPacket(null);
    await drain();
  } finally {
    context.freeContext();
    packet.free();
    frame.free();
  }
};

/** Decodes Opus packets to one stretch of sound from the first packet on, silence between; mono. */
const decodeSound = async (packets: readonly AudioPacket[]): Promise<DecodedSound> => {
  const first = packets[0]?.startNs ?? 0;
  const last = packets.at(-1)?.endNs ?? 0;
  const samples = new Float32Array(Math.ceil(((last - first) * SAMPLE_RATE) / 1e9) + SAMPLE_RATE);
  const decoder = Codec.findDecoder(AV_CODEC_ID_OPUS);
  if (!decoder) throw new Error('There is no decoder for Opus.');
  const context = new CodecContext();
  context.allocContext3(decoder);
  context.sampleRate = SAMPLE_RATE;
  context.channelLayout = AV_CHANNEL_LAYOUT_MONO;
  checked(await context.open2(decoder), 'A decoder could not be opened.');
  const packet = new Packet();
  packet.alloc();
  const frame = new Frame();
  frame.alloc();
  try {
    for (const { data, startNs } of packets) {
      if (!data) continue;
      packet.data = data;
      checked(await context.sendPacket(packet), 'A journaled packet of sound cannot be decoded.');
      packet.unref();
      let at = Math.round(((startNs - first) * SAMPLE_RATE) / 1e9);
      while ((await context.receiveFrame(frame)) >= 0) {
        if (frame.format !== AV_SAMPLE_FMT_FLTP)
          throw new Error('Opus is decoded to something else than planar float.');
        const [plane] = frame.data ?? [];
        if (plane) samples.set(new Float32Array(plane.buffer, plane.byteOffset, frame.nbSamples), at);
        at += frame.nbSamples;
        frame.unref();
      }
    }
  } finally {
    context.freeContext();
    packet.free();
    frame.free();
  }
  return { sampleRate: SAMPLE_RATE, channels: 1, start: first / 1e9, samples };
};

const ofParticipant = (timeline: Timeline, participantId: string, source: string): readonly TimelineStream[] =>
  [...timeline.streams()].filter((stream) => stream.participantId === participantId && stream.source === source);

/** `startNs` is the recording's start in session time; times in the result count from it. One layer of the camera is looked at. */
export const tracksAlone = async (
  timeline: Timeline,
  participantId: string,
  index: number,
  startNs: number,
): Promise<TracksAlone> => {
  const frames: TimedFrame[] = [];
  const flashes: number[] = [];
  let wasLit: boolean | null = null;
  for (const { stream, codec } of ofParticipant(timeline, participantId, 'camera')) {
    if (codec === 'opus') continue;
    const coded = timeline.videoFrames(stream, FROM_THE_FIRST, TO_THE_LAST);
    await decodePictures(codec, coded, (picture) => {
      const whole = { x: 0, y: 0, width: picture.width, height: picture.height };
      const reading = readTile(picture, whole);
      const time = picture.time - startNs / 1e9;
      // The patch alone tells: a low bitrate may blur the code of the very picture in which a flash begins.
      const lit = isLit(reading);
      if (lit && wasLit === false) flashes.push(time);
      wasLit = lit;
      if (reading.identity === index && reading.frame !== null) frames.push({ time, frame: reading.frame });
    });
  }
  const beeps: Beep[] = [];
  for (const { stream } of ofParticipant(timeline, participantId, 'microphone')) {
    const packets = timeline.audioPackets(stream, FROM_THE_FIRST, TO_THE_LAST);
    if (packets.length === 0) continue;
    const sound = await decodeSound(packets);
    beeps.push(...findBeeps({ ...sound, start: sound.start - startNs / 1e9 }, beepHz(index)));
  }
  return { frames: frames.toSorted((a, b) => a.time - b.time), flashes, beeps };
};
