/**
 * A recording that is over, transcribed again (or for the first time): with another engine, language or summary, from the same journal,
 * while that is kept. Each has files of its own beside the recording's.
 */
import { createHash } from 'node:crypto';
import { type Catalog, type RecordingRow, transaction } from '../catalog/catalog.ts';
import { findRecording, lockRecording } from '../catalog/recordings.ts';
import {
  findTranscription,
  insertTranscription,
  type TranscriptionOfRecording,
  transcriptionsOf,
} from '../catalog/transcriptions.ts';
import { RoomtapeError } from '../domain/errors.ts';
import type { RecordingId, TranscriptionId } from '../domain/ids.ts';
import type { TranscriptionProblem, TranscriptionRequest } from '../domain/transcription.ts';
import { newUuid } from '../support/new-id.ts';
import type { JournalLookup } from './ports.ts';
import { stageOf, type Transcriptions } from './transcriptions.ts';

/** Of one recording at once: each holds a core for a while. */
const MOST_UNFINISHED = 5;

export interface TranscribingAgainOptions {
  readonly catalog: Catalog;
  readonly transcriptions: Pick<Transcriptions, 'follow'>;
  readonly journal: JournalLookup;
  /** Why this can't be done; null: as far as is known it can. */
  readonly problem: (request: TranscriptionRequest) => Promise<TranscriptionProblem | null>;
}

/** The same for the same request (idempotency keys), in the shape of ids of transcriptions: a UUID of version 8 (RFC 9562 §5.8). */
const idOf = (requestId: string | undefined): TranscriptionId => {
  if (requestId === undefined) return newUuid();
  const hex = createHash('sha256').update(`transcription/${requestId}`).digest('hex');
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return parts.join('-') as TranscriptionId;
};

export class TranscribingAgain {
  readonly #options: TranscribingAgainOptions;

  constructor(options: TranscribingAgainOptions) {
    this.#options = options;
  }

  /**
   * Queues a transcription; one that an earlier run of the same request has made is answered as it is. RECORDING_NOT_FOUND,
   * RECORDING_NOT_ENDED, RECORDING_JOURNAL_ERASED, INVALID_REQUEST (an engine that is not there, or does not know the language; a merge), TOO_MANY_REQUESTS.
   */
  async transcribe(
    recordingId: string,
    request: TranscriptionRequest,
    newId: { readonly id?: string | undefined } = {},
  ): Promise<TranscriptionOfRecording> {
    const { catalog, transcriptions } = this.#options;
    const id = idOf(newId.id);
    const earlier = newId.id === undefined ? null : await findTranscription(catalog, id);
    if (earlier) return earlier;
    const problem = await this.#options.problem(request);
    if (problem !== null) throw new RoomtapeError('INVALID_REQUEST', `"${problem.field}": ${problem.text}`);
    const recording = await this.#ended(recordingId);
    await this.#checkJournal(recording);
    await transaction(catalog, (trx) => this.#insert(trx, id, recording.id, request));
    transcriptions.follow(recording, stageOf(recording) ?? 'stop-recorded');
    const made = await findTranscription(catalog, id);
    if (!made) throw notFound();
    return made;
  }

  /** Whoever deletes the recording at this moment comes before, and nothing is transcribed, or behind, and cancels it. */
  async #insert(
    trx: Catalog,
    id: TranscriptionId,
    recordingId: RecordingId,
    request: TranscriptionRequest,
  ): Promise<void> {
    if (!(await lockRecording(trx, recordingId))) throw notFound();
    const unfinished = (await transcriptionsOf(trx, [recordingId])).filter(
      ({ status }) => status !== 'completed' && status !== 'failed',
    );
    if (unfinished.length >= MOST_UNFINISHED) {
      const text = `${unfinished.length} transcriptions of this recording are not finished: try again when one is.`;
      throw new RoomtapeError('TOO_MANY_REQUESTS', text);
    }
    await insertTranscription(trx, { id, recordingId, isOwn: false, request });
  }

  async #ended(recordingId: string): Promise<RecordingRow> {
    const row = await findRecording(this.#options.catalog, recordingId as RecordingId);
    if (!row) throw notFound();
    if (row.kind === 'merge') {
      const text = 'A merge is made of finished files: transcribe the recordings that it was made of.';
      throw new RoomtapeError('INVALID_REQUEST', text);
    }
    if (row.ended_at) return row;
    throw new RoomtapeError('RECORDING_NOT_ENDED', `The recording is not over (${row.status}): end it first.`);
  }

  async #checkJournal(row: RecordingRow): Promise<void> {
    const found = await this.#options.journal(row.session_id, row.id);
    if (found && found.isWhole !== false) return;
    const text = 'What was recorded is no longer kept (ROOMTAPE_JOURNAL_RETENTION): it can not be heard again.';
    throw new RoomtapeError('RECORDING_JOURNAL_ERASED', text);
  }
}

const notFound = (): RoomtapeError => new RoomtapeError('RECORDING_NOT_FOUND', 'Recording not found.');
