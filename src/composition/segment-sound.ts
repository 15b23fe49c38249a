/**
 * The sound of one segment: every Opus stream decoded by a fresh decoder, placed by media time, metered, mixed and limited. A function
 * of the timeline alone, whichever segments were rendered before.
 */
import type { ParticipantId } from '../domain/ids.ts';
import {
  AAC_FRAME,
  FRAME_RATE,
  NS_PER_S,
  nsToSample,
  SAMPLE_RATE,
  SEGMENT_AAC_FRAMES,
  SEGMENT_TICKS,
  type SessionTimeNs,
} from '../domain/media-time.ts';
import type { Levels } from '../timeline/speaker.ts';
import type { AudioPacket, TimelineStream } from '../timeline/types.ts';
import { AAC_EXTRA_FRAMES, AAC_PREROLL_FRAMES, type FrameRange } from './audio-encoder.ts';
import { LevelMeter, windowsOf } from './levels.ts';
import { LIMITER_FUTURE, LIMITER_PAST, limit } from './limiter.ts';
import { OpusDecoder } from './opus-decoder.ts';
import { newSoundBuffer, Placement, type SoundBuffer } from './placement.ts';

/** An Opus decoder's memory has faded after 80 ms (RFC 7845 §4.6); 200 ms leaves no audible difference at a seam. */
const OPUS_PREROLL_NS = 200_000_000;
/**
 * Encoders look 6.5 ms ahead (libopus: 2.5 ms and 4 ms for its two halves to meet) and RTP has no pre-skip to say so: what a
 * packet yields was captured that much before its time.
 */
const OPUS_LOOKAHEAD_SAMPLES = 312;

const SAMPLES_PER_TICK = SAMPLE_RATE / FRAME_RATE;

/** The part of a timeline that is heard. */
export interface SoundSource {
  streams(): Iterable<TimelineStream>;
  audioPackets(stream: number, fromNs: SessionTimeNs, toNs: SessionTimeNs): readonly AudioPacket[];
}

/** Which part of a recording. */
export interface SegmentSpan {
  readonly index: number;
  readonly ticks: number;
  /** Session time of the recording's start. */
  readonly startNs: SessionTimeNs;
  /** Ticks of the whole recording, or null while it is not known to end. */
  readonly totalTicks: number | null;
}

export interface SegmentSound {
  /** Reaches as far beyond the owned frames as the encoder wants. */
  readonly mix: SoundBuffer;
  readonly owned: FrameRange;
  readonly levels: readonly Levels[];
}

/** AAC frames that a segment owns: 200, and what it takes to cover the last one's ticks. */
export const ownedFrames = ({ index, ticks }: { readonly index: number; readonly ticks: number }): FrameRange => {
  const first = index * SEGMENT_AAC_FRAMES;
  const samples = (index * SEGMENT_TICKS + ticks) * SAMPLES_PER_TICK;
  return { first, end: Math.max(first + 1, Math.ceil(samples / AAC_FRAME)) };
};

const sampleToNs = (sample: number): number => (sample * NS_PER_S) / SAMPLE_RATE;

/** Decodes the packets of a stream into `buffer`. */
const decodeInto = async (buffer: SoundBuffer, packets: readonly AudioPacket[], startNs: number): Promise<void> => {
  const decoder = await OpusDecoder.open();
  try {
    const placement = new Placement(buffer);
    const sampleOf = (ns: number) => nsToSample(ns - startNs) - OPUS_LOOKAHEAD_SAMPLES;
    for (const packet of packets) {
      const samples = packet.data === null ? null : decoder.decode(packet.data);
      if (samples) placement.place(samples, sampleOf(packet.startNs), sampleOf(packet.endNs));
      else placement.break();
    }
    placement.break();
  } finally {
    decoder.close();
  }
};

/** Silence before the recording began and after it ended, whatever the journal holds there. */
const trim = (sound: SoundBuffer, totalTicks: number | null): void => {
  const end = totalTicks === null ? Number.POSITIVE_INFINITY : totalTicks * SAMPLES_PER_TICK;
  for (const channel of [sound.left, sound.right]) {
    channel.fill(0, 0, Math.max(0, Math.min(channel.length, -sound.start)));
    if (end < sound.start + channel.length) channel.fill(0, Math.max(0, end - sound.start));
  }
};

const add = (mix: SoundBuffer, sound: SoundBuffer): void => {
  for (let i = 0; i < mix.left.length; i++) {
    mix.left[i] = (mix.left[i] as number) + (sound.left[i] as number);
    mix.right[i] = (mix.right[i] as number) + (sound.right[i] as number);
  }
};

/** Decodes, meters and mixes; `onStep` with every stream. The source must be settled to the segment's end and 150 ms on. */
export const segmentSound = async (
  source: SoundSource,
  span: SegmentSpan,
  onStep?: () => void,
): Promise<SegmentSound> => {
  const owned = ownedFrames(span);
  const start = (owned.first - AAC_PREROLL_FRAMES) * AAC_FRAME - LIMITER_PAST;
  const end = (owned.end + AAC_EXTRA_FRAMES) * AAC_FRAME + LIMITER_FUTURE;
  const fromNs = span.startNs + sampleToNs(start) - OPUS_PREROLL_NS;
  const toNs = span.startNs + sampleToNs(end + OPUS_LOOKAHEAD_SAMPLES);
  const firstTick = span.index * SEGMENT_TICKS;
  const meter = new LevelMeter(windowsOf(firstTick, firstTick + span.ticks));
  const mix = newSoundBuffer(start, end - start);
  for (const stream of source.streams()) {
    if (stream.codec !== 'opus') continue;
    const packets = source.audioPackets(stream.stream, fromNs, toNs);
    if (packets.length === 0) continue;
    const sound = newSoundBuffer(start, end - start);
    await decodeInto(sound, packets, span.startNs);
    trim(sound, span.totalTicks);
    if (stream.source === 'microphone') meter.add(stream.participantId as ParticipantId, sound);
    add(mix, sound);
    onStep?.();
  }
  limit(mix);
  return { mix, owned, levels: meter.levels() };
};
