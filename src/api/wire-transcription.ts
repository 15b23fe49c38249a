/** A transcription as the API shows it: VideoSDK's fields, and ours (`language`, `engine`, `speakers`, `summary`, `failureReason`, …). */
import { z } from 'zod';
import type { TranscriptFileKind } from '../domain/transcription.ts';
import type { FoundUtteranceView, TranscriptionView } from './ports.ts';
import { toWireStored, wireStored } from './wire-delivery.ts';
import { toSeconds } from './wire-file.ts';

const url = z.string().optional();

export const wireSpeaker = z.object({
  id: z.string().meta({ description: "The participant's id, with `:screen` behind it for the sound of a screen." }),
  participantId: z.string(),
  kind: z.enum(['microphone', 'screen']),
  name: z.string(),
});

const wireUsage = z.object({
  calls: z.number().int(),
  retries: z.number().int(),
  promptTokens: z.number(),
  completionTokens: z.number(),
  estimated: z.boolean().meta({ description: 'The endpoint did not count its tokens.' }),
  cost: z.object({ amount: z.number(), currency: z.string() }).nullable(),
});

const wireSummary = z.object({
  prompt: z.string().nullable().meta({ description: 'As it was asked for; null: the standard one.' }),
  status: z.enum(['waiting', 'done', 'failed']),
  attempts: z.number().int(),
  error: z.string().nullable().meta({ description: 'Of the last attempt that failed.' }),
  method: z
    .enum(['model', 'extractive'])
    .nullable()
    .meta({ description: 'extractive: sentences picked by rules, no language model took part.' }),
  engine: z.string().nullable(),
  promptApplied: z.boolean().nullable(),
  title: z.string().nullable(),
  notes: z.array(z.string()).meta({ description: 'What a reader must know to judge it.' }),
  usage: wireUsage.nullable(),
});

export const wireTranscription = z
  .object({
    id: z.string(),
    status: z.enum(['queued', 'running', 'summarizing', 'completed', 'failed']),
    roomId: z.string(),
    sessionId: z.string(),
    recordingId: z.string(),
    filePath: z.string().nullable().meta({ description: 'Of the recording; null until that is done.' }),
    transcriptionFilePaths: z
      .object({ json: url, srt: url, txt: url, tsv: url, vtt: url })
      .meta({ description: 'Signed URLs that expire; empty until all is heard.' }),
    summarizedFilePaths: z.object({ txt: url, json: url }).meta({ description: 'Signed; empty without a summary.' }),
    userStorage: wireStored.nullable().meta({ description: 'Where the first of its files was delivered to.' }),
    start: z.string().nullable(),
    end: z.string().nullable(),
    engine: z.string().nullable(),
    language: z.string().nullable(),
    duration: z.number().nullable(),
    heard: z.number().meta({ description: 'Seconds of the recording that are written down.' }),
    speakers: z.array(wireSpeaker),
    summary: wireSummary.nullable().meta({ description: 'Null: none was asked for.' }),
    failureReason: z.string().nullable(),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Transcription' });
export type WireTranscription = z.infer<typeof wireTranscription>;

/** `fileUrlOf` signs. */
export const toWireTranscription = (
  view: TranscriptionView,
  { fileUrlOf }: { readonly fileUrlOf: (fileId: string) => string },
): WireTranscription => {
  const urlOf = (kind: TranscriptFileKind): string | undefined => {
    const file = view.files.find((one) => one.kind === kind);
    return file && fileUrlOf(file.id);
  };
  return {
    id: view.id,
    status: view.status,
    roomId: view.roomId,
    sessionId: view.sessionId,
    recordingId: view.recordingId,
    filePath: view.filePath,
    transcriptionFilePaths: {
      json: urlOf('transcript.json'),
      srt: urlOf('transcript.srt'),
      txt: urlOf('transcript.txt'),
      tsv: urlOf('transcript.tsv'),
      vtt: urlOf('transcript.vtt'),
    },
    summarizedFilePaths: { txt: urlOf('summary.txt'), json: urlOf('summary.json') },
    userStorage: view.userStorage && toWireStored(view.userStorage),
    start: view.start?.toISOString() ?? null,
    end: view.end?.toISOString() ?? null,
    engine: view.engine,
    language: view.language ?? view.request.language,
    duration: view.durationSeconds === null ? null : toSeconds(view.durationSeconds),
    heard: toSeconds(view.heardSeconds),
    speakers: view.speakers.map((speaker) => ({ ...speaker })),
    summary: toWireSummary(view),
    failureReason: view.failureReason,
    createdAt: view.createdAt.toISOString(),
    updatedAt: view.updatedAt.toISOString(),
  };
};

const toWireSummary = (view: TranscriptionView): z.infer<typeof wireSummary> | null => {
  const { request, summary, status } = view;
  if (!request.summary) return null;
  const isOver = status === 'completed' || status === 'failed';
  return {
    prompt: request.summary.prompt,
    status: summary ? 'done' : isOver ? 'failed' : 'waiting',
    attempts: view.summaryAttempts,
    error: view.summaryError,
    method: summary?.method ?? null,
    engine: summary?.engine ?? null,
    promptApplied: summary?.promptApplied ?? null,
    title: summary?.title ?? null,
    notes: [...(summary?.notes ?? [])],
    usage: summary?.usage ? { ...summary.usage } : null,
  };
};

export const wireFoundUtterance = z
  .object({
    start: z.number(),
    end: z.number(),
    text: z.string(),
    language: z.string().nullable(),
    speaker: wireSpeaker,
    highlights: z
      .array(
        z.object({
          from: z.number().int(),
          to: z.number().int(),
          text: z.string(),
          start: z.number().nullable().meta({ description: 'When it was said; null where no word times are known.' }),
          end: z.number().nullable(),
        }),
      )
      .meta({ description: 'What was found, `from` and up to `to` in UTF-16 units of `text`.' }),
  })
  .meta({ id: 'FoundUtterance' });

export const toWireFoundUtterance = (found: FoundUtteranceView): z.infer<typeof wireFoundUtterance> => ({
  start: toSeconds(found.utterance.start),
  end: toSeconds(found.utterance.end),
  text: found.utterance.text,
  language: found.utterance.language,
  speaker: { ...found.speaker },
  highlights: found.highlights.map(({ from, to, words }) => {
    const [first, last] = [words[0], words.at(-1)];
    return {
      from,
      to,
      text: found.utterance.text.slice(from, to),
      start: first ? toSeconds(first.start) : null,
      end: last ? toSeconds(last.end) : null,
    };
  }),
});
