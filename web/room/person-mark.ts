/** What stands for a person whose camera is off: initials on a colour. Pure. */

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const first = (word: string): string => segmenter.segment(word)[Symbol.iterator]().next().value?.segment ?? '';

/** First letters of the first and last word, by what readers see as a letter. */
export const initialsOf = (name: string): string => {
  const words = name.split(/\s+/).filter((word) => word !== '');
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  return ends.map((word) => first(word ?? '').toLocaleUpperCase()).join('');
};

/** A hue in degrees, the same for the same person wherever she is shown. */
export const hueOf = (participantId: string): number => {
  let hash = 0;
  for (const character of participantId) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 997;
  return (hash * 137) % 360;
};
