/** What rooms do by themselves: record each session, close, be closed where a recording fails. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  'alter table rooms add column auto_close jsonb, add column auto_start jsonb',
  `alter table sessions add column auto_start text check (auto_start in ('started', 'failed'))`,
  'create index sessions_ongoing on sessions (started_at) where ended_at is null',
  `alter table recordings
    add column on_failure jsonb,
    add column room_closes_at timestamptz,
    add column room_closing_done boolean not null default false`,
  'create index recordings_with_rules on recordings (updated_at) where on_failure is not null and not room_closing_done',
];

export const up = async (db: Kysely<unknown>): Promise<void> => {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
};
