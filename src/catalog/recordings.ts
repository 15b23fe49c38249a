/**
 * Queries about recordings. Every change of state names the state it goes to; the row changes only from a state that may become it
 * (`domain/recording.ts`), so that of two who race one is told that he was late. The event that tells of a change is written with it.
 */

import { sql } from 'kysely';
import type { Destinations } from '../domain/delivery.ts';
import { RoomtapeError } from '../domain/errors.ts';
import type { RecordingPhase } from '../domain/event-types.ts';
import type { ParticipantId, RecordingId, RoomId, SessionId, TranscriptionId } from '../domain/ids.ts';
import type { LayoutProgram } from '../domain/layout.ts';
import type { SessionTimeNs } from '../domain/media-time.ts';
import {
  mayBecome,
  type RecordingConfig,
  type RecordingKind,
  type RecordingStatus,
  type RecordingSubject,
  type StopReason,
  subjectKey,
} from '../domain/recording.ts';
import type { OnFailure } from '../domain/room-rules.ts';
import type { TranscriptionRequest } from '../domain/transcription.ts';
import { type Catalog, transaction, violatedConstraint } from './database.ts';
import { welcomeEndpoint } from './events.ts';
import { containing, offsetOf, type Page, type PageRequest } from './paging.ts';
import { appendRecordingEvent } from './recording-events.ts';
import type { RecordingRow, WallPause } from './tables.ts';
import { insertTranscription } from './transcriptions.ts';

export const RECORDING_STATUSES = [
  'starting',
  'recording',
  'paused',
  'stopping',
  'composing',
  'done',
  'failed',
] as const satisfies RecordingStatus[];

/**
 * A recording in state `starting`. Rejects with IDEMPOTENCY_KEY_BUSY if its id is taken, and with RECORDING_ALREADY_RUNNING if the room has a live one of the same subject: the database
 * decides, however many servers ask at once.
 */
export const insertRecording = async (
  catalog: Catalog,
  recording: {
    id: RecordingId;
    roomId: RoomId;
    sessionId: SessionId;
    config: RecordingConfig;
    /** The room, if it is left out. */
    subject?: RecordingSubject;
    onFailure?: OnFailure | null;
    dueAt: Date | null;
    destinations?: Destinations | null;
    warnings?: readonly string[];
    /** Told of this recording, besides the room's endpoint. */
    webhookUrl?: string | undefined;
    /** Where its files' URLs begin, unless the operator says it. */
    baseUrl?: string | undefined;
    /** What is said in it is to be written down. */
    transcription?: { readonly id: TranscriptionId; readonly request: TranscriptionRequest } | undefined;
  },
): Promise<RecordingRow> => {
  const subject = recording.subject ?? { kind: 'room' };
  const insert = async (trx: Catalog): Promise<RecordingRow> => {
    if (recording.webhookUrl) await welcomeEndpoint(trx, recording.webhookUrl);
    const row = await trx
      .insertInto('recordings')
      .values({
        id: recording.id,
        room_id: recording.roomId,
        session_id: recording.sessionId,
        status: 'starting',
        config: JSON.stringify(recording.config),
        kind: subject.kind,
        subject: JSON.stringify(subject),
        subject_key: subjectKey(subject),
        on_failure: recording.onFailure ? JSON.stringify(recording.onFailure) : null,
        due_at: recording.dueAt,
        destinations: recording.destinations ? JSON.stringify(recording.destinations) : null,
        warnings: JSON.stringify(recording.warnings ?? []),
        webhook_url: recording.webhookUrl ?? null,
        base_url: recording.baseUrl ?? null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    if (recording.transcription) {
      await insertTranscription(trx, { ...recording.transcription, recordingId: row.id, isOwn: true });
    }
    await appendRecordingEvent(trx, row, 'starting');
    return row;
  };
  try {
    return await transaction(catalog, insert);
  } catch (cause) {
    const constraint = violatedConstraint(cause) ?? '';
    if (constraint === 'recordings_pkey') {
      throw new RoomtapeError(
        'IDEMPOTENCY_KEY_BUSY',
        'The same start is being served already. Try again in a second.',
        {
          cause,
        },
      );
    }
    if (!/^one_live_recording_per_(room|subject)$/.test(constraint)) throw cause;
    throw new RoomtapeError('RECORDING_ALREADY_RUNNING', alreadyRunning(subject), { cause });
  }
};

/** For rooms the published words. */
const alreadyRunning = (subject: RecordingSubject): string => {
  switch (subject.kind) {
    case 'participant':
      return `"${subject.participantId}" is already being recorded.`;
    case 'track':
      return `The ${subject.source} of "${subject.participantId}" is already being recorded.`;
    default:
      return 'Recording is already running.';
  }
};

/** What may change with the state. Left out: stays as it is. */
export interface RecordingChange {
  readonly startedAt?: Date;
  readonly startedNs?: SessionTimeNs;
  readonly endedAt?: Date;
  readonly stoppedNs?: SessionTimeNs;
  readonly stopReason?: StopReason;
  readonly failureReason?: string;
  readonly progress?: number | null;
  readonly journalDir?: string;
  readonly dueAt?: Date | null;
}

const columnsOf = (change: RecordingChange) => ({
  ...(change.startedAt !== undefined && { started_at: change.startedAt }),
  ...(change.startedNs !== undefined && { started_ns: change.startedNs }),
  ...(change.endedAt !== undefined && { ended_at: change.endedAt }),
  ...(change.stoppedNs !== undefined && { stopped_ns: change.stoppedNs }),
  ...(change.stopReason !== undefined && { stop_reason: change.stopReason }),
  ...(change.failureReason !== undefined && { failure_reason: change.failureReason }),
  ...(change.progress !== undefined && { progress: change.progress }),
  ...(change.journalDir !== undefined && { journal_dir: change.journalDir }),
  ...(change.dueAt !== undefined && { due_at: change.dueAt }),
  updated_at: new Date(),
});

/**
 * Takes a recording to another state, and tells of it in the same transaction. Null: it is unknown, or in a state from which this one can't
 * be reached; nothing was changed, nobody is told. Files that a recording is done with are to be there before.
 */
export const moveRecording = (
  catalog: Catalog,
  recordingId: RecordingId,
  to: RecordingStatus,
  change: RecordingChange = {},
): Promise<RecordingRow | null> =>
  transaction(catalog, async (trx) => {
    const before = await trx
      .selectFrom('recordings')
      .select('status')
      .where('id', '=', recordingId)
      // Rows that refer to it may be written meanwhile.
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (!before || !mayBecome(before.status, to)) return null;
    const row = await trx
      .updateTable('recordings')
      // Nothing will be delivered of what has failed: the secret in a presigned URL is not kept.
      .set({ status: to, ...columnsOf(change), ...(to === 'failed' && { destinations: null }) })
      .where('id', '=', recordingId)
      .returningAll()
      .executeTakeFirstOrThrow();
    const phase = phaseOf(before.status, to);
    if (phase) await appendRecordingEvent(trx, row, phase);
    return row;
  });

/** What is told of a change of state. A pause is not, nor that composing follows stopping. */
const phaseOf = (from: RecordingStatus, to: RecordingStatus): RecordingPhase | null => {
  switch (to) {
    case 'recording':
      return from === 'starting' ? 'started' : null;
    case 'stopping':
      return 'stopping';
    case 'composing':
      return from === 'stopping' ? null : 'stopping';
    case 'done':
      return 'stopped';
    case 'failed':
      return 'failed';
    case 'starting':
    case 'paused':
      return null;
  }
};

/** What may change while it runs, as the media process or the journal tells it. */
export interface RecordingNews {
  readonly revision: number;
  readonly layout: LayoutProgram;
  readonly pauses: readonly WallPause[];
}

/**
 * Takes over what is newer than what the row has; a live one becomes `paused` or `recording` with it. Null: unknown, deleted, or there
 * was nothing newer.
 */
export const noteRecording = async (
  catalog: Catalog,
  recordingId: RecordingId,
  news: RecordingNews,
): Promise<RecordingRow | null> => {
  const isPaused = news.pauses.at(-1)?.end === null;
  const row = await catalog
    .updateTable('recordings')
    .set(({ eb }) => ({
      layout: JSON.stringify(news.layout),
      pauses: JSON.stringify(news.pauses),
      revision: news.revision,
      status: eb
        .case()
        .when('status', 'in', ['recording', 'paused'])
        .then<RecordingStatus>(isPaused ? 'paused' : 'recording')
        .else(eb.ref('status'))
        .end(),
      updated_at: new Date(),
    }))
    .where('id', '=', recordingId)
    .where('revision', '<', news.revision)
    .where('deleted_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
};

/** Composing has come so far (0…1). Only while it composes. */
export const setProgress = async (catalog: Catalog, recordingId: RecordingId, progress: number): Promise<void> => {
  await catalog
    .updateTable('recordings')
    .set(columnsOf({ progress }))
    .where('id', '=', recordingId)
    .where('status', 'not in', ['done', 'failed'])
    .execute();
};

/** The presigned URL stands in its delivery from now on. */
export const forgetPreSignedUrl = async (catalog: Catalog, recordingId: RecordingId): Promise<void> => {
  await catalog
    .updateTable('recordings')
    .set({ destinations: sql<string>`jsonb_set(destinations, '{preSignedUrl}', 'null')` })
    .where('id', '=', recordingId)
    .where('destinations', 'is not', null)
    .execute();
};

/** One that is not deleted. */
export const findRecording = async (catalog: Catalog, recordingId: RecordingId): Promise<RecordingRow | null> => {
  const row = await catalog
    .selectFrom('recordings')
    .selectAll()
    .where('id', '=', recordingId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return row ?? null;
};

/** Also one that is deleted. */
export const findAnyRecording = async (catalog: Catalog, recordingId: RecordingId): Promise<RecordingRow | null> => {
  const row = await catalog.selectFrom('recordings').selectAll().where('id', '=', recordingId).executeTakeFirst();
  return row ?? null;
};

/** As `findRecording`, locked until the transaction ends: whoever else wants to change it waits. */
export const lockRecording = async (catalog: Catalog, recordingId: RecordingId): Promise<RecordingRow | null> => {
  const row = await catalog
    .selectFrom('recordings')
    .selectAll()
    .where('id', '=', recordingId)
    .where('deleted_at', 'is', null)
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
};

/** The room's live recording, or that of another subject in it (there is one at most). */
export const liveRecordingOf = async (
  catalog: Catalog,
  roomId: RoomId,
  subject: { readonly kind: RecordingKind; readonly key: string } = { kind: 'room', key: '' },
): Promise<RecordingRow | null> => {
  const row = await catalog
    .selectFrom('recordings')
    .selectAll()
    .where('room_id', '=', roomId)
    .where('kind', '=', subject.kind)
    .where((where) =>
      // Rows of rooms from before there were subjects have no key.
      subject.kind === 'room' ? where.lit(true) : where('subject_key', '=', subject.key),
    )
    .where('status', 'in', ['starting', 'recording', 'paused', 'stopping'])
    .executeTakeFirst();
  return row ?? null;
};

/** All in one of these states, oldest first. */
export const recordingsIn = (catalog: Catalog, statuses: readonly RecordingStatus[]): Promise<RecordingRow[]> =>
  catalog
    .selectFrom('recordings')
    .selectAll()
    .where('status', 'in', statuses)
    .where('deleted_at', 'is', null)
    .orderBy('created_at')
    .execute();

/** Recordings that are being composed again. */
const composedNow = (catalog: Catalog) =>
  catalog
    .selectFrom('compositions')
    .select('recording_id')
    .where('status', 'in', ['queued', 'running'])
    .where('request', 'is not', null);

/** Recordings whose journal is still read: composed again, or listened to. */
const readNow = (catalog: Catalog) =>
  composedNow(catalog).union(
    catalog.selectFrom('transcriptions').select('recording_id').where('status', 'in', ['queued', 'running']),
  );

/** Those that are over, done or not, and are being composed again. Oldest first. */
export const recordingsComposedAgain = (catalog: Catalog): Promise<RecordingRow[]> =>
  catalog
    .selectFrom('recordings')
    .selectAll()
    .where('status', 'in', ['done', 'failed'])
    .where('deleted_at', 'is', null)
    .where('id', 'in', composedNow(catalog))
    .orderBy('created_at')
    .execute();

/** Live ones whose maximum duration is over. */
export const overdueRecordings = (catalog: Catalog, now: Date): Promise<RecordingRow[]> =>
  catalog
    .selectFrom('recordings')
    .selectAll()
    .where('status', 'in', ['starting', 'recording', 'paused'])
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .execute();

/** When the maximum duration of the next live one is over; null: none runs. */
export const nextDueAt = async (catalog: Catalog): Promise<Date | null> => {
  const row = await catalog
    .selectFrom('recordings')
    .select(({ fn }) => fn.min('due_at').as('due_at'))
    .where('status', 'in', ['starting', 'recording', 'paused'])
    .executeTakeFirst();
  return row?.due_at ?? null;
};

/** Newest first, of one kind (rooms' if it is left out); deleted ones are left out. `query` finds in the ids of recording, room and session. */
export const listRecordings = async (
  catalog: Catalog,
  request: PageRequest & {
    roomId: string | null;
    sessionId: string | null;
    query: string | null;
    kind?: RecordingKind;
    participantId?: string | null;
    statuses?: readonly RecordingStatus[];
  },
): Promise<Page<RecordingRow>> => {
  let recordings = catalog
    .selectFrom('recordings')
    .where('deleted_at', 'is', null)
    .where('kind', '=', request.kind ?? 'room');
  if (request.participantId) {
    const { participantId } = request;
    recordings = recordings.where(sql<boolean>`subject ->> 'participantId' = ${participantId}`);
  }
  if (request.statuses) recordings = recordings.where('status', 'in', request.statuses);
  if (request.roomId !== null) recordings = recordings.where('room_id', '=', request.roomId as RoomId);
  if (request.sessionId !== null) recordings = recordings.where('session_id', '=', request.sessionId as SessionId);
  if (request.query) {
    const pattern = containing(request.query);
    recordings = recordings.where((where) =>
      where.or([
        where('id', 'ilike', pattern as RecordingId),
        where('room_id', 'ilike', pattern as RoomId),
        where('session_id', 'ilike', pattern as SessionId),
      ]),
    );
  }
  const { total } = await recordings.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const items = await recordings
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(request.perPage)
    .offset(offsetOf(request))
    .execute();
  return { items, total };
};

/** Recordings of this participant, or of a track of his, in a session; oldest first. */
export const individualRecordingsOf = (
  catalog: Catalog,
  sessionId: SessionId,
  participantId: ParticipantId,
): Promise<RecordingRow[]> =>
  catalog
    .selectFrom('recordings')
    .selectAll()
    .where('session_id', '=', sessionId)
    .where('kind', 'in', ['participant', 'track'])
    .where(sql<boolean>`subject ->> 'participantId' = ${participantId}`)
    .where('deleted_at', 'is', null)
    .orderBy('created_at')
    .orderBy('id')
    .execute();

/** Leaves a tombstone. False: it was deleted before, or is unknown. The caller has ended a live one and erases files and journal. */
export const markRecordingDeleted = async (
  catalog: Catalog,
  recordingId: RecordingId,
  deletedAt: Date,
): Promise<boolean> => {
  const row = await catalog
    .updateTable('recordings')
    .set({ deleted_at: deletedAt, updated_at: deletedAt, destinations: null })
    .where('id', '=', recordingId)
    .where('deleted_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
};

/** Those of these ids whose recordings have been deleted. */
export const deletedAmong = async (catalog: Catalog, ids: readonly RecordingId[]): Promise<Set<RecordingId>> => {
  if (ids.length === 0) return new Set();
  const rows = await catalog
    .selectFrom('recordings')
    .select('id')
    .where(sql<boolean>`id = any(${ids})`)
    .where('deleted_at', 'is not', null)
    .execute();
  return new Set(rows.map(({ id }) => id));
};

/** What the recordings of a journal still want of it. */
export interface JournalUse {
  readonly journalDir: string;
  readonly recordings: number;
  /** When the last of them was done, failed or deleted; null: one still needs it. */
  readonly releasedAt: Date | null;
}

/** Every journal that a recording names. For retention. */
export const journalUses = async (catalog: Catalog): Promise<JournalUse[]> => {
  const rows = await catalog
    .selectFrom('recordings')
    .select(({ fn }) => [
      'journal_dir',
      fn.countAll<number>().as('recordings'),
      fn.max('updated_at').as('changed_at'),
      fn
        .countAll<number>()
        .filterWhere(({ or, eb }) => or([eb('status', 'not in', ['done', 'failed']), eb('id', 'in', readNow(catalog))]))
        .filterWhere('deleted_at', 'is', null)
        .as('in_use'),
    ])
    .where('journal_dir', 'is not', null)
    .groupBy('journal_dir')
    .execute();
  return rows.map((row) => ({
    journalDir: row.journal_dir ?? '',
    recordings: row.recordings,
    releasedAt: row.in_use > 0 ? null : row.changed_at,
  }));
};

/** A span of a journal that a recording still needs, or may be composed of again. No end: it runs. */
export interface JournalSpan {
  readonly fromNs: SessionTimeNs;
  readonly toNs: SessionTimeNs | null;
}

/**
 * What is needed of a journal: by recordings that are not finished, are composed again, are still transcribed, or were finished since
 * `keptSince`. Null: one is just starting, and it is not known yet from where on.
 */
export const journalSpans = async (
  catalog: Catalog,
  journalDir: string,
  keptSince: Date,
): Promise<JournalSpan[] | null> => {
  const rows = await catalog
    .selectFrom('recordings')
    .select(['status', 'started_ns', 'stopped_ns'])
    .where('session_id', 'in', (of) =>
      of.selectFrom('recordings').select('session_id').where('journal_dir', '=', journalDir),
    )
    .where('kind', '<>', 'merge')
    .where('deleted_at', 'is', null)
    .where(({ or, eb }) =>
      or([
        eb('status', 'not in', ['done', 'failed']),
        eb('updated_at', '>=', keptSince),
        eb('id', 'in', readNow(catalog)),
      ]),
    )
    .execute();
  if (rows.some(({ status, started_ns }) => started_ns === null && status !== 'failed')) return null;
  return rows.flatMap(({ started_ns, stopped_ns }) =>
    started_ns === null ? [] : [{ fromNs: started_ns, toNs: stopped_ns }],
  );
};

/** True if a recording that is not deleted names this journal. */
export const isJournalWanted = async (catalog: Catalog, journalDir: string): Promise<boolean> => {
  const row = await catalog
    .selectFrom('recordings')
    .select('id')
    .where('journal_dir', '=', journalDir)
    .where('deleted_at', 'is', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
};
