/** The minimum of samples over a sliding window of time, in buckets: constant work for a sample, however many come. */

const BUCKET_NS = 1_000_000_000;
/** 10 s: long enough to hold packets that met no queue, short enough that 100 ppm of drift makes 1 ms. */
const BUCKETS = 10;

export class WindowedMinimum {
  readonly #minima = new Float64Array(BUCKETS).fill(Number.POSITIVE_INFINITY);
  /** Which second each bucket holds. */
  readonly #seconds = new Float64Array(BUCKETS).fill(Number.NEGATIVE_INFINITY);

  add(atNs: number, value: number): void {
    const second = Math.floor(atNs / BUCKET_NS);
    const index = ((second % BUCKETS) + BUCKETS) % BUCKETS;
    const held = this.#seconds[index] ?? second;
    if (held > second) return;
    if (held < second) {
      this.#seconds[index] = second;
      this.#minima[index] = value;
    } else if (value < (this.#minima[index] ?? value)) {
      this.#minima[index] = value;
    }
  }

  /** Least value of the last 10 s, seen from `nowNs`; Infinity if there is none. */
  at(nowNs: number): number {
    const oldest = Math.floor(nowNs / BUCKET_NS) - BUCKETS + 1;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < BUCKETS; i += 1) {
      const value = this.#minima[i] ?? least;
      if ((this.#seconds[i] ?? oldest) >= oldest && value < least) least = value;
    }
    return least;
  }

  clear(): void {
    this.#minima.fill(Number.POSITIVE_INFINITY);
    this.#seconds.fill(Number.NEGATIVE_INFINITY);
  }
}
