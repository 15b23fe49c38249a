/**
 * A journal's folder: `NNNNNNNN.rtj` are sealed chunks, `NNNNNNNN.open` is the one being written (or left by a writer that died).
 * Numbers count from 1 without holes.
 */
import { type FileHandle, open, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isHexId, type SessionId } from '../domain/ids.ts';

/** A file that a writer keeps to give up when the disk is full. */
export const RESERVE_NAME = 'reserve';

const NAME = /^(\d{8})\.(open|rtj)$/;

export interface ChunkFile {
  readonly chunk: number;
  readonly sealed: boolean;
  readonly path: string;
}

const fileName = (chunk: number, suffix: string): string => `${String(chunk).padStart(8, '0')}.${suffix}`;
export const openChunkPath = (directory: string, chunk: number): string => join(directory, fileName(chunk, 'open'));
export const sealedChunkPath = (directory: string, chunk: number): string => join(directory, fileName(chunk, 'rtj'));

/** All chunks, by number. Other files are ignored. A folder that does not exist has none. */
export const listChunkFiles = async (directory: string): Promise<ChunkFile[]> => {
  const chunks = new Map<number, ChunkFile>();
  for (const name of await namesIn(directory)) {
    const match = NAME.exec(name);
    if (!match) continue;
    const chunk = Number(match[1]);
    const sealed = match[2] === 'rtj';
    // Both names can only be seen while a rename happens between two looks at the folder: the sealed one is the later truth.
    if (sealed || !chunks.has(chunk)) chunks.set(chunk, { chunk, sealed, path: join(directory, name) });
  }
  return [...chunks.values()].sort((a, b) => a.chunk - b.chunk);
};

/** Sessions that have a journal folder. A root that does not exist has none. */
export const listJournals = async (root: string): Promise<SessionId[]> =>
  (await namesIn(root)).filter(isHexId).sort() as SessionId[];

const namesIn = async (directory: string): Promise<string[]> => {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
};

/** True for "no such file". */
export const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Opens a chunk for reading, whichever of its two names it has now. Null: there is no such chunk (yet, or any more). */
export const openChunk = async (
  directory: string,
  chunk: number,
): Promise<{ handle: FileHandle; sealed: boolean } | null> => {
  // Open, sealed, open: a chunk that is renamed between the first two looks is found by the second; one made between by the third.
  for (const sealed of [false, true, false]) {
    try {
      return {
        handle: await open(sealed ? sealedChunkPath(directory, chunk) : openChunkPath(directory, chunk)),
        sealed,
      };
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return null;
};

export const exists = async (path: string): Promise<boolean> => {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
};

/** Makes created and renamed names durable. */
export const syncDirectory = async (directory: string): Promise<void> => {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Gives a chunk its final name. The folder must still be synced. */
export const renameSealed = (directory: string, chunk: number): Promise<void> =>
  rename(openChunkPath(directory, chunk), sealedChunkPath(directory, chunk));
