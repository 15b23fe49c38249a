/** What the API needs to know of transcriptions and captions, satisfied by the catalog and the workflow. */
import type {
  CaptionsPort,
  CaptionView,
  FoundUtteranceView,
  TranscriptionsPort,
  TranscriptionView,
} from '../api/ports.ts';
import type { Catalog, TranscriptSpeakerRow, UtteranceRow } from '../catalog/catalog.ts';
import { deliveriesOf } from '../catalog/deliveries.ts';
import { filesOf, transcriptFilesOf } from '../catalog/files.ts';
import { ongoingSessionOf } from '../catalog/room-rules.ts';
import { searchUtterances } from '../catalog/transcript-search.ts';
import {
  findTranscription,
  listTranscriptions,
  type TranscriptionOfRecording,
  transcriptionsHeardIn,
  transcriptionsOf,
} from '../catalog/transcriptions.ts';
import { type HeardUtterance, speakersOf, utterancesAfter } from '../catalog/utterances.ts';
import { RoomtapeError } from '../domain/errors.ts';
import type { RecordingId, RoomId, SessionId, TranscriptionId } from '../domain/ids.ts';
import type { Speaker, SpokenWord, Utterance } from '../domain/transcript.ts';
import type { CaptionHub } from '../recordings/caption-hub.ts';
import { withOwnNames } from '../recordings/read-transcript.ts';
import type { TranscribingAgain } from '../recordings/transcribing-again.ts';

const speakerView = (row: TranscriptSpeakerRow): Speaker => ({
  id: row.id,
  participantId: row.participant_id,
  kind: row.kind,
  name: row.name,
});

const utteranceView = (row: UtteranceRow): Utterance => ({
  start: row.start_seconds,
  end: row.end_seconds,
  speakerId: row.speaker_id,
  text: row.text,
  language: row.language,
  words: row.words,
});

const viewsOf = async (catalog: Catalog, rows: readonly TranscriptionOfRecording[]): Promise<TranscriptionView[]> => {
  const ids = rows.map(({ id }) => id);
  const recordings = rows.map((row) => row.recording_id);
  const [speakers, files, videos, sent] = await Promise.all([
    speakersOf(catalog, ids),
    transcriptFilesOf(catalog, ids),
    filesOf(catalog, recordings),
    deliveriesOf(catalog, recordings),
  ]);
  return rows.map((row) => {
    const own = files.filter((file) => file.transcription_id === row.id);
    const delivered = sent.find(({ file_id: id, status }) => status === 'done' && own.some((file) => file.id === id));
    return {
      id: row.id,
      roomId: row.room_id,
      sessionId: row.session_id,
      recordingId: row.recording_id,
      status: row.status,
      request: { engine: row.engine_kind, language: row.language_wanted, summary: row.summary_request },
      isOwn: row.is_own,
      engine: row.engine,
      language: row.language,
      durationSeconds: row.duration_seconds,
      heardSeconds: row.heard_seconds,
      speakers: withOwnNames(
        speakers.filter(({ transcription_id: id }) => id === row.id).map((speaker) => speakerView(speaker)),
      ),
      files: own.flatMap(({ id, transcript_kind: kind }) => (kind ? [{ id, kind }] : [])),
      userStorage: delivered?.stored_at ?? null,
      summary: row.summary,
      summaryAttempts: row.summary_attempts,
      summaryError: row.summary_error,
      failureReason: row.failure_reason,
      filePath: videos.find((file) => file.recording_id === row.recording_id)?.path ?? null,
      start: row.started_at,
      end: row.ended_at,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    };
  });
};

const viewOf = async (catalog: Catalog, row: TranscriptionOfRecording): Promise<TranscriptionView> => {
  const [view] = await viewsOf(catalog, [row]);
  if (!view) throw new Error(`The transcription "${row.id}" has no view.`);
  return view;
};

export const transcriptionsPort = (
  catalog: Catalog,
  { again, problem }: { readonly again: TranscribingAgain; readonly problem: TranscriptionsPort['problem'] },
): TranscriptionsPort => ({
  problem,
  list: async (request) => {
    const { items, total } = await listTranscriptions(catalog, request);
    return { items: await viewsOf(catalog, items), total };
  },
  find: async (id) => {
    const row = await findTranscription(catalog, id as TranscriptionId);
    return row && viewOf(catalog, row);
  },
  ofRecordings: async (ids) => {
    const rows = await transcriptionsOf(catalog, ids as RecordingId[]);
    const chosen = new Map<string, TranscriptionOfRecording>();
    for (const row of rows) if (!chosen.get(row.recording_id)?.is_own) chosen.set(row.recording_id, row);
    const views = await viewsOf(catalog, [...chosen.values()]);
    return new Map(views.map((view) => [view.recordingId, view]));
  },
  transcribe: async (recordingId, request, newId) =>
    viewOf(catalog, await again.transcribe(recordingId, request, newId)),
  search: async ({ transcriptionId, query, page, perPage }) => {
    const id = transcriptionId as TranscriptionId;
    const row = await findTranscription(catalog, id);
    if (!row) throw new RoomtapeError('TRANSCRIPTION_NOT_FOUND', 'Transcription not found.');
    const speakers = withOwnNames((await speakersOf(catalog, [id])).map(speakerView));
    const language = row.language ?? row.language_wanted;
    const { items, total } = await searchUtterances(catalog, { page, perPage, id, language, query });
    return {
      items: items.flatMap(({ utterance, highlights }): FoundUtteranceView[] => {
        const speaker = speakers.find((one) => one.id === utterance.speaker_id);
        if (!speaker) return [];
        const view = utteranceView(utterance);
        return [
          { utterance: view, speaker, highlights: highlights.map((at) => ({ ...at, words: wordsWithin(view, at) })) },
        ];
      }),
      total,
    };
  },
});

/** The words of an utterance that a part of its text is of. */
const wordsWithin = (
  { text, words }: Utterance,
  { from, to }: { readonly from: number; readonly to: number },
): SpokenWord[] => {
  const found: SpokenWord[] = [];
  let at = 0;
  for (const word of words ?? []) {
    const spoken = word.word.trim();
    const index = text.indexOf(spoken, at);
    if (index < 0) continue;
    at = index + spoken.length;
    if (index < to && at > from) found.push(word);
  }
  return found;
};

const captionView = (row: HeardUtterance): CaptionView => ({
  seq: row.seq,
  transcriptionId: row.transcription_id,
  recordingId: row.recording_id,
  speaker: { id: row.speaker_id, participantId: row.participant_id, kind: row.kind, name: row.name },
  utterance: utteranceView(row),
});

export const captionsPort = (catalog: Catalog, hub: CaptionHub): CaptionsPort => ({
  sessionOf: async (roomId) => {
    const sessionId = await ongoingSessionOf(catalog, roomId as RoomId);
    if (!sessionId) return null;
    const heard = await transcriptionsHeardIn(catalog, sessionId);
    return { sessionId, isTranscribed: heard.some((row) => row.is_own) };
  },
  after: async (sessionId, seq, limit) =>
    (await utterancesAfter(catalog, sessionId as SessionId, seq, limit)).map(captionView),
  listen: (sessionId, listener) => hub.listen(sessionId as SessionId, listener),
});
