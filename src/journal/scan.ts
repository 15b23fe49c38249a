/**
 * What journals there are and which recordings they hold, read cheaply: snapshots, indexes and the records that indexes point at; only
 * chunks without an index (their writer died) are read whole. For reconciliation at boot and for retention.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActiveRecording } from '../domain/events.ts';
import type { RecordingId, RoomId, SessionId } from '../domain/ids.ts';
import { withPause, withResume } from '../domain/media-spans.ts';
import { NS_PER_MS, type SessionTimeNs } from '../domain/media-time.ts';
import type { StopReason } from '../domain/recording.ts';
import { ChunkCursor, type JournalProblem } from './chunk-cursor.ts';
import { readIndex, readSnapshot } from './chunk-ends.ts';
import { type ChunkFile, isMissing, listChunkFiles, listJournals } from './chunk-files.ts';
import type { JournalRecord, JournalSnapshot } from './record.ts';

/** `layout` is the last that was in force. */
export interface JournaledRecording extends ActiveRecording {
  readonly startedAtMs: number;
  /** How often its layout changed, or it was paused or resumed. */
  readonly changes: number;
  /** Null: no stop was written. It is still running, or its writer died; then it ends with the journal. */
  readonly stop: {
    readonly stoppedNs: SessionTimeNs;
    readonly stoppedAtMs: number;
    readonly reason: StopReason;
  } | null;
}

export interface JournalChunk {
  readonly chunk: number;
  readonly startNs: SessionTimeNs;
  /** Of the last record in it. */
  readonly endNs: SessionTimeNs;
  readonly bytes: number;
  readonly sealed: boolean;
}

export interface JournalSummary {
  readonly sessionId: SessionId;
  readonly roomId: RoomId;
  readonly directory: string;
  readonly bytes: number;
  readonly chunks: readonly JournalChunk[];
  readonly recordings: readonly JournaledRecording[];
  /** Session time and wall time of the last record. */
  readonly lastNs: SessionTimeNs;
  readonly lastAtMs: number;
  /** The session's end was written. */
  readonly sessionEnded: boolean;
  readonly problems: readonly JournalProblem[];
  /** Wall clock (ms since 1970) of a session time, by the last chunk's clocks. */
  wallTimeOf(timeNs: SessionTimeNs): number;
}

/** Every journal below `root` of which at least one chunk can be read. */
export const scanJournals = async (root: string): Promise<JournalSummary[]> => {
  const summaries: JournalSummary[] = [];
  for (const sessionId of await listJournals(root)) {
    const summary = await scanJournal(join(root, sessionId));
    if (summary) summaries.push(summary);
  }
  return summaries;
};

/** One journal. Null: nothing in it can be read. Safe while it is written. */
export const scanJournal = async (directory: string): Promise<JournalSummary | null> => {
  const chunks: JournalChunk[] = [];
  const recordings = new Map<RecordingId, JournaledRecording>();
  const problems: JournalProblem[] = [];
  let known: JournalSnapshot | null = null;
  let sessionEnded = false;
  const change = (id: RecordingId, to: (recording: JournaledRecording) => Partial<JournaledRecording>): void => {
    const recording = recordings.get(id);
    if (recording) recordings.set(id, { ...recording, ...to(recording) });
  };
  for (const file of await listChunkFiles(directory)) {
    const snapshot = await readSnapshot(directory, file.chunk);
    const bytes = await sizeOf(file);
    // Where a chunk's own snapshot is damaged, the clocks of the one before still tell its wall time.
    const anchor: JournalSnapshot | null = snapshot ?? known;
    if (!anchor || bytes === null) continue;
    known = anchor;
    for (const recording of snapshot?.recordings ?? []) {
      if (!recordings.has(recording.recordingId)) recordings.set(recording.recordingId, started(anchor, recording));
      else if (recording.pauses) change(recording.recordingId, () => ({ pauses: recording.pauses ?? [] }));
    }
    const ends = (await readIndex(directory, file.chunk)) ?? (await readLandmarks(directory, file, problems));
    for (const landmark of ends.landmarks) {
      if (landmark.type !== 'event') continue;
      const { event } = landmark;
      if (event.type === 'recording-started') {
        recordings.set(event.recording.recordingId, started(anchor, event.recording));
      } else if (event.type === 'recording-stopped') {
        const { stoppedNs, reason } = event;
        change(event.recordingId, () => ({ stop: { stoppedNs, stoppedAtMs: wallTimeOf(anchor, stoppedNs), reason } }));
      } else if (event.type === 'recording-paused') {
        change(event.recordingId, ({ pauses = [], changes }) => ({
          pauses: withPause(pauses, event.pausedNs),
          changes: changes + 1,
        }));
      } else if (event.type === 'recording-resumed') {
        change(event.recordingId, ({ pauses = [], changes }) => ({
          pauses: withResume(pauses, event.resumedNs),
          changes: changes + 1,
        }));
      } else if (event.type === 'layout-changed') {
        change(event.recordingId, ({ changes }) => ({ layout: event.layout, changes: changes + 1 }));
      } else if (event.type === 'session-ended') sessionEnded = true;
    }
    const startNs = snapshot ? openedNs(snapshot) : (chunks.at(-1)?.endNs ?? 0);
    chunks.push({
      chunk: file.chunk,
      startNs,
      endNs: Math.max(startNs, ends.index.lastNs),
      bytes,
      sealed: file.sealed,
    });
  }
  if (!known) return null;
  const last = known;
  const lastNs = chunks.reduce((latest, { endNs }) => Math.max(latest, endNs), 0);
  return {
    sessionId: known.sessionId,
    roomId: known.roomId,
    directory,
    bytes: chunks.reduce((sum, { bytes }) => sum + bytes, 0),
    chunks,
    recordings: [...recordings.values()],
    lastNs,
    lastAtMs: wallTimeOf(known, lastNs),
    sessionEnded,
    problems,
    wallTimeOf: (timeNs) => wallTimeOf(last, timeNs),
  };
};

/** Wall clock (ms since 1970) of a session time, by the anchor of a chunk near it. */
export const wallTimeOf = (snapshot: JournalSnapshot, timeNs: SessionTimeNs): number =>
  snapshot.wallMs + (timeNs - openedNs(snapshot)) / NS_PER_MS;

const openedNs = (snapshot: JournalSnapshot): SessionTimeNs =>
  Number(BigInt(snapshot.monotonicNs) - BigInt(snapshot.originMonotonicNs));

const started = (snapshot: JournalSnapshot, recording: ActiveRecording): JournaledRecording => ({
  ...recording,
  startedAtMs: wallTimeOf(snapshot, recording.startedNs),
  changes: 0,
  stop: null,
});

/** Null: it went away between listing and looking. A chunk that was sealed meanwhile is found under its other name. */
const sizeOf = async (file: ChunkFile): Promise<number | null> => {
  for (const path of [file.path, file.path.replace(/open$/, 'rtj')]) {
    try {
      return (await stat(path)).size;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return null;
};

/** What an index would have said, from the records themselves. */
const readLandmarks = async (
  directory: string,
  file: ChunkFile,
  problems: JournalProblem[],
): Promise<{ index: { lastNs: SessionTimeNs }; landmarks: JournalRecord[] }> => {
  const landmarks: JournalRecord[] = [];
  let lastNs = 0;
  const cursor = await ChunkCursor.open(directory, file.chunk);
  if (!cursor) return { index: { lastNs }, landmarks };
  try {
    const records: JournalRecord[] = [];
    while (await cursor.read(records, problems)) {
      for (const record of records.splice(0)) {
        lastNs = Math.max(lastNs, record.arrivalNs);
        if (record.type === 'event') landmarks.push(record);
      }
    }
  } finally {
    await cursor.finish(problems);
  }
  return { index: { lastNs }, landmarks };
};
