/** Plain text out of anything. */
import { describe, expect, it } from 'vitest';
import { oneLine, REMOVED, Spoken, withoutMarkup } from '../../../../src/transcription/summary/plain-text.ts';

const spoken = (...texts: readonly string[]): Spoken =>
  new Spoken({
    speakers: [],
    utterances: texts.map((text, start) => ({
      start,
      end: start + 1,
      speakerId: 'a',
      text,
      language: null,
      words: null,
    })),
  });

describe('one line', () => {
  it('leaves letters of all scripts, with the joiners that they need', () => {
    for (const text of ['Zoë O’Neil', 'می‌خواهم', '한국어', 'हिन्दी', '👩‍👩‍👧 hi', 'שלום', 'a\u200eb'])
      expect(oneLine(text)).toBe(text);
  });

  it('takes out what steers, hides or breaks lines', () => {
    expect(oneLine(' a\r\n\tb\u0000c\u001b[2Jd\u2028e ')).toBe('a b c [2Jd e');
    expect(oneLine('a\u202eb\u2066c\ufeffd\u{e0041}e')).toBe('abcde');
    expect(oneLine('\ud800x')).toBe('\ufffdx');
  });
});

describe('markup', () => {
  it.each([
    ['## **Bold** and `code`', 'Bold and code'],
    ['- [a link](https://x.example) here', 'a link here'],
    ['<b>no</b> 3 < 4 and List<String>', '‹b>no‹/b> 3 < 4 and List‹String>'],
    ['1. first', 'first'],
    ['2 apples, 3.5 pears', '2 apples, 3.5 pears'],
    ['snake_case stays', 'snake_case stays'],
  ])('%j becomes %j', (text, plain) => expect(withoutMarkup(text)).toBe(plain));
});

describe('addresses', () => {
  it('go where nobody spoke them', () => {
    const said = spoken('We met at the usual place.');
    expect(said.withoutForeignAddresses('see https://evil.example/x, ok?')).toBe(`see ${REMOVED}, ok?`);
    expect(said.withoutForeignAddresses('請看https://evil.example。')).toBe(`請看${REMOVED}。`);
    expect(said.withoutForeignAddresses('ftp://a, 10.0.0.1:80 and a@b.cc')).toBe(
      `${REMOVED}, ${REMOVED} and ${REMOVED}`,
    );
  });

  it('are not made of words that happen to stand together', () => {
    const said = spoken('We go to the usual place. A come from there.', 'An item of the list');
    for (const address of [
      'https://theusual.place',
      'https://usual.place/a',
      'http://a/',
      'theusua.lp',
      'https://place.a/',
    ]) {
      expect(said.withoutForeignAddresses(address)).toContain(REMOVED);
    }
  });

  it('stay where they were spoken, in writing or aloud', () => {
    for (const text of ['It is example.org/a', 'It is example dot org slash a', 'IT IS EXAMPLE . ORG / A']) {
      expect(spoken(text).withoutForeignAddresses('https://www.example.org/a')).toBe('https://www.example.org/a');
    }
  });

  it('are not what sentences and figures look like', () => {
    const text = 'At 3.5 percent, e.g. in v1.2.3, we said so.Then we left. U.S. too.';
    expect(spoken('we said so then').withoutForeignAddresses(text)).toBe(text);
  });

  it('are looked for in time that grows with the text', () => {
    const said = spoken('x');
    for (const text of [
      'a.'.repeat(3000),
      'a'.repeat(6000),
      '@'.repeat(6000),
      'http:/'.repeat(1000),
      '['.repeat(6000),
      '1.'.repeat(3000),
    ]) {
      expect(said.plain(text, 1500).length).toBeLessThanOrEqual(1500);
    }
  });
});
