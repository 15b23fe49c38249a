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
 * 3. A process writes unfinished files in a scratch folder of its own; the folder goes with the process.
 * 4. A run whose process died is handed out again; three deaths without one more finished segment fail the job.
 */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { SEGMENT_TICKS } from '../domain/media-time.ts';
import { listen, Peer } from '../support/ipc.ts';
import type { Logger } from '../support/log.ts';
import {
  type ArtifactFacts,
  type CompositionConfig,
  type CompositionTask,
  WORK_VERSION,
  workEvent,
  workMethods,
} from './task.ts';

/** Segments of a run: about a minute. The look-back to a keyframe is paid once a run, and a live follower gives way this often. */
const RUN_SEGMENTS = 14;
/** Below this the look-back (up to 10 s of decoding) would cost more than an even share gains. */
const LEAST_RUN_SEGMENTS = 4;
/** Deaths of processes without one more finished segment before the job is given up. */
const MAX_FRUITLESS_DEATHS = 3;

export interface CompositionJob {
  readonly compositionId: string;
  readonly recordingId: string;
  readonly journalDir: string;
  /** Of this composition alone; segments and the finished file lie below it. */
  readonly directory: string;
  /** Absolute path of the finished file without its extension. */
  readonly artifactPath: string;
  readonly config: CompositionConfig;
  /** Older jobs come first. */
  readonly createdAtMs: number;
  /** The recording's end is in the journal, or nobody writes the journal any more. */
  readonly finished: boolean;
}

export interface CoordinatorEvents {
  /** Segments finished, of how many (null while the recording runs). */
  onProgress(compositionId: string, done: number, total: number | null): void;
  onDone(compositionId: string, artifact: ArtifactFacts): void;
  onFailed(compositionId: string, reason: string): void;
}

interface Run {
  readonly from: number;
  readonly to: number;
}

interface Worker {
  readonly lease: string;
  readonly job: Job;
  readonly scratch: string;
  readonly child: ChildProcess;
  peer: Peer | undefined;
  run: Run | undefined;
  packaging: boolean;
}

interface Job {
  readonly spec: CompositionJob;
  readonly segments: string;
  readonly done: Set<number>;
  readonly workers: Set<Worker>;
  finished: boolean;
  /** Number of segments, once the end is known. */
  total: number | null;
  packaging: boolean;
  ended: boolean;
  fruitlessDeaths: number;
  /** What the last process that died said of it. */
  stumble: string | null;
  journalEnded: boolean;
}

export interface CoordinatorOptions extends CoordinatorEvents {
  readonly socketPath: string;
  readonly maxProcesses: number;
  /** Starts a compositor process with these variables added to a bare environment. */
  readonly spawn: (environment: Record<string, string>) => ChildProcess;
  readonly log: Logger;
}

export class CompositionCoordinator {
  readonly #options: CoordinatorOptions;
  readonly #jobs = new Map<string, Job>();
  readonly #workers = new Map<string, Worker>();
  readonly #exits = new Set<Promise<void>>();
  #server: Server | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
  }

  /** Opens the work socket. */
  async open(): Promise<void> {
    this.#server = await listen(this.#options.socketPath, (socket) => {
      let worker: Worker | undefined;
      const peer: Peer = new Peer(socket, {
        onRequest: (method, params) => {
          if (method === 'hello') {
            const hello = workMethods.hello.params.parse(params);
            worker = this.#workers.get(hello.lease);
            if (!worker || worker.peer)
              throw new Error('This lease is not known, or is in use: the job went to another process.');
            worker.peer = peer;
            if (worker.job.journalEnded) peer.emit({ type: 'journal-ended' });
            return this.#taskOf(worker);
          }
          if (method === 'next' && worker) return this.#next(worker);
          if (method === 'stumbled' && worker) {
            worker.job.stumble = workMethods.stumbled.params.parse(params).reason;
            return {};
          }
          throw new Error(`"${method}" is not known here, or came before "hello".`);
        },
        onEvent: (event) => {
          if (worker) this.#onEvent(worker, event);
        },
      });
    });
  }

  /** Takes a job on, or on again; segments that lie finished in its folder are kept. */
  async start(spec: CompositionJob): Promise<void> {
    if (this.#closing || this.#jobs.has(spec.compositionId)) return;
    const segments = join(spec.directory, 'segments');
    await mkdir(segments, { recursive: true, mode: 0o700 });
    const scratchFolders = (await readdir(spec.directory)).filter((name) => name.startsWith('scratch-'));
    for (const name of scratchFolders) await rm(join(spec.directory, name), { recursive: true, force: true });
    const done = new Set<number>();
    for (const name of await readdir(segments)) {
      const match = /^(\d+)\.json$/.exec(name);
      if (match) done.add(Number(match[1]));
    }
    this.#jobs.set(spec.compositionId, {
      spec,
      segments,
      done,
      workers: new Set(),
      finished: spec.finished,
      total: null,
      packaging: false,
      ended: false,
      fruitlessDeaths: 0,
      stumble: null,
      journalEnded: false,
    });
    this.#schedule();
  }

  /** The recording has its stop record: the job now comes before live ones. */
  finished(compositionId: string): void {
    const job = this.#jobs.get(compositionId);
    if (!job) return;
    job.finished = true;
    this.#schedule();
  }

  /** Nobody writes this journal any more: what is there is all. */
  journalEnded(compositionId: string): void {
    const job = this.#jobs.get(compositionId);
    if (!job) return;
    job.journalEnded = true;
    job.finished = true;
    for (const worker of job.workers) worker.peer?.emit({ type: 'journal-ended' });
    this.#schedule();
  }

  /** Drops a job and ends its processes; its files are the caller's to remove afterwards. */
  async cancel(compositionId: string): Promise<void> {
    const job = this.#jobs.get(compositionId);
    if (!job) return;
    job.ended = true;
    this.#jobs.delete(compositionId);
    const exits = [...job.workers].map((worker) => this.#end(worker));
    await Promise.all(exits);
  }

  get stats(): { jobs: number; processes: number; waiting: number } {
    const waiting = [...this.#jobs.values()].filter((job) => job.workers.size === 0).length;
    return { jobs: this.#jobs.size, processes: this.#workers.size, waiting };
  }

  /** Ends all processes. What is unfinished goes on at the next start. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#jobs.clear();
      for (const worker of this.#workers.values()) void this.#end(worker);
      await Promise.all(this.#exits);
      await new Promise<void>((resolve) => (this.#server ? this.#server.close(() => resolve()) : resolve()));
    })();
    return this.#closing;
  }

  #taskOf(worker: Worker): CompositionTask {
    const { spec, segments } = worker.job;
    return {
      version: WORK_VERSION,
      compositionId: spec.compositionId,
      recordingId: spec.recordingId,
      journalDir: spec.journalDir,
      segmentsDir: segments,
      scratchDir: worker.scratch,
      artifactPath: spec.artifactPath,
      config: spec.config,
    };
  }

  /** Starts processes while there is room and something to do (invariant 2). */
  #schedule(): void {
    if (this.#closing) return;
    while (this.#workers.size < this.#options.maxProcesses) {
      const job = this.#jobsInOrder().find((candidate) => this.#wantsAnother(candidate));
      if (!job) return;
      this.#spawn(job);
    }
  }

  #jobsInOrder(): Job[] {
    return [...this.#jobs.values()].sort(
      (a, b) => Number(b.finished) - Number(a.finished) || a.spec.createdAtMs - b.spec.createdAtMs,
    );
  }

  #wantsAnother(job: Job): boolean {
    if (job.ended || job.packaging) return false;
    if (job.workers.size === 0) return true;
    return job.total !== null && this.#nextRun(job) !== undefined;
  }

  #spawn(job: Job): void {
    const lease = randomBytes(16).toString('hex');
    const scratch = join(job.spec.directory, `scratch-${lease.slice(0, 8)}`);
    const child = this.#options.spawn({ ROOMTAPE_WORK_SOCKET: this.#options.socketPath, ROOMTAPE_LEASE: lease });
    const worker: Worker = { lease, job, scratch, child, peer: undefined, run: undefined, packaging: false };
    this.#workers.set(lease, worker);
    job.workers.add(worker);
    const exit = new Promise<void>((resolve) => {
      child.once('error', (error) => this.#options.log.error({ err: error }, 'A compositor could not be started.'));
      child.once('close', (code, signal) => {
        void this.#exited(worker, code, signal).finally(resolve);
      });
    });
    this.#exits.add(exit);
    void exit.finally(() => this.#exits.delete(exit));
  }

  async #end(worker: Worker): Promise<void> {
    worker.peer?.close();
    worker.child.kill('SIGKILL');
    if (worker.child.exitCode === null && worker.child.signalCode === null && worker.child.pid !== undefined) {
      await new Promise<void>((resolve) => worker.child.once('close', () => resolve()));
    }
  }

  async #exited(worker: Worker, code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    const { job } = worker;
    this.#workers.delete(worker.lease);
    job.workers.delete(worker);
    if (worker.packaging) job.packaging = false;
    await rm(worker.scratch, { recursive: true, force: true });
    if (!this.#closing && !job.ended && (code !== 0 || worker.run !== undefined || worker.packaging)) {
      job.fruitlessDeaths += 1;
      this.#options.log.warn(
        { code, signal, run: worker.run, recordingId: job.spec.recordingId },
        'A compositor died.',
      );
      if (job.fruitlessDeaths >= MAX_FRUITLESS_DEATHS) {
        const end = job.stumble ?? (signal ? `signal ${signal}` : `exit code ${code}`);
        this.#fail(
          job,
          `The compositor ended ${MAX_FRUITLESS_DEATHS} times without getting further (last: ${end.replace(/\.$/, '')}).`,
        );
      }
    }
    this.#schedule();
  }

  #next(worker: Worker): { run: Run | null; package: boolean } {
    const { job } = worker;
    worker.run = undefined;
    if (job.ended || this.#closing) return { run: null, package: false };
    if (!job.finished && this.#somebodyFinishedWaits()) return { run: null, package: false };
    const run = this.#nextRun(job);
    if (run) {
      worker.run = run;
      return { run, package: false };
    }
    const complete = job.total !== null && job.done.size >= job.total;
    if (complete && !job.packaging) {
      job.packaging = true;
      worker.packaging = true;
      return { run: null, package: true };
    }
    return { run: null, package: false };
  }

  #somebodyFinishedWaits(): boolean {
    if (this.#workers.size < this.#options.maxProcesses) return false;
    return [...this.#jobs.values()].some((job) => job.finished && job.workers.size === 0);
  }

  /** The first stretch of segments that nobody has done or holds. */
  #nextRun(job: Job): Run | undefined {
    const limit = job.total ?? Number.POSITIVE_INFINITY;
    const held = [...job.workers].flatMap((worker) => (worker.run ? [worker.run] : []));
    const free = (index: number): boolean =>
      !job.done.has(index) && !held.some((run) => index >= run.from && index < run.to);
    let from = 0;
    while (from < limit && !free(from)) from += 1;
    if (from >= limit) return undefined;
    const most = this.#runLength(limit - from);
    let to = from + 1;
    while (to < limit && to - from < most && free(to)) to += 1;
    return { from, to };
  }

  /** Towards the end runs get shorter, so that processes that share a recording finish together. */
  #runLength(remaining: number): number {
    const { maxProcesses } = this.#options;
    if (maxProcesses === 1) return RUN_SEGMENTS;
    const share = Math.ceil(remaining / (2 * maxProcesses));
    return Math.max(LEAST_RUN_SEGMENTS, Math.min(RUN_SEGMENTS, share));
  }

  #onEvent(worker: Worker, raw: unknown): void {
    const event = workEvent.parse(raw);
    const { job } = worker;
    if (job.ended) return;
    switch (event.type) {
      case 'segment':
        job.done.add(event.index);
        job.fruitlessDeaths = 0;
        this.#progress(job);
        return;
      case 'end-known':
        job.total = Math.max(1, Math.ceil(event.ticks / SEGMENT_TICKS));
        job.finished = true;
        this.#progress(job);
        this.#schedule();
        return;
      case 'packaged':
        job.ended = true;
        this.#jobs.delete(job.spec.compositionId);
        worker.packaging = false;
        this.#options.onDone(job.spec.compositionId, event.artifact);
        return;
      case 'failed':
        this.#fail(job, event.reason);
    }
  }

  #progress(job: Job): void {
    this.#options.onProgress(job.spec.compositionId, job.done.size, job.total);
  }

  #fail(job: Job, reason: string): void {
    if (job.ended) return;
    job.ended = true;
    this.#jobs.delete(job.spec.compositionId);
    for (const worker of job.workers) void this.#end(worker);
    this.#options.onFailed(job.spec.compositionId, reason);
  }
}
