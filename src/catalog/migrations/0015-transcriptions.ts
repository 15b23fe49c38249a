/** What was said in recordings: transcriptions, their speakers and utterances; their files lie beside those of recordings. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `create table transcriptions (
    id text primary key,
    recording_id text not null references recordings (id),
    status text not null default 'queued'
      check (status in ('queued', 'running', 'summarizing', 'completed', 'failed')),
    is_own boolean not null,
    engine_kind text check (engine_kind in ('embedded', 'endpoint')),
    engine text,
    language_wanted text,
    language text,
    summary_request jsonb,
    fence integer not null default 0,
    attempts integer not null default 0,
    heard_seconds double precision not null default 0,
    duration_seconds double precision,
    version integer not null default 0,
    files_version integer,
    summary jsonb,
    summary_attempts integer not null default 0,
    summary_error text,
    due_at timestamptz,
    failure_reason text,
    is_told boolean not null default false,
    started_at timestamptz,
    ended_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  )`,
  'create index transcriptions_by_recording on transcriptions (recording_id)',
  'create unique index transcriptions_own on transcriptions (recording_id) where is_own',
  "create index transcriptions_unfinished on transcriptions (created_at) where status in ('queued', 'running', 'summarizing')",
  `create table transcript_speakers (
    transcription_id text not null references transcriptions (id),
    id text not null,
    participant_id text not null,
    kind text not null check (kind in ('microphone', 'screen')),
    name text not null,
    primary key (transcription_id, id)
  )`,
  `create table utterances (
    seq bigint generated always as identity unique,
    transcription_id text not null,
    speaker_id text not null,
    start_seconds double precision not null,
    end_seconds double precision not null,
    text text not null,
    folded text not null,
    language text,
    words jsonb,
    primary key (transcription_id, speaker_id, start_seconds),
    foreign key (transcription_id, speaker_id) references transcript_speakers (transcription_id, id) on delete cascade
  )`,
  `alter table files
    add column transcription_id text references transcriptions (id),
    add column transcript_kind text,
    drop constraint files_type_check,
    add constraint files_type_check check (type in ('video', 'audio', 'text'))`,
  'create index files_by_transcription on files (transcription_id) where transcription_id is not null',
];

export const up = async (db: Kysely<unknown>): Promise<void> => {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
};
