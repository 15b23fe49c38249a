/**
 * `Idempotency-Key`: the same key within 24 h gets the first answer, also while the first is still under way. Kept in memory: a
 * server that was restarted has forgotten the keys, and a repeated start meets the running recording (409) instead.
 */
import { createHash } from 'node:crypto';
import { RoomtapeError } from '../domain/errors.ts';

const KEPT_MS = 24 * 3_600_000;
/** Bounds memory: beyond it the oldest keys are forgotten early. */
const MOST_KEYS = 10_000;

interface Entry<Answer> {
  readonly fingerprint: string;
  readonly at: number;
  readonly answer: Promise<Answer>;
}

export class IdempotentAnswers<Answer> {
  readonly #entries = new Map<string, Entry<Answer>>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /**
   * The first answer to this key, or that of `act`. A failed act is forgotten, so that it can be tried again.
   * INVALID_REQUEST where the key came with another request before.
   */
  once(key: string | undefined, request: unknown, act: () => Promise<Answer>): Promise<Answer> {
    if (key === undefined) return act();
    this.#forget();
    const fingerprint = createHash('sha256').update(JSON.stringify(request)).digest('base64');
    const earlier = this.#entries.get(key);
    if (earlier && earlier.fingerprint !== fingerprint) {
      throw new RoomtapeError('INVALID_REQUEST', 'This Idempotency-Key was used with another request. Take a new key.');
    }
    if (earlier) return earlier.answer;
    const entry = { fingerprint, at: this.#now(), answer: act() };
    this.#entries.set(key, entry);
    entry.answer.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    });
    return entry.answer;
  }

  #forget(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#now() - entry.at < KEPT_MS && this.#entries.size < MOST_KEYS) return;
      this.#entries.delete(key);
    }
  }
}
