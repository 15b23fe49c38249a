/**
 * The sound of one segment: every Opus stream decoded by a fresh decoder, placed by media time, metered, mixed and limited. A function
 * of the timeline alone, whichever segments were rendered before. Where the recording was paused, what lies on either side is decoded apart
 * and faded.
 */
import type { ParticipantId } from '../domain/ids.ts';
import type { MediaSpans } from '../domain/media-spans.ts';
import { SEGMENT_TICKS } from '../domain/media-time.ts';
import type { Levels } from '../timeline/speaker.ts';
import { type DecodeSound, decodeAnyhow } from './careful-decoding.ts';
import { LevelMeter, windowsOf } from './levels.ts';
import { LIMITER_FUTURE, LIMITER_PAST, limit } from './limiter.ts';
import { newSoundBuffer, type SoundBuffer } from './placement.ts';
import { AAC_GRID, type FrameRange, ownedFrames, type SoundGrid } from './sound-grid.ts';
import { piecesOf, SAMPLES_PER_TICK, type SoundSource, soundOf } from './stream-sound.ts';

/** 5 ms on either side of a cut: too short to be heard as a fade, long enough not to click. */
const CUT_FADE_SAMPLES = 240;

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

/** Adds a sound that lies whole within the mix. */
const add = (mix: SoundBuffer, sound: SoundBuffer): void => {
  const offset = sound.start - mix.start;
  for (let i = 0; i < sound.left.length; i++) {
    mix.left[offset + i] = (mix.left[offset + i] as number) + (sound.left[i] as number);
    mix.right[offset + i] = (mix.right[offset + i] as number) + (sound.right[i] as number);
  }
};

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
      const sound = await soundOf(source, stream.stream, piece, decode);
      if (!sound) continue;
      if (stream.source === 'microphone') meter.add(stream.participantId as ParticipantId, sound);
      add(mix, sound);
      onStep?.();
    }
  }
  fadeCuts(mix, span.spans);
  limit(mix);
  return { mix, owned, levels: meter.levels() };
};
