/**
 * Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1): tells the sender when each of its
 * packets arrived, so that it can find its bitrate. Arrivals are kept after they were reported: one that comes late makes the next
 * report begin with it, and those after it are told again.
 */
import { RTCP, RTP_FEEDBACK } from './rtcp-packet.ts';
import { extendSequence } from './sequence.ts';

/** Packets remembered; a power of two. At 5000/s this is 0.8 s. */
const WINDOW = 4096;
/** Packets one report speaks of: about a quarter of a kilobyte of deltas, well inside an MTU. */
const MAX_REPORTED = 400;
const HEADER_BYTES = 20;
/** Arrival deltas count in 250 µs, the reference time in 64 ms. */
const TICK_NS = 250_000;
const REFERENCE_TICKS = 256;
const MAX_SMALL_DELTA = 0xff;
const MAX_LARGE_DELTA = 0x7fff;
const MIN_LARGE_DELTA = -0x8000;
const NOT_RECEIVED = 0;
const SMALL_DELTA = 1;
const LARGE_DELTA = 2;
/** Symbols of two bits in a status vector chunk. */
const VECTOR_LENGTH = 7;
const MAX_RUN = 0x1fff;

export class TransportFeedback {
  readonly #sequences = new Float64Array(WINDOW).fill(Number.NaN);
  readonly #arrivals = new Float64Array(WINDOW);
  #highest = Number.NaN;
  #next = 0;
  #reports = 0;

  /** A packet with this transport-wide sequence number arrived. Nanoseconds of any fixed origin. */
  packet(sequence: number, arrivalNs: number): void {
    if (Number.isNaN(this.#highest)) {
      this.#highest = sequence;
      this.#next = sequence;
    }
    const extended = extendSequence(this.#highest, sequence);
    if (extended <= this.#highest - WINDOW || this.#arrivalOf(extended) !== null) return;
    this.#sequences[extended & (WINDOW - 1)] = extended;
    this.#arrivals[extended & (WINDOW - 1)] = arrivalNs;
    this.#highest = Math.max(this.#highest, extended);
    this.#next = Math.min(this.#next, extended);
  }

  /** The next report, or null where there is nothing new to tell. Call until null. */
  build(sender: number, media: number): Buffer | null {
    if (Number.isNaN(this.#highest) || this.#next > this.#highest) return null;
    const from = Math.max(this.#next, this.#highest - WINDOW + 1);
    const first = this.#firstArrival(from);
    // Losses are told with the arrival that follows them; a hole too large for a report was an outage, and is passed over.
    const base = first - from < MAX_REPORTED ? from : first;
    const firstTicks = Math.round((this.#arrivalOf(first) ?? 0) / TICK_NS);
    const reference = Math.floor(firstTicks / REFERENCE_TICKS) * REFERENCE_TICKS;
    const symbols: number[] = [];
    const deltas: number[] = [];
    let previous = reference;
    for (let each = base; each <= this.#highest && symbols.length < MAX_REPORTED; each++) {
      const arrival = this.#arrivalOf(each);
      if (arrival === null) {
        symbols.push(NOT_RECEIVED);
        continue;
      }
      const ticks = Math.round(arrival / TICK_NS);
      const delta = ticks - previous;
      if (delta > MAX_LARGE_DELTA || delta < MIN_LARGE_DELTA) break;
      symbols.push(delta >= 0 && delta <= MAX_SMALL_DELTA ? SMALL_DELTA : LARGE_DELTA);
      deltas.push(delta);
      previous = ticks;
    }
    this.#next = base + symbols.length;
    return this.#write(sender, media, base, reference, symbols, deltas);
  }

  #arrivalOf(extended: number): number | null {
    const slot = extended & (WINDOW - 1);
    return this.#sequences[slot] === extended ? (this.#arrivals[slot] ?? null) : null;
  }

  /** The first packet from `from` on that arrived; the highest always did. */
  #firstArrival(from: number): number {
    let each = from;
    while (each < this.#highest && this.#arrivalOf(each) === null) each += 1;
    return each;
  }

  #write(
    sender: number,
    media: number,
    base: number,
    reference: number,
    symbols: readonly number[],
    deltas: readonly number[],
  ): Buffer {
    const chunks = statusChunks(symbols);
    const deltaBytes = deltas.reduce((sum, delta) => sum + (delta >= 0 && delta <= MAX_SMALL_DELTA ? 1 : 2), 0);
    const content = HEADER_BYTES + chunks.length * 2 + deltaBytes;
    const bytes = (content + 3) & ~3;
    const packet = Buffer.alloc(bytes);
    packet.writeUInt8(0x80 | (bytes === content ? 0 : 0x20) | RTP_FEEDBACK.transportWide, 0);
    packet.writeUInt8(RTCP.rtpFeedback, 1);
    packet.writeUInt16BE(bytes / 4 - 1, 2);
    packet.writeUInt32BE(sender, 4);
    packet.writeUInt32BE(media, 8);
    packet.writeUInt16BE(base & 0xffff, 12);
    packet.writeUInt16BE(symbols.length, 14);
    packet.writeUIntBE((reference / REFERENCE_TICKS) & 0xff_ffff, 16, 3);
    packet.writeUInt8(this.#reports & 0xff, 19);
    this.#reports += 1;
    let at = HEADER_BYTES;
    for (const chunk of chunks) at = packet.writeUInt16BE(chunk, at);
    for (const delta of deltas) {
      at = delta >= 0 && delta <= MAX_SMALL_DELTA ? packet.writeUInt8(delta, at) : packet.writeInt16BE(delta, at);
    }
    if (bytes !== content) packet.writeUInt8(bytes - content, bytes - 1);
    return packet;
  }
}

/** Run length chunks (§3.1.3) for long runs, two-bit status vectors (§3.1.4) for the rest. */
const statusChunks = (symbols: readonly number[]): number[] => {
  const chunks: number[] = [];
  for (let at = 0; at < symbols.length; ) {
    const symbol = symbols[at] ?? NOT_RECEIVED;
    let run = 1;
    while (run < MAX_RUN && at + run < symbols.length && symbols[at + run] === symbol) run += 1;
    if (run >= VECTOR_LENGTH || at + run === symbols.length) {
      chunks.push((symbol << 13) | run);
      at += run;
      continue;
    }
    let vector = 0xc000;
    for (let index = 0; index < VECTOR_LENGTH; index++) {
      vector |= (symbols[at + index] ?? NOT_RECEIVED) << (12 - 2 * index);
    }
    chunks.push(vector);
    at += VECTOR_LENGTH;
  }
  return chunks;
};
