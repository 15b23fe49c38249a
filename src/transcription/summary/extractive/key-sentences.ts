/** The sentences that say most of what a stretch is about, word for word. */
import { cuesFor } from './cues.ts';
import type { Sentence } from './terms.ts';

/** Shorter ones need what was said before them; longer ones say too much to be read at a glance. */
const FEWEST_TERMS = 3;
const EASY_WORDS = 28;
/** A question says what people don't know. */
const FOR_QUESTION = 0.4;
/** Figures are what people look up. */
const FOR_FIGURE = 1.25;
/** Of two sentences with so much in common one is enough. */
const MOST_OVERLAP = 0.5;
/** A sentence that begins with what was said before it needs that to be understood. */
const LEANS =
  /^(?:and|but|so|then|that|that's|this|it|it's|they|he|she|because|or|which|yes|no|und|aber|dann|das|es|weil|mais|et|ça|pero|y|eso)\b/iu;
const FOR_LEANING = 0.7;

const figure = /\p{N}|\b(?:hundred|thousand|million|percent|euros?|dollars?|prozent|hundert|tausend|mil|cent)\b/iu;

const isQuestion = (text: string): boolean => /[?？؟]\s*$/u.test(text);

const overlap = (one: Sentence, other: Sentence): number => {
  const keys = new Set(other.terms.map(({ key }) => key));
  const shared = one.terms.filter(({ key }) => keys.has(key)).length;
  return shared / Math.max(1, Math.min(one.terms.length, other.terms.length));
};

/**
 * At most `most` of them, in their order. `weight` says how much a term belongs to the stretch. Sentences that `isElsewhere` are shown in
 * another part of the digest already.
 */
export const keySentences = (
  sentences: readonly Sentence[],
  options: {
    readonly most: number;
    readonly language: string | null;
    readonly weight: (key: string) => number;
    readonly isElsewhere: (sentence: Sentence) => boolean;
  },
): Sentence[] => {
  const counts = new Map<string, number>();
  for (const { key } of sentences.flatMap(({ terms }) => terms)) counts.set(key, (counts.get(key) ?? 0) + 1);
  const cues = cuesFor(options.language);
  const score = ({ terms, words, text }: Sentence): number => {
    const keys = new Set(terms.map(({ key }) => key));
    const sum = [...keys].reduce((total, key) => total + Math.sqrt(counts.get(key) ?? 0) * options.weight(key), 0);
    const long = Math.max(1, words / EASY_WORDS);
    const announces = cues.some(({ topic }) => topic.test(text));
    const factor = (isQuestion(text) ? FOR_QUESTION : 1) * (figure.test(text) ? FOR_FIGURE : 1);
    return (
      (sum / Math.sqrt(Math.max(keys.size, 4)) / long) * factor * (LEANS.test(text) || announces ? FOR_LEANING : 1)
    );
  };
  const free = sentences.filter((sentence) => sentence.terms.length > 0 && !options.isElsewhere(sentence));
  const full = free.filter(({ terms }) => terms.length >= FEWEST_TERMS);
  const candidates = (full.length > 0 ? full : free)
    .map((sentence) => ({ sentence, score: score(sentence) }))
    .toSorted((one, other) => other.score - one.score || one.sentence.start - other.sentence.start);
  const chosen: Sentence[] = [];
  for (const { sentence } of candidates) {
    if (chosen.length >= options.most) break;
    if (chosen.every((other) => overlap(sentence, other) <= MOST_OVERLAP)) chosen.push(sentence);
  }
  return chosen.toSorted((one, other) => one.start - other.start || sentences.indexOf(one) - sentences.indexOf(other));
};
