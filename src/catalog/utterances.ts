/** Queries about what was said: the utterances of a transcription and their speakers. */
import { sql } from 'kysely';
import type { ParticipantId, RecordingId, SessionId, TranscriptionId } from '../domain/ids.ts';
import type { Speaker, Utterance } from '../domain/transcript.ts';
import { type Catalog, transaction } from './database.ts';
import { foldedForSearch } from './search-languages.ts';
import type { TranscriptSpeakerRow, UtteranceRow } from './tables.ts';
import type { TranscriptionLease } from './transcriptions.ts';

/** `kept`: it is new, with its number. `known`: it came before. `lost`: the lease was lost; nothing was written. */
export type KeptUtterance =
  | { readonly outcome: 'kept'; readonly seq: number }
  | { readonly outcome: 'known' }
  | { readonly outcome: 'lost' };

/** Writes one down, once however often it comes. Texts are expected without control characters. */
export const keepUtterance = (
  catalog: Catalog,
  lease: TranscriptionLease,
  speaker: Speaker,
  utterance: Utterance,
): Promise<KeptUtterance> =>
  transaction(catalog, async (trx): Promise<KeptUtterance> => {
    const held = await trx
      .selectFrom('transcriptions')
      .select('id')
      .where('id', '=', lease.id)
      .where('fence', '=', lease.fence)
      .where('status', '=', 'running')
      // Whoever purges or deletes comes before, or waits and finds it.
      .forShare()
      .executeTakeFirst();
    if (!held) return { outcome: 'lost' };
    await trx
      .insertInto('transcript_speakers')
      .values({
        transcription_id: lease.id,
        id: speaker.id,
        participant_id: speaker.participantId as ParticipantId,
        kind: speaker.kind,
        name: speaker.name,
      })
      .onConflict((conflict) =>
        conflict
          .columns(['transcription_id', 'id'])
          .doUpdateSet({ name: speaker.name })
          .where('transcript_speakers.name', '<>', speaker.name),
      )
      .execute();
    const row = await trx
      .insertInto('utterances')
      .values({
        transcription_id: lease.id,
        speaker_id: speaker.id,
        start_seconds: utterance.start,
        end_seconds: utterance.end,
        text: utterance.text,
        folded: foldedForSearch(utterance.text),
        language: utterance.language,
        words: utterance.words && JSON.stringify(utterance.words),
      })
      .onConflict((conflict) => conflict.columns(['transcription_id', 'speaker_id', 'start_seconds']).doNothing())
      .returning('seq')
      .executeTakeFirst();
    return row ? { outcome: 'kept', seq: row.seq } : { outcome: 'known' };
  });

/** Where the last utterance of each speaker ends, seconds of media time. */
export const heardOfSpeakers = async (
  catalog: Catalog,
  id: TranscriptionId,
): Promise<Record<Speaker['id'], number>> => {
  const rows = await catalog
    .selectFrom('utterances')
    .select(({ fn }) => ['speaker_id', fn.max('end_seconds').as('end_seconds')])
    .where('transcription_id', '=', id)
    .groupBy('speaker_id')
    .execute();
  return Object.fromEntries(rows.map(({ speaker_id, end_seconds }) => [speaker_id, end_seconds]));
};

/** In the order in which they spoke first, those who said nothing last. */
export const speakersOf = async (
  catalog: Catalog,
  ids: readonly TranscriptionId[],
): Promise<TranscriptSpeakerRow[]> => {
  if (ids.length === 0) return [];
  return await catalog
    .selectFrom('transcript_speakers')
    .selectAll('transcript_speakers')
    .where('transcript_speakers.transcription_id', 'in', ids)
    .orderBy(
      sql`(select min(start_seconds) from utterances
        where utterances.transcription_id = transcript_speakers.transcription_id and speaker_id = transcript_speakers.id)`,
    )
    .orderBy('transcript_speakers.id')
    .execute();
};

/** By start, then by speaker. */
export const utterancesOf = (catalog: Catalog, id: TranscriptionId): Promise<UtteranceRow[]> =>
  catalog
    .selectFrom('utterances')
    .selectAll()
    .where('transcription_id', '=', id)
    .orderBy('start_seconds')
    .orderBy('speaker_id')
    .execute();

/** In which language most was said, by characters; null: nothing was said, or in none that is known. */
export const mainLanguageOf = async (catalog: Catalog, id: TranscriptionId): Promise<string | null> => {
  const row = await catalog
    .selectFrom('utterances')
    .select('language')
    .where('transcription_id', '=', id)
    .where('language', 'is not', null)
    .groupBy('language')
    .orderBy(sql`sum(length(text))`, 'desc')
    .orderBy('language')
    .limit(1)
    .executeTakeFirst();
  return row?.language ?? null;
};

/** One with who said it, and of which recording it is. */
export interface HeardUtterance extends UtteranceRow {
  readonly recording_id: RecordingId;
  readonly participant_id: ParticipantId;
  readonly kind: Speaker['kind'];
  readonly name: string;
}

/** Of a session, written down after this number, of recordings that are not deleted; in the order in which they were. */
export const utterancesAfter = (
  catalog: Catalog,
  sessionId: SessionId,
  seq: number,
  limit: number,
): Promise<HeardUtterance[]> =>
  catalog
    .selectFrom('utterances')
    .innerJoin('transcriptions', 'transcriptions.id', 'utterances.transcription_id')
    .innerJoin('recordings', 'recordings.id', 'transcriptions.recording_id')
    .innerJoin('transcript_speakers', (join) =>
      join
        .onRef('transcript_speakers.transcription_id', '=', 'utterances.transcription_id')
        .onRef('transcript_speakers.id', '=', 'utterances.speaker_id'),
    )
    .selectAll('utterances')
    .select([
      'transcriptions.recording_id',
      'transcript_speakers.participant_id',
      'transcript_speakers.kind',
      'transcript_speakers.name',
    ])
    .where('recordings.session_id', '=', sessionId)
    .where('recordings.deleted_at', 'is', null)
    .where('transcriptions.is_own', '=', true)
    .where('utterances.seq', '>', seq)
    .orderBy('utterances.seq')
    .limit(limit)
    .execute();

/** Everything that these participants said, or everything that was said; speakers included. Pass the transaction of what it is for. */
export const forgetUtterances = async (
  trx: Catalog,
  id: TranscriptionId,
  participantId?: ParticipantId,
): Promise<void> => {
  let speakers = trx.deleteFrom('transcript_speakers').where('transcription_id', '=', id);
  if (participantId !== undefined) speakers = speakers.where('participant_id', '=', participantId);
  // Their utterances go with them.
  await speakers.execute();
};

/** The time of a transcription's words is over: they go, and what its summary is called. */
export const forgetWords = (catalog: Catalog, id: TranscriptionId): Promise<void> =>
  transaction(catalog, async (trx) => {
    await forgetUtterances(trx, id);
    await trx
      .updateTable('transcriptions')
      .set({ summary: sql<string | null>`jsonb_set(summary, '{title}', '""')` })
      .where('id', '=', id)
      .execute();
  });

/** Transcriptions that ended before then, and of which words are kept. */
export const wordsKeptBefore = async (catalog: Catalog, before: Date, limit: number): Promise<TranscriptionId[]> => {
  const rows = await catalog
    .selectFrom('transcriptions')
    .select('id')
    .where('status', 'in', ['completed', 'failed'])
    .where('updated_at', '<', before)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('transcript_speakers')
          .select('transcript_speakers.id')
          .whereRef('transcript_speakers.transcription_id', '=', 'transcriptions.id'),
      ),
    )
    .orderBy('updated_at')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
};
