/**
 * The typeface of names: Noto Sans, shipped with the package, one file per script. Scripts that it lacks (Han, Arabic, emoji, …)
 * come from the system's fonts where it has them.
 */
import { createRequire } from 'node:module';
import { GlobalFonts } from '@napi-rs/canvas';

const SCRIPTS = ['latin', 'latin-ext', 'cyrillic', 'cyrillic-ext', 'greek', 'greek-ext', 'vietnamese', 'devanagari'];

const require = createRequire(import.meta.url);

/** Registers every script once under a family of its own: one family holding several files would only ever use the first. */
const families = SCRIPTS.map((script) => {
  const family = `Roomtape Sans ${script}`;
  const file = require.resolve(`@fontsource/noto-sans/files/noto-sans-${script}-600-normal.woff2`);
  if (!GlobalFonts.registerFromPath(file, family)) throw new Error(`The font file "${file}" could not be read.`);
  return `"${family}"`;
});

/** CSS font value for a size in pixels. */
export const fontOf = (pixels: number): string => `600 ${pixels}px ${families.join(', ')}, "Noto Sans", sans-serif`;
