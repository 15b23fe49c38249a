/**
 * A stream's RTP clock against its sender's NTP clock, from its sender reports, at the nominal rate from there.
 *
 * A report is stamped when it, or the packet it speaks of, is sent: with a busy sender that is late, by tens of milliseconds and for
 * picture and sound by different ones. It is never early. So the least (NTP − RTP) of the last 10 s is believed: that of the report that
 * met no delay. Implausible reports (earlier than that, much later, time going back) are passed over, unless two in a row agree with
 * each other: then a clock was set.
 */
import { WindowedMinimum } from './windowed-minimum.ts';

/** No oscillator is off by this much; a report that says so is wrong. */
const MAX_RATE_ERROR = 0.005;
/** What two reports may be apart, however close they lie: how late the one before may have been stamped. */
const STAMP_JITTER_NS = 60_000_000;
/** Stamped later than this is not late but another clock. */
export const LATEST_STAMP_NS = 500_000_000;

interface Report {
  /** Unwrapped RTP time in ns at the nominal rate. */
  readonly rtpNs: number;
  readonly ntpNs: number;
}

const skewOf = ({ rtpNs, ntpNs }: Report): number => ntpNs - rtpNs;
/** How far two reports may be apart in what they say. */
const tolerance = (a: Report, b: Report): number => (b.ntpNs - a.ntpNs) * MAX_RATE_ERROR + STAMP_JITTER_NS;

const agree = (a: Report, b: Report): boolean =>
  b.ntpNs > a.ntpNs && Math.abs(skewOf(b) - skewOf(a)) <= tolerance(a, b);

export class SenderClock {
  readonly #least = new WindowedMinimum();
  #newest: Report | null = null;
  #skewNs: number | null = null;
  #doubted: Report | null = null;
  #agreeing = 0;
  /** Reports passed over. */
  rejected = 0;

  /** What to add to RTP time (ns, unwrapped) to get the sender's NTP time; null before the first report. */
  get skewNs(): number | null {
    return this.#skewNs;
  }

  /** True once two reports have agreed: a single one may be wrong. */
  get isConfirmed(): boolean {
    return this.#agreeing > 1;
  }

  /** Takes a report in. A repeated one changes nothing. */
  report(rtpNs: number, ntpNs: number): void {
    const report = { rtpNs, ntpNs };
    if (this.#newest?.ntpNs === ntpNs && this.#newest.rtpNs === rtpNs) return;
    if (this.#isPlausible(report)) {
      this.#take(report);
    } else if (this.#doubted !== null && agree(this.#doubted, report)) {
      const doubted = this.#doubted;
      this.clear();
      this.#take(doubted);
      this.#take(report);
    } else {
      this.rejected += 1;
      this.#doubted = report;
    }
  }

  clear(): void {
    this.#least.clear();
    this.#newest = null;
    this.#skewNs = null;
    this.#doubted = null;
    this.#agreeing = 0;
  }

  #isPlausible(report: Report): boolean {
    if (this.#newest === null || this.#skewNs === null) return true;
    const later = skewOf(report) - this.#skewNs;
    return report.ntpNs > this.#newest.ntpNs && later >= -tolerance(this.#newest, report) && later < LATEST_STAMP_NS;
  }

  #take(report: Report): void {
    this.#least.add(report.ntpNs, skewOf(report));
    this.#newest = report;
    this.#skewNs = this.#least.at(report.ntpNs);
    this.#doubted = null;
    this.#agreeing += 1;
  }
}
