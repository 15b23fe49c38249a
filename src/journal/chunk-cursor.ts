/**
 * Reads one chunk file forward, also while it grows. Steps over a single damaged record where the one after it is whole; where
 * nothing whole follows, the rest of the chunk is given up (`broken`), since lengths can no longer be trusted.
 *
 * States: reading → complete (the index was read) | broken.
 */
import type { FileHandle } from 'node:fs/promises';
import type { SessionTimeNs } from '../domain/media-time.ts';
import { openChunk } from './chunk-files.ts';
import {
  CHUNK_HEADER_BYTES,
  decodeRecord,
  isIntact,
  JournalFormatError,
  parseChunkHeader,
  recordSize,
} from './format.ts';
import type { JournalRecord } from './record.ts';

/** What a reader met that should not be there. Offsets are bytes in the chunk file. */
export type JournalProblem =
  /** Bytes that are not what was written: one record, or (`restLost`) all that follows in this chunk. */
  | {
      readonly kind: 'damaged';
      readonly chunk: number;
      readonly offset: number;
      readonly bytes: number;
      readonly restLost: boolean;
      readonly reason: string;
      /** Arrival of the record before it in this chunk; null: there is none. */
      readonly afterNs: SessionTimeNs | null;
    }
  /** The last record was cut short: its writer was killed, or the disk was full. */
  | { readonly kind: 'torn'; readonly chunk: number; readonly offset: number; readonly bytes: number }
  /** It ends before its index, and another follows: its writer died, or its end is gone, cut off between two records. */
  | { readonly kind: 'unsealed'; readonly chunk: number }
  /** These chunks are not there. */
  | { readonly kind: 'missing-chunks'; readonly from: number; readonly to: number }
  /** Record types that this version does not know, skipped. Once per chunk. */
  | { readonly kind: 'unknown-records'; readonly chunk: number; readonly records: number };

/** Large enough that a finished journal is read at disk speed; a record longer than it is read by its own length. */
const READ_BYTES = 1024 * 1024;

export class ChunkCursor {
  readonly chunk: number;
  /** Whether the file had its final name when it was opened. */
  readonly sealed: boolean;
  readonly #handle: FileHandle;
  #offset = 0;
  #needed = 0;
  #unknown = 0;
  #lastNs: SessionTimeNs | null = null;
  #state: 'reading' | 'complete' | 'broken' = 'reading';

  private constructor(chunk: number, handle: FileHandle, sealed: boolean) {
    this.chunk = chunk;
    this.#handle = handle;
    this.sealed = sealed;
  }

  /** Null: there is no such chunk. */
  static async open(directory: string, chunk: number): Promise<ChunkCursor | null> {
    const opened = await openChunk(directory, chunk);
    return opened && new ChunkCursor(chunk, opened.handle, opened.sealed);
  }

  get state(): 'reading' | 'complete' | 'broken' {
    return this.#state;
  }

  /** Bytes from the start of the file that have been read as whole records. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * Reads on, at most about a MiB. Appends what it finds to the two lists; payloads are views of a buffer that is never used again.
   * Returns false if there was nothing new.
   */
  async read(records: JournalRecord[], problems: JournalProblem[]): Promise<boolean> {
    if (this.#state !== 'reading') return false;
    const { size } = await this.#handle.stat();
    const available = size - this.#offset;
    if (available <= 0 || available < this.#needed) return false;
    const wanted = Math.min(available, Math.max(READ_BYTES, this.#needed));
    const buffer = Buffer.allocUnsafeSlow(wanted);
    const { bytesRead } = await this.#handle.read(buffer, 0, wanted, this.#offset);
    const before = this.#offset;
    try {
      this.#offset += this.#parse(buffer.subarray(0, bytesRead), records, problems);
    } catch (error) {
      if (!(error instanceof JournalFormatError)) throw error;
      this.#giveUp(problems, available, error.message);
    }
    return this.#offset > before || this.#state !== 'reading';
  }

  /** Parses whole records. Returns how many bytes are done with; sets how many are needed to go on. */
  #parse(source: Buffer, records: JournalRecord[], problems: JournalProblem[]): number {
    let at = 0;
    this.#needed = 0;
    if (this.#offset === 0) {
      if (source.length < CHUNK_HEADER_BYTES) return this.#wait(0, CHUNK_HEADER_BYTES);
      const header = parseChunkHeader(source);
      if (header.chunk !== this.chunk) {
        throw new JournalFormatError(`The file of chunk ${this.chunk} says that it is chunk ${header.chunk}.`);
      }
      at = CHUNK_HEADER_BYTES;
    }
    while (this.#state === 'reading') {
      const size = recordSize(source, at);
      if (size === 0) return this.#wait(at, 5);
      if (size < 0) {
        this.#giveUp(problems, source.length - at, 'A record has an impossible length.', at);
        return at;
      }
      if (at + size > source.length) return this.#wait(at, size);
      if (!isIntact(source, at, size)) {
        const next = this.#follows(source, at + size);
        if (next > 0) return this.#wait(at, size + next);
        if (next < 0) {
          this.#giveUp(problems, source.length - at, 'A record does not match its checksum.', at);
          return at;
        }
        problems.push(this.#damaged(at, size, 'A record does not match its checksum.'));
      } else {
        this.#decode(source, at, size, records, problems);
      }
      at += size;
    }
    return at;
  }

  /** Whether a whole record begins here: 0 yes, −1 no, else how many bytes must be there to tell. */
  #follows(source: Buffer, at: number): number {
    const size = recordSize(source, at);
    if (size === 0) return 5;
    if (size < 0) return -1;
    if (at + size > source.length) return size;
    return isIntact(source, at, size) ? 0 : -1;
  }

  #decode(source: Buffer, at: number, size: number, records: JournalRecord[], problems: JournalProblem[]): void {
    let record: JournalRecord | null;
    try {
      record = decodeRecord(source, at, size);
    } catch (error) {
      if (!(error instanceof JournalFormatError)) throw error;
      problems.push(this.#damaged(at, size, error.message));
      return;
    }
    if (record === null) {
      this.#unknown += 1;
      return;
    }
    records.push(record);
    this.#lastNs = record.arrivalNs;
    if (record.type === 'index') this.#state = 'complete';
  }

  #wait(at: number, needed: number): number {
    this.#needed = needed;
    return at;
  }

  #damaged(at: number, bytes: number, reason: string): JournalProblem {
    const [chunk, offset, afterNs] = [this.chunk, this.#offset + at, this.#lastNs];
    return { kind: 'damaged', chunk, offset, bytes, restLost: false, reason, afterNs };
  }

  #giveUp(problems: JournalProblem[], bytes: number, reason: string, at = 0): void {
    this.#state = 'broken';
    const [chunk, offset, afterNs] = [this.chunk, this.#offset + at, this.#lastNs];
    problems.push({ kind: 'damaged', chunk, offset, bytes, restLost: true, reason, afterNs });
  }

  /** Closes the file and tells what was left unread, once nothing more can come. False: it ends before its index, and nothing tells why. */
  async finish(problems: JournalProblem[]): Promise<boolean> {
    let isExplained = this.#state !== 'reading';
    if (this.#unknown > 0) problems.push({ kind: 'unknown-records', chunk: this.chunk, records: this.#unknown });
    if (this.#state === 'reading') {
      const { size } = await this.#handle.stat();
      const bytes = size - this.#offset;
      if (bytes > 0) problems.push({ kind: 'torn', chunk: this.chunk, offset: this.#offset, bytes });
      isExplained = bytes > 0;
    }
    await this.close();
    return isExplained;
  }

  /** Repeatable. */
  async close(): Promise<void> {
    await this.#handle.close();
  }
}
