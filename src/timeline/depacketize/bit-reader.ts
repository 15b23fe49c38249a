/** Reads a header bit by bit, most significant first. Past the end it yields zeros and says so: nothing throws. */

export class BitReader {
  readonly #bytes: Uint8Array;
  #bit = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** True if more was read than there is: all that was read is worthless. */
  get exhausted(): boolean {
    return this.#bit > this.#bytes.length * 8;
  }

  /** An unsigned number of up to 32 bits. */
  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i += 1) {
      const byte = this.#bytes[this.#bit >> 3] ?? 0;
      value = value * 2 + ((byte >> (7 - (this.#bit & 7))) & 1);
      this.#bit += 1;
    }
    return value;
  }

  flag(): boolean {
    return this.bits(1) === 1;
  }

  skip(count: number): void {
    this.#bit += count;
  }

  /** ue(v), H.264 §9.1, and uvlc() of AV1, which is the same for what fits 32 bits. */
  unsignedExpGolomb(): number {
    let zeros = 0;
    while (zeros < 32 && !this.exhausted && !this.flag()) zeros += 1;
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** se(v), H.264 §9.1.1. */
  signedExpGolomb(): number {
    const code = this.unsignedExpGolomb();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }
}
