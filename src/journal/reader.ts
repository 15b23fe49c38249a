/**
 * Reads a journal from a chunk to its end, or follows it while it is written (by any process: the files are all there is between
 * writer and reader). Tolerates what crashes leave behind and says what it met.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ChunkCursor, type JournalProblem } from './chunk-cursor.ts';
import { exists, listChunkFiles, openChunkPath, sealedChunkPath } from './chunk-files.ts';
import type { JournalRecord } from './record.ts';

export type { JournalProblem } from './chunk-cursor.ts';

/**
 * - `reading`: there may be more already.
 * - `caught-up`: these were all; the chunk is still being written.
 * - `sealed`: these were all, and nobody writes a chunk at this moment (the journal was closed, or it is between two chunks).
 * - `ended`: the last batch.
 */
export type JournalState = 'reading' | 'caught-up' | 'sealed' | 'ended';

export interface JournalBatch {
  /** Chunk that the records are from. */
  readonly chunk: number;
  /** In the order of writing. Payloads are views of a buffer that is not used again: they may be kept, each holding its ≤ 1 MiB. */
  readonly records: readonly JournalRecord[];
  readonly problems: readonly JournalProblem[];
  readonly state: JournalState;
}

export interface ReadJournalOptions {
  /** First chunk to read; default: the first there is. */
  readonly fromChunk?: number;
  /** Go on when all is read, until `ended()` says so or `signal` aborts. */
  readonly follow?: boolean;
  /** True once nobody writes this journal any more (its process died): what is on disk then is all. Asked at every poll. */
  readonly ended?: () => boolean;
  readonly signal?: AbortSignal;
  /** Milliseconds between looks for growth. */
  readonly pollMs?: number;
}

/** With the writer's 50 ms it keeps a follower within 100 ms of the disk. */
const POLL_MS = 40;

/**
 * Batches of records, oldest first. Ends after the batch whose state is `ended`. Throws the signal's reason when aborted, and
 * whatever the file system says, except that a chunk is missing or damaged: those are `problems`.
 */
export async function* readJournal(
  directory: string,
  options: ReadJournalOptions = {},
): AsyncGenerator<JournalBatch, void, undefined> {
  const reader = new JournalReader(directory, options);
  try {
    for (;;) {
      const batch = await reader.next();
      yield batch;
      if (batch.state === 'ended') return;
    }
  } finally {
    await reader.close();
  }
}

class JournalReader {
  readonly #directory: string;
  readonly #options: ReadJournalOptions;
  #chunk: number;
  #cursor: ChunkCursor | undefined;
  /** Nothing more will be written to the cursor's chunk; once it has been read to its end, the next one follows. */
  #chunkOver = false;
  #reported: JournalState = 'reading';
  /** The chunk before, where it ended before its index: told when it turns out that another follows. */
  #unsealed: number | null = null;

  constructor(directory: string, options: ReadJournalOptions) {
    this.#directory = directory;
    this.#options = options;
    this.#chunk = options.fromChunk ?? 0;
  }

  async close(): Promise<void> {
    await this.#cursor?.close();
    this.#cursor = undefined;
  }

  /** The next batch that says something: records, problems, or another state. */
  async next(): Promise<JournalBatch> {
    const records: JournalRecord[] = [];
    const problems: JournalProblem[] = [];
    for (;;) {
      this.#options.signal?.throwIfAborted();
      const chunk = this.#chunk;
      const state = this.#cursor ? await this.#readChunk(records, problems) : await this.#openNext(problems);
      const news = records.length > 0 || problems.length > 0 || (state !== 'reading' && state !== this.#reported);
      if (news) {
        this.#reported = state;
        return { chunk, records, problems, state };
      }
      if (state !== 'reading') {
        await this.#pause();
      }
    }
  }

  async #pause(): Promise<void> {
    const { signal, pollMs = POLL_MS } = this.#options;
    try {
      await delay(pollMs, undefined, signal && { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  }

  async #readChunk(records: JournalRecord[], problems: JournalProblem[]): Promise<JournalState> {
    const cursor = this.#cursor;
    if (!cursor) return 'reading';
    const progress = await cursor.read(records, problems);
    if (cursor.state === 'reading') {
      if (progress) return 'reading';
      if (!this.#chunkOver) {
        // Evidence first, then one more look: what was written before the evidence appeared is not missed.
        this.#chunkOver = await this.#nobodyWrites(cursor);
        return this.#chunkOver ? 'reading' : 'caught-up';
      }
    } else if (cursor.state === 'broken' && !this.#chunkOver && !(await this.#nobodyWrites(cursor))) {
      return 'caught-up';
    }
    this.#cursor = undefined;
    this.#unsealed = (await cursor.finish(problems)) ? null : cursor.chunk;
    this.#chunk += 1;
    return records.length > 0 || problems.length > 0 ? 'reading' : await this.#openNext(problems);
  }

  async #nobodyWrites(cursor: ChunkCursor): Promise<boolean> {
    if (!this.#options.follow || cursor.sealed) return true;
    if (this.#options.ended?.()) return true;
    if (await exists(sealedChunkPath(this.#directory, cursor.chunk))) return true;
    const next = cursor.chunk + 1;
    return (
      (await exists(openChunkPath(this.#directory, next))) || (await exists(sealedChunkPath(this.#directory, next)))
    );
  }

  /** Opens the chunk to read now, or the next one there is. */
  async #openNext(problems: JournalProblem[]): Promise<JournalState> {
    // Asked before the look: a writer that is gone by now can have left nothing that the look does not see.
    const ended = !this.#options.follow || this.#options.ended?.() === true;
    this.#cursor = (this.#chunk > 0 && (await ChunkCursor.open(this.#directory, this.#chunk))) || undefined;
    this.#chunkOver = false;
    if (this.#cursor) {
      this.#tellUnsealed(problems);
      return 'reading';
    }
    const later = (await listChunkFiles(this.#directory)).find((file) => file.chunk >= this.#chunk);
    if (!later) return ended ? 'ended' : 'sealed';
    this.#tellUnsealed(problems);
    if (this.#chunk > 0 && later.chunk > this.#chunk) {
      problems.push({ kind: 'missing-chunks', from: this.#chunk, to: later.chunk - 1 });
    }
    this.#chunk = later.chunk;
    return 'reading';
  }

  #tellUnsealed(problems: JournalProblem[]): void {
    if (this.#unsealed !== null) problems.push({ kind: 'unsealed', chunk: this.#unsealed });
    this.#unsealed = null;
  }
}
