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
import { type Scene, samePlaces, sameScene, type Tile } from '../domain/scene.ts';
import { type LayerChoice, LayerSelector, type LayerSource } from '../timeline/layers.ts';
import { emptyScene, reduceScene, type SceneState } from '../timeline/scene-state.ts';
import { resolveScene } from '../timeline/scenes.ts';
import { hearWindow, LEVEL_WINDOW_MS, type Levels, NO_SPEAKER, speakingNow } from '../timeline/speaker.ts';
import type { TimedEvent } from '../timeline/timeline.ts';
import { type Flight, Transitions } from '../timeline/transitions.ts';

export interface TickPlan {
  /** As it is when everything is at rest. */
  readonly scene: Scene;
  /** Tiles under way to it, in drawing order; null: at rest. */
  readonly flights: readonly Flight[] | null;
  /** Tiles came, went or set out for another place, another layout begins, or a pause is over: to be coded as an IDR. */
  readonly changed: boolean;
  /** What each track that is seen shows; tracks without a picture are absent. */
  readonly choices: ReadonlyMap<TrackId, LayerChoice>;
}

export interface PlannerOptions {
  readonly source: LayerSource;
  readonly recordingId: RecordingId;
  readonly layout: LayoutProgram;
  readonly canvas: Size;
  /** Where ticks lie in session time, as far as it is known; see `setSpans`. */
  readonly spans: MediaSpans;
  /** Tiles are eased to their places, not put there at once. */
  readonly transitions: boolean;
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
  #transitions: Transitions | null;
  #scene: Scene | null = null;
  #complete: { readonly state: SceneState; readonly scene: Scene } | null = null;

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#spans = options.spans;
    this.#transitions = options.transitions ? new Transitions() : null;
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
    const time = this.#timeOf(tick);
    const { atNs, begins } = time;
    const { layout } = this.#state;
    this.#listen(tick);
    this.#observe(atNs);
    const choices = new Map<TrackId, LayerChoice>();
    // What was on its way when the recording paused has long arrived.
    if (this.#transitions && begins) this.#transitions = new Transitions();
    this.#chooseLayers(time, choices);
    const resolved = resolveScene(this.#state, this.#options.canvas, (trackId) => choices.has(trackId));
    const before = this.#scene;
    const scene = before !== null && sameScene(before, resolved) ? before : resolved;
    this.#scene = scene;
    const flights = this.#fly(tick, time, scene, choices);
    if (tick % SELECTOR_IDLE_TICKS === 0) this.#dropIdle(tick);
    const changed =
      before === null || begins || !isSameLayout(this.#state.layout, layout) || !samePlaces(before, scene);
    return { scene, flights, changed, choices };
  }

  #timeOf(tick: number): TickTime {
    const time = this.#spans.at(tick);
    if (time) return time;
    throw new Error(`Tick ${tick} was planned before it was known when it is.`);
  }

  /**
   * Chooses what tracks show that are seen, and of no others: first shares, since it depends on whether they have a picture who is seen
   * beside them; then cameras. Sizes are those of the scene with every share's picture, then with every camera's: which layer is chosen
   * must not depend on which layer was.
   */
  #chooseLayers(time: TickTime, choices: Map<TrackId, LayerChoice>): void {
    const { canvas } = this.#options;
    if (this.#complete?.state !== this.#state) {
      this.#complete = { state: this.#state, scene: resolveScene(this.#state, canvas, () => true) };
    }
    const complete = this.#complete.scene;
    const shares = complete.tiles.filter(({ source }) => source === 'screen-video');
    for (const tile of shares) this.#choose(tile, time, choices);
    const waiting = new Set(shares.flatMap(({ trackId }) => (trackId && !choices.has(trackId) ? [trackId] : [])));
    const staged =
      waiting.size === 0 ? complete : resolveScene(this.#state, canvas, (trackId) => !waiting.has(trackId));
    for (const tile of staged.tiles) this.#choose(tile, time, choices);
  }

  /** Tiles under way. Who leaves is still seen, in motion if he sends; a share that has no picture any more is gone at once. */
  #fly(tick: number, time: TickTime, scene: Scene, choices: Map<TrackId, LayerChoice>): readonly Flight[] | null {
    const flights = this.#transitions?.step(tick, scene) ?? null;
    for (const { tile } of flights ?? []) this.#choose(tile, time, choices);
    const isSeen = ({ source, trackId }: Tile) => source === 'camera' || (trackId !== null && choices.has(trackId));
    return flights?.filter(({ tile }) => isSeen(tile)) ?? null;
  }

  /** Chooses what a tile's track shows, once a tick. */
  #choose({ trackId, rect, fit }: Tile, { atNs, span }: TickTime, choices: Map<TrackId, LayerChoice>): void {
    if (trackId === null || choices.has(trackId)) return;
    const choice = this.#selectorOf(trackId).select(atNs, { ...rect, fit }, span);
    if (choice) choices.set(trackId, choice);
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

  #newSelector(trackId: TrackId, stream: number | null): LayerSelector {
    return new LayerSelector(this.#options.source, trackId, this.#spans.spans[0]?.fromNs ?? 0, stream);
  }

  #selectorOf(trackId: TrackId): LayerSelector {
    const tick = this.#tick;
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
