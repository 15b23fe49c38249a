/** The first tables: rooms, sessions and stays, recordings, compositions, files, outbox. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `create table rooms (
    id text primary key,
    room_id text not null unique,
    custom_room_id text unique,
    disabled boolean not null default false,
    webhook jsonb,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  )`,
  `create table sessions (
    id text primary key,
    room_id text not null,
    started_at timestamptz not null,
    ended_at timestamptz
  )`,
  'create index sessions_by_room on sessions (room_id, started_at desc)',
  `create table stays (
    id bigint generated always as identity primary key,
    session_id text not null references sessions (id) on delete cascade,
    participant_id text not null,
    name text not null,
    hidden boolean not null,
    joined_at timestamptz not null,
    left_at timestamptz,
    unique (session_id, participant_id, joined_at)
  )`,
  `create table recordings (
    id text primary key,
    room_id text not null,
    session_id text not null,
    status text not null check (status in ('starting', 'recording', 'paused', 'stopping', 'composing', 'done', 'failed')),
    config jsonb not null,
    started_at timestamptz,
    ended_at timestamptz,
    started_ns bigint,
    stopped_ns bigint,
    stop_reason text,
    failure_reason text,
    progress double precision,
    journal_dir text,
    due_at timestamptz,
    deleted_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  )`,
  `create unique index one_live_recording_per_room on recordings (room_id)
    where status in ('starting', 'recording', 'paused', 'stopping')`,
  'create index recordings_by_room on recordings (room_id, created_at desc)',
  'create index recordings_by_session on recordings (session_id, created_at desc)',
  `create table compositions (
    id text primary key,
    recording_id text not null references recordings (id),
    config jsonb not null,
    status text not null default 'queued' check (status in ('queued', 'running', 'done', 'failed', 'cancelled')),
    fence integer not null default 0,
    attempts integer not null default 0,
    lease_until timestamptz,
    segments_total integer,
    segments_done integer not null default 0,
    failure_reason text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  )`,
  'create index compositions_by_recording on compositions (recording_id)',
  `create table files (
    id text primary key,
    recording_id text not null references recordings (id),
    composition_id text references compositions (id),
    type text not null check (type in ('video', 'audio')),
    path text not null,
    bytes bigint not null,
    duration_seconds double precision not null,
    width integer,
    height integer,
    format text not null,
    video_bytes bigint not null,
    created_at timestamptz not null default now(),
    deleted_at timestamptz
  )`,
  'create index files_by_recording on files (recording_id)',
  `create table outbox (
    id bigint generated always as identity primary key,
    recording_id text,
    type text not null,
    payload jsonb not null,
    attempts integer not null default 0,
    due_at timestamptz not null default now(),
    done_at timestamptz,
    created_at timestamptz not null default now()
  )`,
  'create index outbox_waiting on outbox (due_at) where done_at is null',
];

export const up = async (db: Kysely<unknown>): Promise<void> => {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
};
