/**
 * Decides, tick by tick, who is where and which frames each track's decoder is given, without decoding anything. Pure but for its
 * state: for the same timeline and levels it says the same, so a worker that starts in the middle runs through the ticks before
 * it and then agrees with whoever rendered them.
 */
import type { RecordingId, TrackId } from '../domain/ids.ts';
import type { LayoutProgram, Size } from '../domain/layout.ts';
import { isSameLayout } from '../domain/layout-change.ts';
import type { MediaSpans, TickTime } from '../domain/media-spans.ts';
import { NS_PER_MS, type SessionTimeNs, tickToNs } from '../domain/media-time.ts';
import type { Scene } from '../domain/scene.ts';
import { type LayerChoice, LayerSelector, type LayerSource } from '../timeline/layers.ts';
import { emptyScene, reduceScene, resolveScene, type SceneState, visibleTracks } from '../timeline/scenes.ts';
import { hearWindow, LEVEL_WINDOW_MS, type Levels, NO_SPEAKER, speakingNow } from '../timeline/speaker.ts';
import type { TimedEvent } from '../timeline/timeline.ts';

export interface TickPlan {
  readonly scene: Scene;
  /** What each track of the scene is shown of; tracks without a picture are absent. */
  readonly choices: ReadonlyMap<TrackId, LayerChoice>;
  /** Another layout begins here, or the recording goes on after a pause: to be coded as an IDR, whatever moves. */
  readonly cut: boolean;
}

export interface PlannerOptions {
  readonly source: LayerSource;
  readonly recordingId: RecordingId;
  readonly layout: LayoutProgram;
  readonly canvas: Size;
  /** Where ticks lie in session time, as far as it is known; see `setSpans`. */
  readonly spans: MediaSpans;
}

/** A selector that has not been asked for this many ticks belongs to a track that is gone or hidden: it enters anew if it returns. */
const SELECTOR_IDLE_TICKS = 300;

export class Planner {
  readonly #options: PlannerOptions;
  readonly #selectors = new Map<TrackId, { selector: LayerSelector; askedAt: number }>();
  readonly #events: TimedEvent[] = [];
  readonly #windows: Levels[] = [];
  #state: SceneState;
  #spans: MediaSpans;
  #speakers = NO_SPEAKER;
  #windowsHeard = 0;
  #tick = 0;
  #sizes: { readonly state: SceneState; readonly byTrack: ReadonlyMap<TrackId, Size> } | null = null;

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#spans = options.spans;
    this.#state = emptyScene(options.recordingId, options.layout);
  }

  /** The tick that `next` will plan. */
  get tick(): number {
    return this.#tick;
  }

  /** Hands over events, in order, before the ticks that they belong to are planned. */
  addEvents(events: readonly TimedEvent[]): void {
    this.#events.push(...events);
  }

  /** Says where ticks lie in session time, before those that were not known yet are planned. */
  setSpans(spans: MediaSpans): void {
    this.#spans = spans;
  }

  /** Hands over windows of levels, in order from the recording's first. */
  addLevels(windows: readonly Levels[]): void {
    this.#windows.push(...windows);
  }

  /** Forgets what decoders have been given: the next plan enters every track at its last keyframe. For a renderer that starts here. */
  enterAnew(): void {
    for (const [trackId, entry] of this.#selectors) {
      entry.selector = this.#newSelector(trackId, entry.selector.state);
    }
  }

  /** Plans the next tick. */
  next(): TickPlan {
    const tick = this.#tick++;
    const { atNs, span, begins } = this.#timeOf(tick);
    const { layout } = this.#state;
    this.#listen(tick);
    this.#observe(atNs);
    const choices = new Map<TrackId, LayerChoice>();
    const sizes = this.#tileSizes();
    for (const trackId of visibleTracks(this.#state)) {
      const choice = this.#selectorOf(trackId, tick).select(atNs, sizes.get(trackId) ?? this.#options.canvas, span);
      if (choice) choices.set(trackId, choice);
    }
    if (tick % SELECTOR_IDLE_TICKS === 0) this.#dropIdle(tick);
    const scene = resolveScene(this.#state, this.#options.canvas, (trackId) => choices.has(trackId));
    return { scene, choices, cut: tick > 0 && (begins || !isSameLayout(this.#state.layout, layout)) };
  }

  #timeOf(tick: number): TickTime {
    const time = this.#spans.at(tick);
    if (time) return time;
    throw new Error(`Tick ${tick} was planned before it was known when it is.`);
  }

  /** Hears the windows that are over at this tick. */
  #listen(tick: number): void {
    const over = Math.floor(tickToNs(tick) / (LEVEL_WINDOW_MS * NS_PER_MS));
    while (this.#windowsHeard < over) {
      const levels = this.#windows.shift();
      if (!levels)
        throw new Error(`Tick ${tick} was planned before the levels of window ${this.#windowsHeard} were known.`);
      this.#speakers = hearWindow(this.#speakers, levels);
      this.#windowsHeard += 1;
      this.#state = reduceScene(this.#state, {
        type: 'speakers',
        active: this.#speakers.active,
        speaking: speakingNow(this.#speakers),
      });
    }
  }

  #observe(atNs: SessionTimeNs): void {
    for (let first = this.#events[0]; first && first.atNs <= atNs; first = this.#events[0]) {
      this.#state = reduceScene(this.#state, first.event);
      this.#events.shift();
    }
  }

  /** Sizes of tiles if every track had a picture: which layer is chosen must not depend on which layer was. */
  #tileSizes(): ReadonlyMap<TrackId, Size> {
    if (this.#sizes?.state !== this.#state) {
      const scene = resolveScene(this.#state, this.#options.canvas, () => true);
      const byTrack = new Map<TrackId, Size>();
      for (const tile of scene.tiles) if (tile.trackId) byTrack.set(tile.trackId, tile.rect);
      this.#sizes = { state: this.#state, byTrack };
    }
    return this.#sizes.byTrack;
  }

  #newSelector(trackId: TrackId, stream: number | null): LayerSelector {
    return new LayerSelector(this.#options.source, trackId, this.#spans.spans[0]?.fromNs ?? 0, stream);
  }

  #selectorOf(trackId: TrackId, tick: number): LayerSelector {
    const entry = this.#selectors.get(trackId) ?? { selector: this.#newSelector(trackId, null), askedAt: tick };
    entry.askedAt = tick;
    this.#selectors.set(trackId, entry);
    return entry.selector;
  }

  #dropIdle(tick: number): void {
    for (const [trackId, { askedAt }] of this.#selectors) {
      if (tick - askedAt > SELECTOR_IDLE_TICKS) this.#selectors.delete(trackId);
    }
  }
}
