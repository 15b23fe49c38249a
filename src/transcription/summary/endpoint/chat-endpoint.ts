/**
 * A language model behind an endpoint that speaks OpenAI's chat API: OpenAI itself, or vLLM, llama.cpp, Ollama, LiteLLM and whoever else does.
 * Nothing is taken from the environment but by our own settings, no tools are offered, and the answer is read as text.
 *
 * What goes wrong in passing (429, 5xx, network) is tried again with growing waits, or after what the endpoint asks for. Endpoints differ in
 * which parameters they know: each question starts in the form that was understood last, and falls back to plainer ones (`FORMS`).
 */
import { setTimeout as wait } from 'node:timers/promises';
import OpenAI from 'openai';
import { z } from 'zod';
import { type Backoff, backoffMs } from '../../../domain/backoff.ts';
import type { ModelUsage } from '../../../domain/summary.ts';
import type { Answer, Conversation, LanguageModel, Question } from '../language-model.ts';
import { estimateTokens } from '../model/tokens.ts';
import { boundedFetch } from './bounded-fetch.ts';
import { type Failed, failureOf } from './failures.ts';

export interface ChatEndpointSettings {
  /** With its path up to `/chat/completions`: `https://api.openai.com/v1`. */
  readonly url: string;
  /** Undefined: the endpoint wants none. */
  readonly key: string | undefined;
  readonly model: string;
  /** Tokens of question and answer together. */
  readonly windowTokens: number;
  /** For one answer. */
  readonly timeoutMs: number;
  /** Per million tokens; undefined: nobody wants to know. */
  readonly prices: { readonly input: number; readonly output: number; readonly currency: string } | undefined;
}

/** Waits between tries; 2 s is what rate limits by the second want, a minute what those by the minute do. */
const BACKOFF: Backoff = { firstMs: 2_000, mostMs: 60_000 };
const MOST_TRIES = 5;
/** What did not come in time will hardly come the third time, and each costs the whole time. */
const MOST_TIMEOUTS = 2;
/** An endpoint that wants us to wait for longer is better asked again by who knows what else is to be done. */
const LONGEST_WAIT_MS = 90_000;
/** Ten times the longest answer we ask for, in its widest script and escapes. */
const MOST_ANSWER_BYTES = 1024 * 1024;

type Params = OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;

/** From the form that says most to the one that everybody understands. */
const FORMS: readonly ((answerTokens: number) => Partial<Params>)[] = [
  (tokens) => ({ response_format: { type: 'json_object' }, temperature: 0, max_tokens: tokens }),
  // Models that think by themselves: another name of the limit, and no say in the temperature.
  (tokens) => ({ response_format: { type: 'json_object' }, max_completion_tokens: tokens }),
  // No JSON mode.
  (tokens) => ({ temperature: 0, max_tokens: tokens }),
  () => ({}),
];

const count = z.number().int().min(0).max(1e9);
const completion = z.object({
  choices: z
    .array(z.object({ message: z.object({ content: z.string().nullish() }), finish_reason: z.string().nullish() }))
    .min(1),
  usage: z.object({ prompt_tokens: count, completion_tokens: count }).nullish().catch(null),
});

interface Counted {
  calls: number;
  retries: number;
  promptTokens: number;
  completionTokens: number;
  estimated: boolean;
}

const costOf = (counted: Counted, prices: ChatEndpointSettings['prices']): ModelUsage['cost'] => {
  if (prices === undefined) return null;
  const amount = (counted.promptTokens * prices.input + counted.completionTokens * prices.output) / 1e6;
  return { amount: Math.round(amount * 1e6) / 1e6, currency: prices.currency };
};

class ChatConversation implements Conversation {
  readonly #client: OpenAI;
  readonly #settings: ChatEndpointSettings;
  readonly #backoff: Backoff;
  readonly #hide: (text: string) => string;
  readonly #counted: Counted = { calls: 0, retries: 0, promptTokens: 0, completionTokens: 0, estimated: false };
  /** Of `FORMS`, the first that was understood. */
  #form = 0;

  constructor(client: OpenAI, settings: ChatEndpointSettings, backoff: Backoff, hide: (text: string) => string) {
    this.#client = client;
    this.#settings = settings;
    this.#backoff = backoff;
    this.#hide = hide;
  }

  get usage(): ModelUsage {
    return { ...this.#counted, cost: costOf(this.#counted, this.#settings.prices) };
  }

  async ask(question: Question, signal: AbortSignal): Promise<Answer> {
    let [tries, timeouts] = [0, 0];
    for (;;) {
      const outcome = await this.#once(question, signal);
      if (outcome.kind === 'answered' || outcome.kind === 'too-long') return outcome;
      if (outcome.kind === 'not-understood' && this.#form < FORMS.length - 1) {
        this.#form += 1;
        continue;
      }
      const { reason, detail } = outcome;
      if (outcome.kind !== 'again') return { kind: 'failed', reason, detail, retryable: false, retryAfterMs: null };
      tries += 1;
      if (outcome.isTimeout) timeouts += 1;
      const waitMs = outcome.afterMs ?? backoffMs(this.#backoff, tries, Math.random());
      if (tries >= MOST_TRIES || timeouts >= MOST_TIMEOUTS || waitMs > LONGEST_WAIT_MS) {
        return { kind: 'failed', reason, detail, retryable: true, retryAfterMs: outcome.afterMs };
      }
      this.#counted.retries += 1;
      await wait(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  async #once({ system, user, answerTokens }: Question, signal: AbortSignal): Promise<Answer | Failed> {
    signal.throwIfAborted();
    const params: Params = {
      model: this.#settings.model,
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: user },
      ],
      stream: false,
      ...FORMS[this.#form]?.(answerTokens),
    };
    try {
      const { timeoutMs } = this.#settings;
      const raw: unknown = await this.#client.chat.completions.create(params, {
        signal,
        timeout: timeoutMs,
        maxRetries: 0,
      });
      const { choices, usage } = completion.parse(raw);
      const [choice] = choices;
      const text = choice?.message.content ?? '';
      this.#count(usage ?? null, `${system}${user}`, text);
      return { kind: 'answered', text, cut: choice?.finish_reason === 'length' };
    } catch (error) {
      signal.throwIfAborted();
      return failureOf(error, Date.now(), this.#hide);
    }
  }

  #count(usage: { prompt_tokens: number; completion_tokens: number } | null, asked: string, said: string): void {
    this.#counted.calls += 1;
    this.#counted.promptTokens += usage?.prompt_tokens ?? estimateTokens(asked);
    this.#counted.completionTokens += usage?.completion_tokens ?? estimateTokens(said);
    if (usage === null) this.#counted.estimated = true;
  }
}

/** A key as short as this would be found in every text. */
const SHORTEST_KEY = 8;

/** Opens no connection; nothing has to be closed. `backoff` is shorter in tests. */
export const openChatEndpoint = (settings: ChatEndpointSettings, backoff: Backoff = BACKOFF): LanguageModel => {
  const { url, key, model, windowTokens } = settings;
  const client = new OpenAI({
    baseURL: url,
    // The library insists on one; what is sent is up to `boundedFetch`.
    apiKey: 'unused',
    // It would look for all of these in the environment of this server.
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    logLevel: 'off',
    maxRetries: 0,
    fetch: boundedFetch({ mostBytes: MOST_ANSWER_BYTES, key }),
  });
  const { host, port } = new URL(url);
  const secrets = [key, port === '' ? undefined : host].filter(
    (secret): secret is string => secret !== undefined && secret.length >= SHORTEST_KEY,
  );
  const hide = (text: string): string => secrets.reduce((rest, secret) => rest.replaceAll(secret, '[hidden]'), text);
  return {
    name: model,
    windowTokens,
    open: () => new ChatConversation(client, settings, backoff, hide),
    holdsSecret: (text) => secrets.some((secret) => text.includes(secret)),
  };
};
