import { describe, expect, it } from 'vitest';
import type { Utterance } from '../../../../src/domain/transcript.ts';
import { columnsOf, cuesOf } from '../../../../src/transcription/files/cues.ts';
import { linesOf } from '../../../../src/transcription/files/lines.ts';

const utterance = (text: string, end: number, more: Partial<Utterance> = {}): Utterance => ({
  start: 0,
  end,
  speakerId: 'ada',
  text,
  language: null,
  words: null,
  ...more,
});

const LONG: readonly [language: string, text: string][] = [
  [
    'en',
    'We should ship on Friday, if the tests are green. Otherwise we wait until Monday; nobody wants a weekend of pages. Version 1.5 of roomtape.io fixes e-mail, too.',
  ],
  [
    'ar',
    'مرحبا بكم في الاجتماع الأسبوعي، اليوم سنتحدث عن خدمة التسجيل الجديدة وتاريخ الإصدار. هل لديكم أسئلة؟ سنبدأ بالميزانية ثم ننتقل إلى الخطة.',
  ],
  [
    'he',
    'ברוכים הבאים לפגישה השבועית שלנו, היום נדבר על שירות ההקלטה החדש ועל תאריך השחרור. האם יש שאלות? נתחיל בתקציב.',
  ],
  [
    'ja',
    '今日は新しい録画サービスと公開日について話します。質問はありますか？まず予算から始めて、それから計画に進みましょう。来週の金曜日までに報告書を送ってください。',
  ],
  [
    'zh',
    '今天我们来讨论新的录制服务和发布日期。大家有问题吗？我们先从预算开始，然后讨论计划。请在下周五之前把报告发给我。谢谢大家的参与。',
  ],
  ['th', 'วันนี้เราจะพูดถึงบริการบันทึกใหม่และวันที่เปิดตัว ใครมีคำถามไหม เราจะเริ่มจากงบประมาณแล้วไปต่อที่แผนงาน กรุณาส่งรายงานก่อนวันศุกร์หน้า'],
];

describe('an utterance', () => {
  it('that is short is one cue, as it is', () => {
    expect(cuesOf([utterance(' Good  morning. ', 2)])).toEqual([
      { start: 0, end: 2, speakerId: 'ada', text: 'Good morning.' },
    ]);
    expect(cuesOf([utterance('  ', 2)])).toEqual([]);
  });

  it.each(LONG)('that is long is cut where %s allows it, and nothing of it is lost', (language, text) => {
    const cues = cuesOf([utterance(text, 12, { language })]);
    expect(cues.length).toBeGreaterThan(1);
    expect(
      cues
        .map((cue) => cue.text)
        .join('')
        .replaceAll(' ', ''),
    ).toBe(text.replaceAll(' ', ''));
    for (const cue of cues) {
      expect(columnsOf(cue.text)).toBeLessThanOrEqual(84);
      expect(cue.text).not.toMatch(/^[.,;:!?。、，！？،؛؟]/u);
    }
    for (const [i, cue] of cues.entries()) {
      expect(cue.start).toBe(i === 0 ? 0 : cues[i - 1]?.end);
      expect(cue.end).toBeGreaterThan(cue.start);
    }
    expect(cues.at(-1)?.end).toBe(12);
  });

  it('is cut between its sentences first, and never within a number or a name', () => {
    const [, text = ''] = LONG[0] ?? [];
    expect(cuesOf([utterance(text, 12, { language: 'en' })]).map((cue) => cue.text)).toEqual([
      'We should ship on Friday, if the tests are green.',
      'Otherwise we wait until Monday; nobody wants a weekend of pages.',
      'Version 1.5 of roomtape.io fixes e-mail, too.',
    ]);
  });

  it('is cut when its words were said, where that is known', () => {
    const text = 'One two three four five six seven. Eight nine ten.';
    const words = text.split(' ').map((word, i) => ({ word, start: i < 7 ? i * 0.2 : 8 + i * 0.1, end: 0 }));
    const cues = cuesOf([utterance(text, 10, { words })]);
    expect(cues.map(({ start, text: said }) => [start, said])).toEqual([
      [0, 'One two three four five six seven.'],
      [8.7, 'Eight nine ten.'],
    ]);
  });

  it('of one endless word is cut between characters', () => {
    const cues = cuesOf([utterance('👩‍👩‍👧'.repeat(60), 3)]);
    expect(cues.map((cue) => cue.text).join('')).toBe('👩‍👩‍👧'.repeat(60));
    expect(cues.length).toBeGreaterThan(1);
    for (const { text } of cues) expect(text).toMatch(/^(👩‍👩‍👧)+$/u);
  });

  it('in a language that nobody knows is cut all the same', () => {
    const text = 'lorem ipsum '.repeat(20);
    expect(cuesOf([utterance(text, 5, { language: 'not a language' })]).length).toBeGreaterThan(1);
  });
});

it('speakers who speak at once keep their times', () => {
  const cues = cuesOf([
    utterance('A first thing.', 4),
    { ...utterance('At the same time.', 3, { speakerId: 'bob' }), start: 1 },
    { ...utterance('A second thing.', 6), start: 4.2 },
  ]);
  expect(cues.map(({ start, end, speakerId }) => [start, end, speakerId])).toEqual([
    [0, 4, 'ada'],
    [1, 3, 'bob'],
    [4.2, 6, 'ada'],
  ]);
});

it('a cue is wrapped into lines of about the same length', () => {
  expect(linesOf('Short.')).toEqual(['Short.']);
  expect(linesOf('Otherwise we wait until Monday; nobody wants a weekend of pages.')).toEqual([
    'Otherwise we wait until Monday;',
    'nobody wants a weekend of pages.',
  ]);
});
