import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  chunksNeeded,
  deleteChunks,
  deleteJournal,
  isWhole,
  journalsToDelete,
} from '../../../src/journal/retention.ts';
import { smallChunk, temporaryFolder, writeChunk } from './fixtures.ts';

const chunks = [1, 2, 3, 4, 5].map((chunk) => ({ chunk, startNs: (chunk - 1) * 10, endNs: chunk * 10 - 1 }));

describe('which chunks are needed', () => {
  it('those of the span and one before, for the keyframe on screen when it begins', () => {
    expect([...chunksNeeded(chunks, [{ fromNs: 25, toNs: 35 }])]).toEqual([2, 3, 4]);
  });
  it('all from the start of a running recording on', () => {
    expect([...chunksNeeded(chunks, [{ fromNs: 40, toNs: null }])]).toEqual([4, 5]);
  });
  it('those of any span, and none without', () => {
    expect(
      [
        ...chunksNeeded(chunks, [
          { fromNs: 0, toNs: 1 },
          { fromNs: 45, toNs: 46 },
        ]),
      ].sort(),
    ).toEqual([1, 4, 5]);
    expect(chunksNeeded(chunks, []).size).toBe(0);
  });
});

it('a span is whole where no chunk of it is missing', () => {
  const without = (...gone: number[]) => chunks.filter(({ chunk }) => !gone.includes(chunk));
  expect(isWhole(chunks, 25, 35)).toBe(true);
  expect(isWhole(without(1, 2, 5), 25, 35)).toBe(true);
  expect(isWhole(without(4), 25, 35)).toBe(false);
  expect(isWhole(without(1, 2, 3), 25, 35)).toBe(false);
  expect(isWhole(without(3), 15, 35)).toBe(false);
  expect(isWhole([], 0, 1)).toBe(false);
});

describe('which journals go', () => {
  const journal = (directory: string, bytes: number, releasedAtMs: number | null) => ({
    directory,
    bytes,
    releasedAtMs,
  });
  const names = (list: readonly { directory: string }[]) => list.map(({ directory }) => directory);
  const policy = { keepMs: 1000, capBytes: 100 };

  it('those released long enough ago', () => {
    const journals = [journal('old', 10, 0), journal('new', 10, 4500), journal('needed', 10, null)];
    expect(names(journalsToDelete(journals, policy, 5000))).toEqual(['old']);
  });
  it('above the cap the longest released, until it fits; never one that is needed', () => {
    const journals = [
      journal('c', 40, 4900),
      journal('needed', 70, null),
      journal('a', 40, 4700),
      journal('b', 40, 4800),
    ];
    expect(names(journalsToDelete(journals, { ...policy, capBytes: 150 }, 5000))).toEqual(['a']);
    expect(names(journalsToDelete(journals, policy, 5000))).toEqual(['a', 'b', 'c']);
  });
});

describe('deleting', () => {
  it('takes sealed chunks, leaves open ones, and may be repeated', async () => {
    const directory = await temporaryFolder();
    await writeChunk(directory, 1, smallChunk(1));
    await writeChunk(directory, 2, smallChunk(2));
    await writeChunk(directory, 3, smallChunk(3), 'open');
    expect(await deleteChunks(directory, [1, 3, 9])).toBe(1);
    expect(await deleteChunks(directory, [1])).toBe(0);
    expect(await readdir(directory)).toEqual(['00000002.rtj', '00000003.open']);
  });

  it('of a journal spares the chunk that is being written, and takes the rest when it is sealed', async () => {
    const directory = await temporaryFolder();
    await writeChunk(directory, 1, Buffer.from('not readable'));
    await writeChunk(directory, 2, smallChunk(2), 'open');
    expect(await deleteJournal(directory)).toBe(false);
    expect(await readdir(directory)).toEqual(['00000002.open']);
    await rename(join(directory, '00000002.open'), join(directory, '00000002.rtj'));
    expect(await deleteJournal(directory)).toBe(true);
    expect(await deleteJournal(directory)).toBe(true);
    await expect(readdir(directory)).rejects.toThrow(/ENOENT/);
  });
});
