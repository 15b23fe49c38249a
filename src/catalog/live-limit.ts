/** A limit of recordings that run at once, kept by the database: however many servers and callers ask at the same moment. */
import { sql } from 'kysely';
import { type Catalog, transaction } from './database.ts';

/** Any number that nobody else locks by: the first bytes of "roomtape live". */
const LOCK = 0x72_6f_6f_6d;

export type Admitted<T> =
  | { readonly within: true; readonly result: T }
  | { readonly within: false; readonly live: number };

/** Does `insert` in a transaction in which nobody else inserts, where fewer than `most` recordings are live. */
export const withinLiveLimit = <T>(
  catalog: Catalog,
  most: number,
  insert: (trx: Catalog) => Promise<T>,
): Promise<Admitted<T>> =>
  transaction(catalog, async (trx) => {
    await sql`select pg_advisory_xact_lock(${LOCK})`.execute(trx);
    const { live } = await trx
      .selectFrom('recordings')
      .select(({ fn }) => fn.countAll<number>().as('live'))
      .where('status', 'in', ['starting', 'recording', 'paused', 'stopping'])
      .where('deleted_at', 'is', null)
      .executeTakeFirstOrThrow();
    if (live >= most) return { within: false, live };
    return { within: true, result: await insert(trx) };
  });
