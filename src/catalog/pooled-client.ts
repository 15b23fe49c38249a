/**
 * A connection of the pool as Kysely takes it. When it breaks under a query, the query rejects with DATABASE_UNAVAILABLE and the
 * connection is thrown away on release: the server has said goodbye, and the pool would hand it out once more before it sees the end.
 */
import type { PostgresPoolClient, PostgresQueryResult } from 'kysely';
import pg from 'pg';
import { RoomtapeError } from '../domain/errors.ts';

/** Connections by the client they wrap: Kysely recognises a connection that it has had before by identity. */
const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>();

/** The same wrapper for the same client. */
export const pooledClient = (client: pg.PoolClient): PostgresPoolClient => {
  const present = wrapped.get(client);
  if (present) return present;
  const plain: PostgresPoolClient = client;
  let broken: RoomtapeError | null = null;
  const query = async <R>(statement: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> => {
    // The rollback of a transaction whose connection is gone would wait for an answer that does not come.
    if (broken) throw broken;
    try {
      return await plain.query<R>(statement, parameters);
    } catch (cause) {
      if (isOutOfSpace(cause)) {
        throw new RoomtapeError(
          'DISK_FULL',
          'The database has no room left on its disk. Make room there, then try again.',
          {
            cause,
          },
        );
      }
      if (isTooSlow(cause)) {
        throw new RoomtapeError('DATABASE_UNAVAILABLE', 'The database took too long for a query, which was given up.', {
          cause,
        });
      }
      if (!endsConnection(cause)) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      broken = new RoomtapeError('DATABASE_UNAVAILABLE', `The database went away during a query: ${reason}`, { cause });
      throw broken;
    }
  };
  const wrapper: PostgresPoolClient = {
    // Cursors, the other form, need a package that we don't have.
    query: query as PostgresPoolClient['query'],
    release: (destroy) => client.release(broken !== null || destroy === true),
  };
  wrapped.set(client, wrapper);
  return wrapper;
};

/**
 * SQLSTATE class 08 (connection) and 57P (operator intervention: shutdown, crash, dropped), 25P03 (idle for too long in a transaction); what
 * has no SQLSTATE came from the socket, not from the server.
 */
const endsConnection = (error: unknown): boolean =>
  !(error instanceof pg.DatabaseError) || error.code === undefined || /^(08|57P|25P03)/.test(error.code);

/** SQLSTATE 57014: query_canceled, by the time limit of a statement; the connection is as good as before. */
const isTooSlow = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === '57014';

/** SQLSTATE 53100: disk_full. */
const isOutOfSpace = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === '53100';
