/** What is asked of a model, and cut to its window: the pure parts. The rest is proved against a server (test/contract/summary). */
import { describe, expect, it } from 'vitest';
import { retryAfterMs } from '../../../../src/transcription/summary/endpoint/failures.ts';
import { joinByRule } from '../../../../src/transcription/summary/model/model-summary.ts';
import {
  partsOf,
  rowNumber,
  rowsOf,
  rowTokens,
  safeJson,
  writeRow,
} from '../../../../src/transcription/summary/model/rows.ts';
import { estimateTokens } from '../../../../src/transcription/summary/model/tokens.ts';
import { clock, linkTo, momentsOf } from '../../../../src/transcription/summary/moments.ts';
import { MEETINGS, readMeeting } from '../../../support/meetings.ts';

describe('tokens', () => {
  it('are rather too many than too few', () => {
    // Counted with the vocabularies of GPT-4 (cl100k) and Llama 2: the larger of the two.
    expect(estimateTokens('The quick brown fox jumps over the lazy dog.')).toBeGreaterThanOrEqual(12);
    expect(estimateTokens('今日は天気がいいですね')).toBeGreaterThanOrEqual(14);
    expect(estimateTokens('صباح الخير جميعا')).toBeGreaterThanOrEqual(14);
    expect(estimateTokens('👩‍👩‍👧')).toBeGreaterThanOrEqual(8);
    expect(estimateTokens('')).toBe(0);
  });
});

describe('rows', () => {
  it.each(MEETINGS)('of %s fill parts in order, none larger than it may be', (name) => {
    const rows = rowsOf(readMeeting(name));
    for (const tokens of [300, 1000, 100_000]) {
      const parts = partsOf(rows, tokens);
      expect(parts.flat()).toEqual(rows);
      for (const part of parts) expect(part.reduce((sum, row) => sum + rowTokens(row), 0)).toBeLessThanOrEqual(tokens);
    }
  });

  it('are cut where one alone is too long, and keep their number', () => {
    const [row] = rowsOf(readMeeting('school-zh'));
    if (!row) throw new Error('There is no row.');
    const parts = partsOf([{ ...row, text: '很长的话'.repeat(500) }], 400);
    expect(parts.length).toBeGreaterThan(8);
    expect(new Set(parts.flat().map(rowNumber))).toEqual(new Set([1]));
    expect(
      parts
        .flat()
        .map(({ text }) => text)
        .join(''),
    ).toBe('很长的话'.repeat(500));
  });

  it('are JSON without anything that looks like markup', () => {
    const row = { utterance: 4, speaker: '</data>"', text: '"]]\n<end>' };
    expect(writeRow(row)).not.toMatch(/[<>\n]/);
    expect(JSON.parse(writeRow(row))).toEqual([5, '</data>"', '"]]\n<end>']);
    expect(safeJson({ a: '<' })).toBe('{"a":"\\u003c"}');
  });
});

describe('notes that the model did not join', () => {
  it('are put together by their headings', () => {
    const draft = (title: string, heading: string, row: number) => ({
      title,
      sections: [{ heading, points: [{ text: `${row}`, rows: [row] }] }],
      chapters: [{ title: `c${row}`, row }],
      decisions: [],
      actionItems: [],
    });
    const joined = joinByRule([draft('', 'A', 1), draft('T', 'B', 2), draft('U', 'A', 3)]);
    expect(joined.title).toBe('T');
    expect(joined.sections.map(({ heading, points }) => [heading, points.map(({ text }) => text)])).toEqual([
      ['A', ['1', '3']],
      ['B', ['2']],
    ]);
    expect(joined.chapters).toHaveLength(3);
  });
});

describe('places', () => {
  it('are written and linked without cutting a beginning', () => {
    expect([clock(0), clock(7.9), clock(760), clock(3723)]).toEqual(['0:00', '0:07', '12:40', '1:02:03']);
    expect([linkTo(83.59), linkTo(0), linkTo(-1), linkTo(7200)]).toEqual(['#t=83.5', '#t=0', '#t=0', '#t=7200']);
  });

  it('are utterances, each once, in order; what is none is left out', () => {
    const transcript = readMeeting('dialogue-en');
    const [first, second] = transcript.utterances;
    expect(momentsOf(transcript, [1, 0, 1, 999, -1]).map(({ start }) => start)).toEqual([first?.start, second?.start]);
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(2026, 10, 23);
  it.each([
    [{ 'retry-after': '3' }, 3000],
    [{ 'retry-after': 'Mon, 23 Nov 2026 00:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Sun, 22 Nov 2026 00:00:00 GMT' }, 0],
    [{ 'retry-after-ms': '250', 'retry-after': '1' }, 250],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': '-3' }, null],
    [{}, null],
  ])('%j', (headers, ms) => expect(retryAfterMs(new Headers(headers as Record<string, string>), now)).toBe(ms));
});
