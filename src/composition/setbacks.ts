/**
 * What a composition learns from processes that died over it: when to try again, how carefully, without which frames, and when to give
 * up. Pure but for its state.
 *
 * A process is tried again twice without a further segment. The last try is *careful*: it names each frame before it decodes it, one at a
 * time; frames are pictures, packets of sound, and the keyframes that copies begin with. If it dies over one (a decoder crashed, or hung
 * and was killed), that frame is shunned from then on: it counts as damaged, so a picture freezes until its next keyframe and a packet is
 * silent, and the recording goes on. A lack of disk, memory or processes is nobody's
 * fault: it is waited for.
 */

/** A picture or a packet of a stream, as the journal numbers both; of a merge, by the number of the file and its own time. */
export interface FrameRef {
  readonly stream: number;
  readonly timeNs: number;
}

/** Deaths without one more finished segment before the composition is given up. */
export const MAX_FRUITLESS_DEATHS = 3;
const CAREFUL_AFTER_DEATHS = 2;
/** Whoever sends more such frames than this means it: each costs a process. */
export const MOST_SHUNNED = 16;
/** Before the second try: processes get killed. Before the third: in case it was something that passes. */
const PAUSES_MS = [0, 200, 2_000] as const;
const FIRST_HINDRANCE_PAUSE_MS = 2_000;
const LONGEST_HINDRANCE_PAUSE_MS = 60_000;

/** `Ref`: what may kill who takes it. */
export class Setbacks<Ref = FrameRef> {
  readonly #shunned: Ref[] = [];
  #fruitless = 0;
  #hindrances = 0;

  /** Frames that are not to be decoded. */
  get shunned(): readonly Ref[] {
    return this.#shunned;
  }

  /** The next process is to name each frame before it decodes it. */
  get careful(): boolean {
    return this.#fruitless >= CAREFUL_AFTER_DEATHS;
  }

  /** What the machine lacks is waited for. */
  get isHindered(): boolean {
    return this.#hindrances > 0;
  }

  /** One more segment is finished. */
  progressed(): void {
    this.#fruitless = 0;
    this.#hindrances = 0;
  }

  /**
   * A process died. `decoding`: over which frame, as far as it was careful. Returns after how many milliseconds to try again; null: give
   * up.
   */
  died(decoding: Ref | null): number | null {
    this.#fruitless += 1;
    if (decoding && this.#shunned.length < MOST_SHUNNED) {
      this.#shunned.push(decoding);
      this.#fruitless = CAREFUL_AFTER_DEATHS;
    }
    return this.#fruitless >= MAX_FRUITLESS_DEATHS ? null : (PAUSES_MS[this.#fruitless] ?? 0);
  }

  /** The machine lacked something. Returns after how many milliseconds to try again. */
  hindered(): number {
    this.#hindrances += 1;
    return Math.min(LONGEST_HINDRANCE_PAUSE_MS, FIRST_HINDRANCE_PAUSE_MS * 2 ** (this.#hindrances - 1));
  }
}
