/** Deletes finished files whose time is over, and the words of transcripts, where the operator has set one. The recordings stay listed. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import { filesMadeBefore, markFileDeleted } from '../catalog/files.ts';
import { forgetWords, wordsKeptBefore } from '../catalog/utterances.ts';
import type { Logger } from '../support/log.ts';

/** So many in one run; the next follows at once. */
const BATCH = 100;

export interface FileKeeperOptions {
  readonly catalog: Catalog;
  /** Stored paths are relative to it. */
  readonly dataDir: string;
  /** 0: for ever. */
  readonly retentionMs: number;
  readonly log: Logger;
}

export class FileKeeper {
  readonly #options: FileKeeperOptions;
  #freedBytes = 0;

  constructor(options: FileKeeperOptions) {
    this.#options = options;
  }

  /** Since the start. */
  get freedBytes(): number {
    return this.#freedBytes;
  }

  /** Repeatable: a file goes before its row says so. Resolves with `now` where more are left, else null. */
  async sweep(now: Date): Promise<Date | null> {
    const { catalog, dataDir, retentionMs, log } = this.#options;
    if (retentionMs === 0) return null;
    const leaving = await filesMadeBefore(catalog, new Date(now.getTime() - retentionMs), BATCH);
    let gone = 0;
    for (const { id, recording_id: recordingId, path, bytes } of leaving) {
      try {
        await rm(join(dataDir, path), { force: true });
      } catch (error) {
        // Those behind it must not stay for its sake.
        log.error({ err: error, recordingId, fileId: id }, 'A file whose time is over can not be deleted.');
        continue;
      }
      await markFileDeleted(catalog, id, now);
      gone += 1;
      this.#freedBytes += bytes;
      log.info({ recordingId, fileId: id, bytes }, 'Deleted a file whose time was over.');
    }
    const spoken = await this.#forgetWords(new Date(now.getTime() - retentionMs));
    const isMore = (leaving.length === BATCH && gone > 0) || spoken === BATCH;
    return isMore ? now : null;
  }

  /** What was said is not kept longer than the files that say it. */
  async #forgetWords(before: Date): Promise<number> {
    const { catalog, log } = this.#options;
    const ids = await wordsKeptBefore(catalog, before, BATCH);
    for (const transcriptionId of ids) {
      await forgetWords(catalog, transcriptionId);
      log.info({ transcriptionId }, 'Deleted the words of a transcript whose time was over.');
    }
    return ids.length;
  }
}
