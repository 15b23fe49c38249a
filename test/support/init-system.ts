/**
 * What stands above the product on a real machine: starts `roomtape serve`, and starts it again whenever it ends without having been told
 * to, as systemd's `Restart=always` does. Ports, key and data folder stay the same.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, type ServerChildOptions } from '../../src/cli/server-child.ts';
import { makeFolder } from '../../src/support/make-folder.ts';
import { waitFor } from './wait-for.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** systemd's own pause (`RestartSec`). */
const RESTART_MS = 100;
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 60_000;

export class InitSystem {
  readonly url: string;
  readonly dataDir: string;
  readonly #options: ServerChildOptions;
  readonly #ports: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #restarts = 0;
  #stopping: Promise<void> | undefined;

  private constructor(options: ServerChildOptions, port: number, rtcPort: number) {
    this.#options = options;
    this.url = `http://127.0.0.1:${port}`;
    this.dataDir = options.dataDir;
    this.#ports = { ROOMTAPE_PORT: String(port), ROOMTAPE_RTC_PORT: String(rtcPort) };
  }

  /** Starts, and waits until the product is healthy. */
  static async start(options: ServerChildOptions): Promise<InitSystem> {
    makeFolder(options.dataDir);
    const system = new InitSystem(options, await freePort(false), await freePort(true));
    system.#spawn();
    try {
      await system.healthy();
    } catch (error) {
      await system.stop();
      throw error;
    }
    return system;
  }

  /** Of the supervisor; null between its end and its next start. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** How often it had to be started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Resolves when `/health` says yes. */
  async healthy(limitMs = START_LIMIT_MS): Promise<void> {
    await waitFor('the product to be healthy', limitMs, async () => {
      try {
        return (await fetch(new URL('/health', this.url), { signal: AbortSignal.timeout(5_000) })).ok;
      } catch {
        return false; // it does not listen yet
      }
    });
  }

  /** Ends the product in order, for good. Idempotent. Rejects if it had to be killed. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  #spawn(): void {
    const { dataDir, logFile, environment } = this.#options;
    const log = openSync(logFile, 'a', 0o600);
    const child = spawn(process.execPath, [MAIN, 'serve'], {
      stdio: ['ignore', log, log],
      env: {
        ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ROOMTAPE_'))),
        ROOMTAPE_CONFIG: devNull,
        ROOMTAPE_DATA_DIR: dataDir,
        ROOMTAPE_HOST: '127.0.0.1',
        ROOMTAPE_RTC_BIND_ADDRESS: '127.0.0.1',
        ROOMTAPE_RTC_ANNOUNCED_ADDRESS: '127.0.0.1',
        ...environment,
        ...this.#ports,
      },
    });
    closeSync(log);
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once('exit', () => resolve()));
    void this.#ended.then(() => this.#again());
  }

  async #again(): Promise<void> {
    this.#child = undefined;
    if (this.#stopping) return;
    await delay(RESTART_MS);
    if (this.#stopping) return;
    this.#restarts += 1;
    this.#spawn();
  }

  async #stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.kill('SIGTERM');
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await this.#ended;
    clearTimeout(impatience);
    if (child.signalCode === 'SIGKILL')
      throw new Error(`The product did not end within ${STOP_LIMIT_MS} ms and was killed.`);
  }
}
