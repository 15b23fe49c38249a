/** What a call says about writing down what is said: `transcription`, and `summary` in it or beside it. */
import { z } from 'zod';
import { RoomtapeError } from '../domain/errors.ts';
import type { TranscriptionRequest } from '../domain/transcription.ts';
import { given, orOff } from './optional-field.ts';
import type { TranscriptionsPort } from './ports.ts';

const LONGEST_PROMPT = 10_000;

const NAMES = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });
/** They name no language (ISO 639): undetermined, several, none, uncoded. */
const NO_LANGUAGE = ['und', 'mul', 'zxx', 'mis'];

/** By the first part of a tag; the rest tells where and how it is spoken, which no engine asks. */
const isLanguage = (tag: string): boolean => {
  const primary = /^[A-Za-z]{2,3}(?=-|$)/.exec(tag)?.[0].toLowerCase();
  return primary !== undefined && !NO_LANGUAGE.includes(primary) && NAMES.of(primary) !== undefined;
};

export const languageTag = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*$/, {
    message: 'must be a BCP 47 language tag such as "en" or "pt-BR"',
    abort: true,
  })
  .refine(isLanguage, 'must name a language (BCP 47), such as "en" or "pt-BR"; leave it out for whatever is spoken')
  .meta({ description: 'BCP 47; left out: whatever is spoken.' });

export const summaryFields = z.object({
  enabled: given(z.boolean()),
  prompt: given(z.string().max(LONGEST_PROMPT)).meta({
    description:
      'What the summary should be like. Only a language model can follow it; left out: title, agenda, speakers and so on.',
  }),
});

export const transcriptionFields = z
  .object({
    enabled: given(z.boolean()),
    summary: orOff(summaryFields),
    language: orOff(languageTag),
  })
  .meta({ description: 'What is said is written down, speaker by speaker: docs/transcription.md.' });

export interface TranscriptionWishes {
  readonly transcription?: z.infer<typeof transcriptionFields> | undefined;
  readonly summary?: z.infer<typeof summaryFields> | undefined;
}

/** A summary that is on. */
export const askedSummary = (fields: z.infer<typeof summaryFields> | undefined): TranscriptionRequest['summary'] =>
  fields?.enabled ? { prompt: fields.prompt?.trim() || null } : null;

/** Undefined: nothing is to be written down. A summary needs it, and brings it. INVALID_REQUEST where one is on and the other is off. */
export const askedTranscription = ({
  transcription,
  summary,
}: TranscriptionWishes): TranscriptionRequest | undefined => {
  const asked = askedSummary(transcription?.summary) ?? askedSummary(summary);
  if (asked && transcription?.enabled === false) {
    const text =
      '"summary.enabled" is true while "transcription.enabled" is false: a summary is made of what was transcribed.';
    throw new RoomtapeError('INVALID_REQUEST', `${text} Turn both on, or the summary off.`);
  }
  if (!transcription?.enabled && !asked) return undefined;
  return { engine: null, language: transcription?.language ?? null, summary: asked };
};

/** INVALID_REQUEST where whoever would hear it can't: told when it is asked for, not when it has been said. `within`: where the fields stand. */
export const assertHearable = async (
  { problem }: Pick<TranscriptionsPort, 'problem'>,
  request: TranscriptionRequest | undefined,
  within: string,
): Promise<void> => {
  const found = request && (await problem(request));
  if (found) throw new RoomtapeError('INVALID_REQUEST', `"${within}${found.field}": ${found.text}`);
};
