import { createCanvas } from '@napi-rs/canvas';
import { describe, expect, test } from 'vitest';
import { missingFonts } from '../../../src/composition/font-files.ts';
import { type Line, lineOf, reachOf, setFonts } from '../../../src/composition/fonts.ts';
import { ellipsize } from '../../../src/composition/label-text.ts';
import { SAMPLE_NAMES, UNWRITABLE } from '../../support/sample-names.ts';

const FONT = 40;
const HEIGHT = 2 * FONT;

/** What is drawn for `text` with the fonts of a line: RGBA, black on nothing unless the font brings colours. */
const inkOf = (text: string, line: Line) => {
  const measuring = createCanvas(1, 1).getContext('2d');
  setFonts(measuring, line, FONT);
  const width = Math.ceil(measuring.measureText(text).width) + 2 * FONT;
  const g = createCanvas(width, HEIGHT).getContext('2d');
  setFonts(g, line, FONT);
  g.textAlign = 'left';
  g.fillText(text, FONT, 1.4 * FONT);
  return { width, data: g.getImageData(0, 0, width, HEIGHT).data };
};

const widthOf = (text: string, line = lineOf(text)): number => {
  const g = createCanvas(1, 1).getContext('2d');
  setFonts(g, line, FONT);
  return g.measureText(text).width;
};

/** Opacity of each column, summed. */
const columnsOf = ({ width, data }: ReturnType<typeof inkOf>): number[] =>
  Array.from({ length: width }, (_, x) => {
    let sum = 0;
    for (let y = 0; y < HEIGHT; y++) sum += data[(y * width + x) * 4 + 3] ?? 0;
    return sum;
  });

/** Height of the ink from the first row to the last, in the columns from `from` to `to` of those that have any; not positive: from the last. */
const inkHeight = (ink: ReturnType<typeof inkOf>, from: number, to: number): number => {
  const columns = columnsOf(ink);
  const first = columns.findIndex((sum) => sum > 0);
  const last = columns.findLastIndex((sum) => sum > 0);
  const left = from < 0 ? last + 1 + from : first + from;
  const right = to <= 0 ? last + 1 + to : first + to;
  const rows: number[] = [];
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = left; x < right; x++) if ((ink.data[(y * ink.width + x) * 4 + 3] ?? 0) > 64) rows.push(y);
  }
  return rows.length === 0 ? 0 : Math.max(...rows) - Math.min(...rows) + 1;
};

const same = (a: ReturnType<typeof inkOf>, b: ReturnType<typeof inkOf>): boolean =>
  a.width === b.width && Buffer.from(a.data.buffer).equals(Buffer.from(b.data.buffer));

describe('lineOf', () => {
  test('finds all its packages', () => expect(missingFonts()).toEqual([]));

  test.each(SAMPLE_NAMES)('has every character of $name ($script)', ({ name }) => {
    const line = lineOf(name);
    const box = inkOf('\uFFFF', line);
    expect(box.data.some((value) => value > 0)).toBe(true);
    const boxes = Array.from(line.text).filter(
      (character) => !/\p{Default_Ignorable_Code_Point}/u.test(character) && same(inkOf(character, line), box),
    );
    expect(boxes).toEqual([]);
  });

  test('writes boxes for a script that it has no font for, from no font of the machine', () => {
    const line = lineOf(UNWRITABLE);
    expect(line.text).toBe(UNWRITABLE);
    for (const character of UNWRITABLE) expect(same(inkOf(character, line), inkOf('\uFFFF', line))).toBe(true);
  });

  test('takes no more files than a name needs', () => {
    const familiesOf = (name: string) => lineOf(name).families.split(', ').length;
    expect(familiesOf('Ada Lovelace')).toBe(1);
    expect(familiesOf('שלום')).toBe(2);
    expect(familiesOf('🦊🐻🇩🇪☎')).toBe(2);
    expect(familiesOf('김')).toBe(2);
  });

  test('writes styled letters as plain ones, and drops marks and signs that no font has', () => {
    expect(lineOf('𝓐𝓭𝓪').text).toBe('Ada');
    expect(lineOf('Z\u0337o\u0363e').text).toBe('Zoe');
    expect(lineOf('꧁Ada꧂').text).toBe('Ada');
    expect(lineOf('Kɔ\u0301fi').text).toBe('Kɔ\u0301fi');
  });

  test('draws one Han character as its name wants it', () => {
    const [chinese, japanese] = [lineOf('直'), lineOf('直さ')];
    expect(same(inkOf('直', chinese), inkOf('直', japanese))).toBe(false);
  });

  test('draws all weights alike: the variable fonts are not left at their thinnest', () => {
    const mass = (text: string) => columnsOf(inkOf(text, lineOf(text))).reduce((sum, column) => sum + column, 0);
    const g = createCanvas(2 * FONT, HEIGHT).getContext('2d');
    setFonts(g, lineOf('한'), FONT);
    g.fontVariationSettings = '"wght" 100';
    g.fillText('한', 0, 1.4 * FONT);
    const { data } = g.getImageData(0, 0, 2 * FONT, HEIGHT);
    let thinMass = 0;
    for (let i = 3; i < data.length; i += 4) thinMass += data[i] ?? 0;
    expect(mass('한')).toBeGreaterThan(1.8 * thinMass);
  });
});

describe('reachOf', () => {
  test.each([
    ['AxA', 'latin'],
    ['A\u0323xg', 'a dot below and a descender'],
    ['י', 'a letter that floats'],
    ['ا م', 'two words, which the canvas draws as three runs'],
  ])('%s: %s', (text) => {
    const line = lineOf(text);
    const ink = inkOf(text, line);
    const rows = Array.from({ length: HEIGHT }, (_, y) => y).filter((y) =>
      ink.data.subarray(y * ink.width * 4, (y + 1) * ink.width * 4).some((value, at) => at % 4 === 3 && value > 32),
    );
    const { above, below } = reachOf(line, text, FONT);
    expect(above).toBe(1.4 * FONT - Math.min(...rows));
    expect(below).toBe(Math.max(...rows) + 1 - 1.4 * FONT);
  });

  test('nowhere, without ink', () => expect(reachOf(lineOf(' '), ' ', FONT)).toEqual({ above: 0, below: 0 }));
});

describe('emoji', () => {
  test.each(['👨‍👩‍👧‍👦', '👩🏽‍🚀', '🏳️‍🌈', '🇩🇪', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '1️⃣', '❤️'])('%s is one picture, in colour', (emoji) => {
    expect(widthOf(emoji)).toBeCloseTo(widthOf('🦊'), 0);
    const { data } = inkOf(emoji, lineOf(emoji));
    let opaque = 0;
    let black = 0;
    for (let i = 0; i < data.length; i += 4) {
      if ((data[i + 3] ?? 0) < 255) continue;
      opaque += 1;
      if (data[i] === 0 && data[i + 1] === 0 && data[i + 2] === 0) black += 1;
    }
    expect(opaque).toBeGreaterThan(FONT * 4);
    expect(black).toBeLessThan(opaque / 2);
  });
});

describe('direction', () => {
  const massLeft = (text: string): boolean => {
    const columns = columnsOf(inkOf(text, lineOf(text)));
    const half = columns.length / 2;
    const sum = (part: number[]) => part.reduce((total, column) => total + column, 0);
    return sum(columns.slice(0, half)) > sum(columns.slice(half));
  };

  test('letters of a name from right to left begin at the right', () => {
    expect(massLeft('יישש')).toBe(true);
    expect(massLeft('ששיי')).toBe(false);
    const arabic = inkOf('اببب', lineOf('اببب'));
    expect(inkHeight(arabic, -4, 0)).toBeGreaterThan(FONT / 2);
    expect(inkHeight(arabic, 0, 4)).toBeLessThan(FONT / 2);
  });

  test('the first letter says where the line begins', () => {
    expect(massLeft('יי WWW')).toBe(true);
    expect(massLeft('WWW יי')).toBe(true);
    expect(massLeft('ii ששש')).toBe(false);
  });

  test('Arabic letters join', () => {
    expect(widthOf('ببب')).toBeLessThan(0.8 * widthOf('ب\u200Cب\u200Cب'));
  });

  test('a name that is cut has its ellipsis where reading broke off', () => {
    const cut = (name: string, most: number) => {
      const line = lineOf(name);
      const text = ellipsize(line.text, most, (part) => widthOf(part, line));
      expect(text).toContain('…');
      return inkOf(text, line);
    };
    const dots = 0.3 * FONT;
    const hebrew = cut('ששששששששששש', 5 * FONT);
    expect(inkHeight(hebrew, 0, 20)).toBeLessThan(dots);
    expect(inkHeight(hebrew, -20, 0)).toBeGreaterThan(dots);
    const latin = cut('WWWWWWWWWWWWW', 5 * FONT);
    expect(inkHeight(latin, 0, 20)).toBeGreaterThan(dots);
    expect(inkHeight(latin, -20, 0)).toBeLessThan(dots);
    // Cut in the Hebrew part of a Latin line: the dots stand between the two, not at the far right.
    const mixed = cut('WW ששששששששששש', 6 * FONT);
    expect(inkHeight(mixed, 0, 20)).toBeGreaterThan(dots);
    expect(inkHeight(mixed, -20, 0)).toBeGreaterThan(dots);
  });
});
