/**
 * Transcriptions: from what was asked for to whoever listens, and from what is heard to rows.
 *
 *   queued      a row, made in the transaction that makes its recording, or afterwards by hand
 *   running     handed out under a new fence; each utterance is kept as it comes, once however often it comes
 *   summarizing all is heard; the rest is `transcript-finishing.ts`
 *   failed      who listens says that there will be no more, or the recording was deleted
 *
 * A recording never waits for any of this, and nothing here can fail it. What is kept is the truth: a server that is killed hands out again
 * at its next start, behind what was kept. While a transcription is queued or running its journal is kept.
 *
 * Failure modes. The database is away: an utterance is refused, who listens says it again. A lease is lost (purge, deletion): what still
 * comes is refused, and who says it is ended.
 */
import type { Catalog, RecordingRow, TranscriptionRow } from '../catalog/catalog.ts';
import { purgesOf } from '../catalog/purges.ts';
import { findRecording } from '../catalog/recordings.ts';
import {
  failTranscription,
  finishHearing,
  forgetTranscription,
  leaseTranscription,
  noteHeard,
  renewTranscription,
  type TranscriptionOfRecording,
  transcriptionsHeardIn,
  transcriptionsIn,
  transcriptionsOf,
} from '../catalog/transcriptions.ts';
import { forgetUtterances, heardOfSpeakers, keepUtterance, mainLanguageOf } from '../catalog/utterances.ts';
import type { ParticipantId, RecordingId, SessionId } from '../domain/ids.ts';
import { isFinal, type RecordingSubject } from '../domain/recording.ts';
import type { Speaker, Utterance } from '../domain/transcript.ts';
import type { TranscriptionEngineKind } from '../domain/transcription.ts';
import { eachOf } from '../support/each-of.ts';
import type { Logger } from '../support/log.ts';
import type { CaptionHub } from './caption-hub.ts';
import type { JournalStage } from './compositions.ts';
import type { TranscriptFinishing } from './transcript-finishing.ts';
import type { TranscriptionMetrics } from './transcription-metrics.ts';
import type { Transcriber, TranscriptionWork } from './transcription-ports.ts';

const DELETED = 'The recording was deleted before its transcript was done.';

/** Captions of a session that is over are told so long: then whoever watches is let go, though a slow engine has more to say. */
const CAPTIONS_LINGER_MS = 15_000;

export interface TranscriptionsOptions {
  readonly catalog: Catalog;
  readonly transcriber: Transcriber;
  readonly finishing: Pick<TranscriptFinishing, 'wake' | 'cancel' | 'eraseFiles'>;
  readonly captions: CaptionHub;
  readonly metrics: TranscriptionMetrics;
  /** Where nobody asks for one. */
  readonly defaultEngine: TranscriptionEngineKind;
  readonly log: Logger;
}

interface Held {
  readonly row: TranscriptionRow;
  readonly sessionId: SessionId;
}

/** Where a recording stands; null: its journal has not begun. */
export const stageOf = (recording: RecordingRow): JournalStage | null => {
  if (recording.journal_dir === null) return null;
  if (recording.ended_at === null && !isFinal(recording.status)) return 'live';
  return recording.stop_reason === 'media-process-lost' ? 'journal-ended' : 'stop-recorded';
};

/** Whom a recording is about, by which of his tracks; undefined: everybody. */
const participantsIn = (subject: RecordingSubject): Pick<TranscriptionWork, 'participants'> => {
  switch (subject.kind) {
    case 'participant':
      return { participants: [{ participantId: subject.participantId, sources: ['microphone'] }] };
    case 'track':
      return { participants: [{ participantId: subject.participantId, sources: [subject.source] }] };
    case 'composite':
      return subject.participants.length === 0 ? {} : { participants: subject.participants };
    case 'room':
    case 'merge':
      return {};
  }
};

/** What an engine says, as files and database can take it. */
const clean = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .normalize('NFC');

const cleanUtterance = (utterance: Utterance): Utterance => ({
  ...utterance,
  text: clean(utterance.text),
  words:
    utterance.words?.map((word) => ({ ...word, word: clean(word.word) })).filter(({ word }) => word !== '') ?? null,
});

const cleanSpeaker = (speaker: Speaker): Speaker => ({ ...speaker, name: clean(speaker.name) || speaker.id });

export class Transcriptions {
  readonly #options: TranscriptionsOptions;
  readonly #held = new Map<string, Held>();
  /** One thing at a time: a start and a stop that follow each other closely must not both lease. */
  #turn: Promise<void> = Promise.resolve();
  /** Utterances are numbered in the order in which they can be read: one at a time. */
  #writing: Promise<unknown> = Promise.resolve();
  readonly #lingering = new Map<SessionId, NodeJS.Timeout>();

  constructor(options: TranscriptionsOptions) {
    this.#options = options;
  }

  /** Hands out what is asked for of a recording, or tells who listens how the journal stands. In the background; made up for by `resume`. */
  follow(recording: RecordingRow, stage: JournalStage): void {
    this.#inTurn(() => this.#follow(recording, stage)).catch((error: unknown) =>
      this.#options.log.error({ err: error, recordingId: recording.id }, 'A transcription could not be handed out.'),
    );
  }

  /** Takes up what nobody works on: at boot, and what a failing database made us drop. */
  resume(): Promise<void> {
    return this.#inTurn(async () => {
      const { catalog, finishing } = this.#options;
      const recordings = new Set(
        (await transcriptionsIn(catalog, ['queued', 'running'])).map((row) => row.recording_id),
      );
      const all = [...recordings].map((id) => async () => {
        const recording = await findRecording(catalog, id);
        if (recording) await this.#resume(recording);
      });
      await eachOf(all).finally(() => finishing.wake());
    });
  }

  async #resume(recording: RecordingRow): Promise<void> {
    const stage = stageOf(recording);
    if (stage !== null) return this.#follow(recording, stage);
    if (!isFinal(recording.status)) return;
    const reason = `There is nothing to hear: ${recording.failure_reason ?? 'nothing was recorded.'}`;
    for (const { id } of await transcriptionsOf(this.#options.catalog, [recording.id])) {
      await failTranscription(this.#options.catalog, { id }, reason);
    }
  }

  /** Resolves when everything that was asked for so far has been handed out, told or written down. */
  settled(): Promise<void> {
    return this.#inTurn(async () => undefined);
  }

  /** Lets go of whoever waits for captions. Idempotent. */
  async close(): Promise<void> {
    for (const [sessionId, timer] of this.#lingering) {
      clearTimeout(timer);
      this.#options.captions.end(sessionId);
    }
    this.#lingering.clear();
    await this.settled();
  }

  /** An utterance was heard. Rejects where it was not kept: it is to be said again. */
  async heard(transcriptionId: string, who: Speaker, said: Utterance): Promise<void> {
    const held = this.#heldOf(transcriptionId);
    const [speaker, utterance] = [cleanSpeaker(who), cleanUtterance(said)];
    if (utterance.text === '') return;
    const writing = this.#writing.then(() => keepUtterance(this.#options.catalog, held.row, speaker, utterance));
    this.#writing = writing.catch(() => undefined);
    const kept = await writing;
    if (kept.outcome === 'lost') throw this.#lost(transcriptionId);
    if (kept.outcome === 'known') return;
    this.#options.metrics.utterance();
    if (!held.row.is_own) return;
    const { id, recording_id: recordingId } = held.row;
    const { sessionId } = held;
    this.#options.captions.publish({
      seq: kept.seq,
      sessionId,
      transcriptionId: id,
      recordingId,
      speaker,
      utterance,
    });
  }

  /** All speech that began before this was told. */
  async heardUpTo(transcriptionId: string, seconds: number): Promise<void> {
    await noteHeard(this.#options.catalog, this.#heldOf(transcriptionId).row, seconds);
  }

  /** All was told. */
  completed(
    transcriptionId: string,
    facts: { readonly durationSeconds: number; readonly engine: string },
  ): Promise<void> {
    return this.#release(transcriptionId, async ({ row }) => {
      const { catalog, finishing, log } = this.#options;
      const language = (await mainLanguageOf(catalog, row.id)) ?? row.language_wanted;
      await finishHearing(catalog, row, { ...facts, language });
      log.info({ transcriptionId, recordingId: row.recording_id, engine: facts.engine }, 'A recording was heard.');
      finishing.wake();
    });
  }

  /** There will be no more. */
  failed(transcriptionId: string, reason: string): Promise<void> {
    return this.#release(transcriptionId, async ({ row }) => {
      const { catalog, metrics, log } = this.#options;
      log.error({ transcriptionId, recordingId: row.recording_id, reason }, 'A recording could not be transcribed.');
      if (await failTranscription(catalog, row, reason)) metrics.ended('failed');
    });
  }

  /** A session is over: who watches its captions is let go when all that was said in it has been told. */
  async sessionEnded(sessionId: string): Promise<void> {
    const id = sessionId as SessionId;
    const { captions, catalog } = this.#options;
    if (!captions.isHeard(id)) return;
    if ((await transcriptionsHeardIn(catalog, id)).length === 0) return captions.end(id);
    if (this.#lingering.has(id)) return;
    this.#lingering.set(
      id,
      setTimeout(() => this.#endCaptions(id), CAPTIONS_LINGER_MS),
    );
  }

  #endCaptions(sessionId: SessionId): void {
    clearTimeout(this.#lingering.get(sessionId));
    this.#lingering.delete(sessionId);
    this.#options.captions.end(sessionId);
  }

  /** In the transaction that deletes a recording: unfinished ones fail, and no word is kept. */
  async erase(trx: Catalog, recordingId: RecordingId): Promise<void> {
    for (const { id } of await transcriptionsOf(trx, [recordingId])) {
      await failTranscription(trx, { id }, DELETED);
      await forgetUtterances(trx, id);
      await forgetTranscription(trx, id);
    }
  }

  /** Drops what is under way; resolves when nobody works on it. Its rows are `erase`'s. */
  cancel(recordingId: RecordingId): Promise<void> {
    return this.#inTurn(() => this.#drop(recordingId));
  }

  /** In the transaction that purges a participant: nothing that he said is kept, and files are made anew. `renew` once it is committed. */
  async withdraw(trx: Catalog, recordingId: RecordingId, participantId: ParticipantId): Promise<void> {
    for (const { id } of await transcriptionsOf(trx, [recordingId])) {
      await forgetUtterances(trx, id, participantId);
      await renewTranscription(trx, id);
    }
  }

  /** What was withdrawn is made anew. Repeatable. */
  async renew(recordingId: RecordingId): Promise<void> {
    const { catalog, finishing } = this.#options;
    await this.#inTurn(async () => {
      await this.#drop(recordingId);
      await finishing.eraseFiles(recordingId);
      const recording = await findRecording(catalog, recordingId);
      if (recording) await this.#resume(recording);
    });
    finishing.wake();
  }

  async #drop(recordingId: RecordingId): Promise<void> {
    const { transcriber, finishing } = this.#options;
    const held = [...this.#held.values()].filter(({ row }) => row.recording_id === recordingId);
    for (const { row } of held) {
      this.#held.delete(row.id);
      await transcriber.cancel(row.id);
    }
    await finishing.cancel(recordingId);
    for (const { sessionId } of held) await this.#heardOut(sessionId);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #follow(recording: RecordingRow, stage: JournalStage): Promise<void> {
    const { catalog, transcriber } = this.#options;
    for (const row of await transcriptionsOf(catalog, [recording.id])) {
      if (row.status !== 'queued' && row.status !== 'running') continue;
      if (!this.#held.has(row.id)) await this.#handOut(recording, row, stage);
      if (stage === 'stop-recorded') transcriber.finished(row.id);
      if (stage === 'journal-ended') transcriber.journalEnded(row.id);
    }
  }

  async #handOut(recording: RecordingRow, row: TranscriptionOfRecording, stage: JournalStage): Promise<void> {
    const { catalog, transcriber, captions, defaultEngine } = this.#options;
    const journalDir = recording.journal_dir;
    if (journalDir === null) return;
    const leased = await leaseTranscription(catalog, row.id);
    if (!leased) return;
    this.#held.set(row.id, { row: leased, sessionId: row.session_id });
    try {
      transcriber.start({
        transcriptionId: row.id,
        recordingId: recording.id,
        journalDir,
        createdAtMs: row.created_at.getTime(),
        finished: stage !== 'live',
        engine: row.engine_kind ?? defaultEngine,
        language: row.language_wanted,
        ...participantsIn(recording.subject),
        excludeParticipants: (await purgesOf(catalog, [recording.id])).map((purge) => purge.participant_id),
        heard: { seconds: leased.heard_seconds, speakers: await heardOfSpeakers(catalog, row.id) },
      });
      if (row.is_own) captions.begin(row.session_id);
    } catch (error) {
      // Nobody works on it: `resume` tries again.
      this.#held.delete(row.id);
      throw error;
    }
  }

  #heldOf(transcriptionId: string): Held {
    const held = this.#held.get(transcriptionId);
    if (!held) throw new Error('This transcription is not heard any more.');
    return held;
  }

  #lost(transcriptionId: string): Error {
    const { transcriber, log } = this.#options;
    this.#held.delete(transcriptionId);
    transcriber
      .cancel(transcriptionId)
      .catch((error: unknown) => log.error({ err: error }, 'A transcriber did not end.'));
    return new Error('The transcription was taken over, withdrawn or deleted meanwhile.');
  }

  /** Who listens is through with it. Should the database refuse now, `resume` hands it out again. */
  #release(transcriptionId: string, record: (held: Held) => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      const held = this.#held.get(transcriptionId);
      if (!held) return;
      this.#held.delete(transcriptionId);
      await record(held);
      await this.#heardOut(held.sessionId);
    });
  }

  /** The last one of a session that is over: nobody has captions to wait for. */
  async #heardOut(sessionId: SessionId): Promise<void> {
    if (!this.#lingering.has(sessionId)) return;
    if ((await transcriptionsHeardIn(this.#options.catalog, sessionId)).length > 0) return;
    this.#endCaptions(sessionId);
  }
}
