/** What a journal says about a recording: its start and end on the machine's monotonic clock, and whether packets are missing. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ParticipantInfo, SessionEvent, StreamInfo } from '../../src/domain/events.ts';
import { MediaSpans, type Pause, withPause, withResume } from '../../src/domain/media-spans.ts';
import { FRAME_RATE, NS_PER_S } from '../../src/domain/media-time.ts';
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
  /** What of it is in the file. */
  readonly spans: MediaSpans;
  /** Packets and sender reports between the word of a pause and that of its end: there must be none. */
  readonly writtenInPauses: number;
  readonly events: readonly { readonly atNs: bigint; readonly event: SessionEvent }[];
  readonly streams: readonly StreamFacts[];
  /** Everybody who was there at any time. */
  readonly people: readonly ParticipantInfo[];
  readonly problems: readonly string[];
}

/** Seconds of the file at which a monotonic time is seen; a time within a pause is at the cut. */
export const secondsOf = ({ spans, originNs }: JournalFacts, ns: bigint): number =>
  spans.secondsAt(Number(ns - originNs));

/** True for a monotonic time that is in the file. */
export const isRecorded = ({ spans, originNs }: JournalFacts, ns: bigint): boolean => {
  const at = Number(ns - originNs);
  return spans.spans.some(({ fromNs, toNs }) => at >= fromNs && (toNs === null || at < toNs));
};

/** Where the file leaves time out, and how much by then. */
export const cutsOf = ({ spans: { spans } }: JournalFacts): { readonly at: number; readonly skipped: number }[] =>
  spans.map(({ fromNs, firstTick }) => ({
    at: firstTick / FRAME_RATE,
    skipped: (fromNs - (spans[0]?.fromNs ?? 0)) / NS_PER_S - firstTick / FRAME_RATE,
  }));

/** A receiver asks again for what is missing for a second (`timeline/reorder.ts` waits twice as long). */
const RECOVERY_NS = 1_000_000_000;

class StreamCount {
  readonly info: StreamInfo;
  /** Arrival by extended sequence number. */
  readonly #seen = new Map<number, number>();
  #highest: number | null = null;
  #lastNs: number | null = null;
  /** Numbers that were left out on purpose: up to, and how many before. */
  readonly #leftOut: { readonly from: number; readonly to: number }[] = [];
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

  /** Goes on behind this number: what lies between was not to be written. */
  gap(extended: number): void {
    if (this.#highest === null || extended <= this.#highest) return;
    this.#leftOut.push({ from: this.#highest + 1, to: extended });
    this.#highest = extended;
    this.#lastNs = null;
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
    const leftOut = this.#leftOut.filter(({ from, to }) => from > first && to < last);
    const spared = leftOut.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    return last < first ? 0 : last - first + 1 - present - spared;
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
  let pauses: readonly Pause[] = [];
  let writtenInPauses = 0;
  const isPaused = () => pauses.at(-1)?.resumedNs === null;
  const open = (info: StreamInfo, before: number | null) => {
    if (!streams.has(info.stream)) streams.set(info.stream, new StreamCount(info, before));
  };
  for await (const batch of readJournal(directory)) {
    // A writer that was killed leaves a chunk without an index, which is no damage; that an end is missing is told as an incident.
    const damage = batch.problems.filter(({ kind }) => kind !== 'unsealed');
    problems.push(...damage.map((problem) => JSON.stringify(problem)));
    for (const record of batch.records) {
      if (record.type === 'snapshot') {
        origin = BigInt(record.snapshot.originMonotonicNs);
        for (const stream of record.snapshot.streams) {
          if (record.snapshot.afterGap && stream.extendedSequence !== null) {
            streams.get(stream.stream)?.gap(stream.extendedSequence);
          }
          open(stream, stream.extendedSequence);
        }
        for (const person of record.snapshot.participants) people.set(person.participantId, person);
        for (const { recordingId: id, startedNs } of record.snapshot.recordings) {
          if (id === recordingId) startNs ??= origin + BigInt(Math.round(startedNs));
        }
      } else if (record.type === 'sender-report') {
        if (isPaused()) writtenInPauses += 1;
      } else if (record.type === 'rtp') {
        if (isPaused()) writtenInPauses += 1;
        streams.get(record.stream)?.take(record.payload, record.arrivalNs);
      } else if (record.type === 'event') {
        const { event } = record;
        events.push({ atNs: origin + BigInt(Math.round(record.arrivalNs)), event });
        if (event.type === 'stream-opened') open(event.stream, null);
        if (event.type === 'participant-joined') people.set(event.participant.participantId, event.participant);
        if (event.type === 'recording-started' && event.recording.recordingId === recordingId) {
          startNs = origin + BigInt(Math.round(event.recording.startedNs));
        }
        if (event.type === 'recording-paused' && event.recordingId === recordingId) {
          pauses = withPause(pauses, event.pausedNs);
        }
        if (event.type === 'recording-resumed' && event.recordingId === recordingId) {
          pauses = withResume(pauses, event.resumedNs);
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
    spans: new MediaSpans(Number(startNs - origin), pauses, stopNs === null ? null : Number(stopNs - origin)),
    writtenInPauses,
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
