/** Directories in a bucket: what is made of them, and what is refused. */
import { describe, expect, it } from 'vitest';
import { bucketDirectory, directoryProblem, objectName } from '../../../src/domain/object-name.ts';

describe('a directory', () => {
  const TAKEN: readonly (readonly [string, string])[] = [
    ['/meetings/weekly/', 'meetings/weekly'],
    ['meetings', 'meetings'],
    ['/', ''],
    ['///a//./b/ ', 'a/b'],
    ['a/.../b', 'a/.../b'],
    ['ra\u0308ume/名前 🎬', 'r\u00e4ume/名前 🎬'],
    ['50%/a+b&c=d?#', '50%/a+b&c=d?#'],
  ];
  for (const [text, directory] of TAKEN) {
    it(`${JSON.stringify(text)} is ${JSON.stringify(directory)}`, () => {
      expect(directoryProblem(text)).toBeUndefined();
      expect(bucketDirectory(text)).toBe(directory);
    });
  }

  const REFUSED: readonly (readonly [string, RegExp])[] = [
    ['../other', /"\.\."/],
    ['a/../../b', /"\.\."/],
    ['a/ .. /b', /"\.\."/],
    ['a\\..\\b', /backslashes/],
    ['a\u0000b', /control characters/],
    ['a\nb', /control characters/],
    ['a\u2028b', /control characters/],
    ['a\u202eb', /direction/],
    ['a\ud800b', /control characters/],
    ['x'.repeat(256), /255 bytes/],
    [Array(5).fill('ä'.repeat(100)).join('/'), /900 bytes/],
  ];
  for (const [text, problem] of REFUSED) {
    it(`${JSON.stringify(text.slice(0, 20))} is refused`, () => expect(directoryProblem(text)).toMatch(problem));
  }
});

describe('an object', () => {
  const file = { recordingId: '61d6e834', index: 0, extension: '.mp4' };

  it('is named by its recording, below the directory', () => {
    expect(objectName('meetings/a', file)).toBe('meetings/a/61d6e834.mp4');
    expect(objectName('', file)).toBe('61d6e834.mp4');
  });

  it('has a number where a recording has several, and a name of its own where it was composed again', () => {
    expect(objectName('d', { ...file, index: 1, extension: '.webm' })).toBe('d/61d6e834-2.webm');
    expect(objectName('d', { ...file, compositionId: '77aa' })).toBe('d/61d6e834-77aa.mp4');
  });
});
