/**
 * Texts cut into sentences and words by Unicode's rules (UAX #29, with ICU's dictionaries for scripts without spaces), and words made
 * comparable, so that the rest needs no grammar of any language.
 */
import type { Transcript } from '../../../domain/transcript.ts';
import type { UtteranceNumber } from '../moments.ts';
import { isFunctionWord } from './function-words.ts';

/** A word that says something: what it is compared by, and how it was written. */
export interface Term {
  readonly key: string;
  readonly written: string;
}

export interface Sentence {
  readonly utterance: UtteranceNumber;
  readonly speakerId: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly terms: readonly Term[];
  /** Neighbouring terms with nothing but space between them: what a phrase can be made of. */
  readonly runs: readonly (readonly Term[])[];
  readonly words: number;
}

const IDEOGRAPHIC =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;
/** Grammar in Japanese is written in hiragana, most of what things are called is not. */
const HIRAGANA_ALONE = /^[\p{Script=Hiragana}ー]+$/u;

export const isIdeographic = (text: string): boolean => IDEOGRAPHIC.test(text);

/** So that inflected forms meet: endings beyond this rarely tell two words apart. */
const LONGEST_KEY = 7;

/** What inflected forms of a word have in common, roughly. Exact for scripts without inflection by endings. */
export const keyOf = (word: string): string => {
  const plain = word.normalize('NFKC').toLowerCase();
  if (isIdeographic(plain)) return plain;
  // The article is written as a part of the word in Arabic, alone or behind "and", "with", "for".
  const bare = plain.length > 4 ? plain.replace(/^(?:[وبفك]?ال|لل)/u, '') : plain;
  const singular = bare.length > 3 ? bare.replace(/(?<=[^s])s$|(?<=[sxz])es$/u, '') : bare;
  return [...singular].slice(0, LONGEST_KEY).join('');
};

/** Figures, and how Chinese and Japanese count days, hours, people and money. */
const FIGURE = /^(?:[\p{N}.,:'’]+|[\d〇一二三四五六七八九十百千万]+[日月年時时分点円元台人位个年]?)$/u;

const saysNothing = (word: string): boolean => {
  const plain = word.toLowerCase();
  if (FIGURE.test(plain) || isFunctionWord(plain)) return true;
  if (HIRAGANA_ALONE.test(plain)) return true;
  return [...plain].length < (isIdeographic(plain) ? 2 : 3);
};

/** A full stop behind these ends no sentence: "am 7. Januar", "Dr. Hála". */
const GOES_ON = /(?:\p{N}|(?<!\p{L})(?:Dr|Mr|Mrs|Ms|Prof|St|Nr|No|ca|bzw|Sr|Sra|Mme|z\. ?B|u\. ?a|e\.g|i\.e|د|أ))\.$/u;

/** The longest of them, and what must not stand before it. */
const ABBREVIATION_LETTERS = 8;

/** Cuts texts of one language. `omitted`: words that say nothing here, such as the names of those who talk to each other. */
export class Reader {
  readonly #sentences: Intl.Segmenter;
  readonly #words: Intl.Segmenter;
  readonly #omitted: ReadonlySet<string>;

  constructor(language: string | null, omitted: Iterable<string>) {
    const locale = language ?? 'und';
    this.#sentences = new Intl.Segmenter(locale, { granularity: 'sentence' });
    this.#words = new Intl.Segmenter(locale, { granularity: 'word' });
    this.#omitted = new Set(Array.from(omitted, keyOf));
  }

  sentences(text: string): string[] {
    const sentences: string[] = [];
    for (const { segment } of this.#sentences.segment(text)) {
      const last = sentences.at(-1);
      if (last !== undefined && GOES_ON.test(last.slice(-ABBREVIATION_LETTERS)))
        sentences[sentences.length - 1] = `${last} ${segment.trim()}`;
      else if (segment.trim() !== '') sentences.push(segment.trim());
    }
    return sentences;
  }

  words(text: string): string[] {
    return Array.from(this.#words.segment(text))
      .filter(({ isWordLike }) => isWordLike)
      .map(({ segment }) => segment);
  }

  /** Runs of terms; a run ends at a word that says nothing and at punctuation. */
  runs(text: string): Term[][] {
    const runs: Term[][] = [];
    let run: Term[] = [];
    for (const { segment, isWordLike } of this.#words.segment(text)) {
      if (!isWordLike && segment.trim() === '') continue;
      const key = keyOf(segment);
      if (isWordLike && !saysNothing(segment) && !this.#omitted.has(key)) run.push({ key, written: segment });
      else {
        if (run.length > 0) runs.push(run);
        run = [];
      }
    }
    if (run.length > 0) runs.push(run);
    return runs;
  }
}

const readerOf = ({ language, speakers }: Transcript): Reader => {
  const plain = new Reader(language, []);
  return new Reader(
    language,
    speakers.flatMap(({ name }) => plain.words(name)),
  );
};

/** All sentences of a transcript in its order. Sound of shared screens is left out: nobody in the room said it. */
export const sentencesOf = (transcript: Transcript): Sentence[] => {
  const reader = readerOf(transcript);
  const screens = new Set(transcript.speakers.filter(({ kind }) => kind === 'screen').map(({ id }) => id));
  return transcript.utterances.flatMap(({ speakerId, start, end, text }, utterance) =>
    screens.has(speakerId)
      ? []
      : reader.sentences(text).map((sentence) => {
          const runs = reader.runs(sentence);
          const words = reader.words(sentence).length;
          return { utterance, speakerId, start, end, text: sentence, terms: runs.flat(), runs, words };
        }),
  );
};
