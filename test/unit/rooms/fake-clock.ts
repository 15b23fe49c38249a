/** Clocks that stand still until they are moved. They satisfy the rooms' and the journal's. */
export class FakeClock {
  readonly bootId = 'boot-of-a-test';
  #ms = 1000;

  monotonicNs(): bigint {
    return BigInt(Math.round(this.#ms * 1e6));
  }

  wallMs(): number {
    return Math.floor(1_700_000_000_000 + this.#ms);
  }

  move(ms: number): void {
    this.#ms += ms;
  }
}
