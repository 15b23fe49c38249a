/**
 * Calls work when something is due: at once when woken, at the time that the work itself names, and every so often in any case, for what others
 * have put into the same database. Never twice at once; a failure is logged and the next turn comes all the same.
 */
import type { Logger } from './log.ts';

/** What is due and can't be done now (somebody else is about to) is not asked for without a pause. */
const LEAST_WAIT_MS = 100;

export interface DueLoopOptions {
  readonly name: string;
  /** Does what is due; resolves with when it is to be called again at the latest, or null. */
  readonly work: () => Promise<Date | null>;
  readonly everyMs: number;
  readonly log: Logger;
}

export class DueLoop {
  readonly #options: DueLoopOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #wokenMeanwhile = false;
  #closed = false;

  constructor(options: DueLoopOptions) {
    this.#options = options;
  }

  /** Something may be due now. */
  wake(): void {
    if (this.#closed) return;
    if (this.#running) {
      this.#wokenMeanwhile = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#running = this.#turn().finally(() => {
      this.#running = undefined;
      if (this.#wokenMeanwhile) this.wake();
    });
  }

  /** No turn begins any more; resolves when the one that runs has ended. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #turn(): Promise<void> {
    const { name, work, everyMs, log } = this.#options;
    this.#wokenMeanwhile = false;
    let waitMs = everyMs;
    try {
      const next = await work();
      if (next) waitMs = Math.min(everyMs, Math.max(LEAST_WAIT_MS, next.getTime() - Date.now()));
    } catch (error) {
      log.error({ err: error }, `The turn of ${name} failed.`);
    }
    if (!this.#closed) this.#timer = setTimeout(() => this.wake(), waitMs);
  }
}
