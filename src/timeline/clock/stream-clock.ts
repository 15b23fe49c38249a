/**
 * One stream's RTP timestamps in session time.
 *
 * With sender reports: RTP → sender NTP (`SenderClock`) → session time (`DomainClock`). Without: RTP plus the least (arrival − RTP
 * time) over 10 s, slewed. A stream whose RTP timestamps jump, or stood still while it was muted, begins anew. `generation` counts such breaks and the change from one
 * way to the other, so that audio can converge faster after them.
 */
import { NS_PER_S, type SessionTimeNs } from '../../domain/media-time.ts';
import type { DomainClock, DomainMember } from './domain-clock.ts';
import { LATEST_STAMP_NS, SenderClock } from './sender-clock.ts';
import type { SenderReport } from './sender-report.ts';
import { SlewedOffset } from './slew.ts';
import { WindowedMinimum } from './windowed-minimum.ts';

/** A packet cannot arrive this long before the fastest one did: its RTP clock was set forward. */
const JUMP_AHEAD_NS = 1_000_000_000;
/** Nor is any retransmission or starved encoder this late: its RTP clock was set back. */
const JUMP_BACK_NS = 10_000_000_000;
/** An RTP clock that counts samples stands still while a microphone is off: told by this much, and by the silence before. */
const STOOD_STILL_NS = 300_000_000;
/** The packets of an unmuted track may come so much after the word of it. */
const UNMUTED_LATELY_NS = 2_000_000_000;
/**
 * The first packets of a stream may all have met jitter, or be retransmissions with nothing behind them yet: for so long packets must
 * have come before the least of their journeys is believed. Time without packets teaches nothing.
 */
const WARM_UP_NS = 1_000_000_000;
/** An older report, from a snapshot, says too little about now (100 ppm of drift make 6 ms). */
const REPORT_AGE_NS = 60_000_000_000;

export class StreamClock implements DomainMember {
  readonly #rate: number;
  readonly #domain: DomainClock;
  readonly #sender = new SenderClock();
  readonly #least = new WindowedMinimum();
  readonly #own = new SlewedOffset();
  #lastTimestamp: number | null = null;
  /** RTP ticks of `#lastTimestamp`, unwrapped. */
  #lastTicks = 0;
  #early: { readonly report: SenderReport; readonly arrivalNs: SessionTimeNs } | null = null;
  /** By how much the sender's NTP clock has been set since the beginning: taken back out, nothing else moved. */
  #setNs: number;
  /** Least transit of the packets since the last report. */
  #leastSinceReport = Number.POSITIVE_INFINITY;
  /** Least transit when the newest report came that was believed at once. */
  #leastAtReport: number | null = null;
  #reported = false;
  #generation = 0;
  #firstArrivalNs: SessionTimeNs | null = null;
  #lastArrivalNs: SessionTimeNs = Number.NEGATIVE_INFINITY;
  /** Until when the clock may have stood still: for ever while muted. */
  #doubtfulUntilNs: SessionTimeNs = Number.NEGATIVE_INFINITY;

  constructor(clockRate: number, domain: DomainClock) {
    this.#rate = clockRate;
    this.#domain = domain;
    this.#setNs = domain.setNs;
    domain.join(this);
  }

  get generation(): number {
    return this.#generation;
  }

  get reportsRejected(): number {
    return this.#sender.rejected;
  }

  /** True once times come from sender reports. */
  get synchronised(): boolean {
    return this.#skewInDomain() !== null;
  }

  /** Ticks of an RTP timestamp, unwrapped next to the last packet's. */
  unwrap(timestamp: number): number {
    if (this.#lastTimestamp === null) return timestamp;
    return this.#lastTicks + ((timestamp - this.#lastTimestamp) | 0);
  }

  /** Length of so many RTP ticks. */
  ticksToNs(ticks: number): number {
    return (ticks * NS_PER_S) / this.#rate;
  }

  /** Takes in when a packet arrived. Returns its unwrapped ticks. */
  observe(timestamp: number, arrivalNs: SessionTimeNs): number {
    const ticks = this.unwrap(timestamp);
    this.#lastTimestamp = timestamp;
    this.#lastTicks = ticks;
    const transit = arrivalNs - this.ticksToNs(ticks);
    if (this.#hasJumped(transit, arrivalNs)) this.#beginAnew(transit, arrivalNs);
    this.#least.add(arrivalNs, transit);
    this.#leastSinceReport = Math.min(this.#leastSinceReport, transit);
    this.#firstArrivalNs ??= arrivalNs;
    this.#lastArrivalNs = arrivalNs;
    this.#takeEarlyReport(arrivalNs);
    return ticks;
  }

  /** The track was muted or unmuted. */
  muted(muted: boolean, atNs: SessionTimeNs): void {
    this.#doubtfulUntilNs = muted ? Number.POSITIVE_INFINITY : atNs + UNMUTED_LATELY_NS;
  }

  /** Packets follow after a gap in the journal. Where the track was muted in it, the RTP clock may have stood still. */
  resumed(atNs: SessionTimeNs): void {
    const wasMuted = this.#doubtfulUntilNs > this.#lastArrivalNs && this.#doubtfulUntilNs < Number.POSITIVE_INFINITY;
    if (wasMuted) this.#doubtfulUntilNs = atNs + UNMUTED_LATELY_NS;
  }

  /** Takes in a sender report. One that comes before any packet waits for the first. */
  report(report: SenderReport, arrivalNs: SessionTimeNs): void {
    if (this.#lastTimestamp === null) {
      this.#early = { report, arrivalNs };
      return;
    }
    const before = this.#sender.isConfirmed ? this.#sender.skewNs : null;
    const { rejected } = this.#sender;
    this.#sender.report(this.ticksToNs(this.unwrap(report.rtpTimestamp)), report.ntpNs);
    const step = before === null ? 0 : (this.#sender.skewNs ?? before) - before;
    if (Math.abs(step) >= LATEST_STAMP_NS) this.#followStep(step);
    if (this.#sender.rejected === rejected) this.#leastAtReport = this.#own.value;
    this.#leastSinceReport = Number.POSITIVE_INFINITY;
  }

  /**
   * Reports now tell of quite another skew. Either the RTP clock was set, and packets arrive earlier or later by its measure too; or the NTP
   * clock was, of which packets know nothing. The latter changes nothing: each stream hears of it at another time.
   */
  #followStep(stepNs: number): void {
    const least = this.#leastSinceReport;
    const movedNs = least === Number.POSITIVE_INFINITY ? 0 : least - (this.#leastAtReport ?? least);
    if (Math.abs(movedNs) >= Math.abs(movedNs - stepNs)) return;
    this.#setNs += stepNs;
    this.#domain.setNs = this.#setNs;
  }

  /** Lets journal time pass. `free`: nothing has been placed by this clock yet, it may jump. */
  advance(nowNs: SessionTimeNs, free = false): void {
    const least = this.#least.at(nowNs);
    if (free) this.#own.clear();
    if (least !== Number.POSITIVE_INFINITY) this.#own.advance(least, nowNs);
    const reported = this.synchronised;
    if (reported !== this.#reported) this.#generation += 1;
    this.#reported = reported;
  }

  get isWarm(): boolean {
    return this.#firstArrivalNs !== null && this.#lastArrivalNs - this.#firstArrivalNs >= WARM_UP_NS;
  }

  transitNs(nowNs: SessionTimeNs): number | null {
    const least = this.#least.at(nowNs);
    const skew = this.#skewNs;
    return skew === null || least === Number.POSITIVE_INFINITY ? null : least - skew;
  }

  /** Session time of unwrapped ticks. Call after the first `observe`. */
  timeOf(ticks: number): SessionTimeNs {
    const rtpNs = this.ticksToNs(ticks);
    const skew = this.#skewInDomain();
    if (skew !== null) return rtpNs + skew;
    return rtpNs + (this.#own.value ?? 0);
  }

  close(): void {
    this.#domain.leave(this);
  }

  /** RTP time → the sender's NTP clock as it was set in the beginning. */
  get #skewNs(): number | null {
    return this.#sender.skewNs === null ? null : this.#sender.skewNs - this.#setNs;
  }

  /** RTP time → session time by reports, or null if they do not tell, or contradict the domain's clock. */
  #skewInDomain(): number | null {
    const skew = this.#skewNs;
    const offset = this.#domain.offsetNs;
    const own = this.#own.value;
    if (skew === null || offset === null || own === null || !this.#domain.includes(own - skew)) return null;
    return skew + offset;
  }

  #hasJumped(transitNs: number, arrivalNs: SessionTimeNs): boolean {
    const least = this.#least.at(arrivalNs);
    if (least !== Number.POSITIVE_INFINITY) {
      if (transitNs < least - JUMP_AHEAD_NS || transitNs > least + JUMP_BACK_NS) return true;
    }
    const late = transitNs - (this.#own.value ?? transitNs);
    const silence = arrivalNs - this.#lastArrivalNs;
    return arrivalNs <= this.#doubtfulUntilNs && late > STOOD_STILL_NS && silence > late - STOOD_STILL_NS;
  }

  #takeEarlyReport(arrivalNs: SessionTimeNs): void {
    const early = this.#early;
    if (early === null) return;
    this.#early = null;
    if (arrivalNs - early.arrivalNs <= REPORT_AGE_NS) this.report(early.report, early.arrivalNs);
  }

  #beginAnew(transitNs: number, arrivalNs: SessionTimeNs): void {
    this.#least.clear();
    this.#sender.clear();
    this.#own.clear();
    this.#leastAtReport = null;
    this.#own.advance(transitNs, arrivalNs);
    this.#generation += 1;
  }
}
