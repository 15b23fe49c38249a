/**
 * One audio stream's packets with their times.
 *
 * Packets that follow one another abut: the clock's corrections are spread over their lengths, so little that pitch does not move.
 * Where packets are missing: a loss of up to 100 ms is concealed (a packet without data), a longer one is silence; a step of the RTP
 * timestamp without a loss is silence by DTX (RFC 7587 §3.1.3), and there the clock may correct freely, for nobody hears it.
 */
import { NS_PER_MS, type SessionTimeNs } from '../domain/media-time.ts';
import type { StreamClock } from './clock/stream-clock.ts';
import { isRedFmtp, opusDuration, redPrimary } from './depacketize/opus.ts';
import { MediaList } from './media-list.ts';
import type { RtpPacket } from './rtp-packet.ts';
import type { AudioPacket } from './types.ts';

/** Opus conceals this much without sounding like a machine. */
const CONCEAL_NS = 100 * NS_PER_MS;
/** A change of rate this small is not heard as a change of pitch. */
const SLEW = 0.003;
/** While the clock has just changed, so that lips are soon in sync. */
const FAST_SLEW = 0.01;
/** Farther off than this, sound jumps instead of bending. */
const REANCHOR_NS = 500 * NS_PER_MS;
const FAST_REANCHOR_NS = 80 * NS_PER_MS;
/** As good as arrived. */
const CONVERGED_NS = NS_PER_MS;
/** An overlap this small after a jump is closed by moving the packet instead of dropping it. */
const OVERLAP_NS = 5 * NS_PER_MS;
/** Sound kept before the point up to which the rest is let go: decoders are run in before they are heard. */
const KEPT_NS = 1000 * NS_PER_MS;

export class AudioMedia {
  readonly #stream: number;
  readonly #payloadType: number;
  readonly #red: boolean;
  readonly #clock: StreamClock;
  readonly #settledNs: () => SessionTimeNs;
  readonly #packets = new MediaList<AudioPacket>((packet) => packet.startNs);
  /** Where the last packet ended, on both clocks. No ticks: the next one is placed by the clock alone. */
  #nextTicks: number | null = null;
  #nextNs: SessionTimeNs = Number.NEGATIVE_INFINITY;
  #newestTicks: number | null = null;
  #lost = false;
  #generation: number;
  #converging = false;
  malformed = 0;
  /** Packets that came after their time had become final. */
  late = 0;

  /** @param settledNs how far the timeline is final: a packet that comes later than that is not heard. */
  constructor(
    info: { readonly stream: number; readonly payloadType: number; readonly fmtp: string },
    clock: StreamClock,
    settledNs: () => SessionTimeNs,
  ) {
    this.#stream = info.stream;
    this.#payloadType = info.payloadType;
    this.#red = isRedFmtp(info.fmtp);
    this.#clock = clock;
    this.#settledNs = settledNs;
    this.#generation = clock.generation;
  }

  /** All sound before this has been told of. −Infinity before the first packet. */
  get frontierNs(): SessionTimeNs {
    if (this.#newestTicks === null) return Number.NEGATIVE_INFINITY;
    return Math.max(this.#nextNs, this.#clock.timeOf(this.#newestTicks));
  }

  packet(packet: RtpPacket, ticks: number): void {
    this.#newestTicks = ticks;
    if (packet.payload.length === 0) return;
    const opus = this.#opusOf(packet);
    const duration = opus === null ? 0 : opusDuration(opus);
    if (opus === null || duration === 0) {
      this.malformed += 1;
      this.#lost = true;
      return;
    }
    const startNs = this.#startOf(ticks, duration);
    this.#lost = false;
    if (startNs !== null) this.#place(opus, startNs, ticks, duration);
  }

  lost(): void {
    this.#lost = true;
  }

  packets(fromNs: SessionTimeNs, toNs: SessionTimeNs): readonly AudioPacket[] {
    return this.#packets.slice(this.#firstEndingAfter(fromNs), this.#packets.lowerBound(toNs));
  }

  discardBefore(ns: SessionTimeNs): void {
    this.#packets.dropTo(this.#firstEndingAfter(ns - KEPT_NS));
  }

  #firstEndingAfter(ns: SessionTimeNs): number {
    const index = this.#packets.lowerBound(ns);
    const before = index > 0 ? this.#packets.at(index - 1) : undefined;
    return before !== undefined && before.endNs > ns ? index - 1 : index;
  }

  /** The Opus packet inside: itself, or the primary block of redundant audio. Null: another payload. */
  #opusOf(packet: RtpPacket): Buffer | null {
    if (packet.payloadType !== this.#payloadType) return redPrimary(packet.payload, this.#payloadType);
    return this.#red ? redPrimary(packet.payload, null) : packet.payload;
  }

  /** Where a packet begins; null where it cannot be heard any more. Tells of what is to be concealed before it. */
  #startOf(ticks: number, duration: number): SessionTimeNs | null {
    this.#noteClock();
    const next = this.#nextTicks;
    if (next === null || ticks < next || this.#isFarOff(ticks, next)) return this.#anchor(ticks, duration);
    if (ticks === next) return this.#nextNs;
    const gapNs = this.#clock.ticksToNs(ticks - next);
    if (!this.#lost || gapNs > CONCEAL_NS) return this.#anchor(ticks, duration);
    const startNs = this.#endAfter(this.#nextNs, next, ticks);
    if (this.#nextNs >= this.#settledNs()) {
      this.#packets.push({ stream: this.#stream, startNs: this.#nextNs, endNs: startNs, data: null });
    }
    return startNs;
  }

  /** Begins where the clock says, but not before what is there; null if it lies wholly in what is there. */
  #anchor(ticks: number, duration: number): SessionTimeNs | null {
    const atNs = this.#clock.timeOf(ticks);
    if (atNs >= this.#nextNs - OVERLAP_NS) return Math.max(atNs, this.#nextNs);
    this.#nextTicks = null;
    const endNs = atNs + this.#clock.ticksToNs(duration);
    if (endNs > this.#nextNs + OVERLAP_NS) return this.#nextNs;
    this.late += 1;
    return null;
  }

  #isFarOff(ticks: number, next: number): boolean {
    const expectedNs = this.#nextNs + this.#clock.ticksToNs(ticks - next);
    const offNs = Math.abs(this.#clock.timeOf(ticks) - expectedNs);
    return offNs > (this.#converging ? FAST_REANCHOR_NS : REANCHOR_NS);
  }

  /** Where `toTicks` lies if `fromTicks` lies at `fromNs`: the nominal length, bent towards the clock by as much as may be. */
  #endAfter(fromNs: SessionTimeNs, fromTicks: number, toTicks: number): SessionTimeNs {
    const lengthNs = this.#clock.ticksToNs(toTicks - fromTicks);
    const offNs = this.#clock.timeOf(toTicks) - (fromNs + lengthNs);
    if (Math.abs(offNs) < CONVERGED_NS) this.#converging = false;
    const most = lengthNs * (this.#converging ? FAST_SLEW : SLEW);
    return fromNs + lengthNs + Math.min(most, Math.max(-most, offNs));
  }

  #noteClock(): void {
    if (this.#clock.generation === this.#generation) return;
    this.#generation = this.#clock.generation;
    this.#converging = true;
  }

  #place(opus: Buffer, startNs: SessionTimeNs, ticks: number, duration: number): void {
    const endNs = this.#endAfter(startNs, ticks, ticks + duration);
    this.#nextTicks = ticks + duration;
    this.#nextNs = endNs;
    if (startNs < this.#settledNs()) {
      this.late += 1;
      return;
    }
    this.#packets.push({ stream: this.#stream, startNs, endNs, data: Buffer.from(opus) });
  }
}
