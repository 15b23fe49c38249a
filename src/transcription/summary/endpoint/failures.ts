/**
 * What a failed call to the endpoint means: to be made again, the question is too long, this form of question is not understood, or nothing to
 * be done. Its words are never passed on to callers: they may hold the key, addresses, or whatever somebody made the model say.
 */
import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import { AnswerTooLarge } from './bounded-fetch.ts';

export type Failed =
  /** `afterMs`: what the endpoint asked for; null: it did not say. */
  | {
      readonly kind: 'again';
      readonly afterMs: number | null;
      readonly reason: string;
      readonly detail: string;
      readonly isTimeout: boolean;
    }
  | { readonly kind: 'too-long' }
  /** Perhaps another form of the same question is. */
  | { readonly kind: 'not-understood'; readonly reason: string; readonly detail: string }
  | { readonly kind: 'for-good'; readonly reason: string; readonly detail: string };

const LONGEST_DETAIL = 300;

/** RFC 9110 §10.2.3: seconds or a date. `retry-after-ms` is OpenAI's own. */
export const retryAfterMs = (headers: Headers | undefined, now: number): number | null => {
  const exact = Number(headers?.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(exact) && exact >= 0) return exact;
  const said = headers?.get('retry-after')?.trim() ?? '';
  if (/^\d+(?:\.\d+)?$/.test(said)) return Number(said) * 1000;
  // Without a letter it is no date, though `Date.parse` makes one of many a number.
  const date = /[a-z]/i.test(said) ? Date.parse(said) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now);
};

const SPEAKS_OF_LENGTH =
  /context.{0,20}(?:length|window|size)|maximum context|too (?:long|many tokens)|exceed.{0,40}(?:tokens|context|length)|prompt is too|reduce the length/i;

const refusal = ({ status, code, type }: APIError, detail: string): Failed => {
  if (status === 401 || status === 403) {
    return {
      kind: 'for-good',
      reason: "The language model's endpoint refused our key: the operator has to look at ROOMTAPE_LLM_KEY.",
      detail,
    };
  }
  if (status === 404) {
    const reason =
      "The language model's endpoint knows no such address or model: the operator has to look at ROOMTAPE_LLM_URL and ROOMTAPE_LLM_MODEL.";
    return { kind: 'for-good', reason, detail };
  }
  if (status === 402 || code === 'insufficient_quota' || type === 'insufficient_quota') {
    return { kind: 'for-good', reason: 'The account at the language model has no credit left.', detail };
  }
  if (status === 413 || code === 'context_length_exceeded') return { kind: 'too-long' };
  const reason = `The language model refused the question (status ${status ?? 'unknown'}).`;
  return { kind: status === 400 || status === 422 ? 'not-understood' : 'for-good', reason, detail };
};

/** `now`: ms since the epoch. `hide` takes out of the endpoint's words what must not be logged. */
export const failureOf = (error: unknown, now: number, hide: (text: string) => string): Failed => {
  const words = hide(error instanceof Error ? error.message : String(error)).slice(0, LONGEST_DETAIL);
  if (error instanceof APIConnectionTimeoutError) {
    return {
      kind: 'again',
      afterMs: null,
      reason: 'The language model did not answer in time.',
      detail: words,
      isTimeout: true,
    };
  }
  if (error instanceof APIConnectionError) {
    const { cause } = error;
    if (cause instanceof AnswerTooLarge) {
      return {
        kind: 'for-good',
        reason: 'The answer of the language model was far longer than it was asked for.',
        detail: cause.message,
      };
    }
    const detail = hide(`${error.message} ${cause instanceof Error ? cause.message : ''}`).slice(0, LONGEST_DETAIL);
    return { kind: 'again', afterMs: null, reason: "The language model can't be reached.", detail, isTimeout: false };
  }
  if (error instanceof APIError) {
    const { status, code } = error;
    const detail = `${status ?? ''} ${words}`.trim();
    const noCredit = code === 'insufficient_quota';
    if (status !== undefined && !noCredit && (status === 408 || status === 409 || status === 429 || status >= 500)) {
      const reason =
        status === 429
          ? 'The language model is asked too much at the moment.'
          : `The language model failed (status ${status}).`;
      return { kind: 'again', afterMs: retryAfterMs(error.headers, now), reason, detail, isTimeout: false };
    }
    if (status === 400 && SPEAKS_OF_LENGTH.test(error.message)) return { kind: 'too-long' };
    return refusal(error, detail);
  }
  // The body was no JSON, or not what the API says.
  return {
    kind: 'again',
    afterMs: null,
    reason: 'The language model answered with what is no answer.',
    detail: words,
    isTimeout: false,
  };
};
