import { expect, test } from 'vitest';
import { transcriptName } from '../../../src/domain/object-name.ts';
import { withOwnNames } from '../../../src/recordings/read-transcript.ts';

test('files of a transcript lie beside the video, those of a later one under its id', () => {
  const own = { recordingId: 'abc', transcriptionId: null, kind: 'transcript.vtt' } as const;
  expect(transcriptName('meetings', own)).toBe('meetings/abc-transcript.vtt');
  expect(transcriptName('', { ...own, transcriptionId: 'u-1', kind: 'summary.txt' })).toBe('abc-u-1-summary.txt');
});

test('speakers of one name are told apart', () => {
  const named = (id: string, name: string) => ({ id, participantId: id, kind: 'microphone' as const, name });
  const speakers = [named('a', 'Sam'), named('b', 'Sam'), named('c', 'Sam (2)'), named('d', ' ')];
  expect(withOwnNames(speakers).map(({ name }) => name)).toEqual(['Sam', 'Sam (2)', 'Sam (2) (2)', 'd']);
  const alike = [named('a', 'Sam'), named('b', 'S\u200bam\u202e'), named('c', '\u2066\u200b'), named('d', 'محمد‌رضا')];
  expect(withOwnNames(alike).map(({ name }) => name)).toEqual(['Sam', 'S\u200bam\u202e (2)', 'c', 'محمد‌رضا']);
});
