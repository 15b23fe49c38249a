/**
 * Who renders what: the server process's side of `task.ts`. It starts compositor processes, hands them runs of segments, and tells
 * the workflow of progress and of the end.
 *
 * A **job** is one composition: `queued → rendering → packaging → ended`. Its truth is the folder of finished segments, so a job may be
 * dropped at any moment and begun again, by this process or the next one: `start` looks at what is there and goes on.
 *
 * Invariants
 * 1. A process belongs to one job and holds at most one run; runs of a job do not overlap.
 * 2. There are at most `maxProcesses` processes. Finished recordings come before live ones (their callers wait), older before
 *    newer; a process that follows a live room gives way at the end of its run when a finished one waits.
 *    One that waits for a paused recording to go on gives way at once.
 * 3. A process writes unfinished files in a scratch folder of its own; the folder goes with the process.
 * 4. A run whose process died is handed out again; how often, how soon and how carefully: `setbacks.ts`.
 * 5. A process that gives no sign of life for `hungAfterMs` hangs (in a decoder, most likely): it is killed, and has died.
 * 6. Nothing that a process says can end this one: what it may not say ends the process that says it.
 * 7. Without room on the disk nothing is begun; what was is finished as far as it goes. It is waited for, for as long as it takes.
 * 8. A job that copies (`copy`) waits until its recording is over, and is done by one process in one go. One such process may run beside
 *    the others: it takes seconds, and whoever waits for it should not wait for somebody's rendering.
 */
import { rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { listen, Peer } from '../support/ipc.ts';
import type { Logger } from '../support/log.ts';
import { type CompositionJob, isPackaging, type Job, openJob, segmentsIn, taskOf } from './job.ts';
import { isComplete, nextRun, type Run, type Work } from './runs.ts';
import { MAX_FRUITLESS_DEATHS } from './setbacks.ts';
import { type ArtifactFacts, type IncidentTold, WORK_VERSION, workEvent, workMethods } from './task.ts';
import { notStarted, type Stumble, Worker, type WorkerOptions } from './worker.ts';

/**
 * A sign comes with every frame that is decoded or encoded and while the journal is waited for. Between two lies a second of CPU time at
 * most, and the lowest priority still gets a seventieth of a busy core.
 */
const HUNG_AFTER_MS = 300_000;
const LOOKS_PER_LIMIT = 60;

export interface CoordinatorEvents {
  /** Segments finished, of how many (null while the recording runs). */
  onProgress(compositionId: string, done: number, total: number | null): void;
  onDone(compositionId: string, artifact: ArtifactFacts): void;
  /** A job that copies is done; there may be no file. */
  onCopied(compositionId: string, artifacts: readonly ArtifactFacts[]): void;
  onFailed(compositionId: string, reason: string): void;
  /** Something befell the recording; the same one (by its key) may come again. */
  onIncident(compositionId: string, incident: IncidentTold): void;
}

export interface CoordinatorOptions extends CoordinatorEvents, WorkerOptions {
  readonly maxProcesses: number;
  /** False: there is no room on the disk; nothing more is begun until `roomAgain`. Left out: there always is. */
  readonly hasRoom?: () => boolean;
  /** Silence after which a process is taken to hang. */
  readonly hungAfterMs?: number;
  readonly log: Logger;
}

export class CompositionCoordinator {
  readonly #options: CoordinatorOptions;
  readonly #jobs = new Map<string, Job>();
  readonly #workers = new Map<string, Worker<Job>>();
  readonly #exits = new Set<Promise<void>>();
  #server: Server | undefined;
  #watch: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
  }

  /** Opens the work socket. */
  async open(): Promise<void> {
    const { socketPath, hungAfterMs = HUNG_AFTER_MS } = this.#options;
    this.#server = await listen(socketPath, (socket) => {
      let worker: Worker<Job> | undefined;
      const peer: Peer = new Peer(socket, {
        onRequest: (method, params) => {
          if (method !== 'hello') return this.#answer(worker, method, params);
          const { lease, version } = workMethods.hello.params.parse(params);
          worker = this.#welcome(lease, version, peer);
          return taskOf(worker.job, worker.scratch);
        },
        onEvent: (event) => {
          if (worker) this.#onEvent(worker, event);
        },
      });
    });
    this.#watch = setInterval(() => this.#killHung(hungAfterMs), hungAfterMs / LOOKS_PER_LIMIT);
  }

  /** Takes a job on, or on again; segments that lie finished in its folder are kept. */
  async start(spec: CompositionJob): Promise<void> {
    if (this.#closing || this.#jobs.has(spec.compositionId)) return;
    this.#jobs.set(spec.compositionId, await openJob(spec));
    this.#schedule();
  }

  /** The recording has its stop record: the job now comes before live ones. */
  finished(compositionId: string): void {
    const job = this.#jobs.get(compositionId);
    if (!job) return;
    if (!job.finished) for (const worker of job.workers) worker.notify('recording-stopped');
    job.finished = true;
    this.#schedule();
  }

  /** Nobody writes this journal any more: what is there is all. */
  journalEnded(compositionId: string): void {
    const job = this.#jobs.get(compositionId);
    if (!job) return;
    job.journalEnded = true;
    job.finished = true;
    for (const worker of job.workers) worker.notify('journal-ended');
    this.#schedule();
  }

  /** Drops a job and ends its processes; its files are the caller's to remove afterwards. */
  async cancel(compositionId: string): Promise<void> {
    const job = this.#jobs.get(compositionId);
    if (!job) return;
    job.ended = true;
    this.#jobs.delete(compositionId);
    const exits = [...job.workers].map((worker) => worker.end());
    await Promise.all(exits);
  }

  /** There is room on the disk again: what waited for it goes on at once. */
  roomAgain(): void {
    for (const job of this.#jobs.values()) if (job.setbacks.isHindered) job.notBeforeMs = 0;
    this.#schedule();
  }

  get stats(): { jobs: number; processes: number; waiting: number } {
    const isWaiting = (job: Job) => job.workers.size === 0 && (job.finished || !job.spec.copy);
    const waiting = [...this.#jobs.values()].filter(isWaiting).length;
    return { jobs: this.#jobs.size, processes: this.#workers.size, waiting };
  }

  /** Ends all processes. What is unfinished goes on at the next start. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      clearInterval(this.#watch);
      this.#jobs.clear();
      for (const worker of this.#workers.values()) void worker.end();
      await Promise.all(this.#exits);
      await new Promise<void>((resolve) => (this.#server ? this.#server.close(() => resolve()) : resolve()));
    })();
    return this.#closing;
  }

  #welcome(lease: string, version: number, peer: Peer): Worker<Job> {
    const worker = this.#workers.get(lease);
    if (version !== WORK_VERSION) {
      const reason = `It is of another version (${version}, not ${WORK_VERSION}): an upgrade is under way`;
      // Nobody's fault, and over with the server's restart.
      if (worker) worker.stumble = { reason, hindered: true };
      throw new Error(reason);
    }
    if (!worker || worker.peer)
      throw new Error('This lease is not known, or is in use: the job went to another process.');
    worker.peer = peer;
    if (worker.job.journalEnded) worker.notify('journal-ended');
    else if (worker.job.finished) worker.notify('recording-stopped');
    return worker;
  }

  #answer(worker: Worker<Job> | undefined, method: string, params: unknown): unknown {
    if (!worker) throw new Error(`"${method}" came before "hello".`);
    worker.seen();
    switch (method) {
      case 'next':
        return this.#next(worker);
      case 'decoding':
        worker.decoding = workMethods.decoding.params.parse(params);
        return {};
      case 'stumbled':
        worker.stumble = workMethods.stumbled.params.parse(params);
        return {};
      default:
        throw new Error(`"${method}" is not known here.`);
    }
  }

  /** Starts processes while there is room and something to do (invariant 2). */
  #schedule(): void {
    if (this.#closing || !this.#hasRoom) return;
    if (this.#somebodyFinishedWaits()) this.#dismissPaused();
    while (this.#renderers < this.#options.maxProcesses) {
      const job = this.#jobsInOrder().find((candidate) => !candidate.spec.copy && this.#wantsAnother(candidate));
      if (!job) break;
      this.#spawn(job);
    }
    if (this.#workers.size > this.#renderers) return;
    const copying = this.#jobsInOrder().find((job) => job.spec.copy && job.finished && this.#wantsAnother(job));
    if (copying) this.#spawn(copying);
  }

  /** Invariant 7. */
  get #hasRoom(): boolean {
    return this.#options.hasRoom?.() ?? true;
  }

  /** Processes that do not copy. */
  get #renderers(): number {
    return [...this.#workers.values()].filter(({ job }) => !job.spec.copy).length;
  }

  /** Ends a process that waits for a paused recording; its exit makes room. Its job goes on with another one when there is room again. */
  #dismissPaused(): void {
    [...this.#workers.values()].find((worker) => worker.paused)?.dismiss();
  }

  #jobsInOrder(): Job[] {
    return [...this.#jobs.values()].sort(
      (a, b) => Number(b.finished) - Number(a.finished) || a.spec.createdAtMs - b.spec.createdAtMs,
    );
  }

  #wantsAnother(job: Job): boolean {
    if (job.ended || isPackaging(job) || performance.now() < job.notBeforeMs) return false;
    if (job.workers.size === 0) return true;
    return job.ticks !== null && nextRun(this.#workOf(job)) !== undefined;
  }

  #workOf(job: Job): Work {
    return {
      done: job.done,
      held: [...job.workers].flatMap((worker) => (worker.run ? [worker.run] : [])),
      total: segmentsIn(job),
      live: !job.finished,
      maxProcesses: this.#options.maxProcesses,
    };
  }

  #spawn(job: Job): void {
    let worker: Worker<Job>;
    try {
      worker = new Worker(job, job.spec.directory, this.#options);
    } catch (error) {
      this.#setBack(job, notStarted(error), null);
      return;
    }
    this.#workers.set(worker.lease, worker);
    job.workers.add(worker);
    const exit = worker.gone.then((stumble) => this.#exited(worker, stumble));
    this.#exits.add(exit);
    void exit.finally(() => this.#exits.delete(exit));
  }

  /** Invariant 5. */
  #killHung(hungAfterMs: number): void {
    for (const worker of this.#workers.values()) {
      if (worker.silentMs < hungAfterMs) continue;
      worker.stumble = { reason: `It gave no sign of life for ${Math.round(hungAfterMs / 1000)} s`, hindered: false };
      worker.kill();
    }
  }

  /** Never rejects. */
  async #exited(worker: Worker<Job>, stumble: Stumble | null): Promise<void> {
    const { job } = worker;
    this.#workers.delete(worker.lease);
    job.workers.delete(worker);
    try {
      await rm(worker.scratch, { recursive: true, force: true });
    } catch (error) {
      this.#options.log.error({ err: error }, 'The folder of a compositor could not be removed.');
    }
    if (stumble) this.#setBack(job, stumble, worker.decoding);
    this.#schedule();
  }

  /** Invariant 4. */
  #setBack(job: Job, { reason, hindered }: Stumble, decoding: Worker<Job>['decoding']): void {
    if (this.#closing || job.ended) return;
    const shunned = job.setbacks.shunned.length;
    const pauseMs = hindered ? job.setbacks.hindered() : job.setbacks.died(decoding?.frame ?? null);
    const { recordingId, compositionId } = job.spec;
    this.#options.log.warn({ reason, decoding, recordingId, pauseMs }, 'A compositor died.');
    if (decoding && job.setbacks.shunned.length > shunned) this.#options.onIncident(compositionId, decoding.incident);
    if (pauseMs === null) {
      const last = reason.replace(/\.$/, '');
      this.#fail(job, `The compositor ended ${MAX_FRUITLESS_DEATHS} times without getting further (last: ${last}).`);
      return;
    }
    job.notBeforeMs = performance.now() + pauseMs;
    // A millisecond more: timers are not that exact.
    setTimeout(() => this.#schedule(), pauseMs + 1).unref();
  }

  #next(worker: Worker<Job>): { run: Run | null; package: { ticks: number } | null } {
    const { job } = worker;
    worker.run = undefined;
    worker.packaging = false;
    const nothing = { run: null, package: null };
    if (job.ended || this.#closing || !this.#hasRoom) return nothing;
    if (!job.finished && this.#somebodyFinishedWaits()) return nothing;
    if (job.spec.copy) {
      worker.packaging = true;
      return { run: null, package: { ticks: 0 } };
    }
    const work = this.#workOf(job);
    worker.run = nextRun(work);
    if (worker.run) return { run: worker.run, package: null };
    if (isPackaging(job) || job.ticks === null || !isComplete(work)) return nothing;
    worker.packaging = true;
    return { run: null, package: { ticks: job.ticks } };
  }

  #somebodyFinishedWaits(): boolean {
    if (this.#renderers < this.#options.maxProcesses) return false;
    return [...this.#jobs.values()].some(
      (job) => job.finished && !job.spec.copy && job.workers.size === 0 && this.#wantsAnother(job),
    );
  }

  /** Invariant 6. */
  #onEvent(worker: Worker<Job>, raw: unknown): void {
    const { success, data: event, error } = workEvent.safeParse(raw);
    if (!success) {
      this.#options.log.error({ err: error }, 'A compositor said what it may not say; it is ended.');
      worker.kill();
      return;
    }
    worker.seen();
    const { job } = worker;
    if (job.ended) return;
    switch (event.type) {
      case 'alive':
        return;
      case 'incident':
        this.#options.onIncident(job.spec.compositionId, event.incident);
        return;
      case 'decoded':
        worker.decoding = null;
        return;
      case 'segment':
        job.done.add(event.index);
        job.setbacks.progressed();
        this.#progress(job);
        return;
      case 'segment-lost':
        this.#options.log.warn({ ...event, recordingId: job.spec.recordingId }, 'A finished segment is not whole.');
        job.done.delete(event.index);
        return;
      case 'paused':
        worker.paused = event.paused;
        if (event.paused) this.#schedule();
        return;
      case 'end-known':
        job.ticks = event.ticks;
        job.finished = true;
        this.#progress(job);
        this.#schedule();
        return;
      case 'packaged':
        this.#packaged(worker, event.artifact);
        return;
      case 'copied':
        this.#copied(worker, event.artifacts);
        return;
      case 'failed':
        this.#fail(job, event.reason);
    }
  }

  #copied(worker: Worker<Job>, artifacts: readonly ArtifactFacts[]): void {
    const { job } = worker;
    if (!artifacts.every((artifact, index) => this.#isOwn(worker, artifact, index))) return;
    job.ended = true;
    this.#jobs.delete(job.spec.compositionId);
    this.#options.onCopied(job.spec.compositionId, artifacts);
  }

  /** Invariant 6. */
  #isOwn(worker: Worker<Job>, { path, format }: ArtifactFacts, index: number): boolean {
    const { artifactPath } = worker.job.spec;
    if (path === `${artifactPath}${index === 0 ? '' : `-${index}`}.${format}`) return true;
    this.#options.log.error({ path }, 'A compositor named a file that is not its own; it is ended.');
    worker.kill();
    return false;
  }

  #packaged(worker: Worker<Job>, artifact: ArtifactFacts): void {
    const { job } = worker;
    if (!this.#isOwn(worker, artifact, 0)) return;
    job.ended = true;
    this.#jobs.delete(job.spec.compositionId);
    this.#options.onDone(job.spec.compositionId, artifact);
  }

  #progress(job: Job): void {
    this.#options.onProgress(job.spec.compositionId, job.done.size, segmentsIn(job));
  }

  #fail(job: Job, reason: string): void {
    if (job.ended) return;
    job.ended = true;
    this.#jobs.delete(job.spec.compositionId);
    for (const worker of job.workers) void worker.end();
    this.#options.onFailed(job.spec.compositionId, reason);
  }
}
