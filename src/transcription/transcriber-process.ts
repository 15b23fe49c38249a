/** One transcriber process as the server sees it: `started → connected → gone`. It works on one job, under a lease that only it knows. */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Peer } from '../support/ipc.ts';
import type { Hazard, ListenNotice } from './task.ts';

/** Why a process ended, or was not even started. */
export interface Stumble {
  readonly reason: string;
  readonly verdict: 'failed' | 'hindered' | 'died';
}

export const notStarted = (error: unknown): Stumble => ({
  reason: `It could not be started: ${error instanceof Error ? error.message : String(error)}`,
  verdict: 'hindered',
});

/** Starts a transcriber process with these variables added to a bare environment. */
export type SpawnTranscriber = (environment: Record<string, string>) => ChildProcess;

/** `Job`: what it works on. */
export class TranscriberProcess<Job> {
  readonly lease = randomBytes(16).toString('hex');
  readonly job: Job;
  /** Resolves when the process is gone: to what went wrong, or null where it had ended in order or was told to. */
  readonly gone: Promise<Stumble | null>;
  readonly #child: ChildProcess;
  #readyMs: number | null = null;
  peer: Peer | undefined;
  /** What it is about to take, where it is careful. */
  attempt: Hazard | null = null;
  /** What it said, or what we know, of its end. */
  stumble: Stumble | null = null;
  #dismissed = false;
  #seenMs = performance.now();

  /** Throws where the process can't be started at all. */
  constructor(job: Job, socketPath: string, spawn: SpawnTranscriber) {
    this.job = job;
    this.#child = spawn({ ROOMTAPE_LISTEN_SOCKET: socketPath, ROOMTAPE_LEASE: this.lease });
    this.gone = new Promise((resolve) => {
      const exited = (code: number | null, signal: NodeJS.Signals | null): void => resolve(this.#verdict(code, signal));
      this.#child.once('close', exited);
      this.#child.once('error', (error) => {
        this.stumble = notStarted(error);
        // One that never was does not always close.
        if (this.#child.pid === undefined) exited(null, null);
      });
    });
  }

  /** It gave a sign of life. */
  seen(): void {
    this.#seenMs = performance.now();
  }

  /** For how long it has given none, ms. */
  get silentMs(): number {
    return performance.now() - this.#seenMs;
  }

  /** It has loaded what it needs, which may take long on a busy machine. */
  ready(): void {
    this.#readyMs ??= performance.now();
  }

  /** For how long it has had its turn, ms. */
  get turnMs(): number {
    return this.#readyMs === null ? 0 : performance.now() - this.#readyMs;
  }

  notify(type: ListenNotice['type']): void {
    this.peer?.emit({ type } satisfies ListenNotice);
  }

  /** Ends it for something that it did; what it was doing counts as failed. */
  kill(): void {
    this.seen();
    this.#child.kill('SIGKILL');
  }

  /** Ends it where it stands: nothing has failed. Resolves when it is gone. */
  async end(): Promise<void> {
    this.#dismissed = true;
    this.peer?.close();
    this.#child.kill('SIGKILL');
    await this.gone;
  }

  #verdict(code: number | null, signal: NodeJS.Signals | null): Stumble | null {
    if (this.#dismissed) return null;
    if (this.stumble) return this.stumble;
    return code === 0 ? null : { reason: signal ? `signal ${signal}` : `exit code ${code}`, verdict: 'died' };
  }
}
