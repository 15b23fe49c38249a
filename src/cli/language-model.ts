/** `doctor` and the language model: it is asked to sum up three sentences, as it would be a meeting. That costs some hundred tokens. */
import { isIP } from 'node:net';
import type { Config, LanguageModelConfig } from '../config/config.ts';
import type { Transcript } from '../domain/transcript.ts';
import { isPublicAddress } from '../support/network-address.ts';
import { openChatEndpoint } from '../transcription/summary/endpoint/chat-endpoint.ts';
import { summarize } from '../transcription/summary/summarize.ts';
import type { Finding } from './finding.ts';

/** Whoever looks is not to wait for as long as a recording may. */
const LIMIT_MS = 60_000;
const BACKOFF = { firstMs: 200, mostMs: 1_000 };

const SAID = [
  'We have to choose a day for the party in the garden.',
  'I would like the first Saturday in June.',
  'Then we decided that the party is on the first Saturday in June, and I will buy the lemonade.',
];

const transcript: Transcript = {
  language: 'en',
  durationSeconds: 5 * SAID.length,
  speakers: ['Ada', 'Ben'].map((name) => ({ id: name, participantId: name, kind: 'microphone', name })),
  utterances: SAID.map((text, index) => ({
    start: 5 * index,
    end: 5 * index + 4,
    speakerId: index % 2 === 0 ? 'Ada' : 'Ben',
    text,
    language: 'en',
    words: null,
  })),
  engine: 'doctor',
};

/** A key that crosses a network for everybody to read. */
const isInTheClear = ({ url, key }: LanguageModelConfig): boolean => {
  const { protocol, hostname } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  if (key === undefined || protocol === 'https:') return false;
  return isIP(host) === 0 ? host !== 'localhost' && host.includes('.') : isPublicAddress(host);
};

/** Undefined: there is none to look at. */
export const languageModelFinding = async ({ llm }: Pick<Config, 'llm'>): Promise<Finding | undefined> => {
  if (llm === undefined) return undefined;
  const about = 'language model';
  const model = openChatEndpoint({ ...llm, timeoutMs: Math.min(llm.timeoutMs, LIMIT_MS) }, BACKOFF);
  const outcome = await summarize({ transcript, prompt: null, model, signal: AbortSignal.timeout(LIMIT_MS) });
  if (outcome.kind === 'cancelled') {
    const words = `"${llm.model}" has not summed up three sentences within ${LIMIT_MS / 1000} s: summaries will be slow, or fail`;
    return { about, verdict: 'warning', words };
  }
  if (outcome.kind === 'failed') {
    const words = `${outcome.reason} (${outcome.detail}) Until then summaries are picked from transcripts by rules`;
    return { about, verdict: 'warning', words };
  }
  if (isInTheClear(llm)) {
    const words =
      'answers, but its key and all that is said cross the network in the clear: use https in ROOMTAPE_LLM_URL';
    return { about, verdict: 'warning', words };
  }
  const { usage } = outcome.summary;
  const tokens = usage ? ` (${usage.promptTokens} tokens read, ${usage.completionTokens} written)` : '';
  return { about, verdict: 'ok', words: `"${llm.model}" sums up, and names what it rests on${tokens}` };
};
