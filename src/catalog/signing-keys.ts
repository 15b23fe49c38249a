/** The keys that webhooks are signed with. They are in the database, since all servers that share one must sign alike. */
import { sql } from 'kysely';
import { type Catalog, transaction } from './database.ts';
import type { SigningKeyRow } from './tables.ts';

export interface NewSigningKey {
  readonly id: string;
  readonly privateKey: string;
  readonly publicKey: string;
  readonly secret: string;
  readonly activeFrom: Date;
}

/** Held while a first key is made: of servers that start at once, one makes it. Any number will do. */
const KEYS_LOCK = 7_266_702;

/** In the order in which they come into force. */
export const signingKeys = (catalog: Catalog): Promise<SigningKeyRow[]> =>
  catalog.selectFrom('signing_keys').selectAll().orderBy('active_from').orderBy('created_at').orderBy('id').execute();

const insertKey = async (trx: Catalog, key: NewSigningKey): Promise<void> => {
  await trx
    .insertInto('signing_keys')
    .values({
      id: key.id,
      private_key: key.privateKey,
      public_key: key.publicKey,
      secret: key.secret,
      active_from: key.activeFrom,
    })
    .execute();
};

/** Those that are there; if there are none, the one that `make` makes. True: it was made now. */
export const ensureSigningKey = (catalog: Catalog, make: () => Promise<NewSigningKey>): Promise<boolean> =>
  transaction(catalog, async (trx) => {
    await sql`select pg_advisory_xact_lock(${KEYS_LOCK})`.execute(trx);
    const present = await trx.selectFrom('signing_keys').select('id').limit(1).executeTakeFirst();
    if (!present) await insertKey(trx, await make());
    return !present;
  });

/** Adds a key that takes over when its time comes, and drops those that ended before `dropEndedBefore`. */
export const addSigningKey = (catalog: Catalog, key: NewSigningKey, dropEndedBefore: Date): Promise<void> =>
  transaction(catalog, async (trx) => {
    await sql`select pg_advisory_xact_lock(${KEYS_LOCK})`.execute(trx);
    // One that was to come is replaced, not followed.
    await trx.deleteFrom('signing_keys').where('active_from', '>=', key.activeFrom).execute();
    await insertKey(trx, key);
    const keys = await signingKeys(trx);
    // Each ends when the next begins.
    for (const [i, { id }] of keys.entries()) {
      const next = keys[i + 1];
      if (next && next.active_from < dropEndedBefore)
        await trx.deleteFrom('signing_keys').where('id', '=', id).execute();
    }
  });
