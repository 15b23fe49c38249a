/**
 * Wake-ups over BullMQ: in the Postgres that is there anyway, or in Redis where the operator has one.
 *
 * States: `created → opening → open → closed`. Opening goes on until the store is reached; when it is lost later, BullMQ connects again by
 * itself, and what is added meanwhile is refused. Errors are listened for until after the end: without a listener, one that comes late
 * would end the process.
 *
 * A wake-up is taken off the queue as soon as it has been delivered, not when the work is done: what must survive stands in the tables.
 */
import {
  type BackendFactory,
  createPostgresBackend,
  createRedisBackend,
  type IQueueBackend,
  type Job,
  Queue,
  Worker,
} from 'bullmq';
import { z } from 'zod';
import type { Logger } from '../support/log.ts';
import type { WakeUp, WakeUpQueue } from './wake-up.ts';

/** No colon: BullMQ refuses it. */
const QUEUE = 'wake-ups';
/** Namespace in the database: one that other users of BullMQ in it don't have. */
const SCHEMA = 'roomtape_queue';
/** Whoever changed a state does not wait for the queue longer than this. */
const ANSWER_LIMIT_MS = 2_000;
/** A server that ends has 10 s for everything. */
const CLOSE_LIMIT_MS = 3_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;
/** Delivering takes no time: one that is not through after this belonged to a server that died. */
const LOCK_MS = 10_000;
/** With nothing to do, so long between two looks at the queue: what is added is told of at once in any case. */
const IDLE_LOOK_S = 60;
/** Deliveries under way: they only wait where a clock is ahead of ours. */
const CONCURRENCY = 16;

const wakeUpData = z.object({ kind: z.string(), id: z.string().nullable(), at: z.number().nullable() });
type WakeUpData = z.infer<typeof wakeUpData>;

/** Queue and worker that have reached the store. */
interface Connected {
  add(data: WakeUpData, options: { jobId?: string; delay?: number }): Promise<unknown>;
  waiting(): Promise<number>;
  close(): Promise<void>;
}
interface Handlers {
  deliver(job: Job): Promise<void>;
  failed(error: unknown): void;
  /** Aborted: nobody waits for the store any more. */
  readonly end: AbortSignal;
}
type Connect = (handlers: Handlers) => Promise<Connected>;

/** In the database; its tables are made in a schema of their own, `roomtape_queue`. */
export const postgresQueue = (options: { url: string; log: Logger }): WakeUpQueue => {
  const connection = {
    connectionString: options.url,
    schema: SCHEMA,
    migrate: true,
    // Wake-ups are added and taken by short queries, a few a second.
    max: 2,
    connectionTimeoutMillis: ANSWER_LIMIT_MS,
    keepAlive: true,
    application_name: 'roomtape queue',
  };
  return new BullQueue((handlers) => connect(createPostgresBackend, connection, connection, {}, handlers), options.log);
};

/** In a Redis of version 5 or later. `owner` keeps apart those who share it. */
export const redisQueue = (options: { url: string; owner: string; log: Logger }): WakeUpQueue => {
  const connection = { url: options.url, connectTimeout: ANSWER_LIMIT_MS };
  // Refused at once while it is away, instead of being kept in memory without bound.
  const adding = { ...connection, enableOfflineQueue: false, maxRetriesPerRequest: 0 };
  const prefix = `roomtape-${options.owner}`;
  return new BullQueue(
    (handlers) => connect(createRedisBackend, adding, connection, { prefix }, handlers),
    options.log,
  );
};

const connect = async <Backend extends IQueueBackend, Connection>(
  factory: BackendFactory<Backend, Connection>,
  adding: Connection,
  taking: Connection,
  namespace: { prefix?: string },
  handlers: Handlers,
): Promise<Connected> => {
  const queue = new Queue(QUEUE, { connection: adding, ...namespace }, factory);
  queue.on('error', handlers.failed);
  const closers = [() => queue.close()];
  const close = async (): Promise<void> => {
    await Promise.all(closers.map((it) => it()));
  };
  try {
    // The tables are there when this resolves.
    await unlessAborted(queue.waitUntilReady(), handlers.end);
    const worker = new Worker(
      QUEUE,
      handlers.deliver,
      {
        connection: taking,
        ...namespace,
        concurrency: CONCURRENCY,
        lockDuration: LOCK_MS,
        stalledInterval: LOCK_MS,
        drainDelay: IDLE_LOOK_S,
        runRetryDelay: FIRST_RETRY_MS,
      },
      factory,
    );
    worker.on('error', handlers.failed);
    worker.on('failed', (_job, error) => handlers.failed(error));
    closers.unshift(() => worker.close());
    await unlessAborted(worker.waitUntilReady(), handlers.end);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    add: (data, options) =>
      queue.add(data.kind, data, {
        ...options,
        removeOnComplete: true,
        removeOnFail: true,
        attempts: 3,
        backoff: 1000,
      }),
    waiting: async () => Object.values(await queue.getJobCounts('waiting', 'delayed')).reduce((sum, n) => sum + n, 0),
    close,
  };
};

class BullQueue implements WakeUpQueue {
  readonly #connect: Connect;
  readonly #log: Logger;
  readonly #end = new AbortController();
  #connected: Connected | undefined;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #isLost = false;
  /** Since it was lost. */
  #errors = 0;

  constructor(connect: Connect, log: Logger) {
    this.#connect = connect;
    this.#log = log;
  }

  open(deliver: (wakeUp: WakeUp) => void): void {
    this.#opening ??= this.#open({
      deliver: async (job) => {
        const { kind, id, at } = wakeUpData.parse(job.data);
        // The store's clock may be ahead of ours: before its time there would be nothing to do.
        if (at !== null) await pause(at - Date.now(), this.#end.signal);
        deliver({ kind, id, at: at === null ? null : new Date(at) });
      },
      failed: (error) => this.#failed(error),
      end: this.#end.signal,
    });
  }

  async add({ kind, id, at }: WakeUp): Promise<void> {
    const connected = this.#connected;
    if (!connected) throw new Error('The queue has not been reached yet.');
    const data = { kind, id, at: at?.getTime() ?? null };
    // One that is to come later comes once, however often it is asked for. What is due now may be on its way already, too early.
    const later = at && {
      jobId: `${kind}.${encodeURIComponent(id ?? '')}.${at.getTime()}`,
      delay: Math.max(0, at.getTime() - Date.now()),
    };
    try {
      await within(ANSWER_LIMIT_MS, connected.add(data, later ?? {}));
    } catch (error) {
      this.#failed(error);
      throw error;
    }
    this.#answered();
  }

  async waiting(): Promise<number> {
    if (!this.#connected) throw new Error('The queue has not been reached yet.');
    const waiting = await within(ANSWER_LIMIT_MS, this.#connected.waiting());
    this.#answered();
    return waiting;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #open(handlers: Handlers): Promise<void> {
    for (let retryMs = FIRST_RETRY_MS; !this.#closing; retryMs = Math.min(LAST_RETRY_MS, retryMs * 2)) {
      try {
        const connected = await this.#connect(handlers);
        this.#connected = connected;
        this.#answered();
        return;
      } catch (error) {
        this.#failed(error);
        await pause(retryMs, this.#end.signal);
      }
    }
  }

  async #close(): Promise<void> {
    this.#end.abort();
    const ended = (async () => {
      await this.#opening;
      await this.#connected?.close();
    })();
    try {
      await within(CLOSE_LIMIT_MS, ended);
    } catch (error) {
      this.#log.warn({ err: error }, 'The queue did not close in order; what waits in it stays there.');
    }
  }

  #failed(error: unknown): void {
    this.#errors += 1;
    if (this.#isLost || this.#closing) return;
    this.#isLost = true;
    this.#log.warn({ err: error }, 'The queue does not answer: work waits for the sweeps meanwhile.');
  }

  #answered(): void {
    if (!this.#isLost) return;
    this.#log.info({ errors: this.#errors }, 'The queue answers again.');
    this.#isLost = false;
    this.#errors = 0;
  }
}

/** Rejects after this time; what it waited for may still come. */
const within = async <T>(limitMs: number, work: Promise<T>): Promise<T> => {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(new Error(`No answer within ${limitMs} ms.`)), limitMs);
  try {
    return await Promise.race([work, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
};

/** Rejects when the signal is aborted. */
const unlessAborted = async (work: Promise<unknown>, signal: AbortSignal): Promise<void> => {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(new Error('The queue was closed.'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
};

/** Resolves after this time, or when the signal is aborted. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (ms <= 0 || signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
