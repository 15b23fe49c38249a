/** What the workflow needs of those who listen, sum up and write down what was said. `processes/server.ts` satisfies it. */
import type { TrackSource } from '../domain/media.ts';
import type { WrittenSummary } from '../domain/summary.ts';
import type { Transcript } from '../domain/transcript.ts';
import type { TranscriptFormat, TranscriptionEngineKind } from '../domain/transcription.ts';

/** How far a transcription is: where who listens goes on. */
export interface HeardSoFar {
  /** Media time: all speech that began before this is kept. */
  readonly seconds: number;
  /** Where the last utterance kept of each speaker ends, by the speaker's id. */
  readonly speakers: Record<string, number>;
}

export interface TranscriptionWork {
  readonly transcriptionId: string;
  readonly recordingId: string;
  readonly journalDir: string;
  readonly createdAtMs: number;
  /** The recording's end is in the journal, or nobody writes the journal any more. */
  readonly finished: boolean;
  readonly engine: TranscriptionEngineKind;
  /** BCP-47; null: whatever is spoken. */
  readonly language: string | null;
  /** Present: these alone are heard, by these of their tracks. */
  readonly participants?: readonly { readonly participantId: string; readonly sources: readonly TrackSource[] }[];
  readonly excludeParticipants: readonly string[];
  readonly heard: HeardSoFar;
}

/** What is heard comes back as `Transcriptions` takes it. */
export interface Transcriber {
  start(work: TranscriptionWork): void;
  finished(transcriptionId: string): void;
  journalEnded(transcriptionId: string): void;
  cancel(transcriptionId: string): Promise<void>;
}

export type SummaryOutcome =
  | ({ readonly kind: 'done' } & WrittenSummary)
  | {
      readonly kind: 'failed';
      /** For callers. */
      readonly reason: string;
      /** For the operator's log. */
      readonly detail: string;
      readonly retryable: boolean;
      /** Not before; null: nobody said. */
      readonly retryAfterMs: number | null;
      /** What there is without the model. */
      readonly digest: WrittenSummary;
    }
  | { readonly kind: 'cancelled' };

export type Summarizer = (request: {
  readonly transcript: Transcript;
  readonly prompt: string | null;
  readonly signal: AbortSignal;
}) => Promise<SummaryOutcome>;

/** A transcript in all its formats. Rejects with the signal's reason. */
export type TranscriptWriter = (
  transcript: Transcript,
  signal: AbortSignal,
) => Promise<Readonly<Record<TranscriptFormat, string>>>;
