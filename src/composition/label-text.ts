/** Names as they fit on a plate: cleaned, and cut by grapheme with an ellipsis. Pure. */
import { graphemesOf } from '../domain/graphemes.ts';

export const ELLIPSIS = '…';

/** More marks on one letter than any orthography has: they would run over the plate. */
const PILED_MARKS = /(\p{M}{4})\p{M}+/gu;
/** Letters by their class, blank by their looks: fillers of Hangul, the Braille cell without dots. People hide behind them. */
const BLANKS = /[\u115F\u1160\u2800\u3164\uFFA0]/gu;
/** Something to be seen: no space, no mark without a letter, no character that only steers others. */
const VISIBLE = /[^\s\p{M}\p{Default_Ignorable_Code_Point}]/u;

/**
 * Takes out what is not to be seen, or could move or hide a neighbour's text: controls, overrides and isolates of direction (marks of
 * direction stay), invisible characters that do nothing to letters, private characters, halves of surrogate pairs. White space, and what
 * looks like it, becomes one space; of a name of nothing else, nothing is left.
 */
export const cleanName = (name: string): string => {
  const text = name
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u206F]/gu, ' ')
    .replace(BLANKS, ' ')
    .replace(/[\p{Co}\p{Cs}\u00AD\u180E\u200B\u2060-\u2064\uFEFF]/gu, '')
    .replace(PILED_MARKS, '$1')
    .replace(/\s+/gu, ' ')
    .trim();
  return VISIBLE.test(text) ? text : '';
};

/** Letters of scripts that run from right to left, by the blocks that Unicode keeps for them (DerivedBidiClass.txt, R and AL). */
const RIGHT_TO_LEFT = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFE\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;
const STRONG = /[\p{L}\u200E\u200F]/gu;

const directionAt = (letter: string | undefined): 'ltr' | 'rtl' =>
  letter !== undefined && (letter === '\u200F' || RIGHT_TO_LEFT.test(letter)) ? 'rtl' : 'ltr';

/** Where a line begins: by its first letter (UAX #9, P2 and P3). */
export const directionOf = (text: string): 'ltr' | 'rtl' => directionAt(text.match(STRONG)?.[0]);

/** An ellipsis stands where reading broke off: an invisible mark keeps it beside letters that run against the line. */
const ellipsisAfter = (text: string, direction: 'ltr' | 'rtl'): string => {
  const last = directionAt(text.match(STRONG)?.at(-1));
  if (last === direction) return ELLIPSIS;
  return `${ELLIPSIS}${last === 'rtl' ? '\u200F' : '\u200E'}`;
};

/** The longest beginning of `text` that is at most `width` wide with an ellipsis after it; `text` itself if it fits. */
export const ellipsize = (text: string, width: number, measure: (text: string) => number): string => {
  if (measure(text) <= width) return text;
  const parts = graphemesOf(text);
  const direction = directionOf(text);
  let low = 0;
  let high = parts.length - 1;
  const cut = (count: number) => {
    const kept = parts.slice(0, count).join('').trimEnd();
    return kept + ellipsisAfter(kept, direction);
  };
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (measure(cut(middle)) <= width) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? '' : cut(low);
};
