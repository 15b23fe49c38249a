/**
 * What a summary needs of a language model: a question in, a text out, with what it cost. The port; `chat-endpoint.ts` is the adapter to
 * endpoints that speak OpenAI's chat API.
 */
import type { ModelUsage } from '../../domain/summary.ts';

export interface Question {
  /** Our instructions. Nothing in it comes from callers or rooms. */
  readonly system: string;
  /** The data, clearly delimited. */
  readonly user: string;
  /** The answer may not be longer. */
  readonly answerTokens: number;
}

/**
 * `answered`: whatever the model said, cut where it ran out of room. `too-long`: the endpoint says that the question does not fit its
 * window. `failed`: no answer after all retries, or none to be had; `reason` is a sentence for callers (no addresses, keys, or words
 * of the endpoint), `detail` one for the operator's log.
 */
export type Answer =
  | { readonly kind: 'answered'; readonly text: string; readonly cut: boolean }
  | { readonly kind: 'too-long' }
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly detail: string;
      readonly retryable: boolean;
      /** What the endpoint asked for; null: it did not say. */
      readonly retryAfterMs: number | null;
    };

/** Questions about one recording; what they cost is added up. */
export interface Conversation {
  /** Rejects with the signal's reason when it is aborted, and with nothing else. */
  ask(question: Question, signal: AbortSignal): Promise<Answer>;
  readonly usage: ModelUsage;
}

export interface LanguageModel {
  /** As the operator named it. */
  readonly name: string;
  /** Question and answer together. */
  readonly windowTokens: number;
  open(): Conversation;
  /** The text holds something of the operator's that must never be passed on, such as the endpoint's key. */
  holdsSecret(text: string): boolean;
}
