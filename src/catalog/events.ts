/**
 * What others are told of. An event is written in the transaction that makes it true, together with the calls that tell of it: neither is
 * ever there without the other, whoever is killed when.
 */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { type EventType, isWanted } from '../domain/event-types.ts';
import type { RecordingId, RoomId, SessionId } from '../domain/ids.ts';
import { newHexId } from '../support/new-id.ts';
import { type Catalog, transaction } from './database.ts';
import type { EventFile, EventRow } from './tables.ts';

export interface NewEvent {
  readonly type: EventType;
  readonly roomId: RoomId;
  readonly sessionId: SessionId | null;
  /** Null: it is about the session. */
  readonly recordingId: RecordingId | null;
  /** What is told besides `meetingId`, `sessionId` and the recording's `id`. Anything that JSON can say. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** Told as `filePath` and `fileUrl`, or as `fileDetails` where a recording may have several. */
  readonly files?: readonly EventFile[];
  /** When it happened; now, if it is left out. */
  readonly at?: Date;
  /** Nobody is called before. */
  readonly notBefore?: Date;
}

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** By which an endpoint is known in indexes: URLs may be longer than an index takes. */
export const urlHash = (url: string): string => hash(url);

/**
 * Writes an event down, and a call to every endpoint that wants it: the recording's own, and the room's where its filter names the type.
 * Pass the transaction of the change that the event tells of.
 */
export const appendEvent = async (trx: Catalog, event: NewEvent): Promise<EventRow> => {
  const { type, roomId, sessionId, recordingId, data = {}, files = [], at = new Date() } = event;
  const about = { meetingId: roomId, sessionId, ...(recordingId === null ? {} : { id: recordingId }) };
  const row = await trx
    .insertInto('events')
    .values({
      id: newHexId(),
      type,
      room_id: roomId,
      session_id: sessionId,
      recording_id: recordingId,
      data: JSON.stringify({ ...about, ...data }),
      files: JSON.stringify(files),
      created_at: at,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  const urls = await endpointsOf(trx, event);
  if (urls.length > 0) await insertCalls(trx, row, urls, event.notBefore ?? at);
  return row;
};

/** Each once, though recording and room may name the same. */
const endpointsOf = async (trx: Catalog, { type, roomId, recordingId }: NewEvent): Promise<string[]> => {
  const urls = new Set<string>();
  if (recordingId !== null) {
    const recording = await trx
      .selectFrom('recordings')
      .select('webhook_url')
      .where('id', '=', recordingId)
      .executeTakeFirst();
    if (recording?.webhook_url) urls.add(recording.webhook_url);
  }
  const room = await trx.selectFrom('rooms').select('webhook').where('room_id', '=', roomId).executeTakeFirst();
  if (room?.webhook && isWanted(type, room.webhook.events)) urls.add(room.webhook.endPoint);
  return [...urls];
};

const insertCalls = async (trx: Catalog, event: EventRow, urls: readonly string[], dueAt: Date): Promise<void> => {
  const hashes = urls.map(urlHash);
  const gone = await trx.selectFrom('gone_endpoints').select('url_hash').where('url_hash', 'in', hashes).execute();
  const isGone = new Set(gone.map(({ url_hash }) => url_hash));
  const about = event.recording_id ?? event.session_id ?? event.room_id;
  await trx
    .insertInto('webhook_calls')
    .values(
      urls.map((url) => ({
        event_id: event.id,
        url,
        origin: new URL(url).origin,
        url_hash: urlHash(url),
        lane: hash(`${about}\n${url}`),
        status: isGone.has(urlHash(url)) ? ('gone' as const) : ('waiting' as const),
        since: dueAt,
        due_at: dueAt,
      })),
    )
    .execute();
};

/** Somebody names the endpoint again: whatever it answered, it is to be called. */
export const welcomeEndpoint = async (trx: Catalog, url: string): Promise<void> => {
  await trx.deleteFrom('gone_endpoints').where('url_hash', '=', urlHash(url)).execute();
};

/** Held while positions are given: one reader at a time, so that they grow with the commits that he has seen. Any number will do. */
const POSITIONS_LOCK = 7_266_701;

/** In one transaction, so that the lock is never held for longer than a moment: where nobody has read for a year, there are many. */
const NUMBERED_AT_ONCE = 5_000;

/** Gives every event that is there and has none its position. What becomes visible later gets a higher one. Resolves with how many got one. */
export const numberEvents = async (catalog: Catalog, atOnce = NUMBERED_AT_ONCE): Promise<number> => {
  let numbered = 0;
  for (;;) {
    const count = await transaction(catalog, (trx) => numberSome(trx, atOnce));
    numbered += count;
    if (count < atOnce) return numbered;
  }
};

const numberSome = async (trx: Catalog, atOnce: number): Promise<number> => {
  const unnumbered = await trx
    .selectFrom('events')
    .select('seq')
    .where('position', 'is', null)
    .limit(1)
    .executeTakeFirst();
  if (!unnumbered) return 0;
  await sql`select pg_advisory_xact_lock(${POSITIONS_LOCK})`.execute(trx);
  const { numAffectedRows = 0n } = await sql`
    with numbered as materialized (
      select seq, nextval('event_positions') as position
      from (select seq from events where position is null order by seq limit ${atOnce}) as in_order
    )
    update events set position = numbered.position from numbered where events.seq = numbered.seq`.execute(trx);
  return Number(numAffectedRows);
};

export interface EventFilter {
  readonly roomId: string | null;
  readonly sessionId: string | null;
  readonly recordingId: string | null;
  /** As `isWanted` takes them; empty: all. */
  readonly types: readonly string[];
}

/** An event with what its files' URLs begin with. */
export interface EventOfRecording extends EventRow {
  readonly base_url: string | null;
}

const withBaseUrl = (catalog: Catalog) =>
  catalog
    .selectFrom('events')
    .leftJoin('recordings', 'recordings.id', 'events.recording_id')
    .selectAll('events')
    .select('recordings.base_url');

/** A pattern for `like`: `*` is any characters, the rest is taken literally. */
const likePattern = (pattern: string): string => pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');

/** In order, from after the event with this id on, or from the oldest that is kept. Null: there is no such event (any more). */
export const listEvents = async (
  catalog: Catalog,
  request: EventFilter & { after: string | null; limit: number },
): Promise<EventOfRecording[] | null> => {
  await numberEvents(catalog);
  let events = withBaseUrl(catalog).where('position', 'is not', null);
  if (request.after !== null) {
    const last = await findEvent(catalog, request.after);
    if (!last) return null;
    events = events.where('position', '>', last.position ?? 0);
  }
  if (request.roomId !== null) events = events.where('events.room_id', '=', request.roomId as RoomId);
  if (request.sessionId !== null) events = events.where('events.session_id', '=', request.sessionId as SessionId);
  if (request.recordingId !== null) {
    events = events.where('events.recording_id', '=', request.recordingId as RecordingId);
  }
  if (request.types.length > 0) {
    const patterns = request.types.map(likePattern);
    events = events.where((where) => where.or(patterns.map((pattern) => where('events.type', 'like', pattern))));
  }
  return await events.orderBy('position').limit(request.limit).execute();
};

export const findEvent = async (catalog: Catalog, id: string): Promise<EventOfRecording | null> => {
  const row = await withBaseUrl(catalog).where('events.id', '=', id).executeTakeFirst();
  return row ?? null;
};

/** In one statement: one that deletes a year's would hold its locks for minutes. */
const FORGOTTEN_AT_ONCE = 5_000;

/**
 * Forgets what is older. Events of recordings that are not deleted stay, and so does what somebody is still to be told. Endpoints that wanted
 * nothing any more are forgotten as well: one that is still named, and still wants nothing, says so once more. Resolves with how many events.
 */
export const forgetEvents = async (catalog: Catalog, before: Date, atOnce = FORGOTTEN_AT_ONCE): Promise<number> => {
  await catalog.deleteFrom('gone_endpoints').where('gone_at', '<', before).execute();
  let forgotten = 0;
  for (;;) {
    const count = await forgetSome(catalog, before, atOnce);
    forgotten += count;
    if (count < atOnce) return forgotten;
  }
};

const forgetSome = async (catalog: Catalog, before: Date, atOnce: number): Promise<number> => {
  const leaving = catalog
    .selectFrom('events')
    .select('seq')
    .where('created_at', '<', before)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('recordings')
            .select('recordings.id')
            .whereRef('recordings.id', '=', 'events.recording_id')
            .where('recordings.deleted_at', 'is', null),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('webhook_calls')
            .select('webhook_calls.id')
            .whereRef('webhook_calls.event_id', '=', 'events.id')
            .where('webhook_calls.status', '=', 'waiting'),
        ),
      ),
    )
    .limit(atOnce);
  const { numDeletedRows } = await catalog.deleteFrom('events').where('seq', 'in', leaving).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
};
