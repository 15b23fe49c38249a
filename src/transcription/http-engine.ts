/**
 * The engine behind an endpoint: whatever speaks OpenAI's `/audio/transcriptions`. Runs in the server process, which has the network and the
 * key. An answer that doesn't come, comes too late, or makes no sense is asked for again, ever more rarely; then it is an `EngineError`.
 * Neither the key nor what was said is in errors or logs.
 */
import { setTimeout as delay } from 'node:timers/promises';
import OpenAI, { APIConnectionError, APIError, toFile } from 'openai';
import { type Backoff, backoffMs } from '../domain/backoff.ts';
import { judgeAnswer, NonsenseError } from './endpoint-answer.ts';
import { EngineError, type Heard, type HearOptions, primaryLanguage, type TranscriptionEngine } from './engine.ts';
import { whisperCode } from './language-names.ts';
import { wavOf } from './pcm.ts';

export interface HttpEngineOptions {
  /** Up to what comes before `/audio/transcriptions`, e.g. `https://api.openai.com/v1`. */
  readonly url: string;
  /** Undefined: none is sent. */
  readonly key: string | undefined;
  readonly model: string;
  /** For a whole answer. */
  readonly timeoutMs: number;
  readonly backoff?: Backoff;
}

/** Of one stretch. The transcription as a whole then waits longer, and asks again. */
const TRIES = 5;
const BACKOFF: Backoff = { firstMs: 1_000, mostMs: 15_000 };
/** An endpoint that says when to come back is believed up to this. */
const LONGEST_RETRY_AFTER_MS = 60_000;
/** Stretches asked about at once: enough to hide the way there and back, few enough for an endpoint on one machine. */
const CONCURRENCY = 3;
/** A minute of speech with times for every word is some tens of kilobytes. */
const MOST_ANSWER_BYTES = 4 * 1024 * 1024;
const SHOWN = 200;

/** What came of one try. */
type Outcome =
  | { readonly heard: Heard }
  | { readonly again: string; readonly nonsense: boolean; readonly afterMs: number | null }
  | { readonly refused: string }
  | { readonly plainer: true };

export const openHttpEngine = (options: HttpEngineOptions): TranscriptionEngine => {
  const engine = new HttpEngine(options);
  return {
    name: `endpoint/${options.model}`,
    concurrency: CONCURRENCY,
    transcribe: (speech, how) => engine.transcribe(speech, how),
    close: () => engine.close(),
  };
};

class HttpEngine {
  readonly #options: HttpEngineOptions;
  readonly #client: OpenAI;
  readonly #closed = new AbortController();
  /** False: it refused `verbose_json` (some models know text alone). */
  #verbose = true;

  constructor(options: HttpEngineOptions) {
    this.#options = options;
    this.#client = new OpenAI({
      baseURL: options.url,
      apiKey: options.key ?? 'none',
      // Nothing of OpenAI's own environment: it would be sent to whoever answers here.
      adminAPIKey: null,
      webhookSecret: null,
      organization: null,
      project: null,
      maxRetries: 0,
      timeout: options.timeoutMs,
      logLevel: 'off',
      ...(options.key === undefined && { defaultHeaders: { authorization: null } }),
      // A redirection would take the key along.
      fetchOptions: { redirect: 'error' },
      fetch: boundedFetch,
    });
  }

  close(): Promise<void> {
    this.#closed.abort(new EngineError('absent', 'The endpoint is not asked any more: Roomtape is ending.'));
    return Promise.resolve();
  }

  async transcribe(speech: Float32Array, { language, signal }: HearOptions): Promise<Heard> {
    const ends = signal ? AbortSignal.any([signal, this.#closed.signal]) : this.#closed.signal;
    const wav = wavOf(speech);
    for (let tries = 1; ; ) {
      ends.throwIfAborted();
      const outcome = await this.#try(wav, speech.length, language, ends);
      if ('heard' in outcome) return outcome.heard;
      if ('refused' in outcome) throw new EngineError('refused', this.#sentence(outcome.refused));
      if ('plainer' in outcome) {
        this.#verbose = false;
        continue;
      }
      if (tries === TRIES) {
        const words = `${this.#sentence(outcome.again)} It was asked ${TRIES} times.`;
        if (outcome.nonsense) throw new EngineError('refused', `${words} Check ROOMTAPE_TRANSCRIBE_URL.`);
        throw new EngineError('absent', words);
      }
      const waitMs = outcome.afterMs ?? backoffMs(this.#options.backoff ?? BACKOFF, tries, Math.random());
      await delay(waitMs, undefined, { signal: ends }).catch(() => ends.throwIfAborted());
      tries += 1;
    }
  }

  async #try(wav: Buffer, samples: number, language: string | null, ends: AbortSignal): Promise<Outcome> {
    const { timeoutMs } = this.#options;
    const late = AbortSignal.timeout(timeoutMs);
    try {
      const body = await this.#ask(wav, language, AbortSignal.any([ends, late]));
      return { heard: judgeAnswer(body, samples, language) };
    } catch (error) {
      ends.throwIfAborted();
      if (late.aborted) return again(`did not answer within ${timeoutMs / 1000} s`);
      return this.#judge(error);
    }
  }

  async #ask(wav: Buffer, language: string | null, signal: AbortSignal): Promise<string> {
    const answer = await this.#client.audio.transcriptions
      .create(
        {
          file: await toFile(wav, 'speech.wav', { type: 'audio/wav' }),
          model: this.#options.model,
          ...(language !== null && { language: whisperCode(primaryLanguage(language)) }),
          ...(this.#verbose
            ? { response_format: 'verbose_json', timestamp_granularities: ['word', 'segment'] }
            : { response_format: 'json' }),
        },
        { signal },
      )
      .asResponse();
    return answer.text();
  }

  #judge(error: unknown): Outcome {
    if (error instanceof NonsenseError) return { again: `answered ${error.message}`, nonsense: true, afterMs: null };
    if (error instanceof APIConnectionError || !(error instanceof APIError)) {
      return again(`can't be reached, or broke off (${this.#redacted(causeOf(error))})`);
    }
    const { status, headers } = error;
    const said = this.#redacted(error.message).slice(0, SHOWN);
    if (status === 408 || status === 409 || status === 429 || status >= 500) {
      return { ...again(`answered ${said}`), afterMs: retryAfterMs(headers) };
    }
    if (this.#verbose && status === 400 && /response_format|verbose_json|timestamp_granularit/.test(error.message)) {
      return { plainer: true };
    }
    if (status === 401 || status === 403) {
      return { refused: `refuses us (${status}): check ROOMTAPE_TRANSCRIBE_KEY` };
    }
    if (status === 404)
      return {
        refused: `knows no such address or model (${said}): check ROOMTAPE_TRANSCRIBE_URL and ROOMTAPE_TRANSCRIBE_MODEL`,
      };
    return { refused: `answered ${said}` };
  }

  #sentence(what: string): string {
    return `The transcription endpoint at ${new URL(this.#options.url).host} ${what.replace(/\.$/, '')}.`;
  }

  /** Some endpoints repeat the key that they don't like. */
  #redacted(words: string): string {
    const { key } = this.#options;
    return key ? words.replaceAll(key, '[secret]') : words;
  }
}

const again = (what: string): Extract<Outcome, { again: string }> => ({ again: what, nonsense: false, afterMs: null });

/** What lies at the bottom of a failed fetch. */
const causeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : causeOf(error.cause);
};

/** RFC 9110 §10.2.3: seconds, or a date. */
const retryAfterMs = (headers: Headers | undefined): number | null => {
  const value = headers?.get('retry-after');
  if (!value) return null;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, ms)) : null;
};

/** No answer is read further than that, neither what is heard nor what went wrong. */
const boundedFetch: typeof fetch = async (input, init) => {
  const { body, status, statusText, headers } = await fetch(input, init);
  return new Response(body?.pipeThrough(within(MOST_ANSWER_BYTES)) ?? null, { status, statusText, headers });
};

const within = (mostBytes: number): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> => {
  let bytes = 0;
  return new TransformStream({
    transform: (part, controller) => {
      bytes += part.length;
      if (bytes > mostBytes) throw new NonsenseError(`more than ${mostBytes} bytes`);
      controller.enqueue(part);
    },
  });
};
