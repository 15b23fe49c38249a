/**
 * The file side of an open journal: takes filled blocks and puts them into chunk files, one write at a time, off the event loop.
 * Sealing (fdatasync, rename, folder fsync) goes on beside the next chunk's writes.
 *
 * Invariants:
 * 1. Bytes reach the file in the order in which they were appended, and a chunk is opened only when the one before is written.
 * 2. `synced(position)` resolves only when every byte before it is on disk, those of earlier chunks and the files' names included.
 * 3. A full disk first costs the reserve (a file kept for this), so that the last events and the index still find room; a second
 *    refusal, or any other error, is the end: `onFailure`, then nothing is written any more.
 */
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Block, BlockPool } from './block-pool.ts';
import { openChunkPath, RESERVE_NAME, renameSealed, syncDirectory } from './chunk-files.ts';
import { type Disk, type DiskFile, isDiskFull } from './disk.ts';

/** With the flush interval and the time that the disk takes: at most a second between arrival and disk. */
const SYNC_INTERVAL_MS = 750;
/** Room for what is buffered at that moment (100 ms of a large room), some events and an index. */
const RESERVE_BYTES = 1024 * 1024;

interface ChunkInProgress {
  readonly chunk: number;
  readonly file: DiskFile;
  /** Resolves when the file's name is durable. */
  readonly named: Promise<void>;
  position: number;
}

export interface ChunkWriterEvents {
  /** The disk is full; the reserve was given up, and only events should follow. */
  readonly onNearlyFull: (error: Error) => void;
  /** Nothing can be written any more. */
  readonly onFailure: (error: Error) => void;
}

export class ChunkWriter {
  readonly #directory: string;
  readonly #disk: Disk;
  readonly #pool: BlockPool;
  readonly #events: ChunkWriterEvents;
  readonly #queue: Block[] = [];
  #current: ChunkInProgress | undefined;
  #busy = false;
  #draining: Promise<void> = Promise.resolve();
  #sealing: Promise<void> = Promise.resolve();
  #syncing: Promise<void> | undefined;
  #lastSyncAt = performance.now();
  /** Bytes since the journal was opened. */
  #written = 0;
  #synced = 0;
  #waiters: { position: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  #reserved = false;
  #failure: Error | undefined;
  /** When the write that is under way began; null: none is. */
  #writingSince: number | null = null;

  constructor(directory: string, disk: Disk, pool: BlockPool, events: ChunkWriterEvents) {
    this.#directory = directory;
    this.#disk = disk;
    this.#pool = pool;
    this.#events = events;
  }

  /** Opens the first chunk's file, so that a disk that refuses is known before anything is promised. */
  async open(chunk: number): Promise<void> {
    // Random, so that a file system that compresses does not store it in less room than it claims.
    try {
      const content = Buffer.alloc(RESERVE_BYTES, randomBytes(RESERVE_BYTES / 16));
      await writeFile(join(this.#directory, RESERVE_NAME), content, { mode: 0o600 });
      this.#current = await this.#create(chunk);
      this.#reserved = true;
    } catch (error) {
      await this.#releaseReserve();
      throw error;
    }
    await this.#current.named;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /** For how long the disk has been at the write or the sync that is under way (ms). 0: nothing waits for it. */
  get waitingMs(): number {
    const now = performance.now();
    const writing = this.#writingSince === null ? 0 : now - this.#writingSince;
    return Math.max(writing, this.#syncing ? now - this.#lastSyncAt : 0);
  }

  /** The block that is appended to from now on. */
  push(block: Block): void {
    this.#queue.push(block);
  }

  /** Starts writing what is there, unless that is going on already. Never throws. */
  flush(): void {
    if (this.#failure || this.#busy) return;
    this.#busy = true;
    this.#draining = this.#drain();
  }

  /** Resolves when everything before `position` (bytes appended since the journal was opened) is on disk. */
  synced(position: number): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (position <= this.#synced) return Promise.resolve();
    const done = new Promise<void>((resolve, reject) => this.#waiters.push({ position, resolve, reject }));
    this.flush();
    return done;
  }

  /** After the last block is closed with `endsChunk`: writes, syncs and seals all. Rejects if the disk refused. */
  async finish(): Promise<void> {
    while (this.#queue.length > 0 && !this.#failure) {
      this.flush();
      await this.#draining;
    }
    await this.#draining;
    await this.#sealing;
    await this.#current?.file.close();
    this.#current = undefined;
    if (this.#failure) throw this.#failure;
    await this.#releaseReserve();
  }

  async #drain(): Promise<void> {
    try {
      for (let block = this.#queue[0]; block && !this.#failure; block = this.#queue[0]) {
        this.#current ??= await this.#withRoom(() => this.#create(block.chunk));
        while (block.written < block.filled && !this.#failure) await this.#write(this.#current, block);
        this.#syncIfDue();
        if (!block.closed || this.#failure) return;
        this.#queue.shift();
        if (block.endsChunk) this.#seal(this.#current);
        this.#pool.give(block);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#busy = false;
    }
  }

  async #write(chunk: ChunkInProgress, block: Block): Promise<void> {
    const length = block.filled - block.written;
    this.#writingSince = performance.now();
    const taken = await this.#withRoom(() => chunk.file.write(block.buffer, block.written, length, chunk.position));
    this.#writingSince = null;
    block.written += taken;
    chunk.position += taken;
    this.#written += taken;
  }

  /** Invariant 3. */
  async #withRoom<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (!isDiskFull(error) || !this.#reserved) throw error;
      await this.#releaseReserve();
      this.#events.onNearlyFull(error as Error);
      return await action();
    }
  }

  async #releaseReserve(): Promise<void> {
    this.#reserved = false;
    await rm(join(this.#directory, RESERVE_NAME), { force: true });
  }

  async #create(chunk: number): Promise<ChunkInProgress> {
    const file = await this.#disk.create(openChunkPath(this.#directory, chunk));
    const named = syncDirectory(this.#directory);
    // Its failure is met where it is awaited, by the next sync; until then it must not count as unhandled.
    named.catch((error: unknown) => this.#fail(error));
    return { chunk, file, named, position: 0 };
  }

  #syncIfDue(): void {
    const chunk = this.#current;
    if (this.#syncing || !chunk || this.#failure || this.#synced >= this.#written) return;
    const asked = this.#waiters.some(({ position }) => position <= this.#written);
    if (!asked && performance.now() - this.#lastSyncAt < SYNC_INTERVAL_MS) return;
    this.#syncing = this.#sync(chunk).finally(() => {
      this.#syncing = undefined;
      this.#syncIfDue();
    });
  }

  async #sync(chunk: ChunkInProgress): Promise<void> {
    const position = this.#written;
    const sealing = this.#sealing;
    this.#lastSyncAt = performance.now();
    try {
      await Promise.all([chunk.file.datasync(), chunk.named, sealing]);
      this.#markSynced(position);
    } catch (error) {
      this.#fail(error);
    }
  }

  #seal(chunk: ChunkInProgress): void {
    const position = this.#written;
    const syncing = this.#syncing;
    this.#current = undefined;
    this.#sealing = this.#sealing.then(async () => {
      try {
        await syncing;
        try {
          await Promise.all([chunk.file.datasync(), chunk.named]);
        } finally {
          await chunk.file.close();
        }
        await renameSealed(this.#directory, chunk.chunk);
        await syncDirectory(this.#directory);
        this.#markSynced(position);
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  #markSynced(position: number): void {
    if (position <= this.#synced || this.#failure) return;
    this.#synced = position;
    const reached = this.#waiters.filter((waiter) => waiter.position <= position);
    this.#waiters = this.#waiters.filter((waiter) => waiter.position > position);
    for (const { resolve } of reached) resolve();
  }

  #fail(cause: unknown): void {
    if (this.#failure) return;
    this.#writingSince = null;
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#failure = new Error(`The journal "${this.#directory}" can't be written any more: ${reason}`, { cause });
    for (const block of this.#queue.splice(0)) this.#pool.forget(block);
    for (const { reject } of this.#waiters.splice(0)) reject(this.#failure);
    this.#events.onFailure(this.#failure);
  }
}
