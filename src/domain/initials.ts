/** What stands for a person whose camera is off: one or two letters of the name, in any script. Pure. */
import { graphemesOf } from './graphemes.ts';

const WORDS = /[\p{L}\p{Nd}][\p{L}\p{Nd}\p{M}'’\p{Join_Control}-]*/gu;
/** "(she/her)", "[ACME]": said about a person, no part of the name. */
const ASIDES = /[([{（【［<][^)\]}）】］>]*[)\]}）】］>]?/gu;
const PICTURE = /^(\p{Extended_Pictographic}|\p{Regional_Indicator}{2})/u;

const RIGHT_TO_LEFT = /^[\u0590-\u08FF\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;
/** Where one character is a word or a syllable, the first one stands for the name. */
const SYLLABIC =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}]/u;
/** Georgian has capitals, but no word begins with one. */
const NEVER_CAPITAL = /^\p{Script=Georgian}/u;

const isSyllabic = (word: string): boolean => SYLLABIC.test(word);
const isRightToLeft = (word: string): boolean => RIGHT_TO_LEFT.test(word);

/** The first letter of a word. Thai and Lao write some vowels before the consonant that is said first; Arabic and Hebrew vowels are marks. */
const initialOf = (word: string): string => {
  const [letter = ''] = graphemesOf(word.normalize('NFKC').replace(/^\p{Logical_Order_Exception}+(?=\p{L})/u, ''));
  if (isRightToLeft(word)) return letter.replace(/\p{M}/gu, '');
  if (NEVER_CAPITAL.test(letter)) return letter;
  const capital = letter.toLocaleUpperCase('und');
  return graphemesOf(capital).length === 1 ? capital : letter;
};

/** First letters of the first and of the last word where they go together. */
const initialsOfWords = (words: readonly string[]): string => {
  const [first = '', last] = [words[0], words.length > 1 ? words.at(-1) : undefined];
  if (last === undefined || isSyllabic(first) || isSyllabic(last) || isRightToLeft(first) !== isRightToLeft(last)) {
    return initialOf(first);
  }
  // Arabic letters would join and read as a word: a thin space keeps them apart.
  return [initialOf(first), initialOf(last)].join(isRightToLeft(first) ? '\u2009' : '');
};

/**
 * One or two letters: of the first and the last word, one in East Asian scripts; of a name of pictures alone, the first picture. Empty
 * for a name that has neither.
 */
export const initialsOf = (name: string): string => {
  const text = name.normalize('NFC');
  const words = text.replace(ASIDES, ' ').match(WORDS) ?? text.match(WORDS);
  if (words) return initialsOfWords(words);
  return graphemesOf(name).find((grapheme) => PICTURE.test(grapheme)) ?? '';
};
