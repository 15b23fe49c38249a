import { describe, expect, test } from 'vitest';
import type { Incident } from '../../../src/domain/incidents.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { JournalIncidents } from '../../../src/processes/journal-incidents.ts';

const NS = 1e9;
const packet = (s: number): JournalRecord => ({ type: 'rtp', arrivalNs: s * NS, stream: 1, payload: Buffer.alloc(0) });
const tick = (s: number): JournalRecord => ({ type: 'tick', arrivalNs: s * NS });
const dropped = (s: number): JournalRecord => ({
  type: 'event',
  arrivalNs: s * NS,
  event: { type: 'dropped', records: 7, bytes: 900, reason: 'The disk did not keep up.' },
});
const interrupted = (fromS: number, untilS: number): JournalRecord => ({
  type: 'event',
  arrivalNs: untilS * NS,
  event: { type: 'interrupted', fromNs: fromS * NS, untilNs: untilS * NS },
});

/** A recording that began at second 10 and ended at `stop`. */
const watch = (stop: number | null = null, isKnown = () => true) => {
  const told: Incident[] = [];
  const stopNs = stop === null ? null : stop * NS;
  const time = {
    startNs: 10 * NS,
    stopNs,
    secondsAt: (ns: number) => ns / NS - 10,
    wallMsAt: (ns: number) => ns / 1e6,
  };
  const incidents = new JournalIncidents(
    () => (isKnown() ? time : null),
    (incident) => told.push(incident),
  );
  return { incidents, told };
};
const spans = (told: readonly Incident[]) =>
  told.map(({ type, fromSeconds, toSeconds }) => [type, fromSeconds, toSeconds]);

describe('what a journal says of things that befell a recording', () => {
  test('is an interruption, from the last record to the first packet of who came back', () => {
    const { incidents, told } = watch();
    for (const record of [packet(12), tick(12.5), interrupted(12.5, 15), tick(15.25)]) incidents.record(record);
    expect(told).toEqual([]);
    incidents.record(packet(17));
    expect(told).toMatchObject([{ type: 'interrupted', key: 'interrupted/12500000000', atMs: 12_500 }]);
    expect(spans(told)).toEqual([['interrupted', 2.5, 7]]);
  });

  test('is an interruption to the end if nobody came back', () => {
    const { incidents, told } = watch(12.5);
    for (const record of [packet(12), interrupted(12.4, 15), tick(15.25)]) incidents.record(record);
    incidents.finish();
    expect(spans(told)).toEqual([['interrupted', expect.closeTo(2.4), 2.5]]);
  });

  test('is told as soon as the recording is known, where the journal is damaged from its beginning on', () => {
    let isKnown = false;
    const { incidents, told } = watch(null, () => isKnown);
    incidents.problem({ kind: 'missing-chunks', from: 1, to: 1 });
    incidents.record(tick(8));
    incidents.problem({ kind: 'missing-chunks', from: 3, to: 3 });
    incidents.record(tick(13));
    expect(told).toEqual([]);
    isKnown = true;
    incidents.record(packet(13.5));
    // What was over before the recording began is none of it.
    expect(spans(told)).toEqual([['journal-damaged', -2, 3]]);
    incidents.finish();
    expect(told.map(({ key }) => key)).toEqual(['missing/3', 'end-missing']);
  });

  test('is what a slow disk cost', () => {
    const { incidents, told } = watch();
    for (const record of [packet(12), dropped(16)]) incidents.record(record);
    expect(spans(told)).toEqual([['packets-dropped', 2, 6]]);
    expect(told[0]?.message).toBe('7 packets (900 bytes) are missing. The disk did not keep up.');
  });

  test('is what cannot be read: a record, the rest of a chunk, whole chunks', () => {
    const { incidents, told } = watch();
    const damage = { kind: 'damaged', chunk: 1, bytes: 50, reason: 'bad' } as const;
    for (const record of [packet(11), packet(14)]) incidents.record(record);
    incidents.problem({ ...damage, offset: 100, restLost: false, afterNs: 12 * NS });
    incidents.problem({ ...damage, offset: 200, restLost: true, afterNs: 14 * NS });
    incidents.record(packet(20));
    incidents.problem({ kind: 'missing-chunks', from: 3, to: 4 });
    incidents.record(packet(40));
    expect(spans(told)).toEqual([
      ['journal-damaged', 2, 2],
      ['journal-damaged', 4, 10],
      ['journal-damaged', 10, 30],
    ]);
    expect(new Set(told.map(({ key }) => key)).size).toBe(3);
  });

  test('is the end of a chunk that is cut off, in the midst of a record or between two, however little is missing', () => {
    const { incidents, told } = watch();
    incidents.record(packet(11));
    incidents.problem({ kind: 'torn', chunk: 1, offset: 10, bytes: 5 });
    incidents.record(tick(11.1));
    incidents.record(packet(11.2));
    incidents.problem({ kind: 'unsealed', chunk: 2 });
    incidents.record(packet(19));
    expect(spans(told)).toEqual([
      ['journal-damaged', 1, expect.closeTo(1.1)],
      ['journal-damaged', expect.closeTo(1.2), 9],
    ]);
  });

  test.each([{ kind: 'torn', chunk: 1, offset: 10, bytes: 5 } as const, { kind: 'unsealed', chunk: 1 } as const])(
    'is one interruption where its writer died and another went on: $kind',
    (problem) => {
      const { incidents, told } = watch();
      incidents.record(packet(11));
      incidents.problem(problem);
      for (const record of [tick(12.9), interrupted(11, 13), packet(14)]) incidents.record(record);
      expect(spans(told)).toEqual([['interrupted', 1, 4]]);
    },
  );

  test('is not a record at its end that was cut off when its writer died, unless more is missing', () => {
    const short = watch(11.2);
    short.incidents.record(packet(11));
    short.incidents.problem({ kind: 'torn', chunk: 1, offset: 10, bytes: 5 });
    short.incidents.finish();
    expect(short.told).toEqual([]);
    const long = watch(19);
    long.incidents.record(packet(11));
    long.incidents.problem({ kind: 'torn', chunk: 1, offset: 10, bytes: 5 });
    long.incidents.finish();
    expect(spans(long.told)).toEqual([['journal-damaged', 1, 9]]);
  });

  test('is an end that the journal does not know, told once', () => {
    const { incidents, told } = watch();
    for (const record of [packet(11), tick(12)]) incidents.record(record);
    incidents.finish();
    incidents.finish();
    expect(told).toMatchObject([{ type: 'journal-damaged', key: 'end-missing', fromSeconds: 2, toSeconds: null }]);
  });

  test('is nothing that happened before it began or after it ended', () => {
    const { incidents, told } = watch(20);
    for (const record of [packet(2), dropped(6), packet(21), dropped(25)]) incidents.record(record);
    incidents.finish();
    expect(told).toEqual([]);
  });
});
