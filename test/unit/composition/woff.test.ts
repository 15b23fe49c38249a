import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { GlobalFonts } from '@napi-rs/canvas';
import { expect, test } from 'vitest';
import { unwrapWoff } from '../../../src/composition/woff.ts';

const require = createRequire(import.meta.url);
const woff = readFileSync(require.resolve('@fontsource/noto-sans/files/noto-sans-latin-400-normal.woff'));

const tagsOf = (sfnt: Buffer): string[] =>
  Array.from({ length: sfnt.readUInt16BE(4) }, (_, i) => sfnt.toString('latin1', 12 + 16 * i, 16 + 16 * i));

test('unwraps a font that can be drawn with, without the tables that are not wanted', () => {
  const [whole, less] = [unwrapWoff(woff, []), unwrapWoff(woff, ['GSUB'])];
  expect(tagsOf(whole)).toContain('GSUB');
  expect(tagsOf(less)).toEqual(tagsOf(whole).filter((tag) => tag !== 'GSUB'));
  expect(less.length).toBeLessThan(whole.length);
  const key = GlobalFonts.register(less, 'Unwrapped');
  expect(key).not.toBeNull();
  if (key) GlobalFonts.remove(key);
});

test('refuses what is no WOFF file', () => {
  expect(() => unwrapWoff(Buffer.from('wOF2'), [])).toThrow('no WOFF file');
  expect(() => unwrapWoff(Buffer.alloc(100), [])).toThrow('no WOFF file');
});
