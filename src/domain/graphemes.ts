const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** What readers take for one character each (UAX #29): a letter with its accents, a family of four in one picture. */
export const graphemesOf = (text: string): string[] => Array.from(segmenter.segment(text), (part) => part.segment);
