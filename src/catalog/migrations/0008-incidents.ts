/** What befell recordings: holes in them, and why. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `create table recording_incidents (
    id bigint generated always as identity primary key,
    recording_id text not null references recordings (id) on delete cascade,
    key text not null,
    type text not null,
    from_seconds double precision,
    to_seconds double precision,
    at timestamptz not null,
    message text not null,
    participant_id text,
    source text,
    created_at timestamptz not null default now(),
    unique (recording_id, key)
  )`,
];

export const up = async (db: Kysely<unknown>): Promise<void> => {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
};
