/**
 * Rooms that record themselves: each of their sessions from its first participant on. The recording's id follows from the session's, so
 * that a server that is killed in between starts no second one.
 *
 * What we cannot do now (the media process is away, the disk is full) is tried again for a minute. A start that comes to nothing leaves a
 * recording in state `failed` with the reason: nobody waits for an answer who could be told otherwise.
 */
import { createHash } from 'node:crypto';
import { type Catalog, transaction } from '../catalog/catalog.ts';
import { findAnyRecording, moveRecording } from '../catalog/recordings.ts';
import { insertRefusedStart, markAutoStart, type SessionWithRules, sessionsToRecord } from '../catalog/room-rules.ts';
import { RoomtapeError } from '../domain/errors.ts';
import type { RecordingId, RoomId, SessionId } from '../domain/ids.ts';
import type { RecordingConfig } from '../domain/recording.ts';
import type { OnFailure } from '../domain/room-rules.ts';
import type { Logger } from '../support/log.ts';
import { newHexId } from '../support/new-id.ts';

const PATIENCE_MS = 60_000;
/** Each further wait is half as long as the session has lasted: nine tries in all. */
const FIRST_RETRY_MS = 2_000;

/** What a room's start call says, taken from what was kept with the room. */
export interface AutoStart {
  readonly config: RecordingConfig;
  readonly onFailure: OnFailure | null;
  /** Told of it, besides the room's endpoint. */
  readonly webhookUrl: string | undefined;
  /** Starts it; refusals as of the start call. */
  start(target: { roomId: RoomId; id: RecordingId }): Promise<unknown>;
}

export interface AutoStartsOptions {
  readonly catalog: Catalog;
  /** Reads what was kept with the room. Refusals of the start call. */
  readonly read: (kept: unknown) => AutoStart;
  readonly log: Logger;
}

/** A session's own recording: its id begins with the session's time, as ids do. */
const recordingIdOf = (sessionId: SessionId): RecordingId => {
  const digest = createHash('sha256').update(`auto-start/${sessionId}`).digest('hex');
  return `${sessionId.slice(0, 8)}${digest.slice(0, 16)}` as string as RecordingId;
};

export class AutoStarts {
  readonly #options: AutoStartsOptions;

  constructor(options: AutoStartsOptions) {
    this.#options = options;
  }

  /** Starts what is to be started. Resolves with when to try again, null if nothing is left. */
  async startDue(now: Date): Promise<Date | null> {
    let againMs = Number.POSITIVE_INFINITY;
    for (const session of await sessionsToRecord(this.#options.catalog)) {
      if (await this.#startAlone(session, now)) continue;
      const ageMs = now.getTime() - session.startedAt.getTime();
      againMs = Math.min(againMs, Math.max(FIRST_RETRY_MS, ageMs / 2));
    }
    return againMs === Number.POSITIVE_INFINITY ? null : new Date(now.getTime() + againMs);
  }

  /** What fails of one session, unforeseen, must not keep the others: those behind it would never be recorded. */
  async #startAlone(session: SessionWithRules & { readonly autoStart: unknown }, now: Date): Promise<boolean> {
    try {
      return await this.#start(session, now);
    } catch (error) {
      const { sessionId, roomId } = session;
      this.#options.log.error({ err: error, roomId, sessionId }, 'A room that records itself could not be looked at.');
      return false;
    }
  }

  /** False: to be tried again. */
  async #start(session: SessionWithRules & { readonly autoStart: unknown }, now: Date): Promise<boolean> {
    const { catalog, read, log } = this.#options;
    const { sessionId, roomId, startedAt } = session;
    const about = { roomId, sessionId };
    let autoStart: AutoStart | undefined;
    try {
      autoStart = read(session.autoStart);
      await autoStart.start({ roomId, id: recordingIdOf(sessionId) });
    } catch (error) {
      if (!(error instanceof RoomtapeError)) throw error;
      // Somebody was faster: the session is recorded.
      if (error.code !== 'RECORDING_ALREADY_RUNNING') {
        if (error.retryable && now.getTime() - startedAt.getTime() < PATIENCE_MS) return false;
        log.error({ err: error, ...about }, 'A room that records itself could not be recorded.');
        await this.#noteFailure(session, autoStart, error.message);
        return true;
      }
    }
    await markAutoStart(catalog, sessionId, 'started');
    log.info(about, 'A room records itself.');
    return true;
  }

  async #noteFailure(
    { sessionId, roomId }: SessionWithRules,
    autoStart: AutoStart | undefined,
    failureReason: string,
  ): Promise<void> {
    const { config = UNREADABLE, onFailure = null, webhookUrl } = autoStart ?? {};
    await transaction(this.#options.catalog, async (trx) => {
      await markAutoStart(trx, sessionId, 'failed');
      // Where it came as far as a row that is still there, that one tells.
      const earlier = await findAnyRecording(trx, recordingIdOf(sessionId));
      if (earlier && earlier.deleted_at === null) return;
      const id = newHexId<RecordingId>();
      const row = await insertRefusedStart(trx, { id, roomId, sessionId, config, onFailure, webhookUrl });
      if (row) await moveRecording(trx, id, 'failed', { failureReason });
    });
  }
}

/** Of a start whose fields can't be read any more: the settings have changed since the room was made. */
const UNREADABLE: RecordingConfig = {
  layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 },
  theme: 'DEFAULT',
  mode: 'video-and-audio',
  quality: 'med',
  orientation: 'landscape',
  fileFormat: 'mp4',
};
