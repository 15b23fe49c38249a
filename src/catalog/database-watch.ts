/**
 * Whether the database answers. It is asked once a second, on a connection of its own; while it does not answer, whoever wants something of it
 * is told so at once instead of waiting, and those who wait already are let go.
 *
 * States: `present ⇄ away`, then closed. A database that hangs is as away as one that is down: what tells them apart is only how long it
 * takes to notice (`ANSWER_LIMIT_MS`).
 */
import { Socket } from 'node:net';
import pg from 'pg';
import type { Logger } from '../support/log.ts';

const ASK_EVERY_MS = 1_000;
/** A healthy one answers within milliseconds, one on a starved machine within hundreds. */
const ANSWER_LIMIT_MS = 3_000;

export interface DatabaseWatchOptions {
  readonly url: string;
  /** It has just gone away. */
  readonly onAway: () => void;
  readonly log: Logger;
}

export class DatabaseWatch {
  readonly #options: DatabaseWatchOptions;
  readonly #listeners = new Set<() => void>();
  #client: pg.Client | null = null;
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | undefined;
  #asking: Promise<void> | undefined;
  #awaySince: number | null = null;
  #outages = 0;
  #closed = false;

  constructor(options: DatabaseWatchOptions) {
    this.#options = options;
  }

  /** It does not answer. */
  get away(): boolean {
    return this.#awaySince !== null;
  }

  /** Times that it went away. */
  get outages(): number {
    return this.#outages;
  }

  /** Begins to ask. */
  start(): void {
    this.#timer ??= setInterval(() => {
      this.#asking ??= this.#ask().finally(() => {
        this.#asking = undefined;
      });
    }, ASK_EVERY_MS);
  }

  /** Called each time that it is back. */
  onReturn(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#drop();
    await this.#asking;
    this.#drop();
  }

  async #ask(): Promise<void> {
    try {
      await this.#answer();
    } catch (error) {
      this.#drop();
      if (!this.#closed) this.#lost(error);
      return;
    }
    if (!this.#closed) this.#found();
  }

  /** Rejects if there is no answer in time. A connection that was merely cut is made again first. */
  async #answer(): Promise<void> {
    if (this.#client) {
      const started = performance.now();
      try {
        return await inTime(this.#client.query('select 1'));
      } catch (error) {
        this.#drop();
        if (performance.now() - started >= ANSWER_LIMIT_MS) throw error;
      }
    }
    const socket = new Socket();
    const client = new pg.Client({
      connectionString: this.#options.url,
      application_name: 'roomtape watch',
      stream: () => socket,
    });
    // Told by the query that fails with it, or by the next.
    client.on('error', () => this.#forget(client));
    this.#client = client;
    this.#socket = socket;
    await inTime(client.connect());
    await inTime(client.query('select 1'));
  }

  #lost(error: unknown): void {
    if (this.#awaySince !== null) return;
    this.#awaySince = performance.now();
    this.#outages += 1;
    this.#options.log.error(
      { err: error },
      'The database does not answer. What is recorded goes on; calls are refused.',
    );
    this.#options.onAway();
  }

  #found(): void {
    if (this.#awaySince === null) return;
    const awayMs = Math.round(performance.now() - this.#awaySince);
    this.#awaySince = null;
    this.#options.log.info({ awayMs }, 'The database answers again.');
    for (const listener of this.#listeners) listener();
  }

  #forget(client: pg.Client): void {
    if (this.#client === client) this.#client = null;
  }

  /** Cuts the connection: a goodbye may never be answered, and an outage of hours must not leave a socket for each time that was asked. */
  #drop(): void {
    this.#client = null;
    this.#socket?.destroy();
    this.#socket = null;
  }
}

/** Rejects after the limit. What has arrived by then counts: a process that was held up looks at its sockets first. */
const inTime = async (answer: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      setImmediate(() => reject(new Error(`The database did not answer within ${ANSWER_LIMIT_MS} ms.`)));
    }, ANSWER_LIMIT_MS);
  });
  try {
    await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
};
