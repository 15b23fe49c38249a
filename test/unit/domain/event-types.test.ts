import { expect, it } from 'vitest';
import { isWanted, recordingEvent } from '../../../src/domain/event-types.ts';

it.each<[pattern: string, wanted: string[]]>([
  ['*', ['recording-started', 'session-ended', 'participant-recording-started']],
  ['recording-*', ['recording-started']],
  ['session*', ['session-ended']],
  ['*-started', ['recording-started', 'participant-recording-started']],
  ['*recording-*', ['recording-started', 'participant-recording-started']],
  ['p*ing*ted', ['participant-recording-started']],
  ['recording-started', ['recording-started']],
  ['recording-start', []],
  ['recording-*-started', []],
  ['recording-started*d', []],
  ['Recording-*', []],
  ['recording.*', []],
  ['', []],
])('"%s" names %j', (pattern, wanted) => {
  const types = ['recording-started', 'session-ended', 'participant-recording-started'];
  expect(types.filter((type) => isWanted(type, [pattern]))).toEqual(wanted);
});

it('is wanted by any of several patterns, and by none of none', () => {
  expect(isWanted('session-ended', ['recording-*', 'session-ended'])).toBe(true);
  expect(isWanted('session-ended', [])).toBe(false);
});

it('names every phase of every kind; a merge has an end only', () => {
  expect(recordingEvent('room', 'stopped')).toBe('recording-stopped');
  expect(recordingEvent('track', 'failed')).toBe('participant-track-recording-failed');
  expect(
    ['starting', 'started', 'stopping', 'stopped', 'failed'].map((phase) => recordingEvent('merge', phase as 'failed')),
  ).toEqual([null, null, null, 'merge-recording-completed', 'merge-recording-failed']);
});
