/**
 * Memory between the rooms and the disk: blocks of one size, shared by all journals of a process, since they share the disk that may
 * stall. Bounded: what `take` refuses is dropped by policy; events are taken in beyond the bound (they are few, and never dropped).
 */

/** A run of bytes of one chunk. The writer appends at `filled` while the file side writes from `written`. */
export interface Block {
  readonly buffer: Buffer;
  readonly chunk: number;
  filled: number;
  written: number;
  /** Nothing more is appended. */
  closed: boolean;
  /** After it the chunk is complete and is sealed. */
  endsChunk: boolean;
}

/** Holds about 200 full packets: few blocks a second at any rate that one room has. */
const BLOCK_BYTES = 256 * 1024;
/** Blocks kept for reuse when the disk has caught up. */
const SPARE_BLOCKS = 16;

export class BlockPool {
  readonly #limitBytes: number;
  readonly #spare: Buffer[] = [];
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** True if at least a quarter of the memory is free: dropping ends here, not at the first free block, or it would stutter. */
  get hasRoomAgain(): boolean {
    return this.#usedBytes <= this.#limitBytes * 0.75;
  }

  /** A block with room for `bytes`. Null: the bound is reached, and `beyondLimit` was not asked for. */
  take(chunk: number, bytes: number, beyondLimit: boolean): Block | null {
    const overLimit = this.#usedBytes + BLOCK_BYTES > this.#limitBytes;
    if (overLimit && !beyondLimit) return null;
    const size = overLimit || bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    const buffer = (size === BLOCK_BYTES && this.#spare.pop()) || Buffer.allocUnsafeSlow(size);
    this.#usedBytes += size;
    return { buffer, chunk, filled: 0, written: 0, closed: false, endsChunk: false };
  }

  /** Takes a written block back. */
  give(block: Block): void {
    this.forget(block);
    if (block.buffer.length === BLOCK_BYTES && this.#spare.length < SPARE_BLOCKS) this.#spare.push(block.buffer);
  }

  /** Lets go of a block that a write may still be reading from. */
  forget(block: Block): void {
    this.#usedBytes -= block.buffer.length;
  }
}
