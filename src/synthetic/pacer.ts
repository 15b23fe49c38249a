/**
 * Drives media senders from one timer. The timer may be late, the schedule never drifts: each sender works off what is due by the
 * monotonic clock and says when it wants to be called again.
 */

/** Work that is due at times of the monotonic clock. */
export interface Scheduled {
  /** Does what is due; answers when to come again. */
  advance(nowNs: bigint): bigint;
}

const NS_PER_MS = 1_000_000n;
/** The longest sleep: whatever is added meanwhile starts within it. */
const MOST_SLEEP_MS = 10;

export class Pacer {
  readonly #work = new Set<Scheduled>();
  #timer: NodeJS.Timeout | undefined;

  add(work: Scheduled): void {
    this.#work.add(work);
    this.#timer ??= setTimeout(() => this.#run(), 0);
  }

  remove(work: Scheduled): void {
    this.#work.delete(work);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#work.clear();
  }

  #run(): void {
    this.#timer = undefined;
    let next = process.hrtime.bigint() + BigInt(MOST_SLEEP_MS) * NS_PER_MS;
    for (const work of this.#work) {
      const due = work.advance(process.hrtime.bigint());
      if (due < next) next = due;
    }
    if (this.#work.size === 0) return;
    const sleepMs = Number((next - process.hrtime.bigint()) / NS_PER_MS);
    this.#timer = setTimeout(() => this.#run(), Math.max(0, sleepMs));
  }
}
