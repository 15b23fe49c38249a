/** Dates as people say them. */
import { describe, expect, it } from 'vitest';
import { DateFinder, isCalendarDay } from '../../../../src/transcription/summary/extractive/spoken-dates.ts';

describe('dates', () => {
  it.each<[string, string, string | null]>([
    ['en', 'Send it before Friday afternoon, please.', 'before Friday afternoon'],
    ['en', 'The release is on the fifteenth of December.', 'on the fifteenth of December'],
    ['en', 'We test on the first Monday of every month.', 'on the first Monday of every month'],
    ['en', 'It ends on the thirty first of January.', 'on the thirty first of January'],
    ['en', 'Let us say March 3rd, 2027.', 'March 3rd, 2027'],
    ['en', 'The 4 May 2027 is fine.', '4 May 2027'],
    ['en', 'By the end of next week.', 'By the end of next week'],
    ['en', 'It was 2026-11-23.', '2026-11-23'],
    ['en', 'Last Tuesday it rained.', null],
    ['en', 'That may be true, and we march on.', null],
    ['de', 'Das machen wir am 7. Januar.', '7. Januar'],
    ['de', 'Bis Freitag ist es fertig.', 'Bis Freitag'],
    ['fr', 'On se voit le 3 février.', '3 février'],
    ['fr', 'Je le fais avant mardi, demain.', 'avant mardi'],
    ['es', 'La reunión es el 3 de febrero.', '3 de febrero'],
    ['pt-BR', 'Até sexta-feira, por favor.', 'Até sexta-feira'],
    ['it', 'Ci vediamo il 3 febbraio.', '3 febbraio'],
    ['ru', 'Встретимся 3 февраля.', '3 февраля'],
    ['ar', 'التدريب في 14 ديسمبر.', '14 ديسمبر'],
    ['zh', '春游改到四月二十五日。', '四月二十五日'],
    ['ja', '来週の金曜日までにお願いします。', '来週の金曜日まで'],
    ['fi', 'Nähdään 3. helmikuuta.', '3. helmikuuta'],
    ['he', 'ניפגש ביום ראשון.', null],
  ])('%s: %s', (language, sentence, found) => {
    expect(new DateFinder(language).find(sentence)).toBe(found);
  });

  it('tells days from vague times', () => {
    for (const day of ['before Friday', 'the fifteenth of December', '四月二十五日', 'am Montag'])
      expect(isCalendarDay(day)).toBe(true);
    for (const vague of ['today', 'next week', 'in January', 'this afternoon', '明日', 'heute noch'])
      expect(isCalendarDay(vague)).toBe(false);
  });
});
