import { describe, expect, test } from 'vitest';
import { cleanName, directionOf, ellipsize } from '../../../src/composition/label-text.ts';

const wide = (text: string) => Array.from(new Intl.Segmenter().segment(text)).length * 10;
const visible = (text: string) => wide(text.replace(/[\u200E\u200F]/gu, ''));

describe('ellipsize', () => {
  test('leaves what fits', () => expect(ellipsize('Ada', 30, wide)).toBe('Ada'));
  test('cuts to the width, the ellipsis included', () => expect(ellipsize('Ada Lovelace', 60, wide)).toBe('Ada L…'));
  test('leaves no space before the ellipsis', () => expect(ellipsize('Ada Lovelace', 50, wide)).toBe('Ada…'));
  test('never cuts a family or an accent in two', () => {
    expect(ellipsize('👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 20, wide)).toBe('👩‍👩‍👧‍👦…');
    expect(ellipsize('e\u0301e\u0301e\u0301', 20, wide)).toBe('e\u0301…');
  });
  test('never cuts a syllable or a flag in two', () => {
    expect(ellipsize('क्षत्रिय', 20, wide)).toBe('क्ष…');
    expect(ellipsize('🇩🇪🇯🇵🇫🇷', 20, wide)).toBe('🇩🇪…');
    expect(ellipsize('김민수', 20, wide)).toBe('김…');
  });
  test('cuts at the end of reading, with a mark that keeps the ellipsis there', () => {
    expect(ellipsize('محمد', 30, wide)).toBe('مح…');
    expect(ellipsize('Ali محمد', 60, visible)).toBe('Ali م…\u200F');
    expect(ellipsize('דנה Levi', 60, visible)).toBe('דנה L…\u200E');
    expect(ellipsize('Dana לוי Levi', 100, visible)).toBe('Dana לוי…\u200F');
    expect(ellipsize('12345', 40, wide)).toBe('123…');
  });
  test('gives up where not one letter fits', () => expect(ellipsize('Ada', 15, wide)).toBe(''));
});

describe('cleanName', () => {
  test('makes one line of a name', () => expect(cleanName(' Ada\n\tLovelace\u0000 ')).toBe('Ada Lovelace'));
  test('takes direction overrides out', () => expect(cleanName('abc\u202Edef')).toBe('abc def'));
  test('takes out what is not seen, but for what shapes its neighbours', () => {
    expect(cleanName('A\u200Bd\u00ADa\uFEFF\uE000')).toBe('Ada');
    expect(cleanName('A\uD83Dda')).toBe('Ada');
    expect(cleanName('علی\u200Cرضا')).toBe('علی\u200Cرضا');
    expect(cleanName('👩\u200D🚀')).toBe('👩\u200D🚀');
  });
  test.each([
    ['white space', ' \t\u00A0\u2003\u3000 '],
    ['controls', '\u0000\u0007\u001B\u009F'],
    ['marks of direction', '\u200E\u200F\u061C'],
    ['overrides and isolates', '\u202E\u2066\u2069'],
    ['joiners and variation selectors', '\u200D\u200C\uFE0F\u{E0100}'],
    ['fillers and the blank of Braille', '\u3164\uFFA0\u115F\u1160\u2800'],
    ['marks without a letter', '\u0301\u0337\u20DD'],
    ['tags', '\u{E0041}\u{E007F}'],
  ])('leaves nothing of a name of %s', (_, name) => expect(cleanName(name)).toBe(''));
  test('takes what looks blank for a space', () => expect(cleanName('\u3164Ada\u2800\u2800L\uFFA0')).toBe('Ada L'));
  test('limits the marks on a letter', () =>
    expect(cleanName(`Z${'\u0337'.repeat(30)}`)).toBe(`Z${'\u0337'.repeat(4)}`));
});

describe('directionOf', () => {
  test.each([
    ['Ada', 'ltr'],
    ['12 محمد', 'rtl'],
    ['!!! דנה Levi', 'rtl'],
    ['Dana דנה', 'ltr'],
    ['ޞާލިޙް', 'rtl'],
    ['🦊 42', 'ltr'],
  ])('%s runs %s', (text, direction) => expect(directionOf(text)).toBe(direction));
});
