/**
 * One attempt to call an endpoint: a POST through the guard of callers' URLs, bounded in time, that follows no redirect. What the endpoint
 * says in its body is nobody's business: it is never read further than that there is one.
 */
import { guardedFetch, OutboundError, type Resolve } from '../support/guarded-fetch.ts';
import type { AllowedNetworks } from '../support/outbound-url.ts';

/** Where callers' URLs may lead. */
export interface Reach {
  readonly allowed: AllowedNetworks;
  /** How names are resolved; the machine's way if it is left out. */
  readonly resolve?: Resolve;
}

export interface Attempt {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Breaks it off. */
  readonly signal: AbortSignal;
}

export interface PostOutcome {
  /** Null: no answer came; `error` says why. */
  readonly status: number | null;
  readonly error: string | null;
  /** What the answer's `Retry-After` asks for. */
  readonly retryAfterMs: number | null;
}

/** Whatever happens is an outcome; rejects only where it is a bug. */
export const post = async (attempt: Attempt, reach: Reach): Promise<PostOutcome> => {
  const { url, body, headers, timeoutMs, signal } = attempt;
  try {
    const answer = await guardedFetch({
      ...reach,
      url,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'Roomtape', ...headers },
      body,
      limits: { totalMs: timeoutMs, bodyBytes: 0, longerBody: 'cut' },
      signal,
    });
    const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], Date.now());
    return { status: answer.status, error: null, retryAfterMs };
  } catch (error) {
    if (signal.aborted) return { status: null, error: 'It was broken off.', retryAfterMs: null };
    if (!(error instanceof OutboundError)) throw error;
    return { status: null, error: error.message, retryAfterMs: null };
  }
};

/** RFC 9110 §10.2.3: seconds, or a date. Null where it is neither. */
export const parseRetryAfter = (value: string | string[] | undefined, nowMs: number): number | null => {
  if (typeof value !== 'string') return null;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = value.endsWith(' GMT') ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
};
