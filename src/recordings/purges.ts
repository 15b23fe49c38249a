/**
 * Purging: one participant's media is taken out of a finished recording and its journal, and the recording is composed anew without him.
 *
 *   asked     in one transaction: the row `waiting`, all files of the recording marked deleted; then the files are erased. From here on
 *             nobody gets anything with the participant in it; what was transcribed of him goes with it, and transcripts are made anew
 *   waiting   the journal's chunks are rewritten without the packets. A chunk that is still written (the session goes on) is waited for
 *   composing a composition without everybody who was ever purged; its file is the recording's from then on
 *   done      the row stays: the tombstone
 *   failed    nothing could be composed, with the reason; asking again tries again
 *
 * Media that other recordings of the session still need stays in the journal for them (`kept_for`) until they are deleted, or purged of the
 * participant too, or the journal's retention is over. The recording's own status stays `done` throughout: it has ended once, and was told once.
 *
 * Everything can be repeated: `runDue` does what is due for every row, whatever a server that was killed had done of it before.
 */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Catalog, type PurgeRow, type RecordingRow, transaction } from '../catalog/catalog.ts';
import { compositionsOf, findComposition, insertComposition } from '../catalog/compositions.ts';
import { filesOf, markFilesDeleted, markMediaDeleted } from '../catalog/files.ts';
import {
  askForPurge,
  changePurge,
  composePurges,
  othersInJournal,
  purgesOf,
  unfinishedPurges,
  withdrawCompositions,
} from '../catalog/purges.ts';
import { findRecording } from '../catalog/recordings.ts';
import { staysOf } from '../catalog/sessions.ts';
import { RoomtapeError } from '../domain/errors.ts';
import type { CompositionId, ParticipantId, RecordingId } from '../domain/ids.ts';
import { isFinal } from '../domain/recording.ts';
import type { Logger } from '../support/log.ts';
import { newHexId } from '../support/new-id.ts';
import { requestedCanvas } from './canvas-config.ts';
import type { Compositions } from './compositions.ts';
import type { JournalLookup } from './ports.ts';
import type { Transcriptions } from './transcriptions.ts';

/** A keyframe that is shown when a recording begins is up to two chunks old; packets that were lost on the way come a little late. */
const REACH_NS = 20e9;

const WITHDRAWN = 'A participant was purged from the recording: ask for this composition again.';

export interface PurgeSpan {
  readonly fromNs: number;
  readonly toNs: number | null;
}

/** Takes a participant's media that arrived in `remove`, but not in `keep`, out of a journal. `unfinished`: to be called again later. */
export type PurgeJournal = (
  directory: string,
  order: {
    readonly participantId: ParticipantId;
    readonly remove: readonly PurgeSpan[];
    readonly keep: readonly PurgeSpan[];
  },
) => Promise<{ readonly packets: number; readonly unfinished: boolean }>;

export interface PurgesOptions {
  readonly catalog: Catalog;
  readonly compositions: Compositions;
  readonly journal: JournalLookup;
  /** Drops what is on its way. */
  readonly deliveries?: { cancel(recordingId: RecordingId): Promise<void> };
  /** What the participant said is withdrawn with him. */
  readonly transcriptions?: Pick<Transcriptions, 'withdraw' | 'renew'>;
  readonly purgeJournal: PurgeJournal;
  /** Stored paths are relative to it. */
  readonly dataDir: string;
  readonly recordingsDir: string;
  readonly log: Logger;
}

/** What of a journal a recording is made of. */
const spanOf = ({ started_ns: started, stopped_ns: stopped }: RecordingRow): PurgeSpan => ({
  fromNs: Math.max(0, (started ?? 0) - REACH_NS),
  toNs: stopped === null ? null : stopped + REACH_NS,
});

/** True if a recording has media of this participant in it. */
const isAbout = ({ subject }: RecordingRow, participantId: ParticipantId): boolean => {
  switch (subject.kind) {
    case 'room':
      return true;
    case 'participant':
    case 'track':
      return subject.participantId === participantId;
    case 'composite':
      return (
        subject.participants.length === 0 || subject.participants.some((one) => one.participantId === participantId)
      );
    case 'merge':
      return false;
  }
};

const exists = async (path: string): Promise<boolean> => {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
};

export class Purges {
  readonly #options: PurgesOptions;
  /** One thing at a time: two that rewrite one journal would undo each other. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: PurgesOptions) {
    this.#options = options;
  }

  /**
   * Withdraws what there is of the recording, and has it made anew without the participant. Asked for again it answers how far it is.
   * RECORDING_NOT_FOUND, RECORDING_NOT_ENDED, RECORDING_NOT_DONE, RECORDING_JOURNAL_ERASED, PARTICIPANT_NOT_FOUND, INVALID_REQUEST.
   */
  async ask(recordingId: string, participantId: string): Promise<PurgeRow> {
    const { catalog } = this.#options;
    const id = participantId as ParticipantId;
    const row = await this.#purgeable(recordingId, id);
    const earlier = (await purgesOf(catalog, [row.id])).find((purge) => purge.participant_id === id);
    if (earlier && earlier.status !== 'failed') return earlier;
    if (!(await this.#options.journal(row.session_id, row.id))) {
      const text =
        'What was recorded is no longer kept (ROOMTAPE_JOURNAL_RETENTION): nothing can be made without the participant.';
      throw new RoomtapeError('RECORDING_JOURNAL_ERASED', `${text} Delete the recording.`);
    }
    await this.#options.compositions.cancel(row.id);
    await this.#options.deliveries?.cancel(row.id);
    const purge = await transaction(catalog, async (trx) => {
      const asked = await askForPurge(trx, { recordingId: row.id, participantId: id });
      await markFilesDeleted(trx, row.id, new Date());
      await withdrawCompositions(trx, row.id, WITHDRAWN);
      await this.#options.transcriptions?.withdraw(trx, row.id, id);
      return asked;
    });
    await this.#eraseFiles(row);
    await this.#options.transcriptions?.renew(row.id);
    this.wake();
    return purge;
  }

  /** Does what is due, soon. */
  wake(): void {
    this.runDue().catch((error: unknown) =>
      this.#options.log.error({ err: error }, 'A purge stopped half-way; it goes on.'),
    );
  }

  /** Does what is due. Rejects only where the database does; what fails of one purge is logged and done by a later turn. */
  runDue(): Promise<void> {
    const done = this.#turn.then(() => this.#runDue());
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #runDue(): Promise<void> {
    const { catalog, log } = this.#options;
    for (const purge of await unfinishedPurges(catalog)) {
      const { recording_id: recordingId, participant_id: participantId } = purge;
      try {
        await this.#advance(purge);
      } catch (error) {
        log.error({ err: error, recordingId, participantId }, 'A purge did not get on; it is tried again.');
      }
    }
  }

  async #advance(purge: PurgeRow): Promise<void> {
    const { catalog } = this.#options;
    const key = { recordingId: purge.recording_id, participantId: purge.participant_id };
    const row = await findRecording(catalog, purge.recording_id);
    // Deleted meanwhile: its files are gone with it, and its journal as soon as nobody else wants it.
    if (!row) return changePurge(catalog, key, { status: 'done', keptFor: [] });
    if (purge.status === 'composing') return this.#judge(purge);
    const settled = await this.#rewriteJournal(row, purge);
    if (!settled || purge.status !== 'waiting') return;
    if (row.status === 'failed' || !this.#isComposed(row)) return changePurge(catalog, key, { status: 'done' });
    await this.#compose(row, purge);
  }

  /** What is left of a recording of the participant alone is nothing. */
  #isComposed({ subject }: RecordingRow): boolean {
    return subject.kind === 'room' || subject.kind === 'composite';
  }

  /** False: a part of it is still being written. */
  async #rewriteJournal(row: RecordingRow, purge: PurgeRow): Promise<boolean> {
    const { catalog, purgeJournal, log } = this.#options;
    const { participant_id: participantId } = purge;
    const isThere = row.journal_dir !== null && (await exists(row.journal_dir));
    const others = isThere
      ? (await othersInJournal(catalog, row, participantId)).filter((other) => isAbout(other, participantId))
      : [];
    const keptFor = others.map(({ id }) => id);
    // Looked at every second while others need it: a journal is only read where that has changed.
    if (purge.status !== 'waiting' && isDeepStrictEqual(keptFor, purge.kept_for)) return true;
    const order = { participantId, remove: [spanOf(row)], keep: others.map(spanOf) };
    const nothing = { packets: 0, unfinished: false };
    const { packets, unfinished } =
      isThere && row.journal_dir !== null ? await purgeJournal(row.journal_dir, order) : nothing;
    await changePurge(catalog, { recordingId: row.id, participantId }, { packets, keptFor });
    if (packets > 0) log.info({ recordingId: row.id, packets, keptFor }, 'A participant was taken out of a journal.');
    return !unfinished;
  }

  async #compose(row: RecordingRow, { participant_id: participantId }: PurgeRow): Promise<void> {
    const { catalog, compositions } = this.#options;
    const excludeParticipants = (await purgesOf(catalog, [row.id])).map((purge) => purge.participant_id);
    const request = { config: row.config, fixedLayout: false, excludeParticipants };
    await compositions.cancel(row.id);
    await transaction(catalog, async (trx) => {
      const id = newHexId<CompositionId>();
      await insertComposition(trx, { id, recordingId: row.id, config: requestedCanvas(request), request });
      await composePurges(trx, { recordingId: row.id, participantId }, id);
      await markMediaDeleted(trx, row.id, new Date());
    });
    await this.#eraseFiles(row);
    compositions.follow(row, row.stop_reason === 'media-process-lost' ? 'journal-ended' : 'stop-recorded');
  }

  async #judge(purge: PurgeRow): Promise<void> {
    const { catalog } = this.#options;
    const key = { recordingId: purge.recording_id, participantId: purge.participant_id };
    const composition = purge.composition_id && (await findComposition(catalog, purge.composition_id));
    if (!composition) return changePurge(catalog, key, { status: 'waiting' });
    if (composition.status === 'done') return changePurge(catalog, key, { status: 'done' });
    if (composition.status === 'cancelled') return changePurge(catalog, key, { status: 'waiting' });
    if (composition.status !== 'failed') return;
    await changePurge(catalog, key, { status: 'failed', failureReason: composition.failure_reason });
  }

  async #purgeable(recordingId: string, participantId: ParticipantId): Promise<RecordingRow> {
    const { catalog } = this.#options;
    const row = await findRecording(catalog, recordingId as RecordingId);
    if (!row) throw new RoomtapeError('RECORDING_NOT_FOUND', 'Recording not found.');
    if (row.subject.kind === 'merge') {
      const text =
        "A merge is made of finished files, and can't be made without one of them: delete it, and merge again.";
      throw new RoomtapeError('INVALID_REQUEST', text);
    }
    if (!row.ended_at)
      throw new RoomtapeError('RECORDING_NOT_ENDED', `The recording is not over (${row.status}): end it first.`);
    if (!isFinal(row.status)) {
      throw new RoomtapeError('RECORDING_NOT_DONE', `The recording is ${row.status}: try again when it is done.`);
    }
    const stays = await staysOf(catalog, [row.session_id]);
    if (!isAbout(row, participantId) || !stays.some((stay) => stay.participant_id === participantId)) {
      throw new RoomtapeError('PARTICIPANT_NOT_FOUND', `Nobody with the id "${participantId}" is in this recording.`);
    }
    return row;
  }

  /** Files that are marked deleted, and what unfinished compositions had rendered. Repeatable. */
  async #eraseFiles(row: RecordingRow): Promise<void> {
    const { catalog, recordingsDir, dataDir } = this.#options;
    const folder = join(recordingsDir, row.id);
    const kept = new Set((await filesOf(catalog, [row.id])).map(({ path }) => join(dataDir, path)));
    for (const { id, status } of await compositionsOf(catalog, row.id)) {
      if (status !== 'queued' && status !== 'running') await rm(join(folder, id), { recursive: true, force: true });
    }
    await this.#options.compositions.eraseFilesOf(row.id, kept);
  }
}
