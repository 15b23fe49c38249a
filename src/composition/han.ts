/**
 * Whose Han characters a name is written in. Unicode has one code for shapes that China, Taiwan, Japan and Korea draw differently; a
 * name does not say which it means, but its other characters often do. Pure.
 */

export type HanForm = 'sc' | 'tc' | 'jp' | 'kr';

/** Rows of 94 characters of a national standard, `lead` from byte to byte. */
const rowsOf = (encoding: string, leads: readonly [number, number], trails: readonly (readonly [number, number])[]) => {
  const decoder = new TextDecoder(encoding);
  const characters = new Set<string>();
  for (let lead = leads[0]; lead <= leads[1]; lead++) {
    for (const [from, to] of trails) {
      const row = new Uint8Array((to - from + 1) * 2);
      for (let i = 0; i < row.length; i += 2) row.set([lead, from + i / 2], i);
      for (const character of decoder.decode(row)) characters.add(character);
    }
  }
  return characters;
};

/** What each standard can write: GB 2312, Big5 and JIS X 0208, by their ranges of Han characters. Made on first use (30,000 characters). */
let standards: readonly (readonly [HanForm, ReadonlySet<string>])[] | null = null;
const standardsOf = () => {
  const full = [[0xa1, 0xfe]] as const;
  standards ??= [
    ['sc', rowsOf('gbk', [0xb0, 0xf7], full)],
    ['tc', rowsOf('big5', [0xa4, 0xf9], [[0x40, 0x7e], ...full])],
    ['jp', rowsOf('euc-jp', [0xb0, 0xf4], full)],
  ];
  return standards;
};

/**
 * The form in which to draw the Han characters of `text`: by the script beside them, else the first of simplified Chinese, traditional
 * Chinese and Japanese whose national standard has them all.
 */
export const hanFormOf = (text: string): HanForm => {
  if (/\p{Script=Hangul}/u.test(text)) return 'kr';
  if (/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text)) return 'jp';
  if (/\p{Script=Bopomofo}/u.test(text)) return 'tc';
  const han = text.match(/\p{Script=Han}/gu);
  if (!han) return 'sc';
  return standardsOf().find(([, characters]) => han.every((character) => characters.has(character)))?.[0] ?? 'sc';
};
