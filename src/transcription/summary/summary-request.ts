/**
 * The one question that the rest asks of this folder: `summarize` (summarize.ts) is a `Summarize`. It has no state and no tables: who calls
 * it decides when, how often, and what is done with what comes back.
 */
import type { WrittenSummary } from '../../domain/summary.ts';
import type { Transcript } from '../../domain/transcript.ts';
import type { LanguageModel } from './language-model.ts';

export interface SummaryRequest {
  readonly transcript: Transcript;
  /** The caller's; null: the standard one. */
  readonly prompt: string | null;
  /** `openChatEndpoint(config.llm)`; null: none is configured, which gives the extractive digest. */
  readonly model: LanguageModel | null;
  readonly signal: AbortSignal;
}

/**
 * `done`: store and deliver it. `failed`: the model did not do it. `reason` may be shown to callers, `detail` is for the operator's log
 * only; `retryable`: asking again later may help, not before `retryAfterMs` where the endpoint named it. Whoever gives up has `digest`: the
 * extractive one, whose notes say that the model failed and that the prompt was not applied. `cancelled`: the signal was aborted.
 */
export type SummaryOutcome =
  | ({ readonly kind: 'done' } & WrittenSummary)
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly detail: string;
      readonly retryable: boolean;
      readonly retryAfterMs: number | null;
      readonly digest: WrittenSummary;
    }
  | { readonly kind: 'cancelled' };

/** Never rejects but for bugs. */
export type Summarize = (request: SummaryRequest) => Promise<SummaryOutcome>;
