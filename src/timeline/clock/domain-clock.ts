/**
 * A sender's NTP clock against session time, shared by all streams of one connection, so that what was captured together is shown
 * together: the offset is the least (arrival − sender time) of any of its streams over 10 s, that is, the journey of the packet that
 * met no queue and no slow encoder. It is slewed, alike for picture and sound.
 */
import type { SessionTimeNs } from '../../domain/media-time.ts';
import { SlewedOffset } from './slew.ts';

/** What a stream of the domain tells. */
export interface DomainMember {
  /** Least (arrival − sender NTP) over the window, seen from `nowNs`; null without reports or packets. */
  transitNs(nowNs: SessionTimeNs): number | null;
  /** Packets have come for long enough that the least transit may be believed. */
  readonly isWarm: boolean;
}

/** How often the offset is moved. */
const STEP_NS = 100_000_000;
/** Streams whose clocks lie farther apart do not share one, whatever was negotiated: each is then on its own. */
const SAME_CLOCK_NS = 2_000_000_000;

export class DomainClock {
  readonly #members: DomainMember[] = [];
  readonly #offset = new SlewedOffset();
  #nextStepNs = Number.NEGATIVE_INFINITY;
  /** By how much the sender's clock has been set, as far as any stream has heard: what a stream that begins now starts from. */
  setNs = 0;

  join(member: DomainMember): void {
    this.#members.push(member);
  }

  leave(member: DomainMember): void {
    const index = this.#members.indexOf(member);
    if (index >= 0) this.#members.splice(index, 1);
  }

  /** What to add to sender NTP time to get session time; null until enough is known. */
  get offsetNs(): number | null {
    return this.#offset.value;
  }

  /** Lets journal time pass. `force`: nothing more will come, believe what there is. */
  advance(nowNs: SessionTimeNs, force = false): void {
    if (nowNs < this.#nextStepNs && !force) return;
    this.#nextStepNs = nowNs + STEP_NS;
    const target = this.#target(nowNs);
    if (target === null || (this.#offset.value === null && !target.isWarm && !force)) return;
    this.#offset.advance(target.leastNs, nowNs);
  }

  /** True if a stream with this least transit runs on the domain's clock. */
  includes(transitNs: number): boolean {
    return this.#offset.value !== null && Math.abs(transitNs - this.#offset.value) <= SAME_CLOCK_NS;
  }

  /** The least transit of the streams that agree with the eldest one, and whether any of them is warm. */
  #target(nowNs: SessionTimeNs): { readonly leastNs: number; readonly isWarm: boolean } | null {
    let eldestNs: number | null = null;
    let leastNs = Number.POSITIVE_INFINITY;
    let isWarm = false;
    for (const member of this.#members) {
      const transitNs = member.transitNs(nowNs);
      if (transitNs === null) continue;
      eldestNs ??= transitNs;
      if (Math.abs(transitNs - eldestNs) > SAME_CLOCK_NS) continue;
      leastNs = Math.min(leastNs, transitNs);
      isWarm ||= member.isWarm;
    }
    return eldestNs === null ? null : { leastNs, isWarm };
  }
}
