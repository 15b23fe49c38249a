/** Joins the journal's reader to the timeline, for the composer: one recording's part of a journal, while it is written or afterwards. */

import type { JournalFeed } from '../composition/composer.ts';
import { NothingToComposeError } from '../composition/nothing-to-compose.ts';
import type { RecordingId } from '../domain/ids.ts';
import type { Incident } from '../domain/incidents.ts';
import { MediaSpans } from '../domain/media-spans.ts';
import { FRAME_RATE, NS_PER_S, type SessionTimeNs } from '../domain/media-time.ts';
import { chunkToReadFrom } from '../journal/chunk-ends.ts';
import { type JournalState, readJournal } from '../journal/reader.ts';
import type { JournalRecord } from '../journal/record.ts';
import { type JournaledRecording, scanJournal } from '../journal/scan.ts';
import type { RecordFilter } from '../timeline/selection.ts';
import { Timeline } from '../timeline/timeline.ts';
import { JournalIncidents, type RecordedTime } from './journal-incidents.ts';

export interface JournalFeedOptions {
  readonly journalDir: string;
  readonly recordingId: RecordingId;
  /** Media time, s: nothing before it is wanted. Left out: the recording's beginning. */
  readonly fromSeconds?: number;
  /** True: wait for what is still being written. */
  readonly follow: boolean;
  /** Nobody writes this journal any more. Asked while following. */
  readonly ended?: () => boolean;
  /** The recording is over: once nobody writes, its end is not waited for, should a full disk have kept it out of the journal. */
  readonly stopped?: () => boolean;
  /** Who of the room is read; everybody if it is left out. */
  readonly filter?: RecordFilter;
  /** What befell the recording, as the journal shows it, in order. A journal that is read again tells it again. */
  readonly onIncident?: (incident: Incident) => void;
  readonly signal?: AbortSignal;
}

/** A feed that holds the journal open. */
export interface OpenJournalFeed extends JournalFeed {
  /** Ticks of the recording if its stop is on disk already, whatever has been read so far. */
  readonly knownTicks: number | null;
  /** Of the recording; the stop only if it is on disk already. */
  readonly span: { readonly startNs: SessionTimeNs; readonly stopNs: SessionTimeNs | null };
  /** Where a session time is in the file, and by the wall clock; null in the file where the journal has not been read that far. */
  placeOf(ns: SessionTimeNs): { readonly fromSeconds: number | null; readonly atMs: number };
  close(): Promise<void>;
}

/** Clocks of senders are found anew where a journal is entered, by their reports: one comes every few seconds at most. */
const RUN_IN_NS = 5 * NS_PER_S;

/** Session time of a second of the recording, as far as the journal's indexes tell. */
const entryNs = ({ startedNs, pauses = [], stop }: JournaledRecording, seconds: number): SessionTimeNs => {
  const spans = new MediaSpans(startedNs, pauses, stop?.stoppedNs ?? null);
  const atNs = spans.at(Math.floor(seconds * FRAME_RATE))?.atNs ?? startedNs;
  return Math.max(startedNs, atNs - RUN_IN_NS);
};

/** Opens a journal where the recording begins, or `fromSeconds`. Rejects with `NothingToComposeError` if the journal is missing or knows no such recording. */
export const openJournalFeed = async (options: JournalFeedOptions): Promise<OpenJournalFeed> => {
  const { journalDir, recordingId, signal } = options;
  let state: JournalState = 'reading';
  const ended = (): boolean => options.ended?.() === true || (state === 'sealed' && options.stopped?.() === true);
  const summary = await scanJournal(journalDir);
  const recording = summary?.recordings.find((candidate) => candidate.recordingId === recordingId);
  if (!summary || !recording) {
    const what = summary ? `holds no recording ${recordingId}` : 'is missing or holds nothing that can be read';
    throw new NothingToComposeError(`The journal of this session ${what}: there is nothing to compose.`);
  }
  const batches = readJournal(journalDir, {
    fromChunk: await chunkToReadFrom(journalDir, entryNs(recording, options.fromSeconds ?? 0)),
    follow: options.follow,
    ended,
    ...(signal ? { signal } : {}),
  });
  const timeline = new Timeline();
  const isStopped = (): boolean => (timeline.recordings.get(recordingId)?.stopNs ?? null) !== null;
  /**
   * Behind the first gap after its stop everything belongs to another recording. Read live, a journal ends there, and so it must when it
   * is read later: what a stream said after the gap would date what it said before.
   */
  const isAnothers = (record: JournalRecord): boolean =>
    record.type === 'snapshot' && record.snapshot.afterGap === true && isStopped();
  const isOver = (): boolean => state === 'ended' || (state === 'sealed' && isStopped());
  /** As far as it has been read: of the past nothing changes any more. */
  const recordedTime = (): RecordedTime | null => {
    const read = timeline.recordings.get(recordingId);
    if (!read) return null;
    const stopNs = recording.stop?.stoppedNs ?? read.stopNs;
    const spans = new MediaSpans(read.startNs, read.pauses, stopNs);
    const { startNs } = read;
    return { startNs, stopNs, secondsAt: (ns) => spans.secondsAt(ns), wallMsAt: summary.wallTimeOf };
  };
  const incidents = options.onIncident && new JournalIncidents(recordedTime, options.onIncident);
  let over = false;
  return {
    timeline,
    knownTicks:
      recording.stop &&
      new MediaSpans(recording.startedNs, recording.pauses ?? [], recording.stop.stoppedNs).totalTicks,
    span: { startNs: recording.startedNs, stopNs: recording.stop?.stoppedNs ?? null },
    async advance() {
      if (over) return false;
      const next = await batches.next();
      if (next.done) {
        incidents?.finish();
        over = true;
        return false;
      }
      for (const record of next.value.records) {
        if (isAnothers(record)) {
          incidents?.finish();
          over = true;
          return true;
        }
        incidents?.record(record);
        const kept = options.filter ? options.filter(record) : record;
        if (kept) timeline.push(kept);
      }
      for (const problem of next.value.problems) incidents?.problem(problem);
      state = next.value.state;
      over = isOver();
      if (over) incidents?.finish();
      return true;
    },
    placeOf: (ns) => ({
      fromSeconds: recordedTime()?.secondsAt(ns) ?? null,
      atMs: Math.round(summary.wallTimeOf(ns)),
    }),
    async close() {
      await batches.return();
    },
  };
};
