/** Bytes of the picture being assembled: one buffer that grows and is used again. */

/** No coded picture of a room is larger; what claims to be is hostile. */
const MAX_BYTES = 8 * 1024 * 1024;

export class ByteSink {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Appends bytes from `from` on. False: too large, nothing was added. */
  append(bytes: Uint8Array, from = 0): boolean {
    const added = bytes.length - from;
    if (this.#length + added > MAX_BYTES) return false;
    this.#reserve(added);
    this.#bytes.set(from === 0 ? bytes : bytes.subarray(from), this.#length);
    this.#length += added;
    return true;
  }

  appendByte(byte: number): boolean {
    if (this.#length === MAX_BYTES) return false;
    this.#reserve(1);
    this.#bytes[this.#length] = byte;
    this.#length += 1;
    return true;
  }

  /** A view, valid until the next append or clear. */
  view(from = 0, to = this.#length): Buffer {
    return this.#bytes.subarray(from, to);
  }

  /** A copy of everything. */
  copy(): Buffer {
    return Buffer.from(this.view());
  }

  clear(): void {
    this.#length = 0;
  }

  #reserve(added: number): void {
    if (this.#length + added <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + added));
    larger.set(this.view());
    this.#bytes = larger;
  }
}
