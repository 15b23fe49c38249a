/**
 * Which parts of journals are still needed, and the deletion of the rest. The decisions are pure; a scheduler that knows the recordings
 * calls them and then the two functions that delete.
 */
import { rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SessionTimeNs } from '../domain/media-time.ts';
import { exists, isMissing, listChunkFiles, RESERVE_NAME, sealedChunkPath, syncDirectory } from './chunk-files.ts';
import { removeParts } from './purge.ts';

/** What a recording holds on to. `toNs` null: it is still running. */
export interface NeededSpan {
  readonly fromNs: SessionTimeNs;
  readonly toNs: SessionTimeNs | null;
}

/**
 * Chunks that the spans need: those that overlap them and the one before, in which a stream may have begun the keyframe that is on
 * screen when the span begins.
 */
export const chunksNeeded = (
  chunks: readonly { readonly chunk: number; readonly startNs: SessionTimeNs; readonly endNs: SessionTimeNs }[],
  spans: readonly NeededSpan[],
): Set<number> => {
  const needed = new Set<number>();
  chunks.forEach(({ chunk, startNs, endNs }, position) => {
    if (!spans.some(({ fromNs, toNs }) => endNs >= fromNs && (toNs === null || startNs <= toNs))) return;
    const before = chunks[position - 1];
    if (before) needed.add(before.chunk);
    needed.add(chunk);
  });
  return needed;
};

/** True if no chunk of the span is missing. */
export const isWhole = (
  chunks: readonly { readonly chunk: number; readonly startNs: SessionTimeNs; readonly endNs: SessionTimeNs }[],
  fromNs: SessionTimeNs,
  toNs: SessionTimeNs,
): boolean => {
  const first = chunks.findLastIndex(({ startNs }) => startNs <= fromNs);
  if (first < 0) return false;
  const span = chunks.slice(first).filter(({ startNs }, position) => position === 0 || startNs <= toNs);
  const last = span.at(-1);
  const next = chunks[first + span.length];
  const reachesEnd = !last || !next || last.endNs >= toNs || next.chunk === last.chunk + 1;
  return reachesEnd && span.every(({ chunk }, position) => chunk === (span[0]?.chunk ?? 0) + position);
};

export interface RetainedJournal {
  readonly directory: string;
  readonly bytes: number;
  /** When the last recording that needs it was done and delivered (ms since 1970); null: one still needs it, or it is being written. */
  readonly releasedAtMs: number | null;
}

export interface RetentionPolicy {
  /** Kept so long after release: until then the recording can be composed again, otherwise. */
  readonly keepMs: number;
  /** All journals together; above it the longest released go first, whatever their age. */
  readonly capBytes: number;
}

/** Journals to delete now, longest released first. One that is still needed is never among them, even above the cap. */
export const journalsToDelete = (
  journals: readonly RetainedJournal[],
  policy: RetentionPolicy,
  nowMs: number,
): RetainedJournal[] => {
  let total = journals.reduce((sum, { bytes }) => sum + bytes, 0);
  const released = journals
    .flatMap((journal) => (journal.releasedAtMs === null ? [] : [{ journal, at: journal.releasedAtMs }]))
    .sort((a, b) => a.at - b.at);
  const leaving: RetainedJournal[] = [];
  for (const { journal, at } of released) {
    if (nowMs - at < policy.keepMs && total <= policy.capBytes) continue;
    leaving.push(journal);
    total -= journal.bytes;
  }
  return leaving;
};

/**
 * Deletes a journal, readable or not, except a chunk that is open: a recording that begins in the same session at this moment loses
 * nothing. True if nothing is left; otherwise a later call finds the chunk sealed. Repeatable.
 */
export const deleteJournal = async (directory: string): Promise<boolean> => {
  const files = await listChunkFiles(directory);
  const sealed = files.filter((file) => file.sealed);
  await deleteChunks(
    directory,
    sealed.map(({ chunk }) => chunk),
  );
  if (sealed.length < files.length) return false;
  try {
    await rm(join(directory, RESERVE_NAME), { force: true });
    await removeParts(directory);
    await rmdir(directory);
    return true;
  } catch (error) {
    // Somebody has opened a chunk in between, or the folder holds what is not ours.
    if (error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY') return false;
    if (isMissing(error)) return true;
    throw error;
  }
};

/** Deletes sealed chunks of a journal that may still be growing; open ones and missing ones are left alone. Returns how many went. */
export const deleteChunks = async (directory: string, chunks: Iterable<number>): Promise<number> => {
  let deleted = 0;
  for (const chunk of chunks) {
    const path = sealedChunkPath(directory, chunk);
    if (!(await exists(path))) continue;
    await rm(path, { force: true });
    deleted += 1;
  }
  if (deleted > 0) await syncDirectory(directory);
  return deleted;
};
