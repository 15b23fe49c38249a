import { describe, expect, it } from 'vitest';
import {
  arrivalOf,
  claimedIndexSize,
  decodeRecord,
  FORMAT_MAJOR,
  isIntact,
  parseChunkHeader,
  recordSize,
} from '../../../src/journal/format.ts';
import { RECORD_TYPE } from '../../../src/journal/record.ts';
import { chunkHeader, encoded, indexRecord, snapshotOf } from './fixtures.ts';

const decode = (bytes: Buffer) => decodeRecord(bytes, 0, recordSize(bytes, 0));

describe('records', () => {
  it('come back as they were written', () => {
    const packet = Buffer.from([0x80, 96, 0, 1]);
    expect(decode(encoded(RECORD_TYPE.rtp, 42, packet, 65535))).toEqual({
      type: 'rtp',
      arrivalNs: 42,
      stream: 65535,
      payload: packet,
    });
    expect(decode(encoded(RECORD_TYPE.senderReport, 43, packet, 7))).toMatchObject({
      type: 'sender-report',
      stream: 7,
    });
    expect(decode(encoded(RECORD_TYPE.sample, 43, packet, 8))).toMatchObject({ type: 'sample', stream: 8 });
    expect(decode(encoded(RECORD_TYPE.tick, 44))).toEqual({ type: 'tick', arrivalNs: 44 });
    expect(decode(encoded(RECORD_TYPE.event, 45, { type: 'stream-closed', stream: 3 }))).toMatchObject({
      event: { type: 'stream-closed', stream: 3 },
    });
    expect(decode(encoded(RECORD_TYPE.snapshot, 46, snapshotOf(9)))).toMatchObject({ snapshot: { chunk: 9 } });
    expect(decode(indexRecord(47, [16]))).toMatchObject({ index: { lastNs: 47, landmarks: [16] } });
  });

  it('carry arrival times beyond 32 bits to the nanosecond', () => {
    const days = 100 * 86_400 * 1e9 + 7;
    expect(arrivalOf(encoded(RECORD_TYPE.tick, days), 0)).toBe(days);
  });

  it('have the documented layout', () => {
    const bytes = encoded(RECORD_TYPE.rtp, 0x0102030405, Buffer.from([0xaa]), 0x0b0c, 1);
    expect(bytes.subarray(0, 17).toString('hex')).toBe('0d000000' + '02' + '01' + '0c0b' + '0504030201000000' + 'aa');
    expect(bytes.length).toBe(21);
  });

  it('of unknown types are null, not errors', () => {
    expect(decode(encoded(200, 1, Buffer.from('whatever')))).toBeNull();
  });

  it('with any bit flipped are not intact, or have another length', () => {
    const original = encoded(RECORD_TYPE.rtp, 42, Buffer.from('hello'), 3);
    for (let bit = 0; bit < original.length * 8; bit++) {
      const bytes = Buffer.from(original);
      bytes.writeUInt8((bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3);
      const size = recordSize(bytes, 0);
      expect(size === bytes.length && isIntact(bytes, 0, size), `bit ${bit}`).toBe(false);
    }
  });

  it('that are longer than any may be are impossible', () => {
    const bytes = encoded(RECORD_TYPE.rtp, 1, Buffer.alloc(10));
    bytes.writeUInt32LE(12 + 1024 * 1024 + 1, 0);
    expect(recordSize(bytes, 0)).toBe(-1);
    bytes.writeUInt32LE(11, 0);
    expect(recordSize(bytes, 0)).toBe(-1);
    expect(recordSize(bytes.subarray(0, 4), 0)).toBe(0);
  });

  it('of JSON that is none are refused', () => {
    expect(() => decode(encoded(RECORD_TYPE.event, 1, Buffer.from('{')))).toThrow(/not JSON/);
    expect(() => decode(encoded(RECORD_TYPE.event, 1, Buffer.from('[]')))).toThrow(/no "type"/);
    expect(() => decode(encoded(RECORD_TYPE.snapshot, 1, { ...snapshotOf(1), version: 2 }))).toThrow(/version 2/);
  });

  it('of indexes are found from the end', () => {
    const chunk = Buffer.concat([chunkHeader(1), indexRecord(5)]);
    expect(claimedIndexSize(chunk.subarray(-8))).toBe(chunk.length - 16);
  });
});

describe('chunk headers', () => {
  it('come back as they were written', () => {
    expect(parseChunkHeader(chunkHeader(77))).toEqual({ chunk: 77, minor: 2 });
  });

  it('say what is wrong with them', () => {
    expect(() => parseChunkHeader(Buffer.from('RTJ'))).toThrow(/not a journal chunk/);
    expect(() => parseChunkHeader(Buffer.alloc(16))).toThrow(/not a journal chunk/);
    const flipped = chunkHeader(1);
    flipped[9] = 1;
    expect(() => parseChunkHeader(flipped)).toThrow(/damaged/);
  });

  it('of another major version are refused', async () => {
    const { crc32 } = await import('node:zlib');
    const header = chunkHeader(1);
    header.writeUInt16LE(FORMAT_MAJOR + 1, 4);
    header.writeUInt32LE(crc32(header.subarray(0, 12)), 12);
    expect(() => parseChunkHeader(header)).toThrow(/journal format 2; this program reads format 1/);
  });
});
