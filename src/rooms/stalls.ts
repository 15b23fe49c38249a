/**
 * Times in which this process did not run: stopped, starved of CPU, or on a machine that was frozen. What was said to us then still waits
 * to be read, or was lost on the way; silence in that time is ours, and nobody may be declared gone for it. Pure: times are monotonic
 * milliseconds.
 */

/** Ten ticks of the timer. A busy event loop is late by less; whom a second would cost their place had been silent for seven. */
const STALL_MS = 1000;
/** Longer than any limit that is judged by this. */
const REMEMBERED_MS = 60_000;

export class Stalls {
  #stalls: { readonly fromMs: number; readonly toMs: number }[] = [];
  #lastMs: number | null = null;

  /** We run. To be called ten times a second, before anybody is judged. */
  tick(nowMs: number): void {
    const lastMs = this.#lastMs ?? nowMs;
    this.#lastMs = nowMs;
    if (nowMs - lastMs >= STALL_MS) this.#stalls.push({ fromMs: lastMs, toMs: nowMs });
    if (this.#stalls.length > 0) this.#stalls = this.#stalls.filter(({ toMs }) => nowMs - toMs < REMEMBERED_MS);
  }

  /** For how many milliseconds since `sinceMs` we were awake, and would have heard who spoke. */
  awakeMs(sinceMs: number, nowMs: number): number {
    const stalledMs = this.#stalls.reduce(
      (sum, { fromMs, toMs }) => sum + Math.max(0, toMs - Math.max(fromMs, sinceMs)),
      0,
    );
    return nowMs - sinceMs - stalledMs;
  }
}
