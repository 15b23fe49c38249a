/** Queries about sessions and who was in them. All of it may be told twice: events of the media process are sent again after a restart. */
import type { ParticipantId, RoomId, SessionId } from '../domain/ids.ts';
import type { Catalog } from './database.ts';
import { offsetOf, type Page, type PageRequest } from './paging.ts';
import type { SessionRow, StayRow } from './tables.ts';

/** With its room's custom id, if it has one. */
export interface SessionOfRoom extends SessionRow {
  readonly custom_room_id: string | null;
}

/** Repeatable. */
export const insertSession = async (
  catalog: Catalog,
  session: { id: SessionId; roomId: RoomId; startedAt: Date },
): Promise<void> => {
  await catalog
    .insertInto('sessions')
    .values({ id: session.id, room_id: session.roomId, started_at: session.startedAt })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
};

/** Ends a session, and every stay in it that is still open. False: it had ended, or is unknown. */
export const endSession = async (catalog: Catalog, sessionId: SessionId, endedAt: Date): Promise<boolean> => {
  await catalog
    .updateTable('stays')
    .set({ left_at: endedAt })
    .where('session_id', '=', sessionId)
    .where('left_at', 'is', null)
    .execute();
  const ended = await catalog
    .updateTable('sessions')
    .set({ ended_at: endedAt })
    .where('id', '=', sessionId)
    .where('ended_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return ended !== undefined;
};

/**
 * A participant is there from now on. Repeatable: known by participant and time; and whose stay is open already goes on with it, since a media
 * process that took the place of another does not know when he came.
 */
export const openStay = async (
  catalog: Catalog,
  stay: { sessionId: SessionId; participantId: ParticipantId; name: string; hidden: boolean; joinedAt: Date },
): Promise<void> => {
  const open = await catalog
    .selectFrom('stays')
    .select('id')
    .where('session_id', '=', stay.sessionId)
    .where('participant_id', '=', stay.participantId)
    .where('left_at', 'is', null)
    .executeTakeFirst();
  if (open) return;
  await catalog
    .insertInto('stays')
    .values({
      session_id: stay.sessionId,
      participant_id: stay.participantId,
      name: stay.name,
      hidden: stay.hidden,
      joined_at: stay.joinedAt,
    })
    .onConflict((conflict) => conflict.columns(['session_id', 'participant_id', 'joined_at']).doNothing())
    .execute();
};

/** The participant's stay that was open at that time ends. False: there was none. */
export const closeStay = async (
  catalog: Catalog,
  stay: { sessionId: SessionId; participantId: ParticipantId; leftAt: Date },
): Promise<boolean> => {
  const closed = await catalog
    .updateTable('stays')
    .set({ left_at: stay.leftAt })
    .where('session_id', '=', stay.sessionId)
    .where('participant_id', '=', stay.participantId)
    .where('left_at', 'is', null)
    .where('joined_at', '<=', stay.leftAt)
    .returning('id')
    .execute();
  return closed.length > 0;
};

const withRoom = (catalog: Catalog) =>
  catalog.selectFrom('sessions').leftJoin('rooms', 'rooms.room_id', 'sessions.room_id');

export const findSession = async (catalog: Catalog, sessionId: SessionId): Promise<SessionOfRoom | null> => {
  const row = await withRoom(catalog)
    .selectAll('sessions')
    .select('rooms.custom_room_id')
    .where('sessions.id', '=', sessionId)
    .executeTakeFirst();
  return row ?? null;
};

export interface SessionFilter {
  readonly roomId: string | null;
  readonly customRoomId: string | null;
  readonly status: 'ongoing' | 'ended' | null;
  /** Started at or after. */
  readonly startDate: Date | null;
  /** Started at or before. */
  readonly endDate: Date | null;
}

/** Newest first. */
export const listSessions = async (
  catalog: Catalog,
  request: PageRequest & SessionFilter,
): Promise<Page<SessionOfRoom>> => {
  let sessions = withRoom(catalog);
  if (request.roomId !== null) sessions = sessions.where('sessions.room_id', '=', request.roomId as RoomId);
  if (request.customRoomId !== null) sessions = sessions.where('rooms.custom_room_id', '=', request.customRoomId);
  if (request.status !== null) {
    sessions = sessions.where('sessions.ended_at', request.status === 'ongoing' ? 'is' : 'is not', null);
  }
  if (request.startDate !== null) sessions = sessions.where('sessions.started_at', '>=', request.startDate);
  if (request.endDate !== null) sessions = sessions.where('sessions.started_at', '<=', request.endDate);
  const { total } = await sessions.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const items = await sessions
    .selectAll('sessions')
    .select('rooms.custom_room_id')
    .orderBy('sessions.started_at', 'desc')
    .orderBy('sessions.id', 'desc')
    .limit(request.perPage)
    .offset(offsetOf(request))
    .execute();
  return { items, total };
};

/** Sessions that have not ended as far as we know. For reconciliation with the media process, which knows better. */
export const ongoingSessions = (catalog: Catalog): Promise<SessionRow[]> =>
  catalog.selectFrom('sessions').selectAll().where('ended_at', 'is', null).execute();

/** Every stay in these sessions, in the order of joining. */
export const staysOf = async (catalog: Catalog, sessionIds: readonly SessionId[]): Promise<StayRow[]> => {
  if (sessionIds.length === 0) return [];
  return await catalog
    .selectFrom('stays')
    .selectAll()
    .where('session_id', 'in', sessionIds)
    .orderBy('joined_at')
    .orderBy('id')
    .execute();
};
