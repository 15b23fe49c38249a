/** What a journal says about a recording: its start and end on the machine's monotonic clock, and whether packets are missing. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ParticipantInfo, SessionEvent, StreamInfo } from '../../src/domain/events.ts';
import { readJournal } from '../../src/journal/reader.ts';

export interface StreamFacts {
  readonly info: StreamInfo;
  readonly packets: number;
  /** Sequence numbers that are not there, between the first and the last that came a second before the journal's end: later ones may be asked for still. */
  readonly missing: number;
  /** The same without that second: what was on its way when the recording stopped. */
  readonly missingAtEnd: number;
  /** Longest time between the arrivals of neighbours in writing order, ms. */
  readonly longestPauseMs: number;
  /** Session time at which its last packet arrived, ms. */
  readonly lastPacketMs: number;
}

export interface JournalFacts {
  readonly directory: string;
  /** Monotonic time of session time zero. */
  readonly originNs: bigint;
  /** Monotonic time of the recording's start: file time zero. */
  readonly startNs: bigint;
  /** Null while it runs. */
  readonly stopNs: bigint | null;
  readonly events: readonly { readonly atNs: bigint; readonly event: SessionEvent }[];
  readonly streams: readonly StreamFacts[];
  /** Everybody who was there at any time. */
  readonly people: readonly ParticipantInfo[];
  readonly problems: readonly string[];
}

/** A receiver asks again for what is missing for a second (`timeline/reorder.ts` waits twice as long). */
const RECOVERY_NS = 1_000_000_000;

class StreamCount {
  readonly info: StreamInfo;
  /** Arrival by extended sequence number. */
  readonly #seen = new Map<number, number>();
  #highest: number | null = null;
  #lastNs: number | null = null;
  #pauseNs = 0;

  /** What had arrived before the journal was opened; packets from before that come late are no part of it. */
  readonly #before: number;

  constructor(info: StreamInfo, before: number | null) {
    this.info = info;
    this.#highest = before;
    this.#before = before ?? Number.NEGATIVE_INFINITY;
  }

  take(packet: Buffer, arrivalNs: number): void {
    const sequence = packet.readUInt16BE(2);
    const highest = this.#highest ?? sequence;
    const extended = highest + (((sequence - highest) << 16) >> 16);
    this.#highest = Math.max(highest, extended);
    if (extended > this.#before && !this.#seen.has(extended)) this.#seen.set(extended, arrivalNs);
    if (this.#lastNs !== null) this.#pauseNs = Math.max(this.#pauseNs, arrivalNs - this.#lastNs);
    this.#lastNs = arrivalNs;
  }

  facts(): StreamFacts {
    const settledNs = (this.#lastNs ?? 0) - RECOVERY_NS;
    const missing = this.#missing(settledNs);
    return {
      info: this.info,
      packets: this.#seen.size,
      missing,
      missingAtEnd: this.#missing(Number.POSITIVE_INFINITY) - missing,
      longestPauseMs: this.#pauseNs / 1_000_000,
      lastPacketMs: (this.#lastNs ?? 0) / 1_000_000,
    };
  }

  /** Holes below the highest number that had arrived by a time. */
  #missing(byNs: number): number {
    let first = Number.POSITIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    for (const [number, arrivalNs] of this.#seen) {
      first = Math.min(first, number);
      if (arrivalNs <= byNs) last = Math.max(last, number);
    }
    let present = 0;
    for (const number of this.#seen.keys()) if (number <= last) present += 1;
    return last < first ? 0 : last - first + 1 - present;
  }
}

const readFacts = async (directory: string, recordingId: string): Promise<JournalFacts | null> => {
  let origin = 0n;
  let startNs: bigint | null = null;
  let stopNs: bigint | null = null;
  const events: { atNs: bigint; event: SessionEvent }[] = [];
  const problems: string[] = [];
  const streams = new Map<number, StreamCount>();
  const people = new Map<string, ParticipantInfo>();
  const open = (info: StreamInfo, before: number | null) => {
    if (!streams.has(info.stream)) streams.set(info.stream, new StreamCount(info, before));
  };
  for await (const batch of readJournal(directory)) {
    problems.push(...batch.problems.map((problem) => JSON.stringify(problem)));
    for (const record of batch.records) {
      if (record.type === 'snapshot') {
        origin = BigInt(record.snapshot.originMonotonicNs);
        for (const stream of record.snapshot.streams) open(stream, stream.extendedSequence);
        for (const person of record.snapshot.participants) people.set(person.participantId, person);
        for (const { recordingId: id, startedNs } of record.snapshot.recordings) {
          if (id === recordingId) startNs ??= origin + BigInt(Math.round(startedNs));
        }
      } else if (record.type === 'rtp') {
        streams.get(record.stream)?.take(record.payload, record.arrivalNs);
      } else if (record.type === 'event') {
        const { event } = record;
        events.push({ atNs: origin + BigInt(Math.round(record.arrivalNs)), event });
        if (event.type === 'stream-opened') open(event.stream, null);
        if (event.type === 'participant-joined') people.set(event.participant.participantId, event.participant);
        if (event.type === 'recording-started' && event.recording.recordingId === recordingId) {
          startNs = origin + BigInt(Math.round(event.recording.startedNs));
        }
        if (event.type === 'recording-stopped' && event.recordingId === recordingId) {
          stopNs = origin + BigInt(Math.round(event.stoppedNs));
        }
      }
    }
  }
  if (startNs === null) return null;
  const facts = [...streams.values()].map((stream) => stream.facts()).filter(({ packets }) => packets > 0);
  return {
    directory,
    originNs: origin,
    startNs,
    stopNs,
    events,
    streams: facts,
    people: [...people.values()],
    problems,
  };
};

/** The journal that holds a recording. Rejects if there is none below `root`. */
export const journalOf = async (root: string, recordingId: string): Promise<JournalFacts> => {
  for (const name of await readdir(root)) {
    const facts = await readFacts(join(root, name), recordingId);
    if (facts) return facts;
  }
  throw new Error(`No journal below ${root} knows of recording ${recordingId}.`);
};
