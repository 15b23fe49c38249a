/**
 * Text from outside as plain text. Rooms, callers and models write what they like: control characters that steer terminals, marks that turn
 * the direction of what follows, markup that a page would run, addresses that lead somewhere nobody spoke of. What is left here is one
 * line of letters.
 */
import type { Transcript } from '../../domain/transcript.ts';

/** Bidirectional embeddings, overrides and isolates; interlinear marks; zero-width and byte-order marks; tag characters, which carry hidden text. */
const HIDDEN = /[\u200b\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** One line, without what can't be seen. Letters stay as they are: names remain exact. */
export const oneLine = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(HIDDEN, '')
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();

export const shortened = (text: string, most: number): string => {
  const letters = [...text];
  return letters.length <= most
    ? text
    : `${letters
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`;
};

/**
 * Markdown and HTML as the words in them. Angle brackets that a browser could take for a tag become typographic ones, which look the same
 * and mean nothing.
 */
export const withoutMarkup = (text: string): string =>
  text
    .replaceAll(/!?\[([^[\]]{0,500})\]\([^()\s]{0,2000}\)/g, '$1')
    .replaceAll(/<(?=[a-z/!?])/gi, '‹')
    .replace(/^\s*(?:#{1,6}|>|[-*+•]|\d{1,2}[.)])\s+/u, '')
    .replaceAll(/\*\*|__|`/g, '');

const ADDRESS = [
  // Any scheme, and those that need no slashes.
  /[a-z][a-z0-9+.-]{0,20}:\/\/[!-~]*/gi,
  /(?:javascript|vbscript|data|mailto|tel|file|blob|ftp|sms):[!-~]+/gi,
  // Mail addresses.
  /[a-z0-9._%+-]{1,80}@[a-z0-9.-]{1,200}/gi,
  // Names and addresses of hosts, which programs make links of.
  /(?<![\p{L}\p{N}.-])(?:[\p{L}\p{N}-]{1,63}\.){1,8}[\p{L}]{2,24}(?::\d{1,5})?(?:[/?#][!-~]*)?/gu,
  /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?:[/?#][!-~]*)?/g,
];

export const REMOVED = '[address removed]';

/** How the signs of addresses are said aloud. */
const ALOUD: Readonly<Record<string, string>> = {
  dot: '.',
  punkt: '.',
  punto: '.',
  point: '.',
  slash: '',
  at: '',
  dash: '',
  colon: '',
};

/** Words, and dots, which full stops of sentences are not; signs that were said aloud as what they are. */
const tokensOf = (text: string): string[] =>
  (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+|\.(?=[\p{L}\p{N}])|(?<=\s)\.(?=\s)/gu) ?? []
  ).map((token) => ALOUD[token] ?? token);

/** Texts without anything between words, in which only whole words are found. */
class SaidWords {
  readonly #text: string;
  readonly #edges = new Set<number>([0]);

  constructor(tokens: readonly string[]) {
    let length = 0;
    for (const token of tokens) {
      length += token.length;
      this.#edges.add(length);
    }
    this.#text = tokens.join('');
  }

  has(words: string): boolean {
    for (let at = this.#text.indexOf(words); at >= 0; at = this.#text.indexOf(words, at + 1)) {
      if (this.#edges.has(at) && this.#edges.has(at + words.length)) return true;
    }
    return false;
  }
}

/** With less than this an address is found in anything. */
const SHORTEST_ADDRESS = 4;

/** What was said, to hold against what is claimed to have been said: "example dot com" and "example.com" are the same. */
export class Spoken {
  readonly #withDots: SaidWords;
  readonly #withoutDots: SaidWords;

  constructor({ utterances, speakers }: Pick<Transcript, 'utterances' | 'speakers'>) {
    const tokens = [...utterances.map(({ text }) => text), ...speakers.map(({ name }) => name)].flatMap(tokensOf);
    this.#withDots = new SaidWords(tokens);
    this.#withoutDots = new SaidWords(tokens.filter((token) => token !== '.'));
  }

  /**
   * What leads somewhere (with a scheme, a path, a mailbox) must have been said with its dots: neighbouring words of a sentence make no
   * address. "Node.js" may have been said as "Node JS".
   */
  #hasAddress(address: string): boolean {
    const bare = address.replace(/^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:www\.)?/i, '');
    const leads = /[:/@]/.test(address);
    const tokens = tokensOf(bare);
    const words = (leads ? tokens : tokens.filter((token) => token !== '.')).join('');
    return words.length >= SHORTEST_ADDRESS && (leads ? this.#withDots : this.#withoutDots).has(words);
  }

  /** Addresses that were not spoken are taken out. */
  withoutForeignAddresses(text: string): string {
    const judge = (address: string): string => {
      const bare = address.replace(/[.,;:!?)\]}'"]+$/, '');
      return this.#hasAddress(bare) ? address : REMOVED + address.slice(bare.length);
    };
    return ADDRESS.reduce((rest, pattern) => rest.replaceAll(pattern, judge), text);
  }

  /** A text of a model as it may be passed on: one line of at most `most` letters. */
  plain(text: string, most: number): string {
    // Cut first: what follows costs time for every letter.
    const line = oneLine(text.slice(0, 4 * most));
    return shortened(oneLine(this.withoutForeignAddresses(withoutMarkup(line))), most);
  }
}

/** Longer names are no names. */
const LONGEST_NAME = 100;

/** A language as programs know it; null for what is none, such as "english" or "de_DE": then the digest goes without. */
const languageTag = (language: string | null): string | null => {
  // Subtags of five letters and more are allowed for languages, and none has one (BCP 47 §2.2.1).
  if (language === null || !/^[a-z]{2,3}(?:-|$)/i.test(language)) return null;
  try {
    return Intl.getCanonicalLocales(language)[0] ?? null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
};

/** The transcript with names and words as single lines without hidden characters; utterances of which nothing is left stay, and say nothing. */
export const plainTranscript = (transcript: Transcript): Transcript => ({
  ...transcript,
  language: languageTag(transcript.language),
  speakers: transcript.speakers.map((speaker) => ({
    ...speaker,
    name: shortened(oneLine(speaker.name), LONGEST_NAME) || speaker.kind,
  })),
  utterances: transcript.utterances.map((utterance) => ({ ...utterance, text: withoutTags(oneLine(utterance.text)) })),
});

const withoutTags = (text: string): string => text.replaceAll(/<(?=[a-z/!?])/gi, '‹');
