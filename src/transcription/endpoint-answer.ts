/**
 * What an endpoint answered, judged. `verbose_json` of OpenAI's API, as it and others (whisper.cpp, faster-whisper, vLLM, LocalAI, …) send
 * it: text, and where they know them language, segments and words. What makes no sense is refused with what was expected and what came.
 */
import { z } from 'zod';
import { type Heard, SPEECH_RATE } from './engine.ts';
import { languageNamed } from './language-names.ts';

/** Nobody says more; a model that goes round in circles does. */
const MOST_CHARACTERS_PER_SECOND = 60;
const FEW_CHARACTERS = 400;
/** Times may point so far behind the sound: models pad what they are given. */
const OVERHANG_S = 2;
/** Whisper's own rule for what is no speech. */
const NO_SPEECH = 0.6;
const HARDLY_LIKELY = -1;

const seconds = z.number().min(0);

const answerShape = z.object({
  text: z.string(),
  language: z.string().nullish(),
  words: z.array(z.object({ word: z.string(), start: seconds, end: seconds })).nullish(),
  segments: z
    .array(
      z.object({
        text: z.string(),
        start: seconds,
        end: seconds,
        avg_logprob: z.number().nullish(),
        no_speech_prob: z.number().nullish(),
      }),
    )
    .nullish(),
});
type Answer = z.infer<typeof answerShape>;

/** The endpoint answered something that is no transcript. The message is the end of the sentence "It answered …". */
export class NonsenseError extends Error {
  override readonly name = 'NonsenseError';
}

const SHOWN = 80;

/**
 * @param body as it came.
 * @param samples of the stretch that was sent.
 * @param language that was asked for.
 */
export const judgeAnswer = (body: string, samples: number, language: string | null): Heard => {
  const length = samples / SPEECH_RATE;
  const answer = shapeOf(body);
  const text = textOf(answer).trim();
  const spelled = (answer.words ?? []).reduce((sum, { word }) => sum + word.length + 1, 0);
  for (const characters of [text.length, spelled]) {
    if (characters > FEW_CHARACTERS + length * MOST_CHARACTERS_PER_SECOND) {
      throw new NonsenseError(`${characters} characters for ${length.toFixed(1)} s of speech`);
    }
  }
  const late = [...(answer.words ?? []), ...(answer.segments ?? [])].find(
    ({ start, end }) => end < start || end > length + OVERHANG_S,
  );
  if (late) {
    throw new NonsenseError(`a time from ${late.start} to ${late.end} s in ${length.toFixed(1)} s of speech`);
  }
  const found = answer.language ? languageNamed(answer.language) : null;
  return { text, language: language ?? found, words: text === '' ? null : wordsOf(answer, length) };
};

const shapeOf = (body: string): Answer => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (cause) {
    throw new NonsenseError(`what is no JSON ("${body.trim().slice(0, SHOWN)}")`, { cause });
  }
  const { success, data, error } = answerShape.safeParse(parsed);
  if (success) return data;
  const [issue] = error.issues;
  throw new NonsenseError(
    `JSON that is no transcript (${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'unknown'})`,
  );
};

/** Without what the model itself takes for silence. */
const textOf = ({ text, segments }: Answer): string => {
  if (!segments) return text;
  const spoken = segments.filter(
    ({ avg_logprob, no_speech_prob }) => !((no_speech_prob ?? 0) > NO_SPEECH && (avg_logprob ?? 0) < HARDLY_LIKELY),
  );
  return spoken.length === segments.length ? text : spoken.map((segment) => segment.text).join('');
};

const wordsOf = ({ words }: Answer, length: number): Heard['words'] => {
  if (!words || words.length === 0) return null;
  return words
    .map(({ word, start, end }) => ({ word: word.trim(), start: Math.min(length, start), end: Math.min(length, end) }))
    .filter(({ word }) => word !== '')
    .sort((a, b) => a.start - b.start);
};
