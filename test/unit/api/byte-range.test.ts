/** RFC 9110 §14.1.2, with its own examples of a 10 000-byte representation. */
import { expect, it } from 'vitest';
import { parseRange } from '../../../src/api/byte-range.ts';

it.each([
  ['bytes=0-499', { first: 0, last: 499 }],
  ['bytes=500-999', { first: 500, last: 999 }],
  ['bytes=-500', { first: 9500, last: 9999 }],
  ['bytes=9500-', { first: 9500, last: 9999 }],
  ['Bytes=0-0', { first: 0, last: 0 }],
  ['bytes=9999-20000', { first: 9999, last: 9999 }],
  ['bytes=10000-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=0-0,-1', 'whole'],
  ['bytes=9-8', 'whole'],
  ['bytes=', 'whole'],
  ['seconds=1-2', 'whole'],
  [undefined, 'whole'],
])('%s', (header, range) => expect(parseRange(header, 10_000)).toEqual(range));

it('has nothing to give of an empty file', () => {
  expect(parseRange('bytes=0-', 0)).toBe('unsatisfiable');
  expect(parseRange('bytes=-5', 0)).toBe('unsatisfiable');
});
