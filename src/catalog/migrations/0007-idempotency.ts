/** Idempotency keys: who used one, for which request, what it made, and what was answered. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `create table idempotency_keys (
    holder text not null,
    key text not null,
    fingerprint text not null,
    object_id text not null,
    answer jsonb,
    lease_until timestamptz not null,
    created_at timestamptz not null,
    primary key (holder, key)
  )`,
  'create index idempotency_keys_by_age on idempotency_keys (created_at)',
];

export const up = async (db: Kysely<unknown>): Promise<void> => {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
};
