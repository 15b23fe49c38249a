/** Queries about sessions and who was in them. All of it may be told twice: events of the media process are sent again after a restart. */
import type { EventType } from '../domain/event-types.ts';
import type { ParticipantId, RoomId, SessionId } from '../domain/ids.ts';
import { type Catalog, transaction } from './database.ts';
import { appendEvent } from './events.ts';
import { offsetOf, type Page, type PageRequest } from './paging.ts';
import type { SessionRow, StayRow } from './tables.ts';

/** With its room's custom id, if it has one. */
export interface SessionOfRoom extends SessionRow {
  readonly custom_room_id: string | null;
}

/** Repeatable: told of once. */
export const insertSession = (
  catalog: Catalog,
  session: { id: SessionId; roomId: RoomId; startedAt: Date },
): Promise<void> =>
  transaction(catalog, async (trx) => {
    const begun = await trx
      .insertInto('sessions')
      .values({ id: session.id, room_id: session.roomId, started_at: session.startedAt })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returningAll()
      .executeTakeFirst();
    if (begun) await tell(trx, begun, 'session-started', { start: begun.started_at.toISOString() });
  });

/** Ends a session, and every stay in it that is still open. False: it had ended, or is unknown. */
export const endSession = (catalog: Catalog, sessionId: SessionId, endedAt: Date): Promise<boolean> =>
  transaction(catalog, async (trx) => {
    const session = await lockSession(trx, sessionId);
    if (!session) return false;
    const stays = await trx
      .updateTable('stays')
      .set({ left_at: endedAt })
      .where('session_id', '=', sessionId)
      .where('left_at', 'is', null)
      .returningAll()
      .execute();
    for (const stay of stays.sort((a, b) => a.id - b.id)) await tellOfStay(trx, session, stay, 'participant-left');
    if (session.ended_at) return false;
    await trx.updateTable('sessions').set({ ended_at: endedAt }).where('id', '=', sessionId).execute();
    const start = session.started_at.toISOString();
    await tell(trx, session, 'session-ended', { start, end: endedAt.toISOString() });
    return true;
  });

/**
 * A participant is there from now on. Repeatable: known by participant and time; and whose stay is open already goes on with it, since a media
 * process that took the place of another does not know when he came. Told of once.
 */
export const openStay = (
  catalog: Catalog,
  stay: { sessionId: SessionId; participantId: ParticipantId; name: string; hidden: boolean; joinedAt: Date },
): Promise<void> =>
  transaction(catalog, async (trx) => {
    const session = await lockSession(trx, stay.sessionId);
    const open = await trx
      .selectFrom('stays')
      .select('id')
      .where('session_id', '=', stay.sessionId)
      .where('participant_id', '=', stay.participantId)
      .where('left_at', 'is', null)
      .executeTakeFirst();
    if (open) return;
    const opened = await trx
      .insertInto('stays')
      .values({
        session_id: stay.sessionId,
        participant_id: stay.participantId,
        name: stay.name,
        hidden: stay.hidden,
        joined_at: stay.joinedAt,
      })
      .onConflict((conflict) => conflict.columns(['session_id', 'participant_id', 'joined_at']).doNothing())
      .returningAll()
      .executeTakeFirst();
    if (session && opened) await tellOfStay(trx, session, opened, 'participant-joined');
  });

/** The participant's stay that was open at that time ends. False: there was none. */
export const closeStay = (
  catalog: Catalog,
  stay: { sessionId: SessionId; participantId: ParticipantId; leftAt: Date },
): Promise<boolean> =>
  transaction(catalog, async (trx) => {
    const session = await lockSession(trx, stay.sessionId);
    const closed = await trx
      .updateTable('stays')
      .set({ left_at: stay.leftAt })
      .where('session_id', '=', stay.sessionId)
      .where('participant_id', '=', stay.participantId)
      .where('left_at', 'is', null)
      .where('joined_at', '<=', stay.leftAt)
      .returningAll()
      .execute();
    if (session) for (const one of closed) await tellOfStay(trx, session, one, 'participant-left');
    return closed.length > 0;
  });

/** Whoever changes it, or who is in it, comes one after the other: so do the events that tell of it. */
const lockSession = async (trx: Catalog, sessionId: SessionId): Promise<SessionRow | null> => {
  const row = await trx
    .selectFrom('sessions')
    .selectAll()
    .where('id', '=', sessionId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return row ?? null;
};

const tell = (
  trx: Catalog,
  { id, room_id: roomId }: SessionRow,
  type: EventType,
  data: Record<string, unknown>,
): Promise<unknown> => appendEvent(trx, { type, roomId, sessionId: id, recordingId: null, data });

/** Nobody is told of hidden participants. */
const tellOfStay = async (trx: Catalog, session: SessionRow, stay: StayRow, type: EventType): Promise<void> => {
  if (stay.hidden) return;
  await tell(trx, session, type, { participantId: stay.participant_id, participantName: stay.name });
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
