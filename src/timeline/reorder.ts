/**
 * One stream's packets in the order in which they were sent: sequence numbers unwrapped, duplicates dropped, gaps waited for.
 *
 * Waiting is counted in journal time (arrival times of records), so the outcome is a function of the journal alone.
 * States: *starting* (the first packets are gathered, since the very first to arrive need not be the first sent), then *running*.
 * Where the journal is entered in mid-stream, what was sent before that belongs to packets that are not in it: a retransmission of it
 * is late, and no gap behind it is waited for.
 * Losses are told to the receiver in their place. Malformed or stray packets count and change nothing.
 */
import type { SessionTimeNs } from '../domain/media-time.ts';
import type { RtpPacket } from './rtp-packet.ts';

/** The receiver asks for a missing packet for 3 s; what its last request brings must still find its place. */
export const GAP_WAIT_NS = 3_500_000_000;
/** Reordering among a stream's very first packets, for which nobody sends NACKs: the jitter of a bad network. */
export const START_WAIT_NS = 100_000_000;
/** A step forward of more than this is a sender that restarted, not a loss (RFC 3550 A.1, MAX_DROPOUT). */
const MAX_DROPOUT = 3000;
/** A step back of more than this likewise (RFC 3550 A.1 has 100; retransmissions come later than that). */
const MAX_MISORDER = 2000;
/** Packets held behind a gap; more (over 11 Mbps for the whole wait) and the gap is given up early. */
const MAX_HELD = 4096;

export interface ReorderReceiver {
  packet(packet: RtpPacket, arrivalNs: SessionTimeNs): void;
  /** So many packets are missing before the next one. */
  lost(count: number): void;
}

interface Held {
  readonly packet: RtpPacket;
  readonly arrivalNs: SessionTimeNs;
}

const keep = (packet: RtpPacket, arrivalNs: SessionTimeNs): Held => ({
  packet: { ...packet, payload: Buffer.from(packet.payload) },
  arrivalNs,
});

export class Reorder {
  readonly #receiver: ReorderReceiver;
  readonly #held = new Map<number, Held>();
  /** Extended sequence number (cycles × 65536 + seq) that is released next; null while starting. */
  #next: number | null = null;
  /** Highest extended sequence number seen; null before the first packet. */
  #highest: number | null;
  /** Up to this one, packets came before the journal was entered. */
  readonly #entered: number;
  #startNs: SessionTimeNs | null = null;
  #deadlineNs: SessionTimeNs = Number.POSITIVE_INFINITY;
  /** A packet far off, kept until the one after it says whether the sender restarted. */
  #stray: Held | null = null;
  /** Duplicates, and packets that came after their gap was given up. */
  late = 0;

  /** @param highest extended sequence number that the journal's snapshot names, or null for a stream that begins. */
  constructor(receiver: ReorderReceiver, highest: number | null) {
    this.#receiver = receiver;
    this.#highest = highest;
    this.#entered = highest ?? Number.NEGATIVE_INFINITY;
  }

  /** When, in journal time, `expire` has something to do; Infinity if nothing is waited for. */
  get deadlineNs(): SessionTimeNs {
    return this.#deadlineNs;
  }

  /** True while packets are held back for others. */
  get waiting(): boolean {
    return this.#held.size > 0;
  }

  push(packet: RtpPacket, arrivalNs: SessionTimeNs): void {
    const extended = this.#extend(packet, arrivalNs);
    if (extended === null) return;
    if (this.#next === null) {
      this.#begin(extended, packet, arrivalNs);
      return;
    }
    if (extended < this.#next || this.#held.has(extended)) {
      this.late += 1;
      return;
    }
    if (extended === this.#next) {
      this.#next += 1;
      this.#receiver.packet(packet, arrivalNs);
      if (this.#held.size > 0) this.#release();
      return;
    }
    this.#held.set(extended, keep(packet, arrivalNs));
    this.#deadlineNs = Math.min(this.#deadlineNs, arrivalNs + GAP_WAIT_NS);
    if (this.#held.size > MAX_HELD) this.#skipGap();
  }

  /** Gives up what has been waited for long enough. */
  expire(nowNs: SessionTimeNs): void {
    while (this.#deadlineNs <= nowNs) this.#skipGap();
  }

  /** Nothing more will come: releases everything held. */
  flush(): void {
    while (this.#held.size > 0) this.#skipGap();
    this.#deadlineNs = Number.POSITIVE_INFINITY;
  }

  /** Goes on behind this extended sequence number; what was held is released, what lies between was never written. */
  resume(highest: number): void {
    this.flush();
    this.#stray = null;
    this.#highest = highest;
    this.#next = highest + 1;
  }

  #begin(extended: number, packet: RtpPacket, arrivalNs: SessionTimeNs): void {
    if (extended <= this.#entered || this.#held.has(extended)) {
      this.late += 1;
      return;
    }
    this.#startNs ??= arrivalNs;
    this.#deadlineNs = this.#startNs + START_WAIT_NS;
    this.#held.set(extended, keep(packet, arrivalNs));
  }

  /** Unwraps the sequence number next to the highest so far; null for a packet too far off to be believed yet. */
  #extend(packet: RtpPacket, arrivalNs: SessionTimeNs): number | null {
    if (this.#highest === null) {
      this.#highest = packet.sequence;
      return packet.sequence;
    }
    const delta = ((packet.sequence - this.#highest) << 16) >> 16;
    if (delta > MAX_DROPOUT || delta < -MAX_MISORDER) return this.#restart(packet, arrivalNs);
    this.#stray = null;
    const extended = this.#highest + delta;
    if (delta > 0) this.#highest = extended;
    return extended;
  }

  /** Two packets in a row far off: the sender began anew (RFC 3550 A.1). All that was held is released first. */
  #restart(packet: RtpPacket, arrivalNs: SessionTimeNs): number | null {
    const stray = this.#stray;
    if (stray === null || ((stray.packet.sequence + 1) & 0xffff) !== packet.sequence) {
      this.#stray = keep(packet, arrivalNs);
      return null;
    }
    this.#stray = null;
    this.flush();
    this.#receiver.lost(1);
    const cycles = Math.floor((this.#highest ?? 0) / 0x10000) + 1;
    const first = cycles * 0x10000 + stray.packet.sequence;
    this.#receiver.packet(stray.packet, stray.arrivalNs);
    this.#next = first + 1;
    this.#highest = first + 1;
    return first + 1;
  }

  /** Goes on with the oldest packet held, telling of what is missing before it. */
  #skipGap(): void {
    let oldest = Number.POSITIVE_INFINITY;
    for (const extended of this.#held.keys()) if (extended < oldest) oldest = extended;
    if (oldest === Number.POSITIVE_INFINITY) {
      this.#deadlineNs = Number.POSITIVE_INFINITY;
      return;
    }
    if (this.#next !== null && oldest > this.#next) this.#receiver.lost(oldest - this.#next);
    this.#next = oldest;
    this.#release();
  }

  /** Releases what follows without a gap; what is left waits from when the gap before it was first seen. */
  #release(): void {
    if (this.#next === null) return;
    for (let held = this.#held.get(this.#next); held !== undefined; held = this.#held.get(this.#next)) {
      this.#held.delete(this.#next);
      this.#next += 1;
      this.#receiver.packet(held.packet, held.arrivalNs);
    }
    let seenNs = Number.POSITIVE_INFINITY;
    for (const { arrivalNs } of this.#held.values()) if (arrivalNs < seenNs) seenNs = arrivalNs;
    this.#deadlineNs = seenNs + GAP_WAIT_NS;
  }
}
