/**
 * Deletes journals whose recordings are done and whose time is over, and those of deleted recordings. Only sealed chunks that were seen
 * are deleted, and a folder only when it is empty: a recording that begins in the same session at this moment loses nothing.
 */
import { rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import { journalUses } from '../catalog/recordings.ts';
import { deleteChunks, journalsToDelete, type RetainedJournal } from '../journal/retention.ts';
import { scanJournal } from '../journal/scan.ts';
import type { Logger } from '../support/log.ts';

export interface JournalKeeperOptions {
  readonly catalog: Catalog;
  readonly retentionMs: number;
  /** All journals together; 0 is no limit. */
  readonly maxBytes: number;
  readonly log: Logger;
}

export class JournalKeeper {
  readonly #options: JournalKeeperOptions;

  constructor(options: JournalKeeperOptions) {
    this.#options = options;
  }

  /** Deletes what retention no longer keeps. Called by a timer. */
  async sweep(now: Date): Promise<void> {
    const { catalog, retentionMs, maxBytes, log } = this.#options;
    const journals: RetainedJournal[] = [];
    for (const use of await journalUses(catalog)) {
      const summary = (await exists(use.journalDir)) ? await scanJournal(use.journalDir) : null;
      if (!summary) continue;
      const releasedAtMs = use.releasedAt?.getTime() ?? null;
      journals.push({ directory: use.journalDir, bytes: summary.bytes, releasedAtMs });
    }
    const policy = { keepMs: retentionMs, capBytes: maxBytes === 0 ? Number.POSITIVE_INFINITY : maxBytes };
    for (const { directory, bytes } of journalsToDelete(journals, policy, now.getTime())) {
      await this.erase(directory);
      log.info({ directory, bytes }, 'Deleted a journal whose time was over.');
    }
  }

  /** Deletes one journal, except what is being written right now. */
  async erase(directory: string): Promise<void> {
    const summary = await scanJournal(directory);
    if (summary) {
      const sealed = summary.chunks.filter((chunk) => chunk.sealed).map(({ chunk }) => chunk);
      await deleteChunks(directory, sealed);
    }
    try {
      await rmdir(directory);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      // Not empty: a chunk is open; the next sweep finds it sealed. Missing: gone already.
      if (code !== 'ENOTEMPTY' && code !== 'ENOENT') throw error;
    }
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(join(path, '.')).then(
    () => true,
    () => false,
  );
