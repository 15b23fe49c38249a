/** A transcription: what was said in a recording, being made or made. Its states, and what the caller asked for. */

/**
 * `queued → running → summarizing → completed | failed`: nobody listens yet; utterances arrive; all was heard, files and summary are
 * made; everything that was asked for is there; nothing more will come, with a reason. What is `completed` goes back to `summarizing` when a
 * participant is purged: its files are made anew.
 */
export type TranscriptionStatus = 'queued' | 'running' | 'summarizing' | 'completed' | 'failed';

const NEXT: Record<TranscriptionStatus, readonly TranscriptionStatus[]> = {
  queued: ['running', 'failed'],
  running: ['running', 'summarizing', 'failed'],
  summarizing: ['completed', 'failed'],
  completed: ['summarizing'],
  failed: [],
};

/** States from which a transcription may become this. */
export const transcriptionStatesBefore = (to: TranscriptionStatus): readonly TranscriptionStatus[] =>
  (Object.keys(NEXT) as TranscriptionStatus[]).filter((from) => NEXT[from].includes(to));

/** Who hears: a model on this machine, or the endpoint of the server's settings. */
export type TranscriptionEngineKind = 'embedded' | 'endpoint';

/** What a start call, or one that asks for it afterwards, says. */
export interface TranscriptionRequest {
  /** Null: the endpoint where one is configured, else the embedded one. */
  readonly engine: TranscriptionEngineKind | null;
  /** BCP-47; null: whatever is spoken. */
  readonly language: string | null;
  /** Null: none is wanted. Without a prompt: the standard one. */
  readonly summary: { readonly prompt: string | null } | null;
}

/** Why a request can't be done here, as far as is known beforehand: by which of its fields, and a sentence that says what to do. */
export interface TranscriptionProblem {
  readonly field: 'engine' | 'language';
  readonly text: string;
}

/** Files of a transcript, by their endings. */
export const TRANSCRIPT_FORMATS = ['json', 'srt', 'txt', 'tsv', 'vtt'] as const;
export type TranscriptFormat = (typeof TRANSCRIPT_FORMATS)[number];
/** Files of a summary, by their endings. */
export const SUMMARY_FORMATS = ['txt', 'json'] as const;
export type SummaryFormat = (typeof SUMMARY_FORMATS)[number];

/** What a file of a transcription is, e.g. `transcript.vtt`: what its name ends with, behind the recording's id and a hyphen. */
export type TranscriptFileKind = `transcript.${TranscriptFormat}` | `summary.${SummaryFormat}`;
