/**
 * Which simulcast layer of a track is shown at a tick, and which of its frames a decoder must be fed for it. A pure sequential
 * selector: ask it tick by tick. Its state is the stream it is on.
 *
 * Wanted is the smallest live layer that fills the tile, else the largest. A change is made at a keyframe of the layer wanted; at once,
 * through its last keyframe, where the present one has gone silent, lost a packet or ended. A new epoch (the same layer after a
 * reconnect) takes over at its first keyframe. With nothing better, the last picture stands.
 */
import type { TrackId } from '../domain/ids.ts';
import type { Size } from '../domain/layout.ts';
import { FRAME_RATE, NS_PER_MS, NS_PER_S, type SessionTimeNs } from '../domain/media-time.ts';
import type { Tile } from '../domain/scene.ts';
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

/** Where a track is shown. A picture that is cut to fill its place needs both sides, one that is fitted into it whole the one that it reaches. */
export interface ShownPlace extends Size {
  /** Absent: `cover`. */
  readonly fit?: Tile['fit'];
}

/** A frame is shown at the tick it is nearest to: those up to half a tick after the tick's instant belong to it. */
export const HALF_TICK_NS = NS_PER_S / FRAME_RATE / 2;
/** A first picture that comes this soon after the recording's start is shown from its start: no flash of initials. */
export const LEAD_IN_NS = 500 * NS_PER_MS;
/** What is older than this when a span begins was seen before it: a picture that comes within the lead-in is shown instead. */
const FRESH_NS = 200 * NS_PER_MS;
/** A layer this much smaller than the tile is as good: the eye does not see it, the decoder does. */
const TOLERANCE = 0.85;
/**
 * A layer without a new picture for so long, while another layer has one, has been switched off by its sender. Where all stand still
 * it is the screen that does: the best of them stays.
 */
const SILENT_NS = NS_PER_S;
/** Calls farther apart than this left out ticks: the decoder has not been fed. */
const NEXT_TICK_NS = 3 * HALF_TICK_NS;

/** What is known of one layer up to the present tick. */
class Layer {
  view: TimelineStream;
  size: Size = { width: 0, height: 0 };
  /** Newest frame, and newest that can be decoded; −Infinity before the first keyframe. */
  newestNs: SessionTimeNs = Number.NEGATIVE_INFINITY;
  decodableNs: SessionTimeNs = Number.NEGATIVE_INFINITY;
  /** Of the present tick. */
  fresh: readonly VideoFrame[] = [];

  constructor(view: TimelineStream) {
    this.view = view;
  }

  take(frames: readonly VideoFrame[]): void {
    this.fresh = frames;
    for (const frame of frames) {
      this.newestNs = frame.timeNs;
      if (!frame.decodable) continue;
      this.decodableNs = frame.timeNs;
      if (frame.keyframe) this.size = frame.size ?? this.size;
    }
  }

  get hasPicture(): boolean {
    return this.decodableNs > Number.NEGATIVE_INFINITY;
  }

  get atKeyframe(): boolean {
    return this.fresh.some((frame) => frame.keyframe && frame.decodable);
  }

  /** Sends pictures that can be decoded, as far as is known at this time. `freshestNs`: the newest picture of all layers. */
  isLive(ns: SessionTimeNs, freshestNs: SessionTimeNs): boolean {
    const ended = this.view.closedNs !== null && this.view.closedNs <= ns;
    return !ended && this.newestNs === this.decodableNs && this.decodableNs >= freshestNs - SILENT_NS;
  }

  fills({ width, height, fit }: ShownPlace): boolean {
    const isWide = this.size.width >= width * TOLERANCE;
    const isHigh = this.size.height >= height * TOLERANCE;
    return fit === 'contain' ? isWide || isHigh : isWide && isHigh;
  }

  get area(): number {
    return this.size.width * this.size.height;
  }
}

/** The stretch of session time that is shown: another one follows where the recording was paused. `toNs` null: it is not known to end. */
export interface ShownSpan {
  readonly fromNs: SessionTimeNs;
  readonly toNs: SessionTimeNs | null;
}

/** The smallest that fills the tile, else the largest; of equals the newest epoch. */
const bestFor = (layers: readonly Layer[], tile: ShownPlace): Layer | undefined => {
  const filling = layers.filter((layer) => layer.fills(tile));
  const sign = filling.length > 0 ? 1 : -1;
  const [best] = (filling.length > 0 ? filling : [...layers]).sort(
    (a, b) => sign * (a.area - b.area) || b.view.stream - a.view.stream,
  );
  return best;
};

export class LayerSelector {
  readonly #source: LayerSource;
  readonly #trackId: TrackId;
  #span: ShownSpan;
  readonly #layers = new Map<number, Layer>();
  #stream: number | null;
  /** The source has been read, and the decoder fed, up to here; null: enter anew. */
  #untilNs: SessionTimeNs | null = null;
  /** The keyframe that is shown ahead of its time at the recording's start. */
  #leadIn: VideoFrame | null = null;

  /**
   * @param recordingStartNs where the lead-in rule counts from, until `select` is given another span. The source must be settled to its
   *   beginning and `LEAD_IN_NS` before its first ticks are asked for.
   * @param stream the stream it was on, from `state` of an earlier selector; null to begin.
   */
  constructor(source: LayerSource, trackId: TrackId, recordingStartNs: SessionTimeNs, stream: number | null = null) {
    this.#source = source;
    this.#trackId = trackId;
    this.#span = { fromNs: recordingStartNs, toNs: null };
    this.#stream = stream;
  }

  /** JSON: the stream it is on. */
  get state(): number | null {
    return this.#stream;
  }

  /**
   * What to show at the tick whose instant is `atNs` (session time) in this place. Null: no picture yet (or none since it was
   * unmuted): draw initials. The source must be settled to `atNs + HALF_TICK_NS`. If ticks were left out since the last call
   * (the tile was hidden), the stream is entered anew from its last keyframe.
   */
  select(atNs: SessionTimeNs, tile: ShownPlace, span: ShownSpan = this.#span): LayerChoice | null {
    this.#span = span;
    const untilNs = atNs + HALF_TICK_NS;
    const enters = this.#untilNs === null || untilNs - this.#untilNs > NEXT_TICK_NS;
    if (enters) this.#enter(untilNs);
    else this.#read(untilNs);
    this.#untilNs = untilNs;
    const choice = this.#choose(atNs, untilNs, tile, enters);
    if (choice === null) this.#untilNs = null;
    return choice;
  }

  #choose(atNs: SessionTimeNs, untilNs: SessionTimeNs, tile: ShownPlace, enters: boolean): LayerChoice | null {
    const sinceNs = this.#source.unmutedSince(this.#trackId, atNs);
    if (sinceNs === null) return null;
    const fresh = this.#showable(Math.max(sinceNs, this.#span.fromNs - FRESH_NS));
    const ahead = fresh.length === 0 ? this.#leadInChoice(untilNs, enters) : null;
    if (ahead !== null) return ahead;
    const pool = fresh.length > 0 ? fresh : this.#showable(sinceNs);
    if (pool.length === 0) return null;
    const current = pool.find((layer) => layer.view.stream === this.#stream);
    const freshestNs = pool.reduce((newest, layer) => Math.max(newest, layer.decodableNs), Number.NEGATIVE_INFINITY);
    const live = pool.filter((layer) => layer.isLive(untilNs, freshestNs));
    const wanted = bestFor(live, tile) ?? this.#freshest(pool);
    if (current === undefined) return wanted === undefined ? null : this.#enterLayer(wanted, untilNs);
    const isBetter = wanted !== undefined && wanted !== current;
    if (isBetter && (wanted.atKeyframe || (!live.includes(current) && wanted.decodableNs > current.decodableNs))) {
      return this.#enterLayer(wanted, untilNs);
    }
    return enters ? this.#enterLayer(current, untilNs) : this.#goOn(current);
  }

  /** Layers with a picture since the track was unmuted, without those whose next epoch has one. */
  #showable(sinceNs: SessionTimeNs): Layer[] {
    const newest = new Map<string | null, Layer>();
    for (const layer of this.#layers.values()) {
      if (layer.hasPicture && layer.decodableNs >= sinceNs) newest.set(layer.view.rid, layer);
    }
    return [...newest.values()];
  }

  #freshest(pool: readonly Layer[]): Layer | undefined {
    return [...pool].sort((a, b) => b.decodableNs - a.decodableNs || b.view.stream - a.view.stream)[0];
  }

  #goOn(layer: Layer): LayerChoice {
    const frames = layer.fresh.filter((frame) => frame.decodable && frame !== this.#leadIn);
    const { stream, codec } = layer.view;
    return { stream, codec, restart: false, frames, timeNs: layer.decodableNs };
  }

  #enterLayer(layer: Layer, untilNs: SessionTimeNs): LayerChoice {
    const { stream, codec } = layer.view;
    this.#stream = stream;
    this.#leadIn = null;
    const frames = this.#source.gopBefore(stream, untilNs).filter((frame) => frame.decodable);
    return { stream, codec, restart: true, frames, timeNs: layer.decodableNs };
  }

  /** Before the first picture of a span: at its start, the one that is about to come. */
  #leadInChoice(untilNs: SessionTimeNs, enters: boolean): LayerChoice | null {
    const endNs = Math.min(this.#span.fromNs + LEAD_IN_NS, this.#span.toNs ?? Number.POSITIVE_INFINITY);
    if (untilNs >= endNs) return null;
    let first: VideoFrame | null = null;
    for (const { view } of this.#layers.values()) {
      const keyframe = this.#source
        .videoFrames(view.stream, untilNs, endNs)
        .find((frame) => frame.keyframe && frame.decodable);
      if (keyframe !== undefined && (first === null || keyframe.timeNs < first.timeNs)) first = keyframe;
    }
    const codec = first === null ? undefined : this.#layers.get(first.stream)?.view.codec;
    if (first === null || codec === undefined) return null;
    const restart = enters || this.#leadIn !== first;
    this.#leadIn = first;
    this.#stream = first.stream;
    return { stream: first.stream, codec, restart, frames: restart ? [first] : [], timeNs: first.timeNs };
  }

  /** Reads what is new in every layer. */
  #read(untilNs: SessionTimeNs): void {
    const fromNs = this.#untilNs ?? untilNs;
    for (const view of this.#source.streamsOf(this.#trackId)) {
      const layer = this.#layers.get(view.stream) ?? new Layer(view);
      layer.view = view;
      this.#layers.set(view.stream, layer);
      layer.take(this.#source.videoFrames(view.stream, fromNs, untilNs));
    }
  }

  /** Reads every layer from its last keyframe. */
  #enter(untilNs: SessionTimeNs): void {
    this.#layers.clear();
    this.#leadIn = null;
    for (const view of this.#source.streamsOf(this.#trackId)) {
      const layer = new Layer(view);
      layer.take(this.#source.gopBefore(view.stream, untilNs));
      layer.fresh = layer.fresh.filter((frame) => frame.timeNs >= untilNs - 2 * HALF_TICK_NS);
      this.#layers.set(view.stream, layer);
    }
  }
}
