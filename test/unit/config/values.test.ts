/** Durations, sizes and guesses of meant names. */
import { describe, expect, it } from 'vitest';
import { formatByteSize, parseByteSize } from '../../../src/config/byte-size.ts';
import { didYouMean } from '../../../src/config/did-you-mean.ts';
import { formatDuration, parseDuration } from '../../../src/config/duration.ts';
import { isCidr } from '../../../src/config/setting-kinds.ts';

describe('duration', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5h', 5_400_000],
    ['1h 30m', 5_400_000],
    ['2d', 172_800_000],
    ['0s', 0],
  ])('reads %s', (text, ms) => expect(parseDuration(text)).toBe(ms));
  it.each(['', '12', 'h', '1y', '-1s', '1s2', '9e9d', '99999999999999999d'])('refuses %j', (text) =>
    expect(parseDuration(text)).toBeNull(),
  );
  it('writes what it reads', () => {
    for (const text of ['500ms', '30s', '90m', '12h', '7d', '0s'])
      expect(formatDuration(parseDuration(text) ?? -1)).toBe(text);
  });
});

describe('size', () => {
  it.each([
    ['64MiB', 67_108_864],
    ['10 GB', 10_000_000_000],
    ['1.5kib', 1536],
    ['123', 123],
    ['0', 0],
  ])('reads %s', (text, bytes) => expect(parseByteSize(text)).toBe(bytes));
  it.each(['', 'MiB', '1XB', '-1', '1e3', '99999999TiB'])('refuses %j', (text) =>
    expect(parseByteSize(text)).toBeNull(),
  );
  it('writes what it reads', () => {
    for (const text of ['64MiB', '3TiB', '1025B', '0B']) expect(formatByteSize(parseByteSize(text) ?? -1)).toBe(text);
  });
});

describe('did you mean', () => {
  const names = ['dataDir', 'port', 'rtcPort'];
  it.each([
    ['DATA-DIR', 'dataDir'],
    ['datadri', 'dataDir'],
    ['prt', 'port'],
    ['rtc_port', 'rtcPort'],
  ])('guesses %s', (typed, meant) => expect(didYouMean(typed, names)).toBe(meant));
  it('keeps quiet where nothing is near', () => {
    expect(didYouMean('elephant', names)).toBeNull();
    expect(didYouMean('x', [])).toBeNull();
  });
});

describe('networks', () => {
  it.each(['10.0.0.0/8', '192.0.2.1', '::1', 'fd00::/8'])('takes %s', (text) => expect(isCidr(text)).toBe(true));
  it.each(['10.0.0.0/33', '10.0.0', 'x/8', '::1/129', '10.0.0.0/', '10.0.0.0/8/8'])('refuses %s', (text) =>
    expect(isCidr(text)).toBe(false),
  );
});
