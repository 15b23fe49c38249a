/**
 * Deletes journals whose recordings are done and whose time is over, and those of deleted recordings. A journal that is being written is
 * spared: a recording that begins in the same session at this moment loses nothing.
 */
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import { journalUses } from '../catalog/recordings.ts';
import { deleteJournal, journalsToDelete, type RetainedJournal } from '../journal/retention.ts';
import { scanJournal } from '../journal/scan.ts';
import type { Logger } from '../support/log.ts';

export interface JournalKeeperOptions {
  readonly catalog: Catalog;
  /** Folder of all journals. */
  readonly root: string;
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
      // A composition may have been asked for since.
      const use = (await journalUses(catalog)).find(({ journalDir }) => journalDir === directory);
      if (use?.releasedAt === null) continue;
      await this.erase(directory);
      log.info({ directory, bytes }, 'Deleted a journal whose time was over.');
    }
  }

  /**
   * Deletes one journal; one that is being written stays, and is found by a later sweep. Where it lies was said by the media process, which
   * is not to be believed that it lies anywhere else.
   */
  async erase(directory: string): Promise<void> {
    if (dirname(resolve(directory)) !== resolve(this.#options.root)) {
      throw new Error(`"${directory}" is no journal: journals lie in "${this.#options.root}".`);
    }
    await deleteJournal(directory);
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(join(path, '.')).then(
    () => true,
    () => false,
  );
