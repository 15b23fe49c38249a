/** Queries about what rooms do by themselves: which sessions are to be recorded or ended, which rooms to be closed. */
import { sql } from 'kysely';
import type { RecordingId, RoomId, SessionId } from '../domain/ids.ts';
import { type StopReason, subjectKey } from '../domain/recording.ts';
import type { AutoClose, OnFailure } from '../domain/room-rules.ts';
import type { Catalog } from './database.ts';
import type { RecordingRow } from './tables.ts';

/** Ends that nobody asked for while the recording was wanted. */
const FAILURES = ['media-process-lost', 'disk-full'] as const satisfies StopReason[];

export interface SessionWithRules {
  readonly sessionId: SessionId;
  readonly roomId: RoomId;
  readonly startedAt: Date;
}

export interface SessionToClose extends SessionWithRules {
  readonly autoClose: AutoClose;
}

/** Ongoing sessions of rooms that are closed after a time. */
export const sessionsToClose = async (catalog: Catalog): Promise<SessionToClose[]> => {
  const rows = await catalog
    .selectFrom('sessions')
    .innerJoin('rooms', 'rooms.room_id', 'sessions.room_id')
    .select(['sessions.id', 'sessions.room_id', 'sessions.started_at', 'rooms.auto_close'])
    .where('sessions.ended_at', 'is', null)
    .where('rooms.auto_close', 'is not', null)
    .execute();
  return rows.flatMap(({ id, room_id, started_at, auto_close }) =>
    auto_close ? [{ sessionId: id, roomId: room_id, startedAt: started_at, autoClose: auto_close }] : [],
  );
};

/** Rooms that have had their one session. */
export const roomsToDeactivate = async (catalog: Catalog): Promise<RoomId[]> => {
  const rows = await catalog
    .selectFrom('rooms')
    .select('room_id')
    .where('disabled', '=', false)
    .where(sql<boolean>`(auto_close ->> 'deactivate')::boolean`)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('sessions')
          .select('sessions.id')
          .whereRef('sessions.room_id', '=', 'rooms.room_id')
          .where('sessions.ended_at', 'is not', null),
      ),
    )
    .execute();
  return rows.map(({ room_id }) => room_id);
};

/** Ongoing sessions that are to be recorded from their beginning, and of which nothing has become yet. */
export const sessionsToRecord = async (
  catalog: Catalog,
): Promise<(SessionWithRules & { readonly autoStart: unknown })[]> => {
  const rows = await catalog
    .selectFrom('sessions')
    .innerJoin('rooms', 'rooms.room_id', 'sessions.room_id')
    .select(['sessions.id', 'sessions.room_id', 'sessions.started_at', 'rooms.auto_start'])
    .where('sessions.ended_at', 'is', null)
    .where('sessions.auto_start', 'is', null)
    .where('rooms.auto_start', 'is not', null)
    .orderBy('sessions.started_at')
    .execute();
  return rows.map(({ id, room_id, started_at, auto_start }) => ({
    sessionId: id,
    roomId: room_id,
    startedAt: started_at,
    autoStart: auto_start,
  }));
};

/** What became of a session's own recording. */
export const markAutoStart = async (
  catalog: Catalog,
  sessionId: SessionId,
  outcome: 'started' | 'failed',
): Promise<void> => {
  await catalog.updateTable('sessions').set({ auto_start: outcome }).where('id', '=', sessionId).execute();
};

/**
 * Recordings that failed while they were wanted, and whose caller wants the room closed then; also those whose start was refused by us.
 * With when the room is to be closed: as soon as they are seen here first, and `waitMs` later.
 */
export const failuresToFollow = async (
  catalog: Catalog,
  now: Date,
): Promise<{ readonly id: RecordingId; readonly roomId: RoomId; readonly closesAt: Date }[]> => {
  const rows = await catalog
    .updateTable('recordings')
    .set({
      room_closes_at: sql<Date>`coalesce(room_closes_at, ${now}::timestamptz + make_interval(secs => (on_failure ->> 'waitMs')::float8 / 1000))`,
    })
    .where('on_failure', 'is not', null)
    .where('room_closing_done', '=', false)
    .where(({ or, and, eb }) =>
      or([eb('stop_reason', 'in', [...FAILURES]), and([eb('status', '=', 'failed'), eb('stop_reason', 'is', null)])]),
    )
    .returning(['id', 'room_id', 'room_closes_at'])
    .execute();
  return rows.map(({ id, room_id, room_closes_at }) => ({ id, roomId: room_id, closesAt: room_closes_at ?? now }));
};

/** The room was closed, or need not be any more. */
export const markFailureFollowed = async (catalog: Catalog, id: RecordingId): Promise<void> => {
  await catalog.updateTable('recordings').set({ room_closing_done: true }).where('id', '=', id).execute();
};

/**
 * A recording that could not be started: a row in state `starting`, which the caller takes to `failed`. Null: the room is being recorded
 * meanwhile.
 */
export const insertRefusedStart = async (
  catalog: Catalog,
  refused: {
    id: RecordingId;
    roomId: RoomId;
    sessionId: SessionId;
    config: RecordingRow['config'];
    onFailure: OnFailure | null;
    /** Told that it failed, besides the room's endpoint. */
    webhookUrl?: string | undefined;
  },
): Promise<RecordingRow | null> => {
  const row = await catalog
    .insertInto('recordings')
    .values({
      id: refused.id,
      room_id: refused.roomId,
      session_id: refused.sessionId,
      status: 'starting',
      config: JSON.stringify(refused.config),
      kind: 'room',
      subject: JSON.stringify({ kind: 'room' }),
      subject_key: subjectKey({ kind: 'room' }),
      on_failure: refused.onFailure && JSON.stringify(refused.onFailure),
      webhook_url: refused.webhookUrl ?? null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
};

/** The running session of a room, as far as we know. */
export const ongoingSessionOf = async (catalog: Catalog, roomId: RoomId): Promise<SessionId | null> => {
  const row = await catalog
    .selectFrom('sessions')
    .select('id')
    .where('room_id', '=', roomId)
    .where('ended_at', 'is', null)
    .orderBy('started_at', 'desc')
    .executeTakeFirst();
  return row?.id ?? null;
};
