import { describe, expect, test } from 'vitest';
import { cleanName, ellipsize } from '../../../src/composition/label-text.ts';

const wide = (text: string) => Array.from(new Intl.Segmenter().segment(text)).length * 10;

describe('ellipsize', () => {
  test('leaves what fits', () => expect(ellipsize('Ada', 30, wide)).toBe('Ada'));
  test('cuts to the width, the ellipsis included', () => expect(ellipsize('Ada Lovelace', 60, wide)).toBe('Ada L…'));
  test('leaves no space before the ellipsis', () => expect(ellipsize('Ada Lovelace', 50, wide)).toBe('Ada…'));
  test('never cuts a family or an accent in two', () => {
    expect(ellipsize('👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 20, wide)).toBe('👩‍👩‍👧‍👦…');
    expect(ellipsize('e\u0301e\u0301e\u0301', 20, wide)).toBe('e\u0301…');
  });
  test('gives up where not one letter fits', () => expect(ellipsize('Ada', 15, wide)).toBe(''));
});

describe('cleanName', () => {
  test('makes one line of a name', () => expect(cleanName(' Ada\n\tLovelace\u0000 ')).toBe('Ada Lovelace'));
  test('takes direction overrides out', () => expect(cleanName('abc\u202Edef')).toBe('abc def'));
});
