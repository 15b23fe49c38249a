/** How Postgres knows the words of a language: the text search configurations that every supported version has. */

const CONFIGURATIONS: Readonly<Record<string, string>> = {
  ar: 'arabic',
  hy: 'armenian',
  eu: 'basque',
  ca: 'catalan',
  da: 'danish',
  nl: 'dutch',
  en: 'english',
  fi: 'finnish',
  fr: 'french',
  de: 'german',
  el: 'greek',
  hi: 'hindi',
  hu: 'hungarian',
  id: 'indonesian',
  ga: 'irish',
  it: 'italian',
  lt: 'lithuanian',
  ne: 'nepali',
  nb: 'norwegian',
  nn: 'norwegian',
  no: 'norwegian',
  pt: 'portuguese',
  ro: 'romanian',
  ru: 'russian',
  sr: 'serbian',
  es: 'spanish',
  sv: 'swedish',
  ta: 'tamil',
  tr: 'turkish',
  yi: 'yiddish',
};

/** `english` of `en-GB`; `simple` (words as they stand) for languages that Postgres does not know, or nobody has named. */
export const searchConfiguration = (language: string | null): string =>
  CONFIGURATIONS[(language?.split('-')[0] ?? '').toLowerCase()] ?? 'simple';

/** A text as it is searched: small letters, by Unicode's rules and not by the database's locale, in composed form. */
export const foldedForSearch = (text: string): string => text.normalize('NFC').toLowerCase();
