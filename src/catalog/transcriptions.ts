/**
 * Queries about transcriptions. Whoever has one heard, or makes its files, names the fence under which it was taken; whatever comes under an
 * older one (handed out anew, purged, deleted) changes nothing. What a change of state tells others is written with it.
 */
import { sql } from 'kysely';
import type { EventType } from '../domain/event-types.ts';
import type { RecordingId, RoomId, SessionId, TranscriptionId } from '../domain/ids.ts';
import {
  type TranscriptionRequest,
  type TranscriptionStatus,
  transcriptionStatesBefore,
} from '../domain/transcription.ts';
import { type Catalog, transaction } from './database.ts';
import { appendEvent } from './events.ts';
import { offsetOf, type Page, type PageRequest } from './paging.ts';
import type { SummaryFacts, TranscriptionRow } from './tables.ts';

/** Queued. In the transaction that makes its recording, where it is asked for with it. */
export const insertTranscription = (
  catalog: Catalog,
  wanted: { id: TranscriptionId; recordingId: RecordingId; isOwn: boolean; request: TranscriptionRequest },
): Promise<TranscriptionRow> =>
  catalog
    .insertInto('transcriptions')
    .values({
      id: wanted.id,
      recording_id: wanted.recordingId,
      is_own: wanted.isOwn,
      engine_kind: wanted.request.engine,
      language_wanted: wanted.request.language,
      summary_request: wanted.request.summary && JSON.stringify(wanted.request.summary),
    })
    .returningAll()
    .executeTakeFirstOrThrow();

/** With the recording that it is of, which is not deleted. */
export interface TranscriptionOfRecording extends TranscriptionRow {
  readonly room_id: RoomId;
  readonly session_id: SessionId;
}

const withRecording = (catalog: Catalog) =>
  catalog
    .selectFrom('transcriptions')
    .innerJoin('recordings', 'recordings.id', 'transcriptions.recording_id')
    .where('recordings.deleted_at', 'is', null);

const columns = (catalog: Catalog) =>
  withRecording(catalog).selectAll('transcriptions').select(['recordings.room_id', 'recordings.session_id']);

/** One whose recording is not deleted. */
export const findTranscription = async (
  catalog: Catalog,
  id: TranscriptionId,
): Promise<TranscriptionOfRecording | null> =>
  (await columns(catalog).where('transcriptions.id', '=', id).executeTakeFirst()) ?? null;

/** Newest first. */
export const listTranscriptions = async (
  catalog: Catalog,
  request: PageRequest & { roomId: string | null; sessionId: string | null; recordingId: string | null },
): Promise<Page<TranscriptionOfRecording>> => {
  const { roomId, sessionId, recordingId } = request;
  let found = columns(catalog);
  let counted = withRecording(catalog);
  if (roomId !== null) {
    found = found.where('recordings.room_id', '=', roomId as RoomId);
    counted = counted.where('recordings.room_id', '=', roomId as RoomId);
  }
  if (sessionId !== null) {
    found = found.where('recordings.session_id', '=', sessionId as SessionId);
    counted = counted.where('recordings.session_id', '=', sessionId as SessionId);
  }
  if (recordingId !== null) {
    found = found.where('transcriptions.recording_id', '=', recordingId as RecordingId);
    counted = counted.where('transcriptions.recording_id', '=', recordingId as RecordingId);
  }
  const { total } = await counted.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const items = await found
    .orderBy('transcriptions.created_at', 'desc')
    .orderBy('transcriptions.id', 'desc')
    .limit(request.perPage)
    .offset(offsetOf(request))
    .execute();
  return { items, total };
};

/** Of these recordings, oldest first. */
export const transcriptionsOf = async (
  catalog: Catalog,
  recordingIds: readonly RecordingId[],
): Promise<TranscriptionOfRecording[]> => {
  if (recordingIds.length === 0) return [];
  return await columns(catalog)
    .where('transcriptions.recording_id', 'in', recordingIds)
    .orderBy('transcriptions.created_at')
    .orderBy('transcriptions.id')
    .execute();
};

/** In these states, of recordings that are not deleted; oldest first. */
export const transcriptionsIn = (
  catalog: Catalog,
  statuses: readonly TranscriptionStatus[],
): Promise<TranscriptionOfRecording[]> =>
  columns(catalog)
    .where('transcriptions.status', 'in', statuses)
    .orderBy('transcriptions.created_at')
    .orderBy('transcriptions.id')
    .execute();

/** Of a session: those that are being heard. */
export const transcriptionsHeardIn = (catalog: Catalog, sessionId: SessionId): Promise<TranscriptionOfRecording[]> =>
  columns(catalog)
    .where('recordings.session_id', '=', sessionId)
    .where('transcriptions.status', 'in', ['queued', 'running'])
    .orderBy('transcriptions.created_at')
    .execute();

/** What is held of one. */
export interface TranscriptionLease {
  readonly id: TranscriptionId;
  readonly fence: number;
}

/** Takes it, from nobody or from whoever had it. Null: it is not to be heard (any more). The row has the new fence. Told at the first time. */
export const leaseTranscription = (catalog: Catalog, id: TranscriptionId): Promise<TranscriptionRow | null> =>
  transaction(catalog, async (trx) => {
    const before = await findTranscription(trx, id);
    const row = await trx
      .updateTable('transcriptions')
      .set(({ eb }) => ({
        status: 'running',
        fence: eb('fence', '+', 1),
        attempts: eb('attempts', '+', 1),
        started_at: sql<Date>`coalesce(started_at, now())`,
        updated_at: new Date(),
      }))
      .where('id', '=', id)
      .where('status', 'in', transcriptionStatesBefore('running'))
      .returningAll()
      .executeTakeFirst();
    if (!row || !before) return null;
    if (before.started_at === null) await tell(trx, { ...before, ...row }, 'transcription-started');
    return row;
  });

/** All speech that began before this is written down. */
export const noteHeard = async (catalog: Catalog, lease: TranscriptionLease, seconds: number): Promise<void> => {
  await catalog
    .updateTable('transcriptions')
    .set({ heard_seconds: sql<number>`greatest(heard_seconds, ${seconds}::float8)`, updated_at: new Date() })
    .where('id', '=', lease.id)
    .where('fence', '=', lease.fence)
    .where('status', '=', 'running')
    .execute();
};

/** All is heard: its files are to be made. False: the lease was lost. */
export const finishHearing = async (
  catalog: Catalog,
  lease: TranscriptionLease,
  facts: { durationSeconds: number; engine: string; language: string | null },
): Promise<boolean> => {
  const row = await catalog
    .updateTable('transcriptions')
    .set({
      status: 'summarizing',
      duration_seconds: facts.durationSeconds,
      heard_seconds: facts.durationSeconds,
      engine: facts.engine,
      language: facts.language,
      updated_at: new Date(),
    })
    .where('id', '=', lease.id)
    .where('fence', '=', lease.fence)
    .where('status', '=', 'running')
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
};

/** Its files of this version are there. False: it was purged or deleted meanwhile. */
export const noteFilesMade = async (catalog: Catalog, lease: TranscriptionLease, version: number): Promise<boolean> => {
  const row = await catalog
    .updateTable('transcriptions')
    .set({ files_version: version, updated_at: new Date() })
    .where('id', '=', lease.id)
    .where('fence', '=', lease.fence)
    .where('status', '=', 'summarizing')
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
};

/** A summary was tried for in vain; it is tried for again at `dueAt`. */
export const putOffSummary = async (
  catalog: Catalog,
  lease: TranscriptionLease,
  outcome: { error: string; dueAt: Date },
): Promise<void> => {
  await catalog
    .updateTable('transcriptions')
    .set(({ eb }) => ({
      summary_attempts: eb('summary_attempts', '+', 1),
      summary_error: outcome.error,
      due_at: outcome.dueAt,
      updated_at: new Date(),
    }))
    .where('id', '=', lease.id)
    .where('fence', '=', lease.fence)
    .where('status', '=', 'summarizing')
    .execute();
};

/** Everything is there. Null: it was purged or deleted meanwhile. Told once, however often it is made anew. */
export const completeTranscription = (
  catalog: Catalog,
  lease: TranscriptionLease,
  summary: { facts: SummaryFacts | null; error: string | null },
): Promise<TranscriptionRow | null> =>
  transaction(catalog, async (trx) => {
    const before = await findTranscription(trx, lease.id);
    const row = await trx
      .updateTable('transcriptions')
      .set(({ eb }) => ({
        status: 'completed',
        summary: summary.facts && JSON.stringify(summary.facts),
        summary_attempts: eb('summary_attempts', '+', summary.facts ? 1 : 0),
        summary_error: summary.error,
        due_at: null,
        is_told: true,
        ended_at: sql<Date>`coalesce(ended_at, now())`,
        updated_at: new Date(),
      }))
      .where('id', '=', lease.id)
      .where('fence', '=', lease.fence)
      .where('status', 'in', transcriptionStatesBefore('completed'))
      .returningAll()
      .executeTakeFirst();
    if (!row || !before) return null;
    if (!before.is_told) await tell(trx, { ...before, ...row }, 'transcription-stopped');
    return row;
  });

/** Nothing more will come. Whoever waits is told. Null: it has ended already, or (with a lease) was taken over. */
export const failTranscription = (
  catalog: Catalog,
  which: { readonly id: TranscriptionId; readonly fence?: number },
  reason: string,
): Promise<TranscriptionRow | null> =>
  transaction(catalog, async (trx) => {
    const before = await findTranscription(trx, which.id);
    let update = trx
      .updateTable('transcriptions')
      .set(({ eb }) => ({
        status: 'failed',
        fence: eb('fence', '+', 1),
        failure_reason: reason,
        due_at: null,
        is_told: true,
        ended_at: sql<Date>`coalesce(ended_at, now())`,
        updated_at: new Date(),
      }))
      .where('id', '=', which.id)
      .where('status', 'in', transcriptionStatesBefore('failed'));
    if (which.fence !== undefined) update = update.where('fence', '=', which.fence);
    const row = await update.returningAll().executeTakeFirst();
    if (!row || !before) return null;
    if (!before.is_told) await tell(trx, { ...before, ...row }, 'transcription-failed', { reason });
    return row;
  });

/**
 * Its words have changed (a purge): files and summary are made anew where they were made, and who is hearing or making loses his lease.
 * Pass the transaction of the change.
 */
export const renewTranscription = async (trx: Catalog, id: TranscriptionId): Promise<void> => {
  await trx
    .updateTable('transcriptions')
    .set(({ eb }) => ({
      status: eb
        .case()
        .when('status', '=', 'completed')
        .then<TranscriptionStatus>('summarizing')
        .else(eb.ref('status'))
        .end(),
      fence: eb('fence', '+', 1),
      version: eb('version', '+', 1),
      files_version: null,
      summary: null,
      summary_attempts: 0,
      summary_error: null,
      due_at: null,
      updated_at: new Date(),
    }))
    .where('id', '=', id)
    .execute();
};

/** Its recording is deleted: what there is to know of its words is forgotten, and who still listens, or sums up, loses his lease. */
export const forgetTranscription = async (trx: Catalog, id: TranscriptionId): Promise<void> => {
  await trx
    .updateTable('transcriptions')
    .set(({ eb }) => ({ fence: eb('fence', '+', 1), summary: null, due_at: null, updated_at: new Date() }))
    .where('id', '=', id)
    .execute();
};

const tell = async (
  trx: Catalog,
  row: TranscriptionOfRecording,
  type: EventType,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> => {
  await appendEvent(trx, {
    type,
    roomId: row.room_id,
    sessionId: row.session_id,
    recordingId: row.recording_id,
    data: { id: row.id, type: 'post-call', recordingId: row.recording_id, ...more },
  });
};
