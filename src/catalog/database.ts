/**
 * The connection pool to a PostgreSQL of version 15 or later, embedded or the operator's, and what its failures are called:
 * when it can't be reached, a query rejects with DATABASE_UNAVAILABLE, and the next one tries again. While it is known to be away
 * (`database-watch.ts`) a query rejects at once.
 */
import { Kysely, PostgresDialect, sql } from 'kysely';
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

/**
 * Connects, checks the version, migrates. Rejects with a sentence: DATABASE_UNAVAILABLE (worth trying again), or too old, or newer
 * than this code.
 */
export const openCatalog = async (options: { url: string; log: Logger }): Promise<OpenCatalog> => {
  const { url, log } = options;
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    types,
    application_name: 'roomtape',
    keepAlive: true,
  });
  const lost = (error: Error): void => log.warn({ err: error }, 'A connection to the database was lost.');
  // An idle connection broke: the pool has dropped it already and makes another when asked.
  pool.on('error', lost);
  // One that is in use broke: its query rejects; without a listener the event would end the process as well.
  pool.on('connect', (client) => client.on('error', lost));
  // A database that hangs answers nothing that was asked of it: whoever waits is let go, and its connection with him.
  const inUse = new Set<pg.PoolClient>();
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
  const catalog = new Kysely<Tables>({
    dialect: new PostgresDialect({
      pool: {
        Client: pg.Client,
        options: pool.options,
        end: () => pool.end(),
        connect: async () => {
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
        },
      },
    }),
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
    const applied = await migrate(catalog);
    if (applied.length > 0) log.info({ applied }, 'The database was brought up to date.');
    watch.start();
    return { catalog, watch, close };
  } catch (error) {
    await close();
    throw error;
  }
};

/** With a query under way this cuts the connection: the query rejects, and the pool lets go of it. */
const endNow = (client: pg.PoolClient, log: Logger): void => {
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
