/** Damage that a checksum does not tell of: whoever can write a journal may write anything, and a disk flips bytes where it likes. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chunkToReadFrom } from '../../../src/journal/chunk-ends.ts';
import { openChunkPath, sealedChunkPath } from '../../../src/journal/chunk-files.ts';
import { CHUNK_HEADER_BYTES } from '../../../src/journal/format.ts';
import { RECORD_TYPE } from '../../../src/journal/record.ts';
import { findJournalStart, sealAbandonedChunks, sealAbandonedJournals } from '../../../src/journal/resume.ts';
import { scanJournal } from '../../../src/journal/scan.ts';
import {
  chunkHeader,
  encoded,
  indexRecord,
  randomNumbers,
  readAll,
  recordingStarted,
  silentLog,
  smallChunk,
  snapshotOf,
  TestClock,
  temporaryFolder,
  writeChunk,
} from './fixtures.ts';

describe('a chunk whose time of opening is damaged', () => {
  it('does not lead to reading from too late', async () => {
    const directory = await temporaryFolder();
    for (const chunk of [1, 2, 3, 4, 5]) await writeChunk(directory, chunk, smallChunk(chunk));
    expect(await chunkToReadFrom(directory, 2.5e9)).toBe(1);
    const path = sealedChunkPath(directory, 5);
    const bytes = await readFile(path);
    bytes.fill(0, CHUNK_HEADER_BYTES + 8, CHUNK_HEADER_BYTES + 16);
    await writeFile(path, bytes);
    expect(await chunkToReadFrom(directory, 2.5e9)).toBe(1);
  });
});

describe('a journal whose beginning is gone or damaged', () => {
  it('is read from its first chunk, so that it is told', async () => {
    const directory = await temporaryFolder();
    await writeChunk(directory, 1, smallChunk(1).subarray(0, 40));
    for (const chunk of [2, 3]) await writeChunk(directory, chunk, smallChunk(chunk));
    expect(await chunkToReadFrom(directory, 1.5e9)).toBe(1);
    expect(await chunkToReadFrom(directory, 2.5e9)).toBe(1);
    await rm(sealedChunkPath(directory, 1));
    expect(await chunkToReadFrom(directory, 1.5e9)).toBe(1);
    expect(await chunkToReadFrom(directory, 3.5e9)).toBe(2);
  });
});

describe('a journal that cannot be sealed', () => {
  it('does not keep others from being sealed, nor the media process from starting', async () => {
    const root = await temporaryFolder();
    const [bad, good] = ['a'.repeat(24), 'b'.repeat(24)].map((name) => join(root, name)) as [string, string];
    await mkdir(openChunkPath(bad, 1), { recursive: true });
    await mkdir(good);
    await writeFile(openChunkPath(good, 1), smallChunk(1));
    expect(await sealAbandonedJournals(root, silentLog)).toEqual(['b'.repeat(24)]);
    expect((await readAll(good)).problems).toEqual([]);
  });
});

describe('a snapshot with clocks that are none', () => {
  const CLOCKS = [
    { originMonotonicNs: 'yesterday' },
    { originMonotonicNs: '' },
    { monotonicNs: undefined },
    { monotonicNs: '1.5' },
    { wallMs: null },
    { wallMs: '12' },
    { sessionId: 7 },
    { roomId: undefined },
  ];

  it.each(CLOCKS)('is damage: %o', async (over) => {
    const directory = await temporaryFolder();
    await writeChunk(directory, 1, smallChunk(1));
    const snapshot = { ...snapshotOf(2), ...over };
    const event = encoded(RECORD_TYPE.event, 2e9, recordingStarted(2e9));
    const chunk = Buffer.concat([
      chunkHeader(2),
      encoded(RECORD_TYPE.snapshot, 2e9, snapshot),
      event,
      indexRecord(2e9),
    ]);
    await writeChunk(directory, 2, chunk);
    expect((await readAll(directory)).problems).toMatchObject([{ kind: 'damaged', chunk: 2, restLost: false }]);
    expect((await scanJournal(directory))?.chunks.map(({ chunk }) => chunk)).toEqual([1, 2]);
    expect(await findJournalStart(directory, new TestClock())).toMatchObject({ firstChunk: 3 });
  });
});

describe('a small journal', () => {
  /** Whatever is asked of a journal when it is found. */
  const askAll = async (directory: string): Promise<void> => {
    await scanJournal(directory);
    await readAll(directory);
    await chunkToReadFrom(directory, 1.5e9);
    await sealAbandonedChunks(directory, silentLog);
    const start = await findJournalStart(directory, new TestClock());
    expect(start.firstChunk).toBeGreaterThanOrEqual(1);
    const { problems } = await readAll(directory);
    expect(problems.filter(({ kind }) => kind === 'torn')).toEqual([]);
  };

  it('cut off in the midst of anything is scanned, read, sealed and gone on with', async () => {
    const whole = smallChunk(1);
    const random = randomNumbers(2);
    for (let length = 0; length <= whole.length; length += 1 + Math.floor(random() * 4)) {
      const directory = await temporaryFolder();
      await writeFile(openChunkPath(directory, 1), whole.subarray(0, length));
      await askAll(directory);
    }
  }, 60_000);

  it('with one of its bytes flipped in any way is, too', async () => {
    const whole = smallChunk(1);
    const random = randomNumbers(3);
    for (let at = 0; at < whole.length; at += 1 + Math.floor(random() * 4)) {
      const directory = await temporaryFolder();
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ (1 + Math.floor(random() * 255));
      await writeFile(openChunkPath(directory, 1), bytes);
      await askAll(directory);
    }
  }, 60_000);
});
