/** Bits of a byte range, most significant first, with Exp-Golomb codes (H.264 §9.1). Past the end everything is zero. */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #endBit: number;
  #bit: number;

  constructor(bytes: Uint8Array, from: number, end: number) {
    this.#bytes = bytes;
    this.#bit = from * 8;
    this.#endBit = Math.min(end, bytes.length) * 8;
  }

  get exhausted(): boolean {
    return this.#bit > this.#endBit;
  }

  /** Up to 32 bits, unsigned. */
  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const byte = this.#bit < this.#endBit ? (this.#bytes[this.#bit >> 3] ?? 0) : 0;
      value = value * 2 + ((byte >> (7 - (this.#bit & 7))) & 1);
      this.#bit += 1;
    }
    return value;
  }

  /** ue(v). A code longer than 32 bits is no code: 0. */
  unsignedGolomb(): number {
    let zeros = 0;
    while (zeros < 32 && this.bits(1) === 0) zeros += 1;
    return zeros === 32 ? 0 : 2 ** zeros - 1 + this.bits(zeros);
  }

  /** se(v). */
  signedGolomb(): number {
    const code = this.unsignedGolomb();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }
}
