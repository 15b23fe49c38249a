import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RecordingId } from '../../../src/domain/ids.ts';
import { scanJournal, scanJournals } from '../../../src/journal/scan.ts';
import { createJournalSinkFactory } from '../../../src/journal/sink.ts';
import {
  EMPTY_ROOM,
  RECORDING,
  ROOM,
  recordingStarted,
  SESSION,
  silentLog,
  TestClock,
  temporaryFolder,
  until,
  writeChunk,
} from './fixtures.ts';

const SECOND = 'cccccccccccccccccccccccc' as RecordingId;

const openSink = async (root: string, clock: TestClock) =>
  createJournalSinkFactory({ root, log: silentLog, clock }).open({
    sessionId: SESSION,
    roomId: ROOM,
    snapshot: () => EMPTY_ROOM,
    onKeyframesWanted: () => undefined,
    onFailure: (error) => {
      throw error;
    },
  });

describe('scanning journals', () => {
  it('finds recordings with their starts and stops, on the wall clock too', async () => {
    const root = await temporaryFolder();
    const clock = new TestClock();
    const opened = clock.wallMs();
    const sink = await openSink(root, clock);
    await sink.durableEvent(recordingStarted(0), clock.monotonicNs());
    clock.advance(12_000);
    await until('another chunk', async () => (await scanJournal(sink.directory))?.chunks.length === 2);
    await sink.durableEvent(
      { type: 'recording-stopped', recordingId: RECORDING, stoppedNs: 12e9, reason: 'requested' },
      clock.monotonicNs(),
    );
    await sink.durableEvent(recordingStarted(12e9, SECOND), clock.monotonicNs());
    const expected = [
      {
        recordingId: RECORDING,
        startedNs: 0,
        startedAtMs: opened,
        stop: { stoppedNs: 12e9, stoppedAtMs: opened + 12_000, reason: 'requested' },
      },
      { recordingId: SECOND, startedNs: 12e9, startedAtMs: opened + 12_000, stop: null },
    ];
    const live = await scanJournal(sink.directory);
    expect(live).toMatchObject({ sessionId: SESSION, roomId: ROOM, recordings: expected, sessionEnded: false });
    expect(live?.chunks.map(({ sealed }) => sealed)).toEqual([true, false]);
    sink.event({ type: 'session-ended' }, clock.monotonicNs());
    await sink.close();
    const [summary, ...others] = await scanJournals(root);
    expect(others).toEqual([]);
    expect(summary).toMatchObject({
      recordings: expected,
      sessionEnded: true,
      lastNs: 12e9,
      lastAtMs: opened + 12_000,
      chunks: [
        { chunk: 1, startNs: 0, sealed: true },
        { chunk: 2, startNs: 12e9, sealed: true },
      ],
    });
  });

  it('reads the records of a chunk whose writer was killed before its index', async () => {
    const root = await temporaryFolder();
    const clock = new TestClock();
    const sink = await openSink(root, clock);
    await sink.durableEvent(recordingStarted(0), clock.monotonicNs());
    const copy = join(root, 'ffffffffffffffffffffffff');
    await rename(sink.directory, copy);
    expect(await scanJournals(root)).toMatchObject([{ directory: copy, recordings: [{ stop: null }] }]);
    await rename(copy, sink.directory);
    await sink.close();
  });

  it('passes over what is no journal', async () => {
    const root = await temporaryFolder();
    await mkdir(join(root, 'notes'));
    await mkdir(join(root, SESSION));
    await writeChunk(join(root, SESSION), 1, Buffer.from('not a chunk at all'));
    expect(await scanJournals(root)).toEqual([]);
    expect(await scanJournals(join(root, 'none'))).toEqual([]);
  });
});
