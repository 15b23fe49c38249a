/** Joins the journal's reader to the timeline, for the composer: one recording's part of a journal, while it is written or afterwards. */

import { type JournalFeed, NothingToComposeError } from '../composition/composer.ts';
import type { RecordingId } from '../domain/ids.ts';
import { MediaSpans } from '../domain/media-spans.ts';
import type { SessionTimeNs } from '../domain/media-time.ts';
import { chunkToReadFrom } from '../journal/chunk-ends.ts';
import { type JournalState, readJournal } from '../journal/reader.ts';
import { scanJournal } from '../journal/scan.ts';
import type { RecordFilter } from '../timeline/selection.ts';
import { Timeline } from '../timeline/timeline.ts';

export interface JournalFeedOptions {
  readonly journalDir: string;
  readonly recordingId: RecordingId;
  /** True: wait for what is still being written. */
  readonly follow: boolean;
  /** Nobody writes this journal any more. Asked while following. */
  readonly ended?: () => boolean;
  /** The recording is over: once nobody writes, its end is not waited for, should a full disk have kept it out of the journal. */
  readonly stopped?: () => boolean;
  /** Who of the room is read; everybody if it is left out. */
  readonly filter?: RecordFilter;
  readonly signal?: AbortSignal;
}

/** A feed that holds the journal open. */
export interface OpenJournalFeed extends JournalFeed {
  /** Ticks of the recording if its stop is on disk already, whatever has been read so far. */
  readonly knownTicks: number | null;
  /** Of the recording; the stop only if it is on disk already. */
  readonly span: { readonly startNs: SessionTimeNs; readonly stopNs: SessionTimeNs | null };
  close(): Promise<void>;
}

/** Opens a journal where the recording begins. Rejects with `NothingToComposeError` if the journal is missing or knows no such recording. */
export const openJournalFeed = async (options: JournalFeedOptions): Promise<OpenJournalFeed> => {
  const { journalDir, recordingId, signal } = options;
  let state: JournalState = 'reading';
  const ended = (): boolean => options.ended?.() === true || (state === 'sealed' && options.stopped?.() === true);
  const summary = await scanJournal(journalDir);
  const recording = summary?.recordings.find((candidate) => candidate.recordingId === recordingId);
  if (!recording) {
    const what = summary ? `holds no recording ${recordingId}` : 'is missing or holds nothing that can be read';
    throw new NothingToComposeError(`The journal of this session ${what}: there is nothing to compose.`);
  }
  const batches = readJournal(journalDir, {
    fromChunk: await chunkToReadFrom(journalDir, recording.startedNs),
    follow: options.follow,
    ended,
    ...(signal ? { signal } : {}),
  });
  const timeline = new Timeline();
  const isOver = (): boolean => {
    if (state === 'ended') return true;
    // Sealed and stopped: whatever is written here later belongs to another recording.
    return state === 'sealed' && (timeline.recordings.get(recordingId)?.stopNs ?? null) !== null;
  };
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
        over = true;
        return false;
      }
      for (const record of next.value.records) {
        const kept = options.filter ? options.filter(record) : record;
        if (kept) timeline.push(kept);
      }
      state = next.value.state;
      over = isOver();
      return true;
    },
    async close() {
      await batches.return();
    },
  };
};
