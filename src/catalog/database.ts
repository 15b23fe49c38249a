/**
 * The connection pool to a PostgreSQL of version 15 or later, embedded or the operator's, and what its failures are called:
 * when it can't be reached, a query rejects with DATABASE_UNAVAILABLE, and the next one tries again. While it is known to be away
 * (`database-watch.ts`) a query rejects at once.
 */
import { Kysely, PostgresDialect, type PostgresPoolClient, sql } from 'kysely';
import pg from 'pg';
import { RoomtapeError } from '../domain/errors.ts';
import type { Logger } from '../support/log.ts';
import { DatabaseWatch } from './database-watch.ts';
import { migrate } from './migrations/migrate.ts';
import { pooledClient } from './pooled-client.ts';
import type { Tables } from './tables.ts';

const OLDEST_MAJOR = 15;
const CONNECT_TIMEOUT_MS = 3_000;
/** Queries are short; more connections than this would only queue inside Postgres. */
const POOL_SIZE = 10;

/**
 * What the server holds our connections to (docs/decisions/0127-a-hung-transaction-lets-go.md). Nothing that we ask for takes a tenth of it;
 * whoever waits for a lock of a transaction that hangs gets it before his own time is over.
 */
const LIMITS: DatabaseLimits = { statementMs: 60_000, idleInTransactionMs: 30_000 };

export interface DatabaseLimits {
  /** One statement, waiting for locks included. Then it is cancelled. */
  readonly statementMs: number;
  /** Between two statements of a transaction. Then it is rolled back, and the connection cut. */
  readonly idleInTransactionMs: number;
}

/** What queries take: the pool, or a transaction of it. */
export type Catalog = Kysely<Tables>;

export interface OpenCatalog {
  readonly catalog: Catalog;
  /** Whether it answers. */
  readonly watch: DatabaseWatch;
  /** Waits for running queries, closes all connections. Idempotent. */
  close(): Promise<void>;
}

// Session times and byte counts are far below 2^53: numbers, not strings.
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === pg.types.builtins.INT8 ? (text: string) => Number(text) : pg.types.getTypeParser(oid, format),
};

const unreachable = (url: string, cause: unknown): RoomtapeError => {
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
  return new RoomtapeError('DATABASE_UNAVAILABLE', `The database at ${describeUrl(url)} can't be reached: ${reason}`, {
    cause,
  });
};

/** Host, port and database without user and password. */
const describeUrl = (url: string): string => {
  if (!URL.canParse(url)) return 'an address that is not a URL';
  const { host, pathname } = new URL(url);
  return `"${host}${pathname}"`;
};

const limitTo = async (client: pg.ClientBase, limits: DatabaseLimits): Promise<void> => {
  // Not in the startup message: poolers in front of a database refuse what they don't know there.
  await client.query(
    `set statement_timeout = ${limits.statementMs}; set idle_in_transaction_session_timeout = ${limits.idleInTransactionMs}`,
  );
};

/** The tables over a pool's connections. */
const catalogOn = (pool: pg.Pool, connect: () => Promise<PostgresPoolClient>): Catalog =>
  new Kysely<Tables>({
    dialect: new PostgresDialect({
      pool: { Client: pg.Client, options: pool.options, end: () => pool.end(), connect },
    }),
  });

/** On a connection of its own, without limits: a step may take hours, and other servers wait for the one that takes it. Resolves with the steps. */
const bringUpToDate = async (url: string, lost: (error: Error) => void): Promise<string[]> => {
  const pool = new pg.Pool({
    connectionString: url,
    max: 1,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'roomtape migrations',
    keepAlive: true,
  });
  pool.on('error', lost);
  pool.on('connect', (client) => client.on('error', lost));
  const catalog = catalogOn(pool, async () => {
    try {
      return pooledClient(await pool.connect());
    } catch (cause) {
      throw unreachable(url, cause);
    }
  });
  try {
    return await migrate(catalog);
  } finally {
    await catalog.destroy();
  }
};

/**
 * Connects, checks the version, migrates. Rejects with a sentence: DATABASE_UNAVAILABLE (worth trying again), or too old, or newer
 * than this code.
 */
export const openCatalog = async (options: {
  readonly url: string;
  readonly log: Logger;
  readonly limits?: DatabaseLimits;
}): Promise<OpenCatalog> => {
  const { url, log, limits = LIMITS } = options;
  // A database that hangs answers nothing that was asked of it: whoever waits is let go, and his connection with him.
  const inUse = new Set<pg.ClientBase>();
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    types,
    application_name: 'roomtape',
    keepAlive: true,
    onConnect: async (client) => {
      inUse.add(client);
      try {
        await limitTo(client, limits);
      } finally {
        inUse.delete(client);
      }
    },
  });
  const lost = (error: Error): void => log.warn({ err: error }, 'A connection to the database was lost.');
  // An idle connection broke: the pool has dropped it already and makes another when asked.
  pool.on('error', lost);
  // One that is in use broke: its query rejects; without a listener the event would end the process as well.
  pool.on('connect', (client) => client.on('error', lost));
  /** During which outage, counted from the first, each connection was made. */
  const born = new WeakMap<pg.PoolClient, number>();
  pool.on('connect', (client) => born.set(client, watch.outages));
  pool.on('acquire', (client) => inUse.add(client));
  pool.on('release', (_error, client) => inUse.delete(client));
  pool.on('remove', (client) => inUse.delete(client));
  const watch = new DatabaseWatch({
    url,
    log,
    onAway: () => {
      for (const client of inUse) endNow(client, log);
    },
  });
  const catalog = catalogOn(pool, async () => {
    if (watch.away) throw unreachable(url, new Error('it has not answered for a while'));
    try {
      for (;;) {
        const client = await pool.connect();
        if (born.get(client) === watch.outages) return pooledClient(client);
        // From before an outage: its other end may be gone without having said so, and a query on it would wait for ever.
        client.release(true);
      }
    } catch (cause) {
      throw unreachable(url, cause);
    }
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      await watch.close();
      await catalog.destroy();
    })();
    return closing;
  };
  try {
    await checkDatabase(url);
    const applied = await bringUpToDate(url, lost);
    if (applied.length > 0) log.info({ applied }, 'The database was brought up to date.');
    watch.start();
    return { catalog, watch, close };
  } catch (error) {
    await close();
    throw error;
  }
};

/** With a query under way this cuts the connection: the query rejects, and the pool lets go of it. */
const endNow = (client: pg.ClientBase, log: Logger): void => {
  const ending: Promise<void> = (client as pg.Client).end();
  ending.catch((error: unknown) => log.debug({ err: error }, 'A connection ended badly.'));
};

/** Connects once and tells the server's version, e.g. `18.4`. Rejects with a sentence if it can't be reached or is too old. */
export const checkDatabase = async (url: string): Promise<string> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  let lost: Error | undefined;
  client.on('error', (error) => {
    lost = error;
  });
  let found: { server_version: string; server_version_num: string } | undefined;
  try {
    await client.connect();
    const { rows } = await client.query(
      `select current_setting('server_version') as server_version, current_setting('server_version_num') as server_version_num`,
    );
    found = rows[0];
  } catch (cause) {
    throw unreachable(url, lost ?? cause);
  } finally {
    await client.end();
  }
  const version = found?.server_version.split(' ')[0] ?? 'of unknown version';
  if (Math.floor(Number(found?.server_version_num) / 10_000) >= OLDEST_MAJOR) return version;
  throw new Error(`The database at ${describeUrl(url)} is PostgreSQL ${version}; ${OLDEST_MAJOR} or later is needed.`);
};

/** Resolves if the database answers a query now; rejects with DATABASE_UNAVAILABLE or its own error. */
export const pingDatabase = async (catalog: Catalog): Promise<void> => {
  await sql`select 1`.execute(catalog);
};

/** Runs all of it, or nothing. Inside, pass `trx` to the queries. What is given a transaction becomes part of that. */
export const transaction = <T>(catalog: Catalog, work: (trx: Catalog) => Promise<T>): Promise<T> =>
  catalog.isTransaction ? work(catalog) : catalog.transaction().execute(work);

/** Name of the unique constraint or index that refused a statement; null for any other error. */
export const violatedConstraint = (error: unknown): string | null =>
  error instanceof pg.DatabaseError && error.code === '23505' ? (error.constraint ?? null) : null;
