/**
 * Queries about idempotency keys. Whoever claims a key first runs its request; the row says under which id that makes what it makes, so
 * that a second run, after the first was killed, finds it instead of making another.
 */
import { sql } from 'kysely';
import type { Catalog } from './database.ts';
import type { StoredAnswer } from './tables.ts';

/** `mine`: run the request, what it makes has this id. `busy`: somebody else runs it. */
export type KeyClaim =
  | { readonly state: 'mine'; readonly objectId: string }
  | { readonly state: 'answered'; readonly answer: StoredAnswer }
  | { readonly state: 'busy' }
  | { readonly state: 'other-request' };

export interface KeyOf {
  readonly holder: string;
  readonly key: string;
}

/**
 * Claims a key. `forgottenBefore`: keys that are older are as if they had never been. `leaseUntil`: whoever claims it after that takes
 * it that we have died.
 */
export const claimKey = async (
  catalog: Catalog,
  claim: KeyOf & {
    fingerprint: string;
    objectId: string;
    now: Date;
    leaseUntil: Date;
    forgottenBefore: Date;
  },
): Promise<KeyClaim> => {
  const { holder, key, fingerprint, objectId, now, leaseUntil, forgottenBefore } = claim;
  const fresh = { fingerprint, object_id: objectId, answer: null, lease_until: leaseUntil, created_at: now };
  const first = await catalog
    .insertInto('idempotency_keys')
    .values({ holder, key, ...fresh })
    .onConflict((conflict) =>
      conflict.columns(['holder', 'key']).doUpdateSet(fresh).where('idempotency_keys.created_at', '<', forgottenBefore),
    )
    .returning('object_id')
    .executeTakeFirst();
  if (first) return { state: 'mine', objectId };
  const row = await catalog
    .selectFrom('idempotency_keys')
    .selectAll()
    .where('holder', '=', holder)
    .where('key', '=', key)
    .executeTakeFirst();
  // Given back just now: whoever asks again gets it.
  if (!row) return { state: 'busy' };
  if (row.fingerprint !== fingerprint) return { state: 'other-request' };
  if (row.answer) return { state: 'answered', answer: row.answer };
  const taken = await catalog
    .updateTable('idempotency_keys')
    .set({ lease_until: leaseUntil })
    .where('holder', '=', holder)
    .where('key', '=', key)
    .where('answer', 'is', null)
    .where('lease_until', '<=', now)
    .returning('object_id')
    .executeTakeFirst();
  return taken ? { state: 'mine', objectId: taken.object_id } : { state: 'busy' };
};

/** The first answer, for everybody who uses the key from now on. */
export const answerKey = async (catalog: Catalog, of: KeyOf, answer: StoredAnswer): Promise<void> => {
  await catalog
    .updateTable('idempotency_keys')
    .set({ answer: JSON.stringify(answer) })
    .where('holder', '=', of.holder)
    .where('key', '=', of.key)
    .where('answer', 'is', null)
    .execute();
};

/** The request was refused, so nothing was made: the key is as new. */
export const forgetKey = async (catalog: Catalog, of: KeyOf): Promise<void> => {
  await catalog
    .deleteFrom('idempotency_keys')
    .where('holder', '=', of.holder)
    .where('key', '=', of.key)
    .where('answer', 'is', null)
    .execute();
};

/** The request failed on our side, so something may have been made: the next run looks for it. */
export const releaseKey = async (catalog: Catalog, of: KeyOf, now: Date): Promise<void> => {
  await catalog
    .updateTable('idempotency_keys')
    .set({ lease_until: now })
    .where('holder', '=', of.holder)
    .where('key', '=', of.key)
    .where('answer', 'is', null)
    .execute();
};

/** Removes keys that are older. Returns how many went. */
export const deleteOldKeys = async (catalog: Catalog, before: Date, limit: number): Promise<number> => {
  const { rows } = await sql`
    delete from idempotency_keys where ctid in (
      select ctid from idempotency_keys where created_at < ${before} limit ${limit}
    ) returning 1`.execute(catalog);
  return rows.length;
};
