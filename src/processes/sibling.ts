/**
 * A process that the supervisor keeps running. It is spawned, or **adopted** where one of an earlier supervisor still answers on its
 * socket (we were killed, it was not). When it ends without being asked, it is started again after a pause that grows from 0.2 s to
 * 10 s and is forgotten after a minute of health. What keeps it from being started (a full disk) is tried again after such a pause, too.
 *
 * States: `stopped → running ⇄ pausing → stopped`. `retire()` and `stop()` are final: nothing is started again after either.
 */
import type { ChildProcess } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { dial, type Peer } from '../support/ipc.ts';
import type { Logger } from '../support/log.ts';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
const HEALTHY_AFTER_MS = 60_000;

export interface SiblingOptions {
  readonly name: string;
  readonly pidFile: string;
  readonly spawn: () => ChildProcess;
  /** Where a running one answers; without it there is no adoption. */
  readonly socketPath?: string;
  /** One that was spawned ended without being asked. */
  readonly onDeath?: () => void;
  readonly log: Logger;
}

interface Running {
  readonly pid: number;
  readonly startedAt: number;
  readonly ended: Promise<void>;
}

export class Sibling {
  readonly #options: SiblingOptions;
  #running: Running | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #pause: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;
  #retired = false;
  #adopted = false;

  constructor(options: SiblingOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#running?.pid;
  }

  /** The first one was running before us. */
  get adopted(): boolean {
    return this.#adopted;
  }

  /** Adopts or spawns. */
  async start(): Promise<void> {
    if (this.#retired) return;
    this.#running = await this.#adopt();
    this.#adopted ||= this.#running !== undefined;
    this.#running ??= await this.#spawn();
    const current = this.#running;
    void current.ended.then(() => this.#ended(current));
  }

  /** It goes on running, but is not started again when it ends: the system is being shut down. */
  retire(): void {
    this.#retired = true;
    clearTimeout(this.#pause);
  }

  /** Asks it to end, waits, insists with SIGKILL after `graceMs`, and waits no longer than as much again. Idempotent. */
  stop(graceMs: number): Promise<void> {
    this.retire();
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  /** Ends it at once. */
  kill(): void {
    if (this.#running) signalProcess(this.#running.pid, 'SIGKILL');
  }

  async #adopt(): Promise<Running | undefined> {
    const { socketPath, pidFile, name, log } = this.#options;
    if (!socketPath) return undefined;
    let close = (): void => undefined;
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    let peer: Peer;
    try {
      peer = await dial(socketPath, { onClose: close });
    } catch {
      return undefined; // nobody listens: there is none to adopt
    }
    const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''));
    if (!Number.isInteger(pid) || pid <= 0) {
      peer.close();
      throw new Error(
        `A ${name} process answers on "${socketPath}", but "${pidFile}" does not say its pid: end it by hand.`,
      );
    }
    log.info({ pid }, `Adopted the running ${name} process.`);
    return { pid, startedAt: performance.now(), ended: closed };
  }

  async #spawn(): Promise<Running> {
    const { spawn, name, onDeath, log } = this.#options;
    const child = spawn();
    const ended = new Promise<void>((resolve) => {
      child.once('error', (error) => {
        log.error({ err: error }, `The ${name} process could not be started.`);
        resolve();
      });
      child.once('exit', (code, signal) => {
        if (!this.#retired) {
          log.error({ code, signal }, `The ${name} process ended; it is started again.`);
          onDeath?.();
        }
        resolve();
      });
    });
    if (child.pid !== undefined) this.#writePid(child.pid);
    return { pid: child.pid ?? 0, startedAt: performance.now(), ended };
  }

  /** Whole or not at all, and before anything else happens: whoever adopts it after us must not end another. */
  #writePid(pid: number): void {
    const { pidFile, name, log } = this.#options;
    try {
      writeFileSync(`${pidFile}.new`, String(pid), { mode: 0o600 });
      renameSync(`${pidFile}.new`, pidFile);
    } catch (error) {
      log.error({ err: error, pid }, `The pid of the ${name} process could not be written down.`);
    }
  }

  #ended(running: Running): void {
    if (this.#running !== running) return;
    this.#running = undefined;
    if (this.#retired) return;
    if (performance.now() - running.startedAt > HEALTHY_AFTER_MS) this.#pauseMs = FIRST_PAUSE_MS;
    this.#startLater();
  }

  #startLater(): void {
    if (this.#retired) return;
    const { name, log } = this.#options;
    this.#pause = setTimeout(() => {
      this.start().catch((error: unknown) => {
        log.error({ err: error }, `The ${name} process could not be started again; it is tried once more.`);
        this.#startLater();
      });
    }, this.#pauseMs);
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
  }

  async #stop(graceMs: number): Promise<void> {
    const running = this.#running;
    if (running && running.pid > 0) {
      signalProcess(running.pid, 'SIGTERM');
      const insist = setTimeout(() => {
        this.#options.log.warn({ pid: running.pid }, `The ${this.#options.name} process did not end in time; killed.`);
        signalProcess(running.pid, 'SIGKILL');
      }, graceMs);
      const given = new AbortController();
      const limit = delay(2 * graceMs, 'limit', { signal: given.signal }).catch(() => undefined);
      if ((await Promise.race([running.ended, limit])) === 'limit') {
        const words = `A ${this.#options.name} process goes on running, and is not the one that "${this.#options.pidFile}" names.`;
        this.#options.log.error({ pid: running.pid }, `${words} End it by hand.`);
      }
      given.abort();
      clearTimeout(insist);
    }
    await rm(this.#options.pidFile, { force: true });
  }
}

/** Sends a signal; a process that is gone already is no error. */
const signalProcess = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};
