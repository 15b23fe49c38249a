/**
 * The whole product as a child process, with a data folder and ports of its own: for the demo, the bench and the tests.
 *
 * States: `starting → serving → stopped`. Stopping is in order (SIGTERM); a server that does not end in time is killed and that
 * is an error.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { makeFolder } from '../support/make-folder.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
/** The first start makes a database: 1.5 s, and several times that on a loaded machine. */
const START_LIMIT_MS = 60_000;
/** The server's own cascade ends within its steps' limits (docs/shutdown.md); more is a hang. */
const STOP_LIMIT_MS = 60_000;
const POLL_MS = 100;

export interface ServerChildOptions {
  readonly dataDir: string;
  /** Where the server's log goes; appended. */
  readonly logFile: string;
  /** Ctrl-C in a terminal does not reach it: whoever started it ends it in its turn. */
  readonly ownGroup?: boolean;
  /** More `ROOMTAPE_*` variables. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A port that is free for TCP, and for UDP where that is asked for, at this moment. */
export const freePort = async (udpToo: boolean): Promise<number> => {
  for (let attempt = 0; attempt < 20; attempt++) {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const free = !udpToo || (await isFreeForUdp(port));
    await new Promise<void>((resolve) => server.close(() => resolve()));
    if (free) return port;
  }
  throw new Error('No port that is free for both TCP and UDP was found.');
};

const isFreeForUdp = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });

/**
 * What the operator set for the real server (its key, its database, its certificate) is not meant for this one. How much is logged is.
 */
const withoutSettings = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith('ROOMTAPE_') || name === 'ROOMTAPE_LOG_LEVEL'),
  );

export class ServerChild {
  /** Base address, e.g. `http://127.0.0.1:41235`. */
  readonly url: string;
  readonly rtcPort: number;
  readonly dataDir: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<string>;
  readonly #logFile: string;
  #exit: string | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(options: ServerChildOptions, port: number, rtcPort: number) {
    this.url = `http://127.0.0.1:${port}`;
    this.rtcPort = rtcPort;
    this.dataDir = options.dataDir;
    this.#logFile = options.logFile;
    const log = openSync(options.logFile, 'a', 0o600);
    this.#child = spawn(process.execPath, [MAIN, 'serve'], {
      stdio: ['ignore', log, log],
      detached: options.ownGroup ?? false,
      env: {
        ...withoutSettings(process.env),
        ROOMTAPE_CONFIG: devNull,
        ROOMTAPE_DATA_DIR: options.dataDir,
        ROOMTAPE_HOST: '127.0.0.1',
        ROOMTAPE_PORT: String(port),
        ROOMTAPE_RTC_PORT: String(rtcPort),
        ROOMTAPE_RTC_BIND_ADDRESS: '127.0.0.1',
        ROOMTAPE_RTC_ANNOUNCED_ADDRESS: '127.0.0.1',
        ...options.environment,
      },
    });
    closeSync(log);
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    void this.#exited.then((how) => {
      this.#exit = how;
    });
  }

  /** Starts and waits until the server is healthy. Rejects, with nothing left running, if it is not within a minute. */
  static async start(options: ServerChildOptions): Promise<ServerChild> {
    makeFolder(options.dataDir);
    const server = new ServerChild(options, await freePort(false), await freePort(true));
    try {
      await server.healthy();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when `/health` says yes. */
  async healthy(limitMs = START_LIMIT_MS): Promise<void> {
    const deadline = performance.now() + limitMs;
    let last = 'it does not answer';
    while (performance.now() < deadline) {
      if (this.#exit) throw new Error(`The server ended (${this.#exit}). Its log: ${this.#logFile}`);
      try {
        const response = await fetch(new URL('/health', this.url), { signal: AbortSignal.timeout(5_000) });
        if (response.ok) return;
        last = await response.text();
      } catch (error) {
        last = error instanceof Error ? error.message : String(error);
      }
      await delay(POLL_MS);
    }
    throw new Error(`The server is not healthy after ${limitMs} ms: ${last}. Its log: ${this.#logFile}`);
  }

  /** Ends the server in order. Idempotent. Rejects if it had to be killed. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Ends the supervisor without a chance to tidy up; its children notice. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async #stop(): Promise<void> {
    if (this.#exit) return;
    this.#child.kill('SIGTERM');
    const impatience = new AbortController();
    const late = delay(STOP_LIMIT_MS, 'late' as const, { signal: impatience.signal }).catch(() => 'in time' as const);
    const outcome = await Promise.race([this.#exited, late]);
    impatience.abort();
    if (outcome !== 'late') return;
    this.#child.kill('SIGKILL');
    throw new Error(`The server did not end within ${STOP_LIMIT_MS} ms and was killed. Its log: ${this.#logFile}`);
  }
}

/** Where a server whose key was not configured keeps it. */
export const credentialsFile = (dataDir: string): string => join(dataDir, 'credentials.json');
