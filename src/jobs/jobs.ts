/**
 * Work that is driven by wake-ups. A job is an idempotent function "do what is due, return when the next is due"; what is due stands in
 * the tables. It runs when it is woken, when the time has come that it named itself, at the start, and now and then in any case (the
 * sweep): so a wake-up may be lost, and a queue may be away or empty, and all that happens is that work waits for the sweep.
 *
 * Invariants:
 * 1. Of one kind and id never two runs at once in this process. What is woken while it runs, runs once more afterwards.
 * 2. `wake` neither throws nor waits. Where the queue refuses, what is due now runs here at once.
 * 3. A run that fails is logged, counted, and tried again after 1 s, 2 s, 4 s… and at the latest at the next sweep.
 * 4. After `close` nothing begins; what runs has its signal aborted and is waited for.
 */
import type { Logger } from '../support/log.ts';
import type { WakeUp, WakeUpQueue } from './wake-up.ts';

export interface Job {
  /** Letters and dashes. */
  readonly kind: string;
  /** It runs so often even if nobody wakes it. */
  readonly sweepMs: number;
  /** Runs at once, of different ids. 1 if it is left out. */
  readonly concurrency?: number;
  /**
   * Does what is due: about `id`, or, with null (at the start, at a sweep, where a wake-up named none), all of this kind. Resolves with
   * when something is due next, null if nothing waits. A rejection is tried again. `signal`: end soon, what is left will be found again.
   */
  run(call: { readonly id: string | null; readonly signal: AbortSignal }): Promise<Date | null>;
}

export interface JobsOptions {
  readonly queue: WakeUpQueue;
  readonly log: Logger;
  readonly now?: () => Date;
}

/** Of one kind, since the start. */
export interface JobFigures {
  readonly kind: string;
  readonly runs: number;
  readonly failures: number;
  readonly running: number;
  readonly waiting: number;
}

const FIRST_RETRY_MS = 1_000;

interface Lane {
  readonly job: Job;
  /** Running ids; true: once more afterwards. */
  readonly running: Map<string | null, { again: boolean }>;
  readonly waiting: Set<string | null>;
  /** Failures in a row. */
  readonly failed: Map<string | null, number>;
  readonly adding: Map<string, { again: boolean }>;
  runs: number;
  failures: number;
}

export class Jobs {
  readonly #options: JobsOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  /** Registers a job. Before `start`; a kind has one. */
  add(job: Job): void {
    if (this.#lanes.has(job.kind)) throw new Error(`There is a job "${job.kind}" already.`);
    const lane = { job, running: new Map(), waiting: new Set<string | null>(), failed: new Map(), adding: new Map() };
    this.#lanes.set(job.kind, { ...lane, runs: 0, failures: 0 });
  }

  /** Opens the queue and runs every job once: what was due while nobody was there is done now. */
  start(): void {
    this.#options.queue.open((wakeUp) => this.#due(wakeUp));
    for (const { job } of this.#lanes.values()) {
      const sweep = (): void => this.#due({ kind: job.kind, id: null, at: null });
      this.#timers.push(setInterval(sweep, job.sweepMs));
      sweep();
    }
  }

  /** Work of this kind may be due: about `id`, or whatever; now, or `at` that time. */
  wake(kind: string, { id = null, at = null }: { id?: string | null; at?: Date | null } = {}): void {
    const lane = this.#lanes.get(kind);
    if (!lane) throw new Error(`There is no job "${kind}".`);
    if (this.#closing) return;
    const wakeUp = { kind, id, at };
    const key = JSON.stringify([id, at]);
    const adding = lane.adding.get(key);
    if (adding) {
      // The one that is on its way may be delivered before what this one is about.
      adding.again = true;
      return;
    }
    lane.adding.set(key, { again: false });
    const { queue, log } = this.#options;
    this.#track(
      queue.add(wakeUp).then(
        () => this.#added(lane, key, wakeUp),
        (error: unknown) => {
          log.debug({ err: error, kind }, 'The queue did not take a wake-up.');
          lane.adding.delete(key);
          if (at === null || at <= this.#now()) this.#due(wakeUp);
        },
      ),
    );
  }

  get figures(): JobFigures[] {
    return [...this.#lanes.values()].map(({ job, runs, failures, running, waiting }) => ({
      kind: job.kind,
      runs,
      failures,
      running: running.size,
      waiting: waiting.size,
    }));
  }

  /** Wake-ups that wait in the queue; null while it does not answer. */
  inQueue(): Promise<number | null> {
    return this.#options.queue.waiting().catch(() => null);
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#stop.abort();
    for (const lane of this.#lanes.values()) lane.waiting.clear();
    await this.#options.queue.close();
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #added(lane: Lane, key: string, wakeUp: WakeUp): void {
    const again = lane.adding.get(key)?.again;
    lane.adding.delete(key);
    if (again) this.wake(wakeUp.kind, wakeUp);
  }

  #due({ kind, id }: WakeUp): void {
    const lane = this.#lanes.get(kind);
    // Of a newer version, which shares the queue with us while it takes over: its own sweep finds the work.
    if (!lane || this.#closing) return;
    const running = lane.running.get(id);
    if (running) running.again = true;
    else lane.waiting.add(id);
    this.#begin(lane);
  }

  #begin(lane: Lane): void {
    for (const id of lane.waiting) {
      if (lane.running.size >= (lane.job.concurrency ?? 1) || this.#closing) return;
      lane.waiting.delete(id);
      lane.running.set(id, { again: false });
      this.#track(this.#run(lane, id));
    }
  }

  async #run(lane: Lane, id: string | null): Promise<void> {
    const { job } = lane;
    let next: Date | null = null;
    try {
      next = await job.run({ id, signal: this.#stop.signal });
      lane.failed.delete(id);
    } catch (error) {
      next = this.#retryAt(lane, id, error);
    }
    lane.runs += 1;
    const again = lane.running.get(id)?.again ?? false;
    lane.running.delete(id);
    if (again || (next && next <= this.#now())) this.#due({ kind: job.kind, id, at: null });
    else if (next) this.wake(job.kind, { id, at: next });
    this.#begin(lane);
  }

  #retryAt(lane: Lane, id: string | null, error: unknown): Date | null {
    const { job } = lane;
    const before = lane.failed.get(id) ?? 0;
    lane.failures += 1;
    lane.failed.set(id, before + 1);
    if (this.#closing) return null;
    this.#options.log.error({ err: error, kind: job.kind, id }, 'A job failed; it is tried again.');
    return new Date(this.#now().getTime() + Math.min(job.sweepMs, FIRST_RETRY_MS * 2 ** before));
  }

  #track(work: Promise<void>): void {
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  #now(): Date {
    return this.#options.now?.() ?? new Date();
  }
}
