/**
 * The receiving end of one SSRC: sequence unwrapping and duplicates (RFC 3550 §A.1), what is missing and when to ask for it again
 * (RFC 4585), and the numbers of receiver reports (§A.3, A.8).
 *
 * Recovery is meant for a recording: asked for often and long, since a packet that comes two seconds late is still in the file.
 * Time is passed in, in nanoseconds as a plain number of any fixed origin.
 */
import type { ReceptionReport } from './rtcp-packet.ts';
import { extendSequence } from './sequence.ts';

const NS_PER_MS = 1e6;
const NS_PER_S = 1e9;
/** How far back a packet may come late: 5000 packets/s for most of a second, 100/s for 40 s. A power of two. */
const WINDOW = 4096;
/** Reordering on real paths is settled within this; asking earlier asks for what is already on its way. */
const REORDER_NS = 10 * NS_PER_MS;
const INITIAL_RTT_NS = 100 * NS_PER_MS;
const MIN_RETRY_NS = 25 * NS_PER_MS;
const MAX_RETRY_NS = 400 * NS_PER_MS;
/** At 5 % loss each way a try fails one time in ten. */
const MAX_TRIES = 14;
/** Browsers keep sent packets for a second or three round trips. */
const GIVE_UP_NS = 3 * NS_PER_S;
/** A larger hole is an outage: what was sent in it is no longer kept by the sender. */
const MAX_HOLE = 1000;
/** Sequence numbers one NACK asks for at most, so that it fits a packet. */
const MAX_NACK = 300;

interface Missing {
  readonly sinceNs: number;
  tries: number;
  askedNs: number;
}

/** `duplicate`: known or too old. `restart`: a sequence number far off; the next one after it will be believed. */
export type Receipt = 'new' | 'duplicate' | 'restart';

export class ReceiveStream {
  readonly #clockRate: number;
  readonly #received = new Float64Array(WINDOW).fill(Number.NaN);
  readonly #missing = new Map<number, Missing>();
  #highest = Number.NaN;
  #first = 0;
  #count = 0;
  #expectedRestart = -1;
  #rttNs = INITIAL_RTT_NS;
  #jitter = 0;
  #lastTransit = Number.NaN;
  #expectedBefore = 0;
  #countBefore = 0;
  #senderReport = 0;
  #senderReportNs = 0;
  /** Extended sequence number of the last packet that was `new`. */
  extended = 0;
  nacked = 0;
  recovered = 0;
  lost = 0;

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  get highest(): number | null {
    return Number.isNaN(this.#highest) ? null : this.#highest;
  }

  get missing(): number {
    return this.#missing.size;
  }

  get rttNs(): number {
    return this.#rttNs;
  }

  /** Takes note of a packet. `repaired`: it came as a retransmission. */
  packet(sequence: number, timestamp: number, nowNs: number, repaired: boolean): Receipt {
    if (Number.isNaN(this.#highest)) {
      this.#highest = sequence - 1;
      this.#first = sequence;
    }
    let extended = extendSequence(this.#highest, sequence);
    if (extended <= this.#highest - WINDOW) {
      if (repaired || sequence !== this.#expectedRestart) {
        if (!repaired) this.#expectedRestart = (sequence + 1) & 0xffff;
        return repaired ? 'duplicate' : 'restart';
      }
      extended = this.#restart(sequence);
    }
    if (this.#received[extended & (WINDOW - 1)] === extended) return 'duplicate';
    this.#received[extended & (WINDOW - 1)] = extended;
    this.extended = extended;
    this.#count += 1;
    if (extended > this.#highest) this.#advance(extended, nowNs);
    else this.#fill(extended, nowNs);
    if (!repaired) this.#measureJitter(timestamp, nowNs);
    return 'new';
  }

  /** What to ask for now, ascending, marked as asked. Gives up what is too old; `lost` counts those. */
  nack(nowNs: number): number[] {
    const due: number[] = [];
    if (this.#missing.size === 0) return due;
    const retryNs = Math.min(MAX_RETRY_NS, Math.max(MIN_RETRY_NS, this.#rttNs * 1.25));
    for (const [extended, entry] of this.#missing) {
      if (entry.tries >= MAX_TRIES || nowNs - entry.sinceNs > GIVE_UP_NS) {
        this.#missing.delete(extended);
        this.lost += 1;
        continue;
      }
      const wait = entry.tries === 0 ? REORDER_NS : retryNs;
      if (nowNs - entry.askedNs < wait || due.length === MAX_NACK) continue;
      entry.tries += 1;
      entry.askedNs = nowNs;
      due.push(extended);
    }
    this.nacked += due.length;
    return due.sort((a, b) => a - b);
  }

  /** The middle 32 bits of a sender report's NTP time, for the next report block. */
  senderReport(ntpMiddle: number, nowNs: number): void {
    this.#senderReport = ntpMiddle;
    this.#senderReportNs = nowNs;
  }

  /** Report block since the one before. */
  report(ssrc: number, nowNs: number): ReceptionReport {
    const expected = this.#highest - this.#first + 1;
    const expectedNow = expected - this.#expectedBefore;
    const lostNow = expectedNow - (this.#count - this.#countBefore);
    this.#expectedBefore = expected;
    this.#countBefore = this.#count;
    return {
      ssrc,
      fractionLost: expectedNow > 0 && lostNow > 0 ? Math.min(255, Math.floor((lostNow * 256) / expectedNow)) : 0,
      cumulativeLost: Math.max(0, Math.min(0x7f_ffff, expected - this.#count)),
      extendedHighest: this.#highest,
      jitter: Math.round(this.#jitter),
      lastSenderReport: this.#senderReport,
      delaySinceSenderReport:
        this.#senderReport === 0 ? 0 : Math.round(((nowNs - this.#senderReportNs) * 65_536) / NS_PER_S),
    };
  }

  #advance(extended: number, nowNs: number): void {
    const hole = extended - this.#highest - 1;
    if (hole > 0 && hole <= MAX_HOLE) {
      for (let each = this.#highest + 1; each < extended; each++) {
        this.#missing.set(each, { sinceNs: nowNs, tries: 0, askedNs: nowNs });
      }
    } else if (hole > MAX_HOLE) {
      this.lost += hole;
    }
    this.#highest = extended;
  }

  #fill(extended: number, nowNs: number): void {
    const entry = this.#missing.get(extended);
    if (!entry) return;
    this.#missing.delete(extended);
    if (entry.tries === 0) return;
    this.recovered += 1;
    // Only an answer to a single request tells the round trip (Karn's rule).
    if (entry.tries === 1) this.#rttNs += (nowNs - entry.askedNs - this.#rttNs) / 8;
  }

  /** A sender that began again from another sequence number: goes on in the next cycle, so that extended numbers only grow. */
  #restart(sequence: number): number {
    this.#missing.clear();
    this.#expectedRestart = -1;
    const extended = (Math.floor(this.#highest / 0x1_0000) + 1) * 0x1_0000 + sequence;
    this.#first = extended - (this.#highest - this.#first + 1);
    this.#highest = extended - 1;
    return extended;
  }

  #measureJitter(timestamp: number, nowNs: number): void {
    const transit = ((nowNs / NS_PER_S) * this.#clockRate - timestamp) % 2 ** 32;
    const change = Math.abs(transit - this.#lastTransit);
    // NaN at first; a jump of ten seconds is a changed timestamp base, not jitter.
    if (change < this.#clockRate * 10) this.#jitter += (change - this.#jitter) / 16;
    this.#lastTransit = transit;
  }
}
