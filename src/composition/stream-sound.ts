/**
 * The sound of one stream in a stretch of media time: its packets decoded by a fresh decoder and placed. A function of the timeline alone,
 * whatever was decoded before. Where the recording was paused, a stretch has pieces, and what lies on either side is decoded apart.
 */
import type { MediaSpan, MediaSpans } from '../domain/media-spans.ts';
import { FRAME_RATE, NS_PER_S, nsToSample, SAMPLE_RATE, type SessionTimeNs } from '../domain/media-time.ts';
import type { AudioPacket, TimelineStream } from '../timeline/types.ts';
import type { DecodeSound } from './careful-decoding.ts';
import { OpusDecoder } from './opus-decoder.ts';
import { newSoundBuffer, Placement, type SoundBuffer } from './placement.ts';

/** An Opus decoder's memory has faded after 80 ms (RFC 7845 §4.6); 200 ms leaves no audible difference at a seam. */
const OPUS_PREROLL_NS = 200_000_000;
/**
 * Encoders look 6.5 ms ahead (libopus: 2.5 ms and 4 ms for its two halves to meet) and RTP has no pre-skip to say so: what a
 * packet yields was captured that much before its time.
 */
const OPUS_LOOKAHEAD_SAMPLES = 312;

export const SAMPLES_PER_TICK = SAMPLE_RATE / FRAME_RATE;

/** The part of a timeline that is heard. */
export interface SoundSource {
  streams(): Iterable<TimelineStream>;
  audioPackets(stream: number, fromNs: SessionTimeNs, toNs: SessionTimeNs): readonly AudioPacket[];
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

/** The part of a span that a buffer holds. Before the recording and behind its end there is silence, whatever the journal holds. */
export interface Piece {
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
export const piecesOf = ({ spans }: MediaSpans, start: number, end: number): Piece[] =>
  spans
    .map((span, i) => pieceOf(span, i === 0, i === spans.length - 1, start, end))
    .filter((piece) => piece.from < piece.end);

/** Null: no packet of the stream falls in this piece. */
export const soundOf = async (
  source: SoundSource,
  stream: number,
  piece: Piece,
  decode: DecodeSound,
): Promise<SoundBuffer | null> => {
  const packets = source.audioPackets(stream, piece.fromNs, piece.toNs);
  if (packets.length === 0) return null;
  const sound = newSoundBuffer(piece.from, piece.end - piece.from);
  await decodeInto(sound, packets, piece.zeroNs, decode);
  return sound;
};
