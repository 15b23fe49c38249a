/** Names as they fit on a plate: cleaned, and cut by grapheme with an ellipsis. Pure. */

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });
const split = (text: string): string[] => Array.from(graphemes.segment(text), (part) => part.segment);

/** Control characters and direction overrides could move or hide a neighbour's text; white space becomes one space. */
export const cleanName = (name: string): string =>
  name
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();

/** The longest beginning of `text` that is at most `width` wide with an ellipsis after it; `text` itself if it fits. */
export const ellipsize = (text: string, width: number, measure: (text: string) => number): string => {
  if (measure(text) <= width) return text;
  const parts = split(text);
  let low = 0;
  let high = parts.length - 1;
  const cut = (count: number) => `${parts.slice(0, count).join('').trimEnd()}…`;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (measure(cut(middle)) <= width) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? '' : cut(low);
};
