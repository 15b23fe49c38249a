/**
 * How much a subscriber can take, from its REMB and its loss. A receiver's estimate can never be much more than what it is sent, so it
 * limits only while it says less than that; after a while without complaint more is tried, each time later if that was too much.
 */
const NS_PER_S = 1e9;
/** The estimate has to stay below what is sent for so long: single ones come from bursts. */
const PATIENCE_NS = 1.5 * NS_PER_S;
const SHORT_OF_SENT = 0.9;
const MUCH_LOSS = 0.1;
const FIRST_HOLD_NS = 8 * NS_PER_S;
const LONGEST_HOLD_NS = 60 * NS_PER_S;
/** Without congestion for so long the path is taken for a new one. */
const FORGET_NS = 120 * NS_PER_S;

export class Bandwidth {
  #budgetBps = Number.POSITIVE_INFINITY;
  #shortSinceNs = Number.NaN;
  #holdNs = FIRST_HOLD_NS;
  #heldUntilNs = Number.NEGATIVE_INFINITY;

  /** Bits per second for all video together; infinite while nothing speaks against it. */
  budget(nowNs: number): number {
    if (nowNs >= this.#heldUntilNs) this.#budgetBps = Number.POSITIVE_INFINITY;
    return this.#budgetBps;
  }

  estimate(rembBps: number, sentBps: number, nowNs: number): void {
    if (rembBps >= sentBps * SHORT_OF_SENT) {
      this.#shortSinceNs = Number.NaN;
      return;
    }
    if (Number.isNaN(this.#shortSinceNs)) this.#shortSinceNs = nowNs;
    if (nowNs - this.#shortSinceNs >= PATIENCE_NS) this.#congested(rembBps, nowNs);
  }

  /** Fraction of packets lost since the previous report, 0–1. */
  loss(fraction: number, sentBps: number, nowNs: number): void {
    if (fraction > MUCH_LOSS) this.#congested(sentBps * (1 - fraction / 2), nowNs);
  }

  #congested(budgetBps: number, nowNs: number): void {
    const sinceLast = nowNs - this.#heldUntilNs;
    if (sinceLast > FORGET_NS) this.#holdNs = FIRST_HOLD_NS;
    else if (sinceLast >= 0) this.#holdNs = Math.min(LONGEST_HOLD_NS, this.#holdNs * 2);
    this.#budgetBps = Math.min(this.#budgetBps, budgetBps);
    this.#heldUntilNs = nowNs + this.#holdNs;
    this.#shortSinceNs = Number.NaN;
  }
}
