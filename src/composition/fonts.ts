/**
 * Lines of text in any script, in the fonts that come with Roomtape and no others: the same name looks the same on every machine. A
 * font file is read when the first name needs it and kept for as long as the process lives.
 */
import { readFileSync } from 'node:fs';
import { createCanvas, GlobalFonts, type SKRSContext2D } from '@napi-rs/canvas';
import { graphemesOf } from '../domain/graphemes.ts';
import { type FontFile, fontFiles } from './font-files.ts';
import { type HanForm, hanFormOf } from './han.ts';
import { directionOf, ELLIPSIS } from './label-text.ts';
import { unwrapWoff } from './woff.ts';

/** A line of text, and what it is drawn with. */
export interface Line {
  readonly text: string;
  readonly direction: 'ltr' | 'rtl';
  /** CSS value: the families that have its characters. */
  readonly families: string;
}

/** Weight of all names. The packages of single scripts hold one variable font for all weights; Noto Sans comes cut in this one. */
const VARIATION = '"wght" 600';

const registered = new Set<string>();

const register = ({ family, path }: FontFile): void => {
  if (registered.has(family)) return;
  const key = path.endsWith('.woff')
    ? GlobalFonts.register(unwrapWoff(readFileSync(path), ['SVG ']), family)
    : GlobalFonts.registerFromPath(path, family);
  if (!key) throw new Error(`The font file "${path}" could not be read.`);
  registered.add(family);
};

/** Joiners, variation selectors and tags choose among shapes; they are none. */
const SHAPELESS = /\p{Default_Ignorable_Code_Point}/u;

/** The first file that has all of a grapheme: a letter and its mark cannot come from two. */
const fileOf = (grapheme: string, han: HanForm): FontFile | undefined => {
  const shapes = Array.from(grapheme).filter((character) => !SHAPELESS.test(character));
  const points = shapes.map((character) => character.codePointAt(0) ?? 0);
  const [letter] = points;
  for (const file of fontFiles(han)) {
    if (letter === undefined) return file;
    if (file.lists(letter) && points.every((point) => file.characters().has(point))) return file;
  }
  return undefined;
};

/** Something to write, and the files that have it. */
interface Writing {
  readonly text: string;
  readonly files: readonly FontFile[];
}

/** `text` as it stands, if fonts have all of it. */
const plainly = (text: string, han: HanForm): Writing | undefined => {
  const files = graphemesOf(text).map((grapheme) => fileOf(grapheme, han));
  return files.every((file) => file !== undefined) ? { text, files } : undefined;
};

/**
 * A grapheme that no font has is written by its compatibility decomposition where that is known (𝓐 as A), else without its marks; a
 * letter of a script that no font has becomes an empty box, other signs are left out.
 */
const write = (grapheme: string, han: HanForm): Writing => {
  const forms = [grapheme, grapheme.normalize('NFKC'), grapheme.replace(/\p{M}/gu, '')];
  for (const form of forms) {
    const writing = form === '' ? undefined : plainly(form, han);
    if (writing) return writing;
  }
  return { text: /^\p{L}/u.test(grapheme) ? grapheme : '', files: [] };
};

/** By preference: a character that two of the files have is drawn by the one that was chosen for it. */
const inOrder = (wanted: ReadonlySet<FontFile>, han: HanForm): FontFile[] => {
  const ordered: FontFile[] = [];
  for (const file of fontFiles(han)) {
    if (wanted.has(file)) ordered.push(file);
    if (ordered.length === wanted.size) break;
  }
  return ordered;
};

/** A line of `text`, and no more of the fonts than it needs. */
export const lineOf = (text: string): Line => {
  const han = hanFormOf(text);
  const writings = graphemesOf(text).map((grapheme) => write(grapheme, han));
  const files = inOrder(new Set([write(ELLIPSIS, han), ...writings].flatMap((writing) => writing.files)), han);
  for (const file of files) register(file);
  return {
    text: writings.map((writing) => writing.text).join(''),
    direction: directionOf(text),
    families: files.map(({ family }) => `"${family}"`).join(', '),
  };
};

/** Sets what decides how a line is measured and drawn: its fonts at a size in pixels, and its direction. */
export const setFonts = (g: SKRSContext2D, { families, direction }: Line, pixels: number): void => {
  g.font = `400 ${pixels}px ${families}`;
  g.fontVariationSettings = VARIATION;
  g.direction = direction;
};

/** Ink fainter than this (of 255) is the soft edge of a letter. */
const SOFT = 32;

/**
 * How far the ink of `text` reaches above and below its baseline, in whole pixels; negative where it ends before. A line without ink
 * reaches nowhere.
 */
export const reachOf = (
  line: Line,
  text: string,
  pixels: number,
): { readonly above: number; readonly below: number } => {
  const g = createCanvas(1, 1).getContext('2d');
  setFonts(g, line, pixels);
  // By drawing it: of a line in several fonts the canvas measures the height of one only.
  const [width, baseline, height] = [Math.ceil(g.measureText(text).width) + 2 * pixels, 2 * pixels, 3 * pixels];
  const scratch = createCanvas(width, height).getContext('2d');
  setFonts(scratch, line, pixels);
  scratch.textAlign = 'left';
  scratch.fillText(text, pixels, baseline);
  const { data } = scratch.getImageData(0, 0, width, height);
  let [top, bottom] = [height, 0];
  for (let row = 0; row < height; row++) {
    for (let at = row * width * 4 + 3; at < (row + 1) * width * 4; at += 4) {
      if ((data[at] as number) <= SOFT) continue;
      top = Math.min(top, row);
      bottom = Math.max(bottom, row + 1);
      break;
    }
  }
  return bottom === 0 ? { above: 0, below: 0 } : { above: baseline - top, below: bottom - baseline };
};
