/** What a stretch is called: the phrases that are said in it, and less elsewhere. */
import type { Stretch } from './chapters.ts';
import { isIdeographic, type Sentence, type Term } from './terms.ts';

const LONGEST_PHRASE = 3;
const PHRASES = 3;
/** A phrase of several words says more than its best word alone, if it was said more than once. */
const FOR_LENGTH = 0.6;
const FEW_SENTENCES = 20;

interface Phrase {
  readonly keys: readonly string[];
  /** As it was written most often. */
  readonly written: string;
  readonly count: number;
  readonly score: number;
}

const joined = (terms: readonly Term[]): string => {
  const written = terms.map((term) => term.written);
  return written.some(isIdeographic) ? written.join('') : written.join(' ');
};

/** Every phrase of these sentences with the ways in which it was written. */
const phrasesIn = (
  sentences: readonly Sentence[],
): Map<string, { terms: readonly Term[]; forms: Map<string, number> }> => {
  const found = new Map<string, { terms: readonly Term[]; forms: Map<string, number> }>();
  for (const run of sentences.flatMap(({ runs }) => runs)) {
    for (let from = 0; from < run.length; from += 1) {
      for (let length = 1; length <= LONGEST_PHRASE && from + length <= run.length; length += 1) {
        const terms = run.slice(from, from + length);
        const id = terms.map(({ key }) => key).join(' ');
        const phrase = found.get(id) ?? { terms, forms: new Map() };
        const form = joined(terms);
        phrase.forms.set(form, (phrase.forms.get(form) ?? 0) + 1);
        found.set(id, phrase);
      }
    }
  }
  return found;
};

/** Counts of a term here against everywhere: how much it belongs to this stretch. */
const belonging = (all: readonly Sentence[], stretches: readonly Stretch[]): ((key: string) => number) => {
  const within = new Map<string, number>();
  for (const { from, to } of stretches) {
    const keys = new Set(all.slice(from, to).flatMap(({ terms }) => terms.map(({ key }) => key)));
    for (const key of keys) within.set(key, (within.get(key) ?? 0) + 1);
  }
  return (key) => Math.log(1 + stretches.length / (within.get(key) ?? 1));
};

const scored = (sentences: readonly Sentence[], weight: (key: string) => number): Phrase[] =>
  [...phrasesIn(sentences).values()].flatMap(({ terms, forms }) => {
    const [[written] = ['']] = [...forms].toSorted(
      ([one, count], [other, otherCount]) => otherCount - count || (one < other ? -1 : 1),
    );
    const count = [...forms.values()].reduce((sum, value) => sum + value, 0);
    // Where little is said hardly anything is said twice, and two words next to each other still say more than one.
    if (count < 2 && terms.length > (sentences.length < FEW_SENTENCES ? 2 : 1)) return [];
    const mean = terms.reduce((sum, { key }) => sum + weight(key), 0) / terms.length;
    const score = count * mean * (1 + FOR_LENGTH * (terms.length - 1));
    return [{ keys: terms.map(({ key }) => key), written, count, score }];
  });

/** The best phrases, none of which shares a word with a better one. */
const best = (phrases: readonly Phrase[], most: number): Phrase[] => {
  const taken: Phrase[] = [];
  const keys = new Set<string>();
  for (const phrase of phrases.toSorted(
    (one, other) => other.score - one.score || (one.written < other.written ? -1 : 1),
  )) {
    if (taken.length >= most) break;
    if (phrase.keys.some((key) => keys.has(key))) continue;
    taken.push(phrase);
    for (const key of phrase.keys) keys.add(key);
  }
  return taken;
};

const capital = (text: string): string => {
  const [first = '', ...rest] = text;
  return first.toUpperCase() + rest.join('');
};

const commaOf = (text: string): string => {
  if (isIdeographic(text)) return '、';
  return /\p{Script=Arabic}/u.test(text) ? '، ' : ', ';
};

const listed = (phrases: readonly Phrase[]): string => {
  const list = phrases.map(({ written }) => written);
  return capital(list.join(commaOf(list.join(''))));
};

/** Single words that were said once are taken only where there are no others. */
const callings = (all: readonly Sentence[], stretches: readonly Stretch[], { from, to }: Stretch): Phrase[] => {
  const phrases = scored(all.slice(from, to), belonging(all, stretches));
  const repeated = phrases.filter(({ count, keys }) => count > 1 || keys.length > 1);
  return repeated.length >= 2 ? repeated : phrases;
};

/** "Billing provider, Swiss customers, invoices"; empty where nothing is said. */
export const titleOf = (all: readonly Sentence[], stretches: readonly Stretch[], stretch: Stretch): string =>
  listed(best(callings(all, stretches, stretch), PHRASES));

/** One phrase for each of the `chosen` stretches: what a whole recording is called. */
export const topicsOf = (all: readonly Sentence[], stretches: readonly Stretch[], chosen: readonly Stretch[]): string =>
  listed(chosen.flatMap((stretch) => best(callings(all, stretches, stretch), 1)));
