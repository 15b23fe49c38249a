/** The two ends of a chunk, read alone: the snapshot that opens it and the index that closes it when it was sealed in order. */
import type { FileHandle } from 'node:fs/promises';
import type { SessionTimeNs } from '../domain/media-time.ts';
import { listChunkFiles, openChunk } from './chunk-files.ts';
import {
  CHUNK_HEADER_BYTES,
  claimedIndexSize,
  decodeRecord,
  INDEX_LOCATOR_BYTES,
  isIntact,
  JournalFormatError,
  parseChunkHeader,
  RECORD_OVERHEAD_BYTES,
  recordSize,
} from './format.ts';
import type { ChunkIndex, JournalRecord, JournalSnapshot } from './record.ts';

const withChunk = async <T>(
  directory: string,
  chunk: number,
  use: (handle: FileHandle) => Promise<T>,
): Promise<T | null> => {
  const opened = await openChunk(directory, chunk);
  if (!opened) return null;
  try {
    return await use(opened.handle);
  } catch (error) {
    if (error instanceof JournalFormatError) return null;
    throw error;
  } finally {
    await opened.handle.close();
  }
};

/** Up to `length` bytes from `position`; fewer at the end of the file. */
const readAt = async (handle: FileHandle, position: number, length: number): Promise<Buffer> => {
  const buffer = Buffer.allocUnsafeSlow(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
};

/** One whole record, or null if there is none at this place. */
export const readRecordAt = async (handle: FileHandle, position: number): Promise<JournalRecord | null> => {
  const head = await readAt(handle, position, RECORD_OVERHEAD_BYTES);
  const size = recordSize(head, 0);
  if (size <= 0) return null;
  const record = await readAt(handle, position, size);
  return record.length === size && isIntact(record, 0, size) ? decodeRecord(record, 0, size) : null;
};

/** The snapshot that opens a chunk; null if there is no such chunk, or its beginning is damaged. */
export const readSnapshot = (directory: string, chunk: number): Promise<JournalSnapshot | null> =>
  withChunk(directory, chunk, async (handle) => {
    parseChunkHeader(await readAt(handle, 0, CHUNK_HEADER_BYTES));
    const record = await readRecordAt(handle, CHUNK_HEADER_BYTES);
    return record?.type === 'snapshot' ? record.snapshot : null;
  });

/** The index that closes a chunk, and the records it points at as landmarks; null if it was not sealed in order. */
export const readIndex = (
  directory: string,
  chunk: number,
): Promise<{ index: ChunkIndex; landmarks: JournalRecord[] } | null> =>
  withChunk(directory, chunk, async (handle) => {
    const { size } = await handle.stat();
    if (size < CHUNK_HEADER_BYTES + INDEX_LOCATOR_BYTES) return null;
    const claimed = claimedIndexSize(await readAt(handle, size - INDEX_LOCATOR_BYTES, INDEX_LOCATOR_BYTES));
    if (claimed < 0 || claimed > size - CHUNK_HEADER_BYTES) return null;
    const record = await readRecordAt(handle, size - claimed);
    if (record?.type !== 'index') return null;
    const landmarks: JournalRecord[] = [];
    for (const offset of record.index.landmarks) {
      const landmark = await readRecordAt(handle, offset);
      if (landmark) landmarks.push(landmark);
    }
    return { index: record.index, landmarks };
  });

/** Session time at which a chunk opens, of a record that is intact: a time that is damaged would lead past what is wanted. Null if it can't be told. */
const openedAt = (directory: string, chunk: number): Promise<SessionTimeNs | null> =>
  withChunk(directory, chunk, async (handle) => {
    parseChunkHeader(await readAt(handle, 0, CHUNK_HEADER_BYTES));
    return (await readRecordAt(handle, CHUNK_HEADER_BYTES))?.arrivalNs ?? null;
  });

export interface ChunkSpan {
  readonly chunk: number;
  readonly startNs: SessionTimeNs;
}

/** When each chunk opens, by number; reads the first record of each. Chunks whose beginning is damaged are left out. */
export const chunkStarts = async (directory: string): Promise<ChunkSpan[]> => {
  const starts: ChunkSpan[] = [];
  for (const { chunk } of await listChunkFiles(directory)) {
    const startNs = await openedAt(directory, chunk);
    if (startNs !== null) starts.push({ chunk, startNs });
  }
  return starts;
};

/**
 * The chunk from which to read (`fromChunk`) so that everything about `timeNs` is known: the one that holds it, less `lookBack`
 * chunks. One is enough for a keyframe of every video stream that is healthy, since one is asked for in every chunk. Where no chunk is known
 * to begin before that time it is the first that there ever was: a reader tells that it is gone, or damaged.
 */
export const chunkToReadFrom = async (directory: string, timeNs: SessionTimeNs, lookBack = 1): Promise<number> => {
  const holding = (await chunkStarts(directory)).findLast(({ startNs }) => startNs <= timeNs);
  if (!holding) return 1;
  const before = (await listChunkFiles(directory)).filter(({ chunk }) => chunk <= holding.chunk);
  return before.at(-1 - lookBack)?.chunk ?? before[0]?.chunk ?? 1;
};
