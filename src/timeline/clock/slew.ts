/** An offset that follows its target slowly, so that pictures and sound on it are neither stretched visibly nor bent audibly. */

/** Rate at which an offset moves: 2 ms a second. Audio may bend by 0.3 % in all; the rest is left to its own clock. */
const RATE = 0.002;
/** Farther off than this it is no drift but another clock: taken at once. */
export const REANCHOR_NS = 500_000_000;

export class SlewedOffset {
  #value: number | null = null;
  #atNs = 0;

  /** Null before the first target. */
  get value(): number | null {
    return this.#value;
  }

  /** Moves towards the target by as much as the time since the last call allows. */
  advance(targetNs: number, nowNs: number): void {
    if (this.#value === null || Math.abs(targetNs - this.#value) > REANCHOR_NS) {
      this.#value = targetNs;
    } else {
      const most = Math.max(0, nowNs - this.#atNs) * RATE;
      this.#value += Math.min(most, Math.max(-most, targetNs - this.#value));
    }
    this.#atNs = nowNs;
  }

  clear(): void {
    this.#value = null;
  }
}
