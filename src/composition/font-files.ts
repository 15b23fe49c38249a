/**
 * The font files that come with Roomtape, by npm, and what is in them. Each package is cut into files by ranges of code points, so that
 * a name takes only what it needs: nothing is read before somebody's name asks for it.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { charactersOf } from './character-map.ts';
import type { HanForm } from './han.ts';

export interface FontFile {
  /** Family to register it under: one family holding several files would only ever use the first. */
  readonly family: string;
  readonly path: string;
  /** True if its package lists this code point for it: a hint, which saves opening the others. */
  lists(point: number): boolean;
  /** Code points that it really has. Reads the file at the first call. */
  characters(): ReadonlySet<number>;
}

/** A package whose files cover different ranges. */
interface FontPackage {
  readonly name: string;
  /** Which of its parts to use, by preference: Latin letters, say, are in nearly every package, but ours are Noto Sans' own. */
  readonly parts: readonly string[] | 'numbered';
  /** The file of a part. */
  readonly file: (part: string) => string;
}

const SCRIPTS = [
  'arabic',
  'hebrew',
  'thai',
  'bengali',
  'tamil',
  'telugu',
  'gujarati',
  'kannada',
  'malayalam',
  'gurmukhi',
  'oriya',
  'sinhala',
  'myanmar',
  'khmer',
  'lao',
  'ethiopic',
  'georgian',
  'armenian',
  'thaana',
] as const;
const HAN_FORMS: readonly HanForm[] = ['sc', 'tc', 'jp', 'kr'];

const SANS: FontPackage = {
  name: '@fontsource/noto-sans',
  parts: ['latin', 'latin-ext', 'vietnamese', 'cyrillic', 'cyrillic-ext', 'greek', 'greek-ext', 'devanagari'],
  file: (part) => `noto-sans-${part}-600-normal.woff2`,
};

const scriptPackage = (script: string): FontPackage => ({
  name: `@fontsource-variable/noto-sans-${script}`,
  parts: [script],
  file: (part) => `noto-sans-${script}-${part}-wght-normal.woff2`,
});

/** East Asian fonts come in some hundred numbered parts, by how often characters are used. */
const hanPackage = (form: HanForm): FontPackage => ({ ...scriptPackage(form), parts: 'numbered' });

/** Its parts hold SVG pictures, which Skia does not draw; the whole font beside them holds vector layers (COLR) too. */
const EMOJI: FontPackage = {
  name: '@fontsource/noto-color-emoji',
  parts: 'numbered',
  file: () => 'noto-color-emoji-emoji-400-normal.woff',
};

const ALL: readonly FontPackage[] = [SANS, ...SCRIPTS.map(scriptPackage), EMOJI, ...HAN_FORMS.map(hanPackage)];

const require = createRequire(import.meta.url);

/** `U+41-5A,U+61` as ranges. */
const parseRanges = (text: string): (readonly [number, number])[] =>
  text.split(',').map((range) => {
    const [from = '', to = from] = range.replace(/^U\+/i, '').split('-');
    return [Number.parseInt(from, 16), Number.parseInt(to, 16)] as const;
  });

const opened = new Map<string, readonly FontFile[]>();

const filesOf = ({ name, parts, file }: FontPackage): readonly FontFile[] => {
  const known = opened.get(name);
  if (known) return known;
  const text = JSON.parse(readFileSync(require.resolve(`${name}/unicode.json`), 'utf8')) as Record<string, string>;
  const used = parts === 'numbered' ? Object.keys(text).filter((key) => key.startsWith('[')) : parts;
  const ranges = new Map<string, (readonly [number, number])[]>();
  for (const key of used) {
    const fileName = file(key.replace(/[[\]]/g, ''));
    ranges.set(fileName, [...(ranges.get(fileName) ?? []), ...parseRanges(text[key] ?? '')]);
  }
  const files = Array.from(ranges, ([fileName, listed]) => {
    const path = require.resolve(`${name}/files/${fileName}`);
    let characters: ReadonlySet<number> | undefined;
    return {
      family: `Roomtape ${fileName}`,
      path,
      lists: (point: number) => listed.some(([from, to]) => point >= from && point <= to),
      characters: () => {
        characters ??= charactersOf(readFileSync(path));
        return characters;
      },
    };
  });
  opened.set(name, files);
  return files;
};

/** The files to look through, in the order in which they are to be preferred; a package is opened when the search comes to it. */
export function* fontFiles(han: HanForm): Generator<FontFile> {
  for (const family of [SANS, ...SCRIPTS.map(scriptPackage), EMOJI]) yield* filesOf(family);
  for (const form of [han, ...HAN_FORMS.filter((other) => other !== han)]) yield* filesOf(hanPackage(form));
}

/** Names of packages that are not installed. */
export const missingFonts = (): readonly string[] =>
  ALL.filter((family) => {
    try {
      filesOf(family);
      return false;
    } catch {
      return true;
    }
  }).map(({ name }) => name);
