/**
 * Which simulcast layer of a track is shown at a tick, and which of its frames a decoder must be fed for it. A pure sequential
 * selector: ask it tick by tick. Its state is the stream it is on.
 */
import type { TrackId } from '../domain/ids.ts';
import type { Size } from '../domain/layout.ts';
import type { SessionTimeNs } from '../domain/media-time.ts';
import type { TimelineStream, VideoFrame } from './types.ts';

/** The part of a timeline that the selector reads. */
export interface LayerSource {
  streamsOf(trackId: TrackId): readonly TimelineStream[];
  videoFrames(stream: number, fromNs: SessionTimeNs, toNs: SessionTimeNs): readonly VideoFrame[];
  gopBefore(stream: number, ns: SessionTimeNs): readonly VideoFrame[];
  unmutedSince(trackId: TrackId, ns: SessionTimeNs): SessionTimeNs | null;
}

/** What is shown of a track at a tick. */
export interface LayerChoice {
  readonly stream: number;
  readonly codec: TimelineStream['codec'];
  /** True: another stream than before, or the same one entered anew. Start a fresh decoder; `frames` begins with a keyframe. */
  readonly restart: boolean;
  /** Feed all of these to the decoder, in order; show the last one's picture. Empty: the picture of the tick before still stands. */
  readonly frames: readonly VideoFrame[];
  /** Time of the frame that is shown. */
  readonly timeNs: SessionTimeNs;
}

/** A frame is shown at the tick it is nearest to: those up to half a tick after the tick's instant belong to it. */
export const HALF_TICK_NS = 1_000_000_000 / 60;
/** A first picture that comes this soon after the recording's start is shown from its start: no flash of initials. */
export const LEAD_IN_NS = 500_000_000;

export class LayerSelector {
  readonly #stream: number | null;

  /**
   * @param recordingStartNs where the lead-in rule counts from. The source must be settled to `recordingStartNs + LEAD_IN_NS` before
   *   the first ticks are asked for.
   * @param stream the stream it was on, from `state` of an earlier selector; null to begin.
   */
  constructor(
    _source: LayerSource,
    _trackId: TrackId,
    _recordingStartNs: SessionTimeNs,
    _stream: number | null = null,
  ) {
    this.#stream = _stream;
  }

  /** JSON: the stream it is on. */
  get state(): number | null {
    return this.#stream;
  }

  /**
   * What to show at the tick whose instant is `atNs` (session time) in a tile of this size. Null: no picture yet (or muted since the
   * last one): draw initials. The source must be settled to `atNs + HALF_TICK_NS`. If ticks were left out since the last call (the
   * tile was hidden), the stream is entered anew from its last keyframe.
   */
  select(_atNs: SessionTimeNs, _tile: Size): LayerChoice | null {
    return null;
  }
}
