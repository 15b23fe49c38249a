/**
 * When each video stream is asked for a keyframe because the journal wants one (once per chunk, so that chunks can be read alone).
 * Spread over a second: fifty keyframes at once are a burst that the room's downlinks feel. Pure: time is passed in.
 */

/** A tenth of a chunk. */
const SPREAD_MS = 1000;

export interface KeyframeSource {
  requestKeyframe(): void;
}

export class KeyframePlan {
  #due: { readonly source: KeyframeSource; readonly atMs: number }[] = [];

  /** Asks all of them within the next second, evenly. A plan that is still being carried out is enough. */
  spread(sources: readonly KeyframeSource[], nowMs: number): void {
    if (this.#due.length > 0) return;
    this.#due = sources.map((source, index) => ({ source, atMs: nowMs + (index * SPREAD_MS) / sources.length }));
  }

  /** Asks those whose turn it is. */
  tick(nowMs: number): void {
    while (this.#due[0] && this.#due[0].atMs <= nowMs) this.#due.shift()?.source.requestKeyframe();
  }

  /** The stream is gone, or has just been asked. */
  forget(source: KeyframeSource): void {
    this.#due = this.#due.filter((due) => due.source !== source);
  }
}
