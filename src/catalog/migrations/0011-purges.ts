/** Participants whose media was, or is to be, taken out of a recording. The rows stay: they are the tombstones. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `create table purges (
    recording_id text not null references recordings (id),
    participant_id text not null,
    status text not null default 'waiting' check (status in ('waiting', 'composing', 'done', 'failed')),
    composition_id text references compositions (id),
    packets integer not null default 0,
    kept_for jsonb not null default '[]',
    failure_reason text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (recording_id, participant_id)
  )`,
  "create index purges_unfinished on purges (created_at) where status in ('waiting', 'composing') or kept_for <> '[]'",
];

export const up = async (db: Kysely<unknown>): Promise<void> => {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
};
