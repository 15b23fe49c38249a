import { expect, test } from 'vitest';
import { ShownTexts } from '../../../src/composition/shown-texts.ts';
import type { ParticipantId } from '../../../src/domain/ids.ts';
import { MediaSpans } from '../../../src/domain/media-spans.ts';

const S = 1e9;
const said = (seconds: number, text: string, topic = 'ticker') => ({
  atNs: seconds * S,
  event: { type: 'text-shown', participantId: 'ada' as ParticipantId, topic, text } as const,
});

test('the newest text of each topic, of what was said while it was recorded', () => {
  const spans = new MediaSpans(10 * S, [{ pausedNs: 20 * S, resumedNs: 30 * S }], 40 * S);
  const texts = new ShownTexts();
  texts.take([said(9, 'before'), said(12, 'one'), { atNs: 13 * S, event: { type: 'session-ended' } }]);
  texts.take([said(14, 'other', 'news'), said(15, 'two'), said(25, 'in the pause'), said(35, 'three')]);
  const at = (seconds: number) => Object.fromEntries(texts.at(seconds * S, spans));
  expect(at(11)).toEqual({});
  expect(at(12)).toEqual({ ticker: 'one' });
  expect(at(16)).toEqual({ ticker: 'two', news: 'other' });
  expect(at(31)).toEqual({ ticker: 'two', news: 'other' });
  expect(at(39)).toEqual({ ticker: 'three', news: 'other' });
});
