/**
 * What happened, as others are told of it, and the calls that tell them; the keys by which these are signed. `position` is given when an
 * event is first read: numbers are drawn before transactions commit, and a reader that has seen 6 must never meet a 5 afterwards.
 */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  // What it was meant for is a table of its own now; nothing was ever written into it.
  'drop table outbox',
  `create table events (
    seq bigint generated always as identity primary key,
    id text not null unique,
    type text not null,
    room_id text not null,
    session_id text,
    recording_id text,
    data text not null,
    files text not null default '[]',
    position bigint unique,
    created_at timestamptz not null default now()
  )`,
  'create sequence event_positions',
  'create index events_without_position on events (seq) where position is null',
  'create index events_by_room on events (room_id, position)',
  'create index events_by_recording on events (recording_id) where recording_id is not null',
  'create index events_by_age on events (created_at)',
  `create table webhook_calls (
    id bigint generated always as identity primary key,
    event_id text not null references events (id) on delete cascade,
    url text not null,
    origin text not null,
    url_hash text not null,
    lane text not null,
    in_order boolean not null default true,
    status text not null default 'waiting' check (status in ('waiting', 'delivered', 'gone', 'given-up')),
    attempts integer not null default 0,
    refusals integer not null default 0,
    since timestamptz not null,
    due_at timestamptz not null,
    answered_at timestamptz,
    answer_status integer,
    answer_error text
  )`,
  'create index webhook_calls_by_event on webhook_calls (event_id)',
  `create index webhook_calls_waiting on webhook_calls (due_at) where status = 'waiting'`,
  `create index webhook_calls_in_lane on webhook_calls (lane, id) where status = 'waiting' and in_order`,
  `create index webhook_calls_to_url on webhook_calls (url_hash) where status = 'waiting'`,
  `create table gone_endpoints (
    url_hash text primary key,
    gone_at timestamptz not null
  )`,
  `create table signing_keys (
    id text primary key,
    private_key text not null,
    public_key text not null,
    secret text not null,
    active_from timestamptz not null,
    created_at timestamptz not null default now()
  )`,
  `alter table recordings
    add column webhook_url text,
    add column base_url text`,
];

export const up = async (db: Kysely<unknown>): Promise<void> => {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
};
