/** Deliveries: what a start call asked for, one row for each file and destination, and files that are no longer kept here. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `alter table recordings
    add column destinations jsonb,
    add column warnings jsonb not null default '[]'`,
  'alter table files add column removed_at timestamptz',
  `create table deliveries (
    id text primary key,
    recording_id text not null references recordings (id),
    file_id text not null references files (id),
    kind text not null check (kind in ('bucket', 'presigned-url')),
    object_name text,
    url text,
    status text not null default 'queued' check (status in ('queued', 'running', 'done', 'failed', 'cancelled')),
    fence integer not null default 0,
    lease_until timestamptz,
    attempts integer not null default 0,
    failures integer not null default 0,
    due_at timestamptz not null,
    gives_up_at timestamptz not null,
    last_error text,
    resume text,
    stored_at jsonb,
    verified jsonb,
    done_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  )`,
  'create index deliveries_by_recording on deliveries (recording_id)',
  'create index deliveries_by_file on deliveries (file_id)',
  "create index deliveries_waiting on deliveries (due_at) where status in ('queued', 'running')",
];

export const up = async (db: Kysely<unknown>): Promise<void> => {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
};
