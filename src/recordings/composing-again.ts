/**
 * A recording that is over, rendered again with another configuration, from the same journal, while that is kept. Each is a composition with
 * a file of its own beside the recording's; what becomes of it changes nothing about the recording.
 */
import type { Catalog, CompositionRow, RecordingRow } from '../catalog/catalog.ts';
import { compositionsOf, findComposition, insertComposition } from '../catalog/compositions.ts';
import { findRecording } from '../catalog/recordings.ts';
import { staysOf } from '../catalog/sessions.ts';
import type { CompositionRequest } from '../catalog/tables.ts';
import { RoomtapeError } from '../domain/errors.ts';
import type { CompositionId, RecordingId } from '../domain/ids.ts';
import { newHexId } from '../support/new-id.ts';
import { requestedCanvas } from './canvas-config.ts';
import type { Compositions } from './compositions.ts';
import type { JournalLookup } from './ports.ts';

/** Of one recording at once: each takes as long as the recording's own. */
const MOST_UNFINISHED = 10;

export interface ComposingAgainOptions {
  readonly catalog: Catalog;
  readonly compositions: Compositions;
  readonly journal: JournalLookup;
}

export class ComposingAgain {
  readonly #options: ComposingAgainOptions;

  constructor(options: ComposingAgainOptions) {
    this.#options = options;
  }

  /**
   * Queues a composition; one whose id is there already is answered as it is. RECORDING_NOT_FOUND, RECORDING_NOT_ENDED, RECORDING_JOURNAL_ERASED, PARTICIPANT_NOT_FOUND, TOO_MANY_REQUESTS.
   */
  async compose(
    recordingId: string,
    request: CompositionRequest,
    newId: { readonly id?: string | undefined } = {},
  ): Promise<CompositionRow> {
    const { catalog, compositions } = this.#options;
    const id = (newId.id as CompositionId | undefined) ?? newHexId<CompositionId>();
    const earlier = newId.id === undefined ? null : await findComposition(catalog, id);
    if (earlier) return earlier;
    const row = await this.#ended(recordingId);
    await this.#checkParticipants(row, request.excludeParticipants);
    await this.#checkJournal(row);
    const unfinished = (await compositionsOf(catalog, row.id)).filter(({ status }) => isUnfinished(status));
    if (unfinished.length >= MOST_UNFINISHED) {
      const text = `${unfinished.length} compositions of this recording are not finished: try again when one is.`;
      throw new RoomtapeError('TOO_MANY_REQUESTS', text);
    }
    const composition = await insertComposition(catalog, {
      id,
      recordingId: row.id,
      config: requestedCanvas(request),
      request,
    });
    compositions.follow(row, row.stop_reason === 'media-process-lost' ? 'journal-ended' : 'stop-recorded');
    return composition;
  }

  async #ended(recordingId: string): Promise<RecordingRow> {
    const row = await findRecording(this.#options.catalog, recordingId as RecordingId);
    if (!row) throw new RoomtapeError('RECORDING_NOT_FOUND', 'Recording not found.');
    if (row.ended_at) return row;
    throw new RoomtapeError('RECORDING_NOT_ENDED', `The recording is not over (${row.status}): end it first.`);
  }

  async #checkJournal(row: RecordingRow): Promise<void> {
    const found = await this.#options.journal(row.session_id, row.id);
    if (found && found.isWhole !== false) return;
    const text = 'What was recorded is no longer kept (ROOMTAPE_JOURNAL_RETENTION): only the finished files are.';
    throw new RoomtapeError('RECORDING_JOURNAL_ERASED', text);
  }

  async #checkParticipants(row: RecordingRow, participants: readonly string[]): Promise<void> {
    if (participants.length === 0) return;
    const stays = await staysOf(this.#options.catalog, [row.session_id]);
    const known = new Set<string>(stays.map((stay) => stay.participant_id));
    const stranger = participants.find((id) => !known.has(id));
    if (stranger === undefined) return;
    const text = `"config.excludeParticipants": nobody with the id "${stranger}" was in the session.`;
    throw new RoomtapeError('PARTICIPANT_NOT_FOUND', text);
  }
}

const isUnfinished = (status: CompositionRow['status']): boolean => status === 'queued' || status === 'running';
