/**
 * Utterances on their way to whoever watches a room live, at the moment when they are kept. Nothing is stored here: who comes later, or was
 * away, reads the catalog from the last number he has. Numbers grow.
 */
import type { SessionId } from '../domain/ids.ts';
import type { Speaker, Utterance } from '../domain/transcript.ts';

export interface Caption {
  /** Grows with every utterance that is written down. */
  readonly seq: number;
  readonly sessionId: SessionId;
  readonly transcriptionId: string;
  readonly recordingId: string;
  readonly speaker: Speaker;
  readonly utterance: Utterance;
}

export interface CaptionListener {
  caption(caption: Caption): void;
  /** Something begins to write down what is said. */
  begun(): void;
  /** The session is over, and all that was said in it has been told. */
  ended(): void;
}

export class CaptionHub {
  readonly #listeners = new Map<SessionId, Set<CaptionListener>>();

  /** Returns how to stop listening; idempotent. */
  listen(sessionId: SessionId, listener: CaptionListener): () => void {
    const listeners = this.#listeners.get(sessionId) ?? new Set();
    this.#listeners.set(sessionId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(sessionId) === listeners) this.#listeners.delete(sessionId);
    };
  }

  isHeard(sessionId: SessionId): boolean {
    return this.#listeners.has(sessionId);
  }

  publish(caption: Caption): void {
    for (const listener of this.#listeners.get(caption.sessionId) ?? []) listener.caption(caption);
  }

  begin(sessionId: SessionId): void {
    for (const listener of this.#listeners.get(sessionId) ?? []) listener.begun();
  }

  end(sessionId: SessionId): void {
    const listeners = [...(this.#listeners.get(sessionId) ?? [])];
    this.#listeners.delete(sessionId);
    for (const listener of listeners) listener.ended();
  }
}
