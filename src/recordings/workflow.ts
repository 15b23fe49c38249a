/**
 * The workflow: what follows what in a recording's life. State and due times are rows; everything here can be repeated.
 *
 *   start   room and session checked → row `starting` → media writes the fsynced start record → row `recording` + composition row
 *   stop    media writes the fsynced stop record → row `composing`
 *   compose the coordinator renders; its artifact becomes a file row and the recording `done`, or `failed` with a reason
 *   delete  live work is ended, a tombstone is set, compositions are cancelled, files and journal are erased
 *
 * Who ends a recording: the caller; its session (the media process writes the stop record and reports it); its maximum duration; the
 * loss of the media process (the journal ends where it ends).
 *
 * Failure modes. Killed between row and start record: `reconcile` finds the row `starting` and no start record → `failed`. Killed
 * between start record and row: the journal has it → `recording`, or `composing`. Killed after the stop record: the media process tells
 * again, and the journal says so too. Killed while composing: `Compositions.resume` starts what is unfinished again. Killed while deleting:
 * the tombstone is there, and its sweep erases the rest.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Catalog, type RecordingRow, transaction } from '../catalog/catalog.ts';
import { insertComposition } from '../catalog/compositions.ts';
import { markFilesDeleted } from '../catalog/files.ts';
import {
  findAnyRecording,
  findRecording,
  insertRecording,
  isJournalWanted,
  liveRecordingOf,
  markRecordingDeleted,
  moveRecording,
  nextDueAt,
  overdueRecordings,
  recordingsIn,
} from '../catalog/recordings.ts';
import { insertRefusedStart, ongoingSessionOf } from '../catalog/room-rules.ts';
import { findRoom } from '../catalog/rooms.ts';
import { insertSession } from '../catalog/sessions.ts';
import type { Destinations } from '../domain/delivery.ts';
import { RoomtapeError } from '../domain/errors.ts';
import type { CompositionId, RecordingId, RoomId, SessionId, TranscriptionId } from '../domain/ids.ts';
import {
  isLive,
  type RecordingConfig,
  type RecordingKind,
  type RecordingSubject,
  type StopReason,
} from '../domain/recording.ts';
import type { OnFailure } from '../domain/room-rules.ts';
import type { TranscriptionRequest } from '../domain/transcription.ts';
import type { Logger } from '../support/log.ts';
import { newHexId, newUuid } from '../support/new-id.ts';
import type { Admission } from './admission.ts';
import { canvasConfig } from './canvas-config.ts';
import { noteLive } from './changes.ts';
import type { Compositions } from './compositions.ts';
import type { JournalLookup, LiveRecording, LiveSession, MediaControl } from './ports.ts';
import type { Transcriptions } from './transcriptions.ts';

export interface WorkflowOptions {
  readonly catalog: Catalog;
  readonly media: MediaControl;
  readonly compositions: Compositions;
  readonly journal: JournalLookup;
  /** Erases a session's journal. */
  readonly eraseJournal: (directory: string) => Promise<void>;
  /** One folder per recording. */
  readonly recordingsDir: string;
  readonly maxDurationMs: number;
  /** Whether tiles are eased to their places in recordings that start from now on. */
  readonly transitions: boolean;
  /** Drops what is on its way. */
  readonly deliveries?: { cancel(recordingId: RecordingId): Promise<void> };
  /** What is said in recordings, where it is asked for. */
  readonly transcriptions?: Pick<Transcriptions, 'follow' | 'erase' | 'cancel'>;
  readonly admission: Admission;
  /** Work is due, at that time or now: a recording has begun that is to end by itself; one has failed. */
  readonly onDue: (work: 'maximum-durations' | 'recording-failures', at: Date | null) => void;
  readonly log: Logger;
}

/** Nothing was written of it. */
const isRefusedAtOnce = (error: unknown): boolean =>
  error instanceof RoomtapeError && ['RECORDING_ALREADY_RUNNING', 'TOO_MANY_RECORDINGS'].includes(error.code);

const REFUSED = 'Its start was refused while the database was away.';

const refuseEmpty = (): never => {
  throw new RoomtapeError('NO_ACTIVE_SESSION', 'Room has no active session.');
};

/** An earlier run of the same start got so far. MEDIA_UNAVAILABLE while that is not known. */
const isPromised = (earlier: RecordingRow): boolean => {
  if (earlier.deleted_at !== null || earlier.status === 'failed') return false;
  if (earlier.status !== 'starting') return true;
  throw new RoomtapeError('MEDIA_UNAVAILABLE', 'The recording is being started. Try again in a second.');
};

/** A disk that fails. A journal that is damaged can be read, and one that is not there is none. */
class UnreadableJournal extends Error {
  override readonly name = 'UnreadableJournal';
}

/** What a recording is about, given who is there. Throws PARTICIPANT_NOT_FOUND. */
export type SubjectOf = (session: LiveSession) => RecordingSubject;

export interface StartOptions {
  readonly roomId: string;
  readonly config: RecordingConfig;
  readonly subject?: SubjectOf;
  /** Its id. Where it is there already, an earlier run of the same request made it: it is answered as it is. */
  readonly id?: string | undefined;
  /** What follows when it fails, or is refused by us. */
  readonly onFailure?: OnFailure | null;
  /** Puts what the files will be made with into the recording's folder, before it starts. */
  readonly prepare?: (folder: string) => Promise<void>;
  /** Where the files go when it is done; nowhere else than our store if it is left out. */
  readonly destinations?: Destinations;
  /** What is said in it is written down. */
  readonly transcription?: TranscriptionRequest | undefined;
  /** What the caller is told may go wrong. */
  readonly warnings?: readonly string[];
  /** Told of it, besides the room's endpoint. */
  readonly webhookUrl?: string | undefined;
  /** With what the URLs of its files begin in what others are told. */
  readonly baseUrl?: string | undefined;
}

/** How a recording ended, as the media process or the journal says. */
export interface RecordingEnd {
  readonly stoppedNs: number;
  readonly stoppedAtMs: number;
  readonly reason: StopReason;
}

export class RecordingWorkflow {
  readonly #options: WorkflowOptions;
  /** Starts that this process is in the middle of: `reconcile` leaves them alone. */
  readonly #starting = new Set<RecordingId>();
  /** Starts that were refused while the database was away: their rows, if there are any, are to be forgotten. */
  readonly #refused = new Set<RecordingId>();

  constructor(options: WorkflowOptions) {
    this.#options = options;
  }

  /**
   * Starts a recording of a room, or of what else `subject` names in it. Resolves when its start record is on disk. ROOM_NOT_FOUND,
   * ROOM_DISABLED, NO_ACTIVE_SESSION, PARTICIPANT_NOT_FOUND, RECORDING_ALREADY_RUNNING, TOO_MANY_RECORDINGS, DISK_FULL,
   * MEDIA_UNAVAILABLE.
   */
  async start(options: StartOptions): Promise<RecordingRow> {
    const { catalog, media, admission } = this.#options;
    const earlier = options.id === undefined ? null : await findAnyRecording(catalog, options.id as RecordingId);
    if (earlier && isPromised(earlier)) return earlier;
    const roomId = await this.#roomId(options.roomId);
    let session: LiveSession;
    try {
      session = (await media.sessionOf(roomId)) ?? refuseEmpty();
      await admission.checkDisk();
    } catch (error) {
      if (options.onFailure) await this.#noteRefusal(roomId, options.config, options.onFailure, error);
      throw error;
    }
    const id = options.id === undefined || earlier ? newHexId<RecordingId>() : (options.id as RecordingId);
    return this.#begin(id, roomId, session, options);
  }

  async #begin(id: RecordingId, roomId: RoomId, session: LiveSession, options: StartOptions): Promise<RecordingRow> {
    const { catalog, admission, maxDurationMs, transitions } = this.#options;
    const config = transitions ? options.config : { ...options.config, transitions };
    const subject = options.subject?.(session) ?? { kind: 'room' };
    const sessionId = session.sessionId as SessionId;
    // The news of a session that has just begun may still be on its way here.
    await insertSession(catalog, { id: sessionId, roomId, startedAt: new Date(session.startedAtMs) });
    const dueAt = new Date(Date.now() + maxDurationMs);
    const { onFailure = null } = options;
    this.#starting.add(id);
    try {
      const { destinations = null, warnings = [], webhookUrl, baseUrl } = options;
      const transcription = options.transcription && {
        id: newUuid<TranscriptionId>(),
        request: options.transcription,
      };
      const wanted = { config, subject, onFailure, dueAt, destinations, warnings, webhookUrl, baseUrl, transcription };
      await admission.admit(catalog, (admitted) => insertRecording(admitted, { id, roomId, sessionId, ...wanted }));
      await this.#prepare(id, options.prepare);
      return await this.#started(id, await this.#startInMedia(id, roomId, config, subject), config);
    } catch (error) {
      if (!isRefusedAtOnce(error)) await this.#refuse(id, error);
      if (onFailure) this.#options.onDue('recording-failures', null);
      throw error;
    } finally {
      this.#starting.delete(id);
    }
  }

  /** The caller is refused for no fault of his, and wants the room closed then: a deleted row remembers it. */
  async #noteRefusal(roomId: RoomId, config: RecordingConfig, onFailure: OnFailure, error: unknown): Promise<void> {
    const { catalog, log, onDue } = this.#options;
    if (!(error instanceof RoomtapeError) || error.blame !== 'us') return;
    try {
      await transaction(catalog, async (trx) => {
        const sessionId = await ongoingSessionOf(trx, roomId);
        if (!sessionId) return;
        const id = newHexId<RecordingId>();
        if (!(await insertRefusedStart(trx, { id, roomId, sessionId, config, onFailure }))) return;
        await moveRecording(trx, id, 'failed', { failureReason: error.message });
        await markRecordingDeleted(trx, id, new Date());
      });
      onDue('recording-failures', null);
    } catch (cause) {
      log.error(
        { err: cause, roomId },
        'That a start was refused could not be kept: its room will not be closed for it.',
      );
    }
  }

  /**
   * Ends the running recording of a room, or of what else `subject` names in it, or the one named by its id. ROOM_NOT_FOUND,
   * RECORDING_NOT_FOUND, RECORDING_NOT_RUNNING, MEDIA_UNAVAILABLE.
   */
  async stop(options: {
    roomId: string;
    recordingId: string | null;
    subject?: { readonly kind: RecordingKind; readonly key: string };
    reason: StopReason;
  }): Promise<RecordingRow> {
    const { kind } = options.subject ?? { kind: 'room' };
    const { catalog } = this.#options;
    const roomId = await this.#roomId(options.roomId);
    const row = options.recordingId
      ? await findRecording(catalog, options.recordingId as RecordingId)
      : await liveRecordingOf(catalog, roomId, options.subject);
    if (options.recordingId && (row?.room_id !== roomId || row.kind !== kind)) {
      throw new RoomtapeError('RECORDING_NOT_FOUND', `There is no recording "${options.recordingId}" of this room.`);
    }
    if (!row || !isLive(row.status)) throw notRunning(row, options.subject?.key ?? '');
    return this.#stop(row, options.reason);
  }

  /** A recording ended by itself: its session ended, or the disk is full. May be told twice. */
  async stoppedByMedia(recordingId: string, end: RecordingEnd): Promise<void> {
    const row = await findRecording(this.#options.catalog, recordingId as RecordingId);
    if (!row) return;
    await this.#alone(row.id, async () => {
      if (this.#refused.has(row.id)) await this.#forget(row.id, REFUSED);
      else if (row.status === 'starting') await this.#recover(row);
      else if (isLive(row.status)) await this.#ended(row, end, 'stop-recorded');
    });
  }

  /** Ends recordings that have run for their maximum duration. Resolves with when the next one will have, null if none runs. */
  async enforceMaximumDuration(now: Date): Promise<Date | null> {
    const failures: unknown[] = [];
    for (const row of await overdueRecordings(this.#options.catalog, now)) {
      // One that can't be ended must not keep the others running; whoever called tries it again.
      await this.#stop(row, 'max-duration').catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
    return nextDueAt(this.#options.catalog);
  }

  /**
   * Holds the rows against what the media process records right now, at each connection to it. Rows that it does not know take their
   * end from the journal; recordings that have no row (their start was never answered) are ended.
   */
  async reconcile(active: readonly LiveRecording[]): Promise<void> {
    const { catalog, media, log } = this.#options;
    const unknown = new Map(active.map((live) => [live.recordingId, live]));
    for (const row of await recordingsIn(catalog, ['starting', 'recording', 'paused', 'stopping'])) {
      const live = unknown.get(row.id);
      unknown.delete(row.id);
      if (this.#starting.has(row.id)) continue;
      await this.#alone(row.id, async () => {
        if (this.#refused.has(row.id)) {
          await this.#forget(row.id, REFUSED);
          if (live) await media.stopRecording(row.id, 'requested');
        } else if (!live) await this.#recover(row);
        else if (row.status === 'starting') await this.#started(row.id, live, row.config);
        else await noteLive(catalog, live);
      });
    }
    for (const { recordingId } of unknown.values()) {
      if (this.#starting.has(recordingId as RecordingId)) continue;
      log.warn({ recordingId }, 'The media process recorded what nobody was promised; ended.');
      await media.stopRecording(recordingId, 'requested');
    }
    // Those whose rows are not there by now never had one.
    for (const id of this.#refused) if (!this.#starting.has(id)) this.#refused.delete(id);
  }

  /**
   * One recording whose journal can't be read (its disk fails) must not keep what the media process tells of all others: that is handed over in
   * order, again and again until it is taken. It is looked at again at the next connection. Rejects with everything else.
   */
  async #alone(recordingId: RecordingId, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof UnreadableJournal)) throw error;
      this.#options.log.error({ err: error, recordingId }, 'What became of a recording could not be found out.');
    }
  }

  /** Cancels work, erases files and journal, leaves a tombstone. RECORDING_NOT_FOUND. */
  async delete(recordingId: string): Promise<void> {
    const { catalog, compositions, transcriptions, deliveries, recordingsDir, eraseJournal } = this.#options;
    const row = await findRecording(catalog, recordingId as RecordingId);
    if (!row) throw new RoomtapeError('RECORDING_NOT_FOUND', `There is no recording "${recordingId}".`);
    if (isLive(row.status)) await this.#stop(row, 'requested');
    const now = new Date();
    // First the tombstone: whoever asks for a composition from now on is refused, and one that was just taken on is cancelled below.
    await transaction(catalog, async (trx) => {
      // Whoever waits for its end is told of it: nothing will be made of it any more. One that is done stays so.
      await moveRecording(trx, row.id, 'failed', { failureReason: 'It was deleted before it was done.' });
      await transcriptions?.erase(trx, row.id);
      await markRecordingDeleted(trx, row.id, now);
    });
    await compositions.cancel(row.id);
    await transcriptions?.cancel(row.id);
    await deliveries?.cancel(row.id);
    await markFilesDeleted(catalog, row.id, now);
    await rm(join(recordingsDir, row.id), { recursive: true, force: true });
    const journalDir = row.journal_dir;
    if (journalDir && !(await isJournalWanted(catalog, journalDir))) await eraseJournal(journalDir);
  }

  async #roomId(idOrCustomId: string): Promise<RoomId> {
    const room = await findRoom(this.#options.catalog, idOrCustomId);
    if (!room) throw new RoomtapeError('ROOM_NOT_FOUND', 'Room not found.');
    return room.room_id;
  }

  async #prepare(id: RecordingId, prepare: ((folder: string) => Promise<void>) | undefined): Promise<void> {
    if (!prepare) return;
    const folder = join(this.#options.recordingsDir, id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await prepare(folder);
  }

  async #startInMedia(
    id: RecordingId,
    roomId: RoomId,
    config: RecordingConfig,
    subject: RecordingSubject,
  ): Promise<LiveRecording> {
    const about = 'participantId' in subject ? { participantId: subject.participantId } : {};
    const marks = subject.kind === 'composite' ? subject.watermarks : [];
    const topics = marks.flatMap(({ topic }) => topic ?? []);
    return this.#options.media.startRecording({ recordingId: id, roomId, layout: config.layout, topics, ...about });
  }

  /**
   * The caller is told that his recording was not started: then it must not run, and nothing is left of it. Where the database is away that
   * is made up for when it is back.
   */
  async #refuse(id: RecordingId, error: unknown): Promise<void> {
    const { log, recordingsDir } = this.#options;
    log.warn({ err: error, recordingId: id }, 'A recording could not be started.');
    this.#refused.add(id);
    this.#endUnanswered(id);
    try {
      await rm(join(recordingsDir, id), { recursive: true, force: true });
      await this.#forget(id, error instanceof Error ? error.message : String(error));
    } catch (cause) {
      log.warn({ err: cause, recordingId: id }, 'Its row is forgotten when the database is back.');
    }
  }

  async #forget(id: RecordingId, failureReason: string): Promise<void> {
    const { catalog } = this.#options;
    await moveRecording(catalog, id, 'failed', { failureReason });
    await markRecordingDeleted(catalog, id, new Date());
    this.#refused.delete(id);
  }

  /** A disk that stalls lets the media process answer late; where it is away, `reconcile` ends the recording at the next connection. */
  #endUnanswered(id: RecordingId): void {
    const { media, log } = this.#options;
    media.stopRecording(id, 'requested').then(
      () => log.warn({ recordingId: id }, 'A recording whose start was refused was ended.'),
      (error: unknown) => log.debug({ err: error, recordingId: id }, 'There was nothing to end.'),
    );
  }

  /** The start record is on disk: row and composition in one transaction, then the compositor may follow. */
  async #started(id: RecordingId, live: LiveRecording, config: RecordingConfig): Promise<RecordingRow> {
    const { catalog, compositions } = this.#options;
    const row = await transaction(catalog, async (trx) => {
      const moved = await moveRecording(trx, id, 'recording', {
        startedAt: new Date(live.startedAtMs),
        startedNs: live.startedNs,
        journalDir: live.journalDir,
      });
      if (moved) {
        const composition = { id: newHexId<CompositionId>(), recordingId: id, config: canvasConfig(config) };
        await insertComposition(trx, composition);
      }
      return moved;
    });
    if (row) compositions.follow(row, 'live');
    if (row) this.#options.transcriptions?.follow(row, 'live');
    if (row?.due_at) this.#options.onDue('maximum-durations', row.due_at);
    return (await noteLive(catalog, live)) ?? row ?? this.#reread(id);
  }

  async #stop(row: RecordingRow, reason: StopReason): Promise<RecordingRow> {
    try {
      const end = await this.#options.media.stopRecording(row.id, reason);
      return await this.#ended(row, { ...end, reason }, 'stop-recorded');
    } catch (error) {
      const forgotten =
        error instanceof RoomtapeError &&
        (error.code === 'RECORDING_NOT_RUNNING' || error.code === 'RECORDING_NOT_FOUND');
      if (!forgotten) throw error;
      return this.#recover(row);
    }
  }

  /** A row that is live by its status while the media process does not know it: the journal says what there is. */
  async #recover(row: RecordingRow): Promise<RecordingRow> {
    const { catalog, journal, log } = this.#options;
    const found = await journal(row.session_id, row.id).catch((cause: unknown) => {
      throw new UnreadableJournal('The journal of the recording can not be read.', { cause });
    });
    if (!found) {
      log.error({ recordingId: row.id }, 'A recording has no journal.');
      const failureReason = 'Nothing was recorded: the server ended before the recording had begun.';
      return (await moveRecording(catalog, row.id, 'failed', { failureReason })) ?? this.#reread(row.id);
    }
    if (row.status === 'starting') {
      const live = { ...found, recordingId: row.id, sessionId: row.session_id, roomId: row.room_id };
      await this.#started(row.id, live, row.config);
    }
    // What was changed last may not have reached the row.
    await noteLive(catalog, {
      ...found,
      recordingId: row.id,
      sessionId: row.session_id,
      roomId: row.room_id,
      revision: row.revision + 1,
    });
    if (found.stop) return this.#ended(row, found.stop, 'stop-recorded');
    const end = { stoppedNs: found.lastNs, stoppedAtMs: found.lastAtMs, reason: 'media-process-lost' as const };
    return this.#ended(row, end, 'journal-ended');
  }

  async #ended(row: RecordingRow, end: RecordingEnd, how: 'stop-recorded' | 'journal-ended'): Promise<RecordingRow> {
    const { catalog, compositions } = this.#options;
    const ended = await moveRecording(catalog, row.id, 'composing', {
      endedAt: new Date(end.stoppedAtMs),
      stoppedNs: end.stoppedNs,
      stopReason: end.reason,
      dueAt: null,
    });
    if (ended) compositions.follow(ended, how);
    if (ended) this.#options.transcriptions?.follow(ended, how);
    if (ended?.on_failure) this.#options.onDue('recording-failures', null);
    return ended ?? this.#reread(row.id);
  }

  async #reread(id: RecordingId): Promise<RecordingRow> {
    const row = await findRecording(this.#options.catalog, id);
    if (!row) throw new RoomtapeError('RECORDING_NOT_FOUND', `The recording "${id}" was deleted meanwhile.`);
    return row;
  }
}

/** `row`: the one that was named, which is over; null: none was, or none runs. `key`: of the subject. */
const notRunning = (row: RecordingRow | null, key: string): RoomtapeError => {
  if (row) return new RoomtapeError('RECORDING_NOT_RUNNING', `The recording "${row.id}" is over (${row.status}).`);
  const [participantId, source] = key.split('/');
  const what = source ? `the ${source} of "${participantId}"` : participantId ? `"${participantId}"` : 'this room';
  return new RoomtapeError('RECORDING_NOT_RUNNING', `No recording of ${what} is running.`);
};
