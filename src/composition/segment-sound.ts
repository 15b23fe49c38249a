/**
 * The sound of one segment: every Opus stream decoded by a fresh decoder, placed by media time, metered, mixed and limited. A function
 * of the timeline alone, whichever segments were rendered before. Where the recording was paused, what lies on either side is decoded apart
 * and faded.
 */
import type { ParticipantId } from '../domain/ids.ts';
import type { MediaSpan, MediaSpans } from '../domain/media-spans.ts';
import {
  FRAME_RATE,
  NS_PER_S,
  nsToSample,
  SAMPLE_RATE,
  SEGMENT_TICKS,
  type SessionTimeNs,
} from '../domain/media-time.ts';
import type { Levels } from '../timeline/speaker.ts';
import type { AudioPacket, TimelineStream } from '../timeline/types.ts';
import { type DecodeSound, decodeAnyhow } from './careful-decoding.ts';
import { LevelMeter, windowsOf } from './levels.ts';
import { LIMITER_FUTURE, LIMITER_PAST, limit } from './limiter.ts';
import { OpusDecoder } from './opus-decoder.ts';
import { newSoundBuffer, Placement, type SoundBuffer } from './placement.ts';
import { AAC_GRID, type FrameRange, ownedFrames, type SoundGrid } from './sound-grid.ts';

/** An Opus decoder's memory has faded after 80 ms (RFC 7845 §4.6); 200 ms leaves no audible difference at a seam. */
const OPUS_PREROLL_NS = 200_000_000;
/**
 * Encoders look 6.5 ms ahead (libopus: 2.5 ms and 4 ms for its two halves to meet) and RTP has no pre-skip to say so: what a
 * packet yields was captured that much before its time.
 */
const OPUS_LOOKAHEAD_SAMPLES = 312;

/** 5 ms on either side of a cut: too short to be heard as a fade, long enough not to click. */
const CUT_FADE_SAMPLES = 240;

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
  /** Where the recording's ticks lie, known at least to the segment's end and 150 ms on. */
  readonly spans: MediaSpans;
}

export interface SegmentSound {
  /** Reaches as far beyond the owned frames as the encoder wants. */
  readonly mix: SoundBuffer;
  readonly owned: FrameRange;
  readonly levels: readonly Levels[];
}

const sampleToNs = (sample: number): number => (sample * NS_PER_S) / SAMPLE_RATE;

/** Decodes the packets of a stream into `buffer`. */
const decodeInto = async (
  buffer: SoundBuffer,
  packets: readonly AudioPacket[],
  zeroNs: SessionTimeNs,
  decode: DecodeSound,
): Promise<void> => {
  const decoder = await OpusDecoder.open();
  try {
    const placement = new Placement(buffer);
    const sampleOf = (ns: number) => nsToSample(ns - zeroNs) - OPUS_LOOKAHEAD_SAMPLES;
    for (const packet of packets) {
      const decoded = decode(decoder, packet);
      const samples = decoded instanceof Promise ? await decoded : decoded;
      if (samples) placement.place(samples, sampleOf(packet.startNs), sampleOf(packet.endNs));
      else placement.break();
    }
    placement.break();
  } finally {
    decoder.close();
  }
};

/** Adds a sound that lies whole within the mix. */
const add = (mix: SoundBuffer, sound: SoundBuffer): void => {
  const offset = sound.start - mix.start;
  for (let i = 0; i < sound.left.length; i++) {
    mix.left[offset + i] = (mix.left[offset + i] as number) + (sound.left[i] as number);
    mix.right[offset + i] = (mix.right[offset + i] as number) + (sound.right[i] as number);
  }
};

/** The part of a span that a buffer holds. Before the recording and behind its end there is silence, whatever the journal holds. */
interface Piece {
  /** Media samples, [from, end). */
  readonly from: number;
  readonly end: number;
  /** Session time of media sample 0, were it in this span. */
  readonly zeroNs: SessionTimeNs;
  /** What is read: not beyond a pause. */
  readonly fromNs: SessionTimeNs;
  readonly toNs: SessionTimeNs;
}

const pieceOf = (span: MediaSpan, isFirst: boolean, isLast: boolean, start: number, end: number): Piece => {
  const first = span.firstTick * SAMPLES_PER_TICK;
  const piece = { from: Math.max(start, first), end: Math.min(end, first + span.ticks * SAMPLES_PER_TICK) };
  const zeroNs = span.fromNs - sampleToNs(first);
  const fromNs = zeroNs + sampleToNs(piece.from) - OPUS_PREROLL_NS;
  const toNs = zeroNs + sampleToNs(piece.end + OPUS_LOOKAHEAD_SAMPLES);
  return {
    ...piece,
    zeroNs,
    fromNs: isFirst ? fromNs : Math.max(fromNs, span.fromNs),
    toNs: isLast || span.toNs === null ? toNs : Math.min(toNs, span.toNs),
  };
};

/** The pieces of a stretch of media samples, in order. */
const piecesOf = ({ spans }: MediaSpans, start: number, end: number): Piece[] =>
  spans
    .map((span, i) => pieceOf(span, i === 0, i === spans.length - 1, start, end))
    .filter((piece) => piece.from < piece.end);

/** Fades what ends and what begins at every cut: two sounds that do not belong together would click. */
const fadeCuts = (mix: SoundBuffer, { spans }: MediaSpans): void => {
  for (const { firstTick } of spans.slice(1)) {
    const cut = firstTick * SAMPLES_PER_TICK - mix.start;
    for (const channel of [mix.left, mix.right]) {
      for (let i = Math.max(0, cut - CUT_FADE_SAMPLES); i < Math.min(channel.length, cut + CUT_FADE_SAMPLES); i++) {
        channel[i] = (channel[i] as number) * (Math.abs(i + 0.5 - cut) / CUT_FADE_SAMPLES);
      }
    }
  }
};

export interface SegmentSoundOptions {
  /** Called with every stream. */
  readonly onStep?: () => void;
  /** AAC's, where it is absent. */
  readonly grid?: SoundGrid;
  /** How packets are decoded; as they come, where it is absent. */
  readonly decode?: DecodeSound;
}

/** Decodes, meters and mixes. The source must be settled to the segment's end and 150 ms on. */
export const segmentSound = async (
  source: SoundSource,
  span: SegmentSpan,
  { onStep, grid = AAC_GRID, decode = decodeAnyhow.sound }: SegmentSoundOptions = {},
): Promise<SegmentSound> => {
  const owned = ownedFrames(span, grid);
  const start = (owned.first - grid.preroll) * grid.frame - LIMITER_PAST;
  const end = (owned.end + grid.extra) * grid.frame + LIMITER_FUTURE;
  const pieces = piecesOf(span.spans, start, end);
  const firstTick = span.index * SEGMENT_TICKS;
  const meter = new LevelMeter(windowsOf(firstTick, firstTick + span.ticks));
  const mix = newSoundBuffer(start, end - start);
  for (const stream of source.streams()) {
    if (stream.codec !== 'opus') continue;
    for (const piece of pieces) {
      const packets = source.audioPackets(stream.stream, piece.fromNs, piece.toNs);
      if (packets.length === 0) continue;
      const sound = newSoundBuffer(piece.from, piece.end - piece.from);
      await decodeInto(sound, packets, piece.zeroNs, decode);
      if (stream.source === 'microphone') meter.add(stream.participantId as ParticipantId, sound);
      add(mix, sound);
      onStep?.();
    }
  }
  fadeCuts(mix, span.spans);
  limit(mix);
  return { mix, owned, levels: meter.levels() };
};
