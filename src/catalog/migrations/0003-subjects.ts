/** Recordings of one participant or one track beside those of the room: what each is about, and several files of one recording. */
import { type Kysely, sql } from 'kysely';

const LIVE = "status in ('starting', 'recording', 'paused', 'stopping')";

const STATEMENTS = [
  `alter table recordings
    add column kind text not null default 'room',
    add column subject jsonb not null default '{"kind": "room"}',
    add column subject_key text`,
  'drop index one_live_recording_per_room',
  `create unique index one_live_recording_per_room on recordings (room_id) where kind = 'room' and ${LIVE}`,
  `create unique index one_live_recording_per_subject on recordings (room_id, kind, subject_key)
    where kind <> 'room' and subject_key is not null and ${LIVE}`,
  'alter table files add column offset_seconds double precision not null default 0',
];

export const up = async (db: Kysely<unknown>): Promise<void> => {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
};
