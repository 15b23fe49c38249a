/**
 * SSRCs whose stream was closed though packets of theirs may still be on the way: they must not open it again. After a BYE only what is
 * newer than all before does; after another SSRC took the place, nothing does for two seconds; after its m-line was removed, nothing does
 * until the next negotiation.
 */
import { isNewer } from '../rtp/sequence.ts';

const REPLACED_NS = 2_000e6;
/** Senders that change SSRCs are rare; the oldest entries are forgotten. */
const MAX_ENTRIES = 64;

interface Retired {
  readonly highest: number | null;
  readonly untilNs: number;
}

export class RetiredSources {
  readonly #entries = new Map<number, Retired>();

  saidBye(ssrc: number, highest: number): void {
    this.#add(ssrc, { highest, untilNs: Number.NEGATIVE_INFINITY });
  }

  replaced(ssrc: number, nowNs: number): void {
    this.#add(ssrc, { highest: null, untilNs: nowNs + REPLACED_NS });
  }

  removed(ssrc: number): void {
    this.#add(ssrc, { highest: null, untilNs: Number.POSITIVE_INFINITY });
  }

  /** May a packet of this SSRC open a stream? If so the SSRC is forgotten. */
  mayReturn(ssrc: number, sequence: number, nowNs: number): boolean {
    const entry = this.#entries.get(ssrc);
    if (!entry) return true;
    if (nowNs < entry.untilNs || (entry.highest !== null && !isNewer(sequence, entry.highest))) return false;
    this.#entries.delete(ssrc);
    return true;
  }

  /** A new negotiation: whoever sends now means it. */
  forget(): void {
    this.#entries.clear();
  }

  #add(ssrc: number, entry: Retired): void {
    this.#entries.delete(ssrc);
    this.#entries.set(ssrc, entry);
    const oldest = this.#entries.keys().next();
    if (this.#entries.size > MAX_ENTRIES && !oldest.done) this.#entries.delete(oldest.value);
  }
}
