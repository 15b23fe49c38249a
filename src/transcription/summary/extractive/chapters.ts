/**
 * Where the topic shifts: TextTiling (M. A. Hearst, "TextTiling: Segmenting Text into Multi-paragraph Subtopic Passages", Computational
 * Linguistics 23(1), 1997) between utterances. The words before a gap are compared with those after it; where they have much less in
 * common than around it, a chapter begins. Silence and phrases such as "next topic" add to that.
 */
import { type Cues, cuesFor } from './cues.ts';
import type { Sentence } from './terms.ts';

/** Sentences from `from` up to, not including, `to`. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Terms on each side of a gap. Fewer find no topic, more see across short ones. Spoken text has 3 to 5 in a sentence. */
const WINDOW_TERMS = 45;
/** A word's weight comes from in how many pieces of so many sentences it is found. */
const PIECE_SENTENCES = 8;
/** A chapter of a long meeting is rarely shorter than this, one of a short meeting not than a tenth of it. */
const LEAST_SECONDS = 120;
const LEAST_PART = 1 / 10;
/** Below the first there is one topic, whatever the words say; below the second greetings, and no chapter. */
const LEAST_SPLIT_SECONDS = 60;
const LEAST_EVER_SECONDS = 30;
/** What is said before a silence and after it may still be one topic: half of what a clear shift of words (depth 0.6) weighs. */
const MOST_FOR_SILENCE = 0.3;
const FULL_SILENCE_SECONDS = 5;
/** "Next topic" said aloud beats any count of words. */
const FOR_WORDS = 0.8;
const MOST_CHAPTERS = 20;

/** Words that are spread over everything weigh little, those of one place much. */
export const weigh = (sentences: readonly Sentence[]): ((key: string) => number) => {
  const pieces = Math.max(1, Math.ceil(sentences.length / PIECE_SENTENCES));
  const found = new Map<string, Set<number>>();
  sentences.forEach(({ terms }, index) => {
    for (const { key } of terms) {
      const in_ = found.get(key) ?? new Set();
      found.set(key, in_.add(Math.floor(index / PIECE_SENTENCES)));
    }
  });
  return (key) => Math.log(1 + pieces / (found.get(key)?.size ?? pieces));
};

type Weigh = ReturnType<typeof weigh>;
type Bag = Map<string, number>;

/** Terms from `at` on in one direction, until there are enough. */
const bagFrom = (sentences: readonly Sentence[], at: number, step: 1 | -1): Bag => {
  const bag: Bag = new Map();
  let count = 0;
  for (let index = at; count < WINDOW_TERMS; index += step) {
    const sentence = sentences[index];
    if (sentence === undefined) break;
    for (const { key } of sentence.terms) bag.set(key, (bag.get(key) ?? 0) + 1);
    count += sentence.terms.length;
  }
  return bag;
};

const cosine = (one: Bag, other: Bag, weight: Weigh): number => {
  const norm = (bag: Bag) => Math.sqrt([...bag].reduce((sum, [key, count]) => sum + (count * weight(key)) ** 2, 0));
  const norms = norm(one) * norm(other);
  if (norms === 0) return 0;
  const shared = [...one].reduce((sum, [key, count]) => sum + count * (other.get(key) ?? 0) * weight(key) ** 2, 0);
  return shared / norms;
};

/** How far the similarity rises on both sides of `at` before it falls again. */
const depthAt = (similarities: readonly number[], at: number): number => {
  const here = similarities[at] ?? 0;
  const peak = (step: 1 | -1): number => {
    let best = here;
    for (let index = at + step; ; index += step) {
      const next = similarities[index];
      if (next === undefined || next < best) return best;
      best = next;
    }
  };
  return peak(-1) + peak(1) - 2 * here;
};

interface Gap {
  /** The first sentence behind it. */
  readonly at: number;
  readonly score: number;
  readonly isSpoken: boolean;
}

const opens = (sentence: Sentence, cues: readonly Cues[]): boolean =>
  cues.some(({ topic }) => topic.test(sentence.text));

/** A single sentence moves the similarity up or down; a topic does for longer. */
const smooth = (values: readonly number[]): number[] =>
  values.map((_value, index) => {
    const near = values.slice(Math.max(0, index - 1), index + 2);
    return near.reduce((sum, value) => sum + value, 0) / near.length;
  });

const gapsOf = (sentences: readonly Sentence[], weight: Weigh, cues: readonly Cues[]): Gap[] => {
  const places = sentences.flatMap(({ utterance }, index) =>
    index > 0 && sentences[index - 1]?.utterance !== utterance ? [index] : [],
  );
  const similarities = smooth(
    places.map((at) => cosine(bagFrom(sentences, at - 1, -1), bagFrom(sentences, at, 1), weight)),
  );
  return places.map((at, index) => {
    const silence = (sentences[at]?.start ?? 0) - (sentences[at - 1]?.end ?? 0);
    const forSilence = MOST_FOR_SILENCE * Math.min(1, Math.max(0, silence - 1) / FULL_SILENCE_SECONDS);
    const isSpoken = sentences.slice(at, places[index + 1]).some((one) => opens(one, cues));
    return { at, isSpoken, score: depthAt(similarities, index) + forSilence + (isSpoken ? FOR_WORDS : 0) };
  });
};

const meanAndSpread = (values: readonly number[]): readonly [number, number] => {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length));
  return [mean, spread];
};

/** The chapters of these sentences in order: they cover all of them. One or none where there is little to divide. */
export const chaptersOf = (
  sentences: readonly Sentence[],
  { language, durationSeconds }: { readonly language: string | null; readonly durationSeconds: number },
): Stretch[] => {
  if (sentences.length === 0) return [];
  const whole = { from: 0, to: sentences.length };
  if (durationSeconds < LEAST_SPLIT_SECONDS) return [whole];
  const gaps = gapsOf(sentences, weigh(sentences), cuesFor(language));
  const [mean, spread] = meanAndSpread(gaps.map(({ score }) => score));
  const leastSeconds = Math.min(LEAST_SECONDS, Math.max(durationSeconds * LEAST_PART, LEAST_EVER_SECONDS));
  const secondsAt = (at: number): number => sentences[at]?.start ?? durationSeconds;
  const chosen: number[] = [];
  for (const { at, score, isSpoken } of gaps.toSorted((one, other) => other.score - one.score)) {
    if (chosen.length >= MOST_CHAPTERS - 1 || (score < mean + spread && !isSpoken)) break;
    const seconds = secondsAt(at);
    const edges = [secondsAt(0), ...chosen.map(secondsAt), durationSeconds];
    if (edges.every((edge) => Math.abs(edge - seconds) >= leastSeconds)) chosen.push(at);
  }
  const starts = [0, ...chosen.toSorted((one, other) => one - other)];
  return starts.map((from, index) => ({ from, to: starts[index + 1] ?? sentences.length }));
};
