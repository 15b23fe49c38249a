/**
 * When to ask a sender for a keyframe: at once, but not more often than every 500 ms however many want one; again every second while
 * none comes, since a request can be lost too. Time is passed in, nanoseconds of any fixed origin.
 */
const THROTTLE_NS = 500e6;
const RETRY_NS = 1_000e6;
/** A layer that is switched off answers no request. */
const MAX_RETRIES = 5;

export class KeyframeRequest {
  #wanted = false;
  #sentNs = Number.NEGATIVE_INFINITY;
  #retries = 0;

  /** Somebody wants one. */
  want(): void {
    this.#wanted = true;
    this.#retries = 0;
  }

  /** One has begun. */
  arrived(): void {
    this.#wanted = false;
  }

  /** True if a request is to be sent now; it is then taken for sent. */
  due(nowNs: number): boolean {
    if (!this.#wanted || this.#retries > MAX_RETRIES) return false;
    if (nowNs - this.#sentNs < (this.#retries === 0 ? THROTTLE_NS : RETRY_NS)) return false;
    this.#sentNs = nowNs;
    this.#retries += 1;
    return true;
  }
}
