import { appendFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { chunkStarts, chunkToReadFrom } from '../../../src/journal/chunk-ends.ts';
import { type JournalBatch, readJournal } from '../../../src/journal/reader.ts';
import { RECORD_TYPE } from '../../../src/journal/record.ts';
import {
  chunkHeader,
  encoded,
  indexRecord,
  randomNumbers,
  readAll,
  smallChunk,
  snapshotOf,
  temporaryFolder,
  until,
  writeChunk,
} from './fixtures.ts';

const types = (batch: { records: readonly { type: string }[] }) => batch.records.map(({ type }) => type).join(' ');
const WHOLE = 'snapshot rtp rtp rtp rtp rtp tick event index';

describe('reading a finished journal', () => {
  it('yields every record of every chunk in order, then ends', async () => {
    const directory = await temporaryFolder();
    await writeChunk(directory, 1, smallChunk(1));
    await writeChunk(directory, 2, smallChunk(2));
    const { batches, records, problems } = await readAll(directory);
    expect(types({ records })).toBe(`${WHOLE} ${WHOLE}`);
    expect(problems).toEqual([]);
    expect(batches.at(-1)?.state).toBe('ended');
    expect(batches.filter((batch) => batch.records.length > 0).map(({ chunk }) => chunk)).toEqual([1, 2]);
  });

  it('yields payloads that stay what they are while reading goes on', async () => {
    const directory = await temporaryFolder();
    const packets = Array.from({ length: 4000 }, (_, i) => encoded(RECORD_TYPE.rtp, i, Buffer.alloc(1000, i), i));
    await writeChunk(directory, 1, smallChunk(1, packets));
    const { records } = await readAll(directory);
    const rtp = records.filter((record) => record.type === 'rtp').slice(5);
    expect(rtp.length).toBe(4000);
    for (const { stream, payload } of rtp) expect(payload[999]).toBe(stream & 0xff);
  });

  it('can begin at a later chunk', async () => {
    const directory = await temporaryFolder();
    await writeChunk(directory, 1, smallChunk(1));
    await writeChunk(directory, 2, smallChunk(2));
    const chunks: number[] = [];
    for await (const { chunk, records } of readJournal(directory, { fromChunk: 2 })) {
      if (records.length > 0) chunks.push(chunk);
    }
    expect(chunks).toEqual([2]);
  });

  it('ends at once where there is nothing', async () => {
    const { batches } = await readAll(join(await temporaryFolder(), 'none'));
    expect(batches).toMatchObject([{ state: 'ended', records: [] }]);
  });

  it('finds where to read from for a time', async () => {
    const directory = await temporaryFolder();
    for (const chunk of [1, 2, 3, 4]) await writeChunk(directory, chunk, smallChunk(chunk));
    expect(await chunkStarts(directory)).toEqual([1, 2, 3, 4].map((chunk) => ({ chunk, startNs: chunk * 1e9 })));
    expect(await chunkToReadFrom(directory, 3.5e9)).toBe(2);
    expect(await chunkToReadFrom(directory, 3.5e9, 0)).toBe(3);
    expect(await chunkToReadFrom(directory, 0)).toBe(1);
    expect(await chunkToReadFrom(directory, 99e9)).toBe(3);
  });
});

describe('a damaged journal', () => {
  it('cut at any byte yields every whole record before the cut, and says what was torn', async () => {
    const directory = await temporaryFolder();
    const whole = smallChunk(1);
    const ends = [16];
    for (let at = 16; at < whole.length; at = ends.at(-1) ?? 0) ends.push(at + whole.readUInt32LE(at) + 8);
    for (let cut = 0; cut < whole.length; cut++) {
      await writeChunk(directory, 1, whole.subarray(0, cut));
      const { records, problems } = await readAll(directory);
      const expected = ends.filter((end) => end <= cut).length - 1;
      expect(records.length, `cut at ${cut}`).toBe(Math.max(0, expected));
      const clean = cut === 0 || ends.includes(cut);
      expect(problems.map(({ kind }) => kind)).toEqual(clean ? [] : ['torn']);
    }
  });

  it('loses one record to a flipped byte in it, and reads on', async () => {
    const directory = await temporaryFolder();
    const bytes = smallChunk(1);
    const snapshotEnd = 16 + bytes.readUInt32LE(16) + 8;
    bytes[snapshotEnd + 10] = (bytes[snapshotEnd + 10] ?? 0) ^ 0x40;
    await writeChunk(directory, 1, bytes);
    const { records, problems } = await readAll(directory);
    expect(types({ records })).toBe('snapshot rtp rtp rtp rtp tick event index');
    expect(problems).toMatchObject([{ kind: 'damaged', chunk: 1, offset: snapshotEnd, restLost: false }]);
  });

  it('with any byte flipped never throws, never invents a record, and reports', async () => {
    const directory = await temporaryFolder();
    const clean = smallChunk(1);
    await writeChunk(directory, 1, clean);
    await writeChunk(directory, 2, smallChunk(2));
    const originals = (await readAll(directory)).records.map((record) => JSON.stringify(record));
    const random = randomNumbers(4711);
    for (let round = 0; round < 300; round++) {
      const bytes = Buffer.from(clean);
      const position = Math.floor(random() * bytes.length);
      bytes[position] = (bytes[position] ?? 0) ^ (1 << Math.floor(random() * 8));
      await writeChunk(directory, 1, bytes);
      const { records, problems } = await readAll(directory);
      for (const record of records) expect(originals).toContain(JSON.stringify(record));
      expect(problems.length, `byte ${position}`).toBeGreaterThan(0);
      expect(types({ records })).toMatch(new RegExp(`${WHOLE}$`));
    }
  });

  it('with a length that leads nowhere loses the rest of its chunk, not the next one', async () => {
    const directory = await temporaryFolder();
    const bytes = smallChunk(1);
    const snapshotEnd = 16 + bytes.readUInt32LE(16) + 8;
    bytes.writeUInt32LE(0xffffffff, snapshotEnd);
    await writeChunk(directory, 1, bytes);
    await writeChunk(directory, 2, smallChunk(2));
    const { records, problems } = await readAll(directory);
    expect(types({ records })).toBe(`snapshot ${WHOLE}`);
    expect(problems).toMatchObject([{ kind: 'damaged', restLost: true, bytes: bytes.length - snapshotEnd }]);
  });

  it('with a chunk missing says which', async () => {
    const directory = await temporaryFolder();
    await writeChunk(directory, 3, smallChunk(3));
    await writeChunk(directory, 6, smallChunk(6));
    const { records, problems } = await readAll(directory);
    expect(records.length).toBe(18);
    expect(problems).toEqual([{ kind: 'missing-chunks', from: 4, to: 5 }]);
  });

  it('of a newer minor version is read, unknown records being skipped and counted', async () => {
    const directory = await temporaryFolder();
    const bytes = smallChunk(1, [encoded(99, 5), encoded(100, 6, Buffer.from('new'))]);
    bytes.writeUInt16LE(9, 6);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
    await writeChunk(directory, 1, bytes);
    const { records, problems } = await readAll(directory);
    expect(types({ records })).toBe(WHOLE);
    expect(problems).toEqual([{ kind: 'unknown-records', chunk: 1, records: 2 }]);
  });
});

describe('following a journal', () => {
  it('sees growth, goes on to the next chunk, and ends when the writer is gone', async () => {
    const directory = await temporaryFolder();
    const seen: JournalBatch[] = [];
    let gone = false;
    const reading = (async () => {
      for await (const batch of readJournal(directory, { follow: true, ended: () => gone, pollMs: 2 }))
        seen.push(batch);
    })();
    await until('the reader waits', () => seen.at(-1)?.state === 'sealed');
    const first = encoded(RECORD_TYPE.tick, 5);
    await writeChunk(
      directory,
      1,
      Buffer.concat([chunkHeader(1), encoded(RECORD_TYPE.snapshot, 1, snapshotOf(1)), first.subarray(0, 7)]),
      'open',
    );
    await until('the snapshot is read', () => seen.at(-1)?.state === 'caught-up');
    expect(seen.map(types).filter(Boolean)).toEqual(['snapshot']);
    const open = join(directory, '00000001.open');
    await appendFile(open, first.subarray(7));
    await until('the tick is read', () => seen.some((batch) => types(batch) === 'tick'));
    await appendFile(open, indexRecord(5));
    await rename(open, join(directory, '00000001.rtj'));
    await until('the chunk is over', () => seen.at(-1)?.state === 'sealed');
    await writeChunk(directory, 2, smallChunk(2), 'open');
    await until('the next chunk is read', () => seen.some(({ chunk, records }) => chunk === 2 && records.length === 9));
    gone = true;
    await reading;
    expect(seen.at(-1)?.state).toBe('ended');
    expect(seen.flatMap(({ problems }) => problems)).toEqual([]);
  });

  it('goes past the torn end of a writer that died once its successor has begun', async () => {
    const directory = await temporaryFolder();
    const seen: JournalBatch[] = [];
    let gone = false;
    await writeChunk(directory, 1, smallChunk(1).subarray(0, -3), 'open');
    const reading = (async () => {
      for await (const batch of readJournal(directory, { follow: true, ended: () => gone, pollMs: 2 }))
        seen.push(batch);
    })();
    await until('all is read', () => seen.at(-1)?.state === 'caught-up');
    await writeChunk(directory, 2, smallChunk(2), 'open');
    await until('the next chunk is read', () => seen.some(({ chunk }) => chunk === 2));
    gone = true;
    await reading;
    expect(seen.flatMap(({ problems }) => problems)).toMatchObject([{ kind: 'torn', chunk: 1 }]);
  });

  it('stops when told, with the reason', async () => {
    const stop = new AbortController();
    const directory = await temporaryFolder();
    const reading = (async () => {
      for await (const batch of readJournal(directory, { follow: true, signal: stop.signal }))
        expect(batch).toBeDefined();
    })();
    stop.abort(new Error('enough'));
    await expect(reading).rejects.toThrow(/enough/);
  });
});
