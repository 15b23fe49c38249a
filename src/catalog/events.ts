/**
 * What others are told of. An event is written in the transaction that makes it true, together with the calls that tell of it: neither is
 * ever there without the other, whoever is killed when.
 */
import { createHash } from 'node:crypto';
import { type EventType, isWanted } from '../domain/event-types.ts';
import type { RecordingId, RoomId, SessionId } from '../domain/ids.ts';
import { newHexId } from '../support/new-id.ts';
import type { Catalog } from './database.ts';
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
