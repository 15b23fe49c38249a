/**
 * Deletes what no recording needs any more of the journals: whole ones whose time is over, chunks of long sessions between and behind the
 * recordings that are kept, journals that nobody knows, and those of deleted recordings. A chunk that is being written is spared: a
 * recording that begins in the same session at this moment loses nothing.
 */
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import { journalSpans, journalUses } from '../catalog/recordings.ts';
import { NS_PER_S } from '../domain/media-time.ts';
import { listJournals } from '../journal/chunk-files.ts';
import {
  chunksNeeded,
  deleteChunks,
  deleteJournal,
  journalsToDelete,
  type RetainedJournal,
} from '../journal/retention.ts';
import { type JournalSummary, scanJournal } from '../journal/scan.ts';
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

/** Of a recording, packets and their reports come up to 700 ms late; a second chunk more costs nothing. */
const AROUND_NS = 2 * NS_PER_S;
/** The youngest chunks stay in any case: a recording that starts now may want what has just been written. */
const YOUNG_NS = 60 * NS_PER_S;

export interface JournalFigures {
  readonly journals: number;
  readonly bytes: number;
  /** Since the start. */
  readonly freedBytes: number;
}

export class JournalKeeper {
  readonly #options: JournalKeeperOptions;
  #figures: JournalFigures = { journals: 0, bytes: 0, freedBytes: 0 };

  constructor(options: JournalKeeperOptions) {
    this.#options = options;
  }

  /** As of the last sweep. */
  get figures(): JournalFigures {
    return this.#figures;
  }

  /** Deletes what retention no longer keeps. Repeatable; called by a job. */
  async sweep(now: Date): Promise<void> {
    const { catalog, retentionMs, maxBytes, log } = this.#options;
    const journals: (RetainedJournal & { readonly summary: JournalSummary })[] = [];
    const uses = await journalUses(catalog);
    // Most recordings outlive their journals, and those of a copied database name journals of the other data folder.
    const present = new Set((await listJournals(this.#options.root)).map((name) => this.#pathOf(name)));
    for (const use of uses) {
      const directory = use.journalDir;
      if (!present.has(resolve(directory))) continue;
      await this.#alone(directory, async () => {
        const summary = await scanJournal(directory);
        const releasedAtMs = use.releasedAt?.getTime() ?? null;
        if (summary) journals.push({ directory, bytes: summary.bytes, releasedAtMs, summary });
      });
    }
    let freed = await this.#eraseStrangers(new Set(uses.map(({ journalDir }) => resolve(journalDir))), now);
    const policy = { keepMs: retentionMs, capBytes: maxBytes === 0 ? Number.POSITIVE_INFINITY : maxBytes };
    const gone = new Set<string>();
    for (const { directory, bytes } of journalsToDelete(journals, policy, now.getTime())) {
      // A composition may have been asked for since.
      const use = (await journalUses(catalog)).find(({ journalDir }) => journalDir === directory);
      if (use?.releasedAt === null) continue;
      if (!(await this.#alone(directory, () => this.erase(directory)))) continue;
      gone.add(directory);
      freed += bytes;
      log.info({ directory, bytes }, 'Deleted a journal whose time was over.');
    }
    const kept = journals.filter(({ directory }) => !gone.has(directory));
    let bytes = 0;
    for (const journal of kept) {
      let less = 0;
      await this.#alone(journal.directory, async () => {
        less = await this.#freeChunks(journal.summary, now);
      });
      freed += less;
      bytes += journal.bytes - less;
    }
    this.#figures = { journals: kept.length, bytes, freedBytes: this.#figures.freedBytes + freed };
  }

  /**
   * Deletes one journal; one that is being written stays, and is found by a later sweep. Where it lies was said by the media process, which
   * is not to be believed that it lies anywhere else.
   */
  async erase(directory: string): Promise<void> {
    this.#assertOurs(directory);
    await deleteJournal(directory);
  }

  /** One journal that can't be freed (a disk that fails, an attribute that somebody set) must not keep the others. */
  async #alone(directory: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#options.log.error({ err: error, directory }, 'A journal could not be freed; it is tried again.');
      return false;
    }
  }

  #pathOf(sessionId: string): string {
    return join(resolve(this.#options.root), sessionId);
  }

  #assertOurs(directory: string): void {
    if (dirname(resolve(directory)) === resolve(this.#options.root)) return;
    throw new Error(`"${directory}" is no journal: journals lie in "${this.#options.root}".`);
  }

  /** Deletes chunks of a session that no recording needs, or could be composed of again. Resolves with their bytes. */
  async #freeChunks(summary: JournalSummary, now: Date): Promise<number> {
    const { catalog, retentionMs, log } = this.#options;
    const { directory, chunks, lastNs } = summary;
    const spans = await journalSpans(catalog, directory, new Date(now.getTime() - retentionMs));
    if (spans === null) return 0;
    const around = spans.map(({ fromNs, toNs }) => ({
      fromNs: fromNs - AROUND_NS,
      toNs: toNs === null ? null : toNs + AROUND_NS,
    }));
    const needed = chunksNeeded(chunks, around);
    const leaving = chunks.filter(
      ({ chunk, endNs, sealed }) => sealed && !needed.has(chunk) && endNs < lastNs - YOUNG_NS,
    );
    if (leaving.length === 0) return 0;
    this.#assertOurs(directory);
    await deleteChunks(
      directory,
      leaving.map(({ chunk }) => chunk),
    );
    const bytes = leaving.reduce((sum, one) => sum + one.bytes, 0);
    log.info({ directory, chunks: leaving.length, bytes }, 'Deleted parts of a journal that no recording needs.');
    return bytes;
  }

  /** Journals that no recording names: of a start that never was answered. Resolves with their bytes. */
  async #eraseStrangers(known: ReadonlySet<string>, now: Date): Promise<number> {
    const { root, retentionMs, log } = this.#options;
    let freed = 0;
    for (const sessionId of await listJournals(root)) {
      const directory = join(root, sessionId);
      if (known.has(resolve(directory))) continue;
      await this.#alone(directory, async () => {
        const summary = await scanJournal(directory);
        const lastAtMs = summary?.lastAtMs ?? (await stat(directory)).mtimeMs;
        if (now.getTime() - lastAtMs < retentionMs) return;
        await this.erase(directory);
        freed += summary?.bytes ?? 0;
        log.info({ directory }, 'Deleted a journal that no recording knows.');
      });
    }
    return freed;
  }
}
