/**
 * The extractive digest, read as people read it: whole texts are kept beside the test, one for each meeting, so that whoever changes a rule
 * sees what it does to them (`vitest -u` writes them anew). Here is what must hold of all of them.
 */
import { describe, expect, it } from 'vitest';
import type { Summary } from '../../../../src/domain/summary.ts';
import type { Transcript } from '../../../../src/domain/transcript.ts';
import { digestOf, NOT_CONFIGURED } from '../../../../src/transcription/summary/extractive/digest.ts';
import { summaryText } from '../../../../src/transcription/summary/summary-text.ts';
import { MEETINGS, readMeeting } from '../../../support/meetings.ts';

const digest = (transcript: Transcript): Summary => digestOf(transcript, 'standard', NOT_CONFIGURED);

/** Chapters as `minute:second title`. */
const chapters = (summary: Summary): string[] =>
  summary.chapters.map(({ start, title }) => `${Math.round(start)} ${title}`);

const start = (transcript: Transcript, words: string): number => {
  const found = transcript.utterances.find(({ text }) => text.includes(words));
  if (!found) throw new Error(`Nobody says "${words}".`);
  return found.start;
};

describe.each(MEETINGS)('the digest of %s', (name) => {
  const transcript = readMeeting(name);
  const summary = digest(transcript);

  it('reads as it did', async () => {
    await expect(summaryText(summary)).toMatchFileSnapshot(`../../../fixtures/digests/${name}.txt`);
  });

  it('says what it is, and that no prompt was followed', () => {
    expect(summary).toMatchObject({
      method: 'extractive',
      promptApplied: false,
      usage: null,
      engine: 'roomtape-digest/1',
    });
    expect(summary.notes[0]).toMatch(/^This is an extractive digest: .* The prompt was not applied\.$/);
  });

  it('quotes word for word, with the times of who said it', () => {
    const claims = [
      ...summary.sections.flatMap(({ points }) => points),
      ...summary.decisions,
      ...summary.actionItems,
      ...summary.dates,
    ];
    expect(claims.length).toBeGreaterThan(3);
    for (const { text, moments } of claims) {
      const [first] = moments;
      const said = transcript.utterances.filter((one) => one.start >= (first?.start ?? 0)).slice(0, 2);
      expect(said.map((one) => one.text).join(' ')).toContain(text);
      expect(transcript.speakers.map((speaker) => speaker.name)).toContain(first?.speaker);
    }
  });

  it('has chapters that follow each other through the whole recording', () => {
    const edges = summary.chapters.flatMap((chapter) => [chapter.start, chapter.end]);
    expect(edges).toEqual(edges.toSorted((one, other) => one - other));
    expect(edges[0]).toBe(0);
    expect(edges.at(-1)).toBe(transcript.durationSeconds);
    for (const [index, chapter] of summary.chapters.entries()) {
      expect(chapter.start).toBe(index === 0 ? 0 : summary.chapters[index - 1]?.end);
    }
    expect(summary.sections).toHaveLength(summary.chapters.length);
  });

  it('counts all talk time, once', () => {
    const sum = summary.participants.reduce((total, { share }) => total + share, 0);
    expect(sum).toBeCloseTo(1, 2);
    expect(summary.participants).toHaveLength(transcript.speakers.length);
  });

  it('is the same each time', () => {
    expect(digest(structuredClone(transcript))).toEqual(summary);
  });
});

describe('a long meeting', () => {
  const transcript = readMeeting('weekly-en');
  const summary = digest(transcript);

  it('is divided where its topics change', () => {
    expect(summary.chapters.map((chapter) => chapter.start)).toEqual([
      0,
      start(transcript, 'Next one is billing'),
      start(transcript, 'Number three'),
      start(transcript, 'last topic'),
    ]);
    expect(chapters(summary).join('; ')).toMatch(/disk.*; .*nvoices.*; .*andidates.*; .*offline mode/);
  });

  it('finds what was decided', () => {
    const found = summary.decisions.map(({ text }) => text).join('\n');
    for (const words of [
      'first Monday of every month',
      'ten customers in December',
      'read only in the first release',
    ]) {
      expect(found).toContain(words);
    }
    expect(summary.decisions).toHaveLength(4);
  });

  it.each([
    ['disk alerts for all servers', 'Tomás', 'by Thursday'],
    ['report of the cleanup job', 'Aiko', 'until the end of next week'],
    ['short post for the status page', 'Daniel', 'tomorrow'],
    ['send the notice', 'Aiko', 'before Friday'],
    ['choose ten customers', 'Daniel', 'on Wednesday'],
    ['invite both candidates', 'Daniel', 'next Tuesday or Wednesday'],
    ['final screens', 'Aiko', 'on Monday'],
    ['write the announcement', 'Priya', null],
  ])('finds who shall do what: %s', (words, owner, due) => {
    const found = summary.actionItems.find(({ text }) => text.includes(words));
    expect(found).toMatchObject({ owner, due });
    expect(transcript.speakers.find(({ id }) => id === found?.ownerId)?.name).toBe(owner);
  });

  it('does not take the small change of talking for a task', () => {
    const tasks = summary.actionItems.map(({ text }) => text).join('\n');
    for (const words of ['turn it off', 'share my screen', 'hear me', 'like to start'])
      expect(tasks).not.toContain(words);
    expect(summary.actionItems.length).toBeLessThan(20);
  });

  it('quotes no shared screen, though it counts its sound', () => {
    expect(summaryText(summary)).not.toContain('Welcome to the tour');
    expect(summary.participants.at(-1)).toMatchObject({ kind: 'screen', name: 'Daniel (screen)' });
  });
});

describe('where there is little to go by', () => {
  const one = readMeeting('dialogue-en');
  const nobody = { ...one, utterances: [] };

  it('says that nothing was said', () => {
    const summary = digest(nobody);
    expect(summary.notes).toEqual(['Nothing was said, or nothing could be understood. There is nothing to sum up.']);
    expect(summary).toMatchObject({ sections: [], chapters: [], decisions: [], actionItems: [], dates: [] });
    expect(summaryText(summary)).toContain('There is nothing to sum up.');
    expect(summaryText(summary)).toContain('Alice');
  });

  it('takes a single sentence', () => {
    const summary = digest({ ...one, utterances: one.utterances.slice(0, 1), durationSeconds: 9 });
    expect(summary.chapters).toHaveLength(1);
    expect(summary.sections[0]?.points).toHaveLength(1);
  });

  it('says for which languages it knows no phrases', () => {
    const finnish = {
      ...one,
      language: 'fi',
      utterances: [{ ...(one.utterances[0] ?? never()), text: 'Sovimme, että lähetän raportin.' }],
    };
    expect(digest(finnish).notes[1]).toContain('not known for "fi"');
    expect(digest(readMeeting('bau-de')).notes).toHaveLength(1);
  });

  it('takes text without full stops, and very long texts, within bounds', () => {
    const words = 'and then we talked about the budget and the garden and the new fence '.repeat(300);
    const summary = digest({ ...one, utterances: one.utterances.map((utterance) => ({ ...utterance, text: words })) });
    for (const point of summary.sections.flatMap(({ points }) => points))
      expect(point.text.length).toBeLessThanOrEqual(321);
  });

  it.each([
    'great',
    'yes, ',
    'please',
    'I will',
    'can you',
    'we have',
    'ich',
    'haben',
    'por favor',
    'سأ ',
    '请',
    '私が',
    'the first',
    'monday',
    '1. ',
    'Bob, ',
    '.',
    '([',
  ])('is not kept busy by who says %j three thousand times', (words) => {
    const utterances = one.utterances.map((utterance) => ({ ...utterance, text: `${words} `.repeat(3_000) }));
    for (const language of ['en', 'de', null]) {
      expect(digest({ ...one, language, utterances: utterances.slice(0, 2) }).method).toBe('extractive');
    }
  });

  it('takes a day of talking in seconds', () => {
    const day = Array.from({ length: 60 }, () => readMeeting('weekly-en').utterances).flat();
    const utterances = day.map((utterance, index) => ({ ...utterance, start: index * 4, end: index * 4 + 3 }));
    const summary = digest({ ...readMeeting('weekly-en'), utterances, durationSeconds: utterances.length * 4 });
    expect(summary.chapters.length).toBeLessThanOrEqual(20);
    expect(summary.actionItems.length).toBeLessThanOrEqual(50);
  });
});

const never = (): never => {
  throw new Error('The fixture is empty.');
};
