/**
 * One compositor process as the server sees it: `started → connected → gone`. It works on one job, under a lease that only it knows,
 * and writes what is unfinished to a scratch folder of its own.
 */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Peer } from '../support/ipc.ts';
import type { Run } from './runs.ts';
import type { FrameRef } from './setbacks.ts';
import type { IncidentTold, WorkNotice } from './task.ts';

/** Why a process ended, or was not even started. */
export interface Stumble {
  readonly reason: string;
  /** Not its own fault: no disk, no memory, no process to be had. */
  readonly hindered: boolean;
}

export const notStarted = (error: unknown): Stumble => ({
  reason: `It could not be started: ${error instanceof Error ? error.message : String(error)}`,
  hindered: true,
});

export interface WorkerOptions {
  readonly socketPath: string;
  /** Starts a compositor process with these variables added to a bare environment. */
  readonly spawn: (environment: Record<string, string>) => ChildProcess;
}

/** `Job`: what it works on. */
export class Worker<Job> {
  readonly lease = randomBytes(16).toString('hex');
  readonly job: Job;
  readonly scratch: string;
  /** Resolves when the process is gone: to what went wrong, or null where all was in order. */
  readonly gone: Promise<Stumble | null>;
  readonly #child: ChildProcess;
  peer: Peer | undefined;
  run: Run | undefined;
  packaging = false;
  /** The frame over which it is, where it is careful. */
  decoding: { readonly frame: FrameRef; readonly incident: IncidentTold } | null = null;
  /** What it said, or what we know, of its end. */
  stumble: Stumble | null = null;
  /** Its recording is paused: it waits. */
  paused = false;
  #dismissed = false;
  #seenMs = performance.now();

  /** Starts the process, with its scratch folder in `directory`. Throws where that fails at once. */
  constructor(job: Job, directory: string, { socketPath, spawn }: WorkerOptions) {
    this.job = job;
    this.scratch = join(directory, `scratch-${this.lease.slice(0, 8)}`);
    this.#child = spawn({ ROOMTAPE_WORK_SOCKET: socketPath, ROOMTAPE_LEASE: this.lease });
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

  notify(type: WorkNotice['type']): void {
    this.peer?.emit({ type } satisfies WorkNotice);
  }

  /** Ends it for something that it did; what it was doing counts as failed. */
  kill(): void {
    this.seen();
    this.#child.kill('SIGKILL');
  }

  /** Ends it to make room: nothing has failed. */
  dismiss(): void {
    if (this.#dismissed) return;
    this.#dismissed = true;
    void this.end();
  }

  /** Ends it; resolves when it is gone. */
  async end(): Promise<void> {
    this.peer?.close();
    this.#child.kill('SIGKILL');
    await this.gone;
  }

  #verdict(code: number | null, signal: NodeJS.Signals | null): Stumble | null {
    const inOrder = code === 0 && this.run === undefined && !this.packaging;
    if (this.#dismissed || inOrder) return null;
    return this.stumble ?? { reason: signal ? `signal ${signal}` : `exit code ${code}`, hindered: false };
  }
}
