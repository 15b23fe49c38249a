import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createCanvas, GlobalFonts } from '@napi-rs/canvas';
import { afterAll, expect, test } from 'vitest';
import { charactersOf } from '../../../src/composition/character-map.ts';

const require = createRequire(import.meta.url);
const keys: (ReturnType<typeof GlobalFonts.register> & object)[] = [];
afterAll(() => {
  GlobalFonts.removeBatch(keys);
});

/** Draws one character with the font alone. */
const drawnWith = (file: string) => {
  const family = `Under test ${keys.length}`;
  const key = GlobalFonts.registerFromPath(file, family);
  if (!key) throw new Error(`"${file}" could not be read.`);
  keys.push(key);
  return (character: string): Buffer => {
    const g = createCanvas(80, 60).getContext('2d');
    g.font = `32px "${family}"`;
    g.fillText(character, 8, 44);
    return Buffer.from(g.getImageData(0, 0, 80, 60).data.buffer);
  };
};

test.each([
  ['WOFF2, Latin', '@fontsource/noto-sans/files/noto-sans-latin-600-normal.woff2', 0xa1, 0x17f],
  ['WOFF, Latin', '@fontsource/noto-sans/files/noto-sans-latin-600-normal.woff', 0xa1, 0x17f],
  [
    'WOFF2, variable',
    '@fontsource-variable/noto-sans-georgian/files/noto-sans-georgian-georgian-wght-normal.woff2',
    0x10a0,
    0x10ff,
  ],
  [
    'WOFF2, beyond 16 bits',
    '@fontsource-variable/noto-sans-jp/files/noto-sans-jp-1-wght-normal.woff2',
    0x20b00,
    0x20c00,
  ],
])('%s: says what Skia draws as something else than a box', (_, path, from, to) => {
  const file = require.resolve(path);
  const characters = charactersOf(readFileSync(file));
  const draw = drawnWith(file);
  const box = draw('\uFFFF');
  // What a font lacks is put together from a letter and its accents where it has those.
  const composed = (character: string) =>
    character.normalize('NFD') !== character &&
    Array.from(character.normalize('NFD')).every((part) => characters.has(part.codePointAt(0) ?? 0));
  const drawn: number[] = [];
  const listed: number[] = [];
  for (let point = from; point <= to; point++) {
    // A soft hyphen is drawn as nothing whether a font has it or not.
    if (point === 0xad) continue;
    const character = String.fromCodePoint(point);
    if (!draw(character).equals(box)) drawn.push(point);
    if (characters.has(point) || composed(character)) listed.push(point);
  }
  expect(listed.length).toBeGreaterThan(0);
  expect(drawn).toEqual(listed);
});
