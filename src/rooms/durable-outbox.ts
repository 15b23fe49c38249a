/**
 * Control events that the server process must not miss: numbered from 1, kept until acknowledged, sent again in order to a server that
 * comes back. The numbers hold for one life of the media process (`bootId` of the `hello` answer).
 */
import type { RateLimitedLog } from '../support/log.ts';
import type { DurableEvent } from './control.ts';

/** Days of joins and leaves of a busy machine; a server away longer than that finds the ends of recordings, the rest is history. */
const MOST_KEPT = 100_000;

export interface NumberedEvent {
  readonly sequence: number;
  readonly event: DurableEvent;
}

export class DurableOutbox {
  readonly #log: RateLimitedLog;
  readonly #most: number;
  #kept: NumberedEvent[] = [];
  #next = 1;
  #dropped = 0;

  constructor(log: RateLimitedLog, most = MOST_KEPT) {
    this.#log = log;
    this.#most = most;
  }

  /** Events that had to be forgotten before anybody acknowledged them. */
  get dropped(): number {
    return this.#dropped;
  }

  push(event: DurableEvent): NumberedEvent {
    const numbered = { sequence: this.#next++, event };
    this.#kept.push(numbered);
    if (this.#kept.length > this.#most) this.#dropOldest();
    return numbered;
  }

  /** Unacknowledged, oldest first. */
  pending(): readonly NumberedEvent[] {
    return this.#kept;
  }

  /** Forgets everything up to this number. */
  acknowledge(sequence: number): void {
    const keepFrom = this.#kept.findIndex((entry) => entry.sequence > sequence);
    this.#kept = keepFrom < 0 ? [] : this.#kept.slice(keepFrom);
  }

  /** The end of a recording is never dropped: without it a recording would run for ever in the catalog. */
  #dropOldest(): void {
    const index = this.#kept.findIndex((entry) => entry.event.type !== 'recording-stopped');
    if (index < 0) return;
    this.#kept.splice(index, 1);
    this.#dropped += 1;
    this.#log.warn('A session event was dropped: the server process has been away for too long.', {
      dropped: this.#dropped,
    });
  }
}
