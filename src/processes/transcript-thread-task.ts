/** What a thread that works on a transcript is told, and answers. Utterances come in parts, then the word `all`. */
import type { Transcript } from '../domain/transcript.ts';
import type { TranscriptFormat } from '../domain/transcription.ts';
import type { SummaryOutcome } from '../recordings/transcription-ports.ts';
import type { ChatEndpointSettings } from '../transcription/summary/endpoint/chat-endpoint.ts';

export type TranscriptThreadTask =
  | { readonly kind: 'files' }
  | { readonly kind: 'summary'; readonly prompt: string | null; readonly llm: ChatEndpointSettings | undefined };

export interface TranscriptThreadData {
  readonly task: TranscriptThreadTask;
  readonly head: Omit<Transcript, 'utterances'>;
}

export type TranscriptThreadResult<Kind extends TranscriptThreadTask['kind']> = {
  files: Readonly<Record<TranscriptFormat, string>>;
  summary: SummaryOutcome;
}[Kind];
