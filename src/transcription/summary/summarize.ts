/**
 * From a transcript to its summary: by the model where there is one, else by rules. Failures of the model are outcomes, not exceptions, and
 * bring the extractive digest along, which says why it is one.
 */
import type { Summary, WrittenSummary } from '../../domain/summary.ts';
import type { Transcript } from '../../domain/transcript.ts';
import { digestOf, NOT_CONFIGURED } from './extractive/digest.ts';
import { modelSummary } from './model/model-summary.ts';
import { oneLine, plainTranscript, Spoken } from './plain-text.ts';
import type { Summarize } from './summary-request.ts';
import { summaryText } from './summary-text.ts';

const written = (summary: Summary): WrittenSummary => ({ summary, text: summaryText(summary) });

const saysNothing = ({ utterances }: Transcript): boolean => utterances.every(({ text }) => text === '');

export const summarize: Summarize = async ({ transcript, prompt, model, signal }) => {
  if (signal.aborted) return { kind: 'cancelled' };
  const plain = plainTranscript(transcript);
  const wanted = prompt === null || oneLine(prompt) === '' ? null : prompt;
  const whose = wanted === null ? 'standard' : 'caller';
  if (model === null || saysNothing(plain)) return { kind: 'done', ...written(digestOf(plain, whose, NOT_CONFIGURED)) };
  try {
    const outcome = await modelSummary(plain, { prompt: wanted, model, spoken: new Spoken(plain), signal });
    if (outcome.kind === 'done') return { kind: 'done', ...written(outcome.summary) };
    return {
      ...outcome,
      digest: written(digestOf(plain, whose, outcome.reason)),
    };
  } catch (error) {
    if (signal.aborted) return { kind: 'cancelled' };
    throw error;
  }
};
