/**
 * A stream's RTP clock against its sender's NTP clock: the newest plausible sender report, and the nominal rate from there.
 * Implausible reports (time going back, a rate off by more than 0.5 %) are passed over, unless two in a row agree with each other:
 * then the sender's clock was set.
 */

/** No oscillator is off by this much; a report that says so is wrong. */
const MAX_RATE_ERROR = 0.005;
/** Reports are not stamped to the sample: what two of them may be off, however close they lie. */
const STAMP_JITTER_NS = 20_000_000;

interface Anchor {
  /** Unwrapped RTP time in ns at the nominal rate. */
  readonly rtpNs: number;
  readonly ntpNs: number;
}

const agree = (a: Anchor, b: Anchor): boolean => {
  const ntp = b.ntpNs - a.ntpNs;
  return ntp > 0 && Math.abs(b.rtpNs - a.rtpNs - ntp) <= ntp * MAX_RATE_ERROR + STAMP_JITTER_NS;
};

export class SenderClock {
  #anchor: Anchor | null = null;
  #doubted: Anchor | null = null;
  /** Reports passed over. */
  rejected = 0;

  /** What to add to RTP time (ns, unwrapped) to get the sender's NTP time; null before the first report. */
  get skewNs(): number | null {
    return this.#anchor === null ? null : this.#anchor.ntpNs - this.#anchor.rtpNs;
  }

  /** Takes a report in. A repeated one changes nothing. */
  report(rtpNs: number, ntpNs: number): void {
    const report = { rtpNs, ntpNs };
    if (this.#anchor === null || agree(this.#anchor, report) || (this.#doubted && agree(this.#doubted, report))) {
      this.#anchor = report;
      this.#doubted = null;
      return;
    }
    if (this.#anchor.ntpNs === ntpNs && this.#anchor.rtpNs === rtpNs) return;
    this.rejected += 1;
    this.#doubted = report;
  }

  clear(): void {
    this.#anchor = null;
    this.#doubted = null;
  }
}
