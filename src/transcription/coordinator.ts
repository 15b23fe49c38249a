/**
 * Who hears what: the server process's side of `task.ts`. It starts transcriber processes, one a recording, and hands on what they hear.
 *
 * A **job** is one transcription: `waiting ⇄ heard → ended`. Its truth is what has been kept of it (`heard`), so a job may be dropped at any
 * moment and begun again, by this process or the next one.
 *
 * Invariants
 * 1. A process belongs to one job, and a job has at most one.
 * 2. There are at most `maxProcesses`: each holds a model in memory. Where more jobs wait, each has its turn (`TURN_MS`), live or not; what was
 *    heard is not heard again. The one that has waited longest comes next.
 * 3. What a process says is kept before it goes on: one that is faster than the database waits for it.
 * 4. A process that dies is replaced: how often, how soon and how carefully: `composition/setbacks.ts`. What the machine or the endpoint
 *    lacks is waited for, `GIVE_UP_MS` at most.
 * 5. A process that gives no sign of life for `hungAfterMs` hangs: it is killed, and has died.
 * 6. Nothing that a process says can end this one: what it may not say ends the process that says it.
 * 7. The endpoint's key and the network stay with this process; transcribers send it samples.
 */
import type { Server } from 'node:net';
import { Setbacks } from '../composition/setbacks.ts';
import type { Speaker, Utterance } from '../domain/transcript.ts';
import { listen, Peer } from '../support/ipc.ts';
import type { Logger } from '../support/log.ts';
import { EngineError, type TranscriptionEngine } from './engine.ts';
import { samplesOf } from './pcm.ts';
import {
  type Hazard,
  type HeardSoFar,
  LISTEN_VERSION,
  listenEvent,
  listenMethods,
  type ModelFiles,
  type TranscriptionTask,
} from './task.ts';
import { notStarted, type SpawnTranscriber, type Stumble, TranscriberProcess } from './transcriber-process.ts';

/** Long enough that loading a model (a second of CPU) is not felt, short enough for captions of the others. */
const TURN_MS = 20_000;
const LOOK_MS = 2_000;
/** A large model at the lowest priority on a busy machine takes minutes for a long stretch, and gives no sign meanwhile. */
const HUNG_AFTER_MS = 600_000;
/** An endpoint that is away for longer is not coming back by itself; whoever waits should know, while the journal is still kept. */
const GIVE_UP_MS = 3 * 3_600_000;

export interface TranscriptionJob {
  readonly transcriptionId: string;
  readonly recordingId: string;
  readonly journalDir: string;
  /** Older jobs come first, where none has had a turn yet. */
  readonly createdAtMs: number;
  /** The recording's end is in the journal, or nobody writes the journal any more. */
  readonly finished: boolean;
  readonly engine: 'embedded' | 'endpoint';
  /** BCP-47; null: whatever is spoken. */
  readonly language: string | null;
  /** Present: these alone are heard, by these of their tracks. */
  readonly participants?: TranscriptionTask['participants'];
  /** They are not heard. Hidden participants never are. */
  readonly excludeParticipants: readonly string[];
  /** What was kept of it; `NOTHING_HEARD` at first. */
  readonly heard: HeardSoFar;
}

export const NOTHING_HEARD: HeardSoFar = { seconds: 0, speakers: {} };

export interface TranscriptionEvents {
  /**
   * An utterance is finished. Resolve when it is kept; nothing more of this recording comes before. The same one (by speaker and start) may
   * come again when that was not known to us. Utterances of one speaker come in order, those of several as they end. Rejected, the
   * transcription pauses and goes on behind what was kept.
   */
  onUtterance(transcriptionId: string, speaker: Speaker, utterance: Utterance): Promise<void>;
  /** All speech that began before this media time has been told. To be kept as `heard.seconds`. */
  onHeard(transcriptionId: string, seconds: number): Promise<void>;
  /** All is told. */
  onComplete(transcriptionId: string, facts: { readonly durationSeconds: number; readonly engine: string }): void;
  /** There will be no more. `reason` is a sentence that says what to do. */
  onFailed(transcriptionId: string, reason: string): void;
}

export interface TranscriptionCoordinatorOptions extends TranscriptionEvents {
  readonly socketPath: string;
  readonly spawn: SpawnTranscriber;
  readonly maxProcesses: number;
  /** The models that a job needs, there to be read. Rejects with `EngineError`. */
  readonly models: (job: TranscriptionJob) => Promise<{ readonly voice: string; readonly speech: ModelFiles | null }>;
  /** Null: none is configured. The caller's to close. */
  readonly endpoint: TranscriptionEngine | null;
  /** Silence after which a process is taken to hang. */
  readonly hungAfterMs?: number;
  readonly turnMs?: number;
  readonly giveUpMs?: number;
  readonly log: Logger;
}

interface Job {
  readonly spec: TranscriptionJob;
  readonly setbacks: Setbacks<Hazard>;
  readonly heard: { seconds: number; readonly speakers: Record<string, number> };
  process: Process | null;
  /** Its models are being looked for. */
  preparing: boolean;
  finished: boolean;
  journalEnded: boolean;
  ended: boolean;
  /** Monotonic times: before which no process is started for it; when it last had a turn; since when something lacks. */
  notBeforeMs: number;
  lastTurnMs: number;
  hinderedSinceMs: number | null;
}

type Process = TranscriberProcess<Job> & { task?: TranscriptionTask };

export class TranscriptionCoordinator {
  readonly #options: TranscriptionCoordinatorOptions;
  readonly #jobs = new Map<string, Job>();
  readonly #processes = new Map<string, Process>();
  readonly #exits = new Set<Promise<void>>();
  readonly #aborted = new AbortController();
  readonly #setbacks = { died: 0, hindered: 0 };
  #server: Server | undefined;
  #watch: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: TranscriptionCoordinatorOptions) {
    this.#options = options;
  }

  /** Opens the listen socket. */
  async open(): Promise<void> {
    const { socketPath } = this.#options;
    this.#server = await listen(socketPath, (socket) => {
      let process: Process | undefined;
      const peer: Peer = new Peer(socket, {
        onRequest: (method, params) => {
          if (method !== 'hello') return this.#answer(process, method, params);
          const { lease, version } = listenMethods.hello.params.parse(params);
          process = this.#welcome(lease, version, peer);
          return process.task;
        },
        onEvent: (event) => {
          if (process) this.#onEvent(process, event);
        },
      });
    });
    this.#watch = setInterval(() => this.#look(), LOOK_MS);
  }

  /** Takes a job on, or on again. One that runs already goes on. */
  start(spec: TranscriptionJob): void {
    if (this.#closing || this.#jobs.has(spec.transcriptionId)) return;
    this.#jobs.set(spec.transcriptionId, {
      spec,
      setbacks: new Setbacks<Hazard>(),
      heard: { seconds: spec.heard.seconds, speakers: { ...spec.heard.speakers } },
      process: null,
      preparing: false,
      finished: spec.finished,
      journalEnded: false,
      ended: false,
      notBeforeMs: 0,
      lastTurnMs: 0,
      hinderedSinceMs: null,
    });
    this.#schedule();
  }

  /** The recording has its stop record. */
  finished(transcriptionId: string): void {
    const job = this.#jobs.get(transcriptionId);
    if (!job) return;
    job.finished = true;
    job.process?.notify('recording-stopped');
  }

  /** Nobody writes this journal any more: what is there is all. */
  journalEnded(transcriptionId: string): void {
    const job = this.#jobs.get(transcriptionId);
    if (!job) return;
    job.journalEnded = true;
    job.finished = true;
    job.process?.notify('journal-ended');
  }

  /** Drops a job and ends its process. */
  async cancel(transcriptionId: string): Promise<void> {
    const job = this.#jobs.get(transcriptionId);
    if (!job) return;
    job.ended = true;
    this.#jobs.delete(transcriptionId);
    await job.process?.end();
  }

  get stats(): { jobs: number; processes: number; waiting: number; setbacks: { died: number; hindered: number } } {
    const waiting = [...this.#jobs.values()].filter((job) => job.process === null).length;
    return { jobs: this.#jobs.size, processes: this.#processes.size, waiting, setbacks: { ...this.#setbacks } };
  }

  /** Ends all processes. What is unfinished goes on at the next start. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      clearInterval(this.#watch);
      this.#aborted.abort();
      this.#jobs.clear();
      for (const process of this.#processes.values()) void process.end();
      await Promise.all(this.#exits);
      await new Promise<void>((resolve) => (this.#server ? this.#server.close(() => resolve()) : resolve()));
    })();
    return this.#closing;
  }

  /** Starts processes while there is room and somebody waits (invariant 2). */
  #schedule(): void {
    if (this.#closing) return;
    const preparing = [...this.#jobs.values()].filter((job) => job.preparing).length;
    const free = this.#options.maxProcesses - this.#processes.size - preparing;
    for (const job of this.#waiting().slice(0, Math.max(0, free))) {
      job.preparing = true;
      const started = this.#begin(job).finally(() => this.#exits.delete(started));
      this.#exits.add(started);
    }
  }

  /** Jobs that could go on at once, who has waited longest first. */
  #waiting(): Job[] {
    const now = performance.now();
    return [...this.#jobs.values()]
      .filter((job) => !job.ended && !job.process && !job.preparing && now >= job.notBeforeMs)
      .sort((a, b) => a.lastTurnMs - b.lastTurnMs || a.spec.createdAtMs - b.spec.createdAtMs);
  }

  /** Never rejects. */
  async #begin(job: Job): Promise<void> {
    try {
      const task = await this.#taskOf(job);
      if (job.ended || this.#closing) return;
      const process: Process = new TranscriberProcess(job, this.#options.socketPath, this.#options.spawn);
      process.task = task;
      job.process = process;
      this.#processes.set(process.lease, process);
      const exit = process.gone
        .then((stumble) => this.#exited(process, stumble))
        .finally(() => this.#exits.delete(exit));
      this.#exits.add(exit);
    } catch (error) {
      const isRefused = error instanceof EngineError && error.code === 'refused';
      const reason = error instanceof EngineError ? error.message : notStarted(error).reason;
      this.#setBack(job, { reason, verdict: isRefused ? 'failed' : 'hindered' }, null);
    } finally {
      job.preparing = false;
    }
  }

  async #taskOf(job: Job): Promise<TranscriptionTask> {
    const { spec, setbacks } = job;
    const { endpoint, models } = this.#options;
    if (spec.engine === 'endpoint' && !endpoint) {
      throw new EngineError('refused', 'No endpoint is configured that transcribes: set ROOMTAPE_TRANSCRIBE_URL.');
    }
    const { voice, speech } = await models(spec);
    const engine: TranscriptionTask['engine'] | null = speech
      ? { kind: 'embedded', model: speech }
      : endpoint && { kind: 'endpoint', name: endpoint.name, concurrency: endpoint.concurrency };
    if (!engine) throw new EngineError('refused', 'There is no speech model and no endpoint.');
    return {
      version: LISTEN_VERSION,
      transcriptionId: spec.transcriptionId,
      recordingId: spec.recordingId,
      journalDir: spec.journalDir,
      language: spec.language,
      ...(spec.participants && { participants: spec.participants }),
      excludeParticipants: spec.excludeParticipants,
      heard: { seconds: job.heard.seconds, speakers: { ...job.heard.speakers } },
      engine,
      voiceModel: voice,
      shunned: setbacks.shunned,
      careful: setbacks.careful,
    };
  }

  #welcome(lease: string, version: number, peer: Peer): Process {
    const process = this.#processes.get(lease);
    if (version !== LISTEN_VERSION) {
      const reason = `It is of another version (${version}, not ${LISTEN_VERSION}): an upgrade is under way`;
      // Nobody's fault, and over with the server's restart.
      if (process) process.stumble = { reason, verdict: 'hindered' };
      throw new Error(reason);
    }
    if (!process || process.peer) {
      throw new Error('This lease is not known, or is in use: the job went to another process.');
    }
    process.peer = peer;
    if (process.job.journalEnded) process.notify('journal-ended');
    else if (process.job.finished) process.notify('recording-stopped');
    return process;
  }

  async #answer(process: Process | undefined, method: string, params: unknown): Promise<unknown> {
    if (!process) throw new Error(`"${method}" came before "hello".`);
    process.seen();
    const { job } = process;
    if (job.ended) throw new Error('This transcription has ended.');
    switch (method) {
      case 'spoken':
        return this.#spoken(job, listenMethods.spoken.params.parse(params));
      case 'heard': {
        const { seconds } = listenMethods.heard.params.parse(params);
        await this.#options.onHeard(job.spec.transcriptionId, seconds);
        job.heard.seconds = Math.max(job.heard.seconds, seconds);
        this.#progressed(job);
        return {};
      }
      case 'transcribe':
        return this.#transcribe(process, listenMethods.transcribe.params.parse(params));
      case 'attempt':
        process.attempt = listenMethods.attempt.params.parse(params).hazard;
        return {};
      case 'complete':
        this.#complete(process, listenMethods.complete.params.parse(params));
        return {};
      case 'stumbled':
        process.stumble = listenMethods.stumbled.params.parse(params);
        return {};
      default:
        throw new Error(`"${method}" is not known here.`);
    }
  }

  /** Invariant 3. */
  async #spoken(
    job: Job,
    { speaker, utterance }: { readonly speaker: Speaker; readonly utterance: Utterance },
  ): Promise<unknown> {
    await this.#options.onUtterance(job.spec.transcriptionId, speaker, utterance);
    const { speakers } = job.heard;
    speakers[speaker.id] = Math.max(speakers[speaker.id] ?? 0, utterance.end);
    this.#progressed(job);
    return {};
  }

  #progressed(job: Job): void {
    job.setbacks.progressed();
    job.hinderedSinceMs = null;
  }

  /** Invariant 7. */
  async #transcribe(process: Process, { pcm, language }: { pcm: string; language: string | null }): Promise<unknown> {
    const { endpoint } = this.#options;
    if (!endpoint) throw new EngineError('refused', 'No endpoint is configured that transcribes.');
    const heard = await endpoint.transcribe(samplesOf(pcm), { language, signal: this.#aborted.signal });
    process.seen();
    return heard;
  }

  #complete({ job }: Process, facts: { readonly durationSeconds: number; readonly engine: string }): void {
    job.ended = true;
    this.#jobs.delete(job.spec.transcriptionId);
    this.#options.onComplete(job.spec.transcriptionId, facts);
  }

  /** Invariants 2 and 5. */
  #look(): void {
    const { hungAfterMs = HUNG_AFTER_MS, turnMs = TURN_MS } = this.#options;
    for (const process of this.#processes.values()) {
      if (process.silentMs < hungAfterMs) continue;
      process.stumble = { reason: `It gave no sign of life for ${Math.round(hungAfterMs / 1000)} s`, verdict: 'died' };
      process.kill();
    }
    this.#schedule();
    const waiting = this.#waiting().length;
    const longest = [...this.#processes.values()].sort((a, b) => b.turnMs - a.turnMs);
    for (const process of longest.slice(0, waiting)) if (process.turnMs > turnMs) process.notify('give-way');
  }

  /** Never rejects. */
  #exited(process: Process, stumble: Stumble | null): void {
    const { job } = process;
    this.#processes.delete(process.lease);
    job.process = null;
    job.lastTurnMs = performance.now();
    if (stumble) this.#setBack(job, stumble, process.attempt);
    this.#schedule();
  }

  /** Invariant 4. */
  #setBack(job: Job, { reason, verdict }: Stumble, attempt: Hazard | null): void {
    if (this.#closing || job.ended) return;
    const { recordingId, transcriptionId } = job.spec;
    const words = reason.replace(/\.$/, '');
    if (verdict === 'failed') {
      this.#fail(job, `${words}.`);
      return;
    }
    this.#setbacks[verdict] += 1;
    const pauseMs = verdict === 'hindered' ? this.#hindered(job) : job.setbacks.died(attempt);
    this.#options.log.warn(
      { reason, verdict, attempt, recordingId, transcriptionId, pauseMs },
      'A transcription was set back.',
    );
    if (pauseMs === null) {
      const told =
        verdict === 'hindered'
          ? 'It was tried for hours'
          : 'The transcriber ended again and again without getting further';
      this.#fail(job, `${told} (last: ${words}).`);
      return;
    }
    job.notBeforeMs = performance.now() + pauseMs;
    // A millisecond more: timers are not that exact.
    setTimeout(() => this.#schedule(), pauseMs + 1).unref();
  }

  #hindered(job: Job): number | null {
    const now = performance.now();
    job.hinderedSinceMs ??= now;
    return now - job.hinderedSinceMs > (this.#options.giveUpMs ?? GIVE_UP_MS) ? null : job.setbacks.hindered();
  }

  /** Invariant 6. */
  #onEvent(process: Process, raw: unknown): void {
    const { success, data: event, error } = listenEvent.safeParse(raw);
    if (!success) {
      this.#options.log.error({ err: error }, 'A transcriber said what it may not say; it is ended.');
      process.kill();
      return;
    }
    process.seen();
    if (event.type === 'attempted') process.attempt = null;
    else if (event.type === 'ready') process.ready();
  }

  #fail(job: Job, reason: string): void {
    if (job.ended) return;
    job.ended = true;
    this.#jobs.delete(job.spec.transcriptionId);
    void job.process?.end();
    this.#options.onFailed(job.spec.transcriptionId, reason);
  }
}
