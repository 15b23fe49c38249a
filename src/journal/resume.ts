/**
 * Opening a journal that may exist already: what a dead writer left is sealed, and the time axis goes on.
 * Only the one process that writes journals calls this: an `.open` chunk that it finds belongs to nobody alive.
 */
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SessionId } from '../domain/ids.ts';
import { NS_PER_MS, type SessionTimeNs } from '../domain/media-time.ts';
import type { Logger } from '../support/log.ts';
import { ChunkCursor, type JournalProblem } from './chunk-cursor.ts';
import { readIndex, readSnapshot } from './chunk-ends.ts';
import {
  type ChunkFile,
  listChunkFiles,
  listJournals,
  RESERVE_NAME,
  renameSealed,
  syncDirectory,
} from './chunk-files.ts';
import type { JournalClock } from './clock.ts';
import { CHUNK_HEADER_BYTES } from './format.ts';
import type { JournalRecord } from './record.ts';

/**
 * Seals what dead writers left in all journals. To be called by the writing process when it starts, before it opens any:
 * sessions that nobody goes on with are then as readable as others. One that can't be sealed (somebody else's files, a damaged file system) is
 * logged: rooms must not wait for it. Returns the sessions that were.
 */
export const sealAbandonedJournals = async (root: string, log: Logger): Promise<SessionId[]> => {
  const sessions: SessionId[] = [];
  for (const sessionId of await listJournals(root)) {
    try {
      if ((await sealAbandonedChunks(join(root, sessionId), log)) > 0) sessions.push(sessionId);
    } catch (error) {
      log.error(
        { err: error, sessionId },
        'What a dead writer left of a journal could not be sealed; it is left as it is.',
      );
    }
  }
  return sessions;
};

/** Seals every chunk that still has the name of an open one. Bytes that no reader could use are cut off. Returns how many there were. */
export const sealAbandonedChunks = async (directory: string, log: Logger): Promise<number> => {
  await rm(join(directory, RESERVE_NAME), { force: true });
  const abandoned = (await listChunkFiles(directory)).filter(({ sealed }) => !sealed);
  for (const file of abandoned) await sealAbandoned(directory, file, log);
  if (abandoned.length > 0) await syncDirectory(directory);
  return abandoned.length;
};

const sealAbandoned = async (directory: string, file: ChunkFile, log: Logger): Promise<void> => {
  const { size } = await stat(file.path);
  if (size < CHUNK_HEADER_BYTES) {
    // Killed between creating the file and the first write: there is nothing in it, and its number is free again.
    await rm(file.path);
    return;
  }
  const { offset, problems } = await readWhole(directory, file.chunk);
  const handle = await open(file.path, 'r+');
  try {
    // 0: not even the header could be read. What is there is left for somebody who can.
    if (offset > 0 && offset < size) await handle.truncate(offset);
    // What the dead writer had not synced yet: a sealed chunk is on disk.
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await renameSealed(directory, file.chunk);
  log.warn(
    { journal: directory, chunk: file.chunk, bytes: size, kept: offset, problems },
    'Sealed the chunk of a dead writer.',
  );
};

/** Reads a chunk to its end; for what it is good for and how late it is. */
const readWhole = async (
  directory: string,
  chunk: number,
): Promise<{ offset: number; lastNs: SessionTimeNs; problems: JournalProblem[] }> => {
  const problems: JournalProblem[] = [];
  const cursor = await ChunkCursor.open(directory, chunk);
  if (!cursor) return { offset: 0, lastNs: 0, problems };
  let lastNs = 0;
  try {
    const records: JournalRecord[] = [];
    while (await cursor.read(records, problems)) {
      for (const { arrivalNs } of records.splice(0)) lastNs = Math.max(lastNs, arrivalNs);
    }
  } finally {
    await cursor.finish(problems);
  }
  return { offset: cursor.offset, lastNs, problems };
};

export interface JournalStart {
  readonly firstChunk: number;
  /** Monotonic time that is session time 0. */
  readonly originMonotonicNs: bigint;
}

/**
 * Where a writer goes on: after the last chunk, on the same time axis. Within a boot the axis is kept to the nanosecond; after a
 * reboot it is found again by wall time, and never runs back behind what is written.
 */
export const findJournalStart = async (directory: string, clock: JournalClock): Promise<JournalStart> => {
  const files = await listChunkFiles(directory);
  const firstChunk = (files.at(-1)?.chunk ?? 0) + 1;
  const now = clock.monotonicNs();
  for (const { chunk } of files.toReversed()) {
    const snapshot = await readSnapshot(directory, chunk);
    if (!snapshot) continue;
    const lastNs = (await readIndex(directory, chunk))?.index.lastNs ?? (await readWhole(directory, chunk)).lastNs;
    const origin = BigInt(snapshot.originMonotonicNs);
    if (snapshot.bootId === clock.bootId && now - origin >= BigInt(lastNs)) {
      return { firstChunk, originMonotonicNs: origin };
    }
    const openedNs = Number(BigInt(snapshot.monotonicNs) - origin);
    const byWall = openedNs + (clock.wallMs() - snapshot.wallMs) * NS_PER_MS;
    // A millisecond after the last record: the wall clock may have been set back.
    const elapsedNs = Math.max(byWall, lastNs + NS_PER_MS);
    return { firstChunk, originMonotonicNs: now - BigInt(Math.round(elapsedNs)) };
  }
  return { firstChunk, originMonotonicNs: now };
};
