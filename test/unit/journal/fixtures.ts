/** Small journals for tests: made by the product's own writer, or laid out record by record where a clean one would not do. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { SessionEvent } from '../../../src/domain/events.ts';
import type { ParticipantId, RecordingId, RoomId, SessionId, TrackId } from '../../../src/domain/ids.ts';
import type { JournalClock } from '../../../src/journal/clock.ts';
import {
  CHUNK_HEADER_BYTES,
  encodeIndex,
  RECORD_OVERHEAD_BYTES,
  writeChunkHeader,
  writeRecord,
} from '../../../src/journal/format.ts';
import { type JournalBatch, type JournalProblem, readJournal } from '../../../src/journal/reader.ts';
import { type JournalRecord, type JournalSnapshot, RECORD_TYPE } from '../../../src/journal/record.ts';
import type { RoomState } from '../../../src/journal/sink.ts';
import { createLogger } from '../../../src/support/log.ts';

export const SESSION = '0123456789abcdef01234567' as SessionId;
export const ROOM = 'abcd-efgh-ijkl' as RoomId;
export const PARTICIPANT = 'anna' as ParticipantId;
export const TRACK = 'aaaaaaaaaaaaaaaaaaaaaaaa' as TrackId;
export const RECORDING = 'bbbbbbbbbbbbbbbbbbbbbbbb' as RecordingId;
export const silentLog = createLogger('test', 'silent');

export const EMPTY_ROOM: RoomState = {
  participants: [],
  tracks: [],
  streams: [],
  pins: [],
  recordings: [],
  lastStream: 0,
};

export const recordingStarted = (startedNs: number, recordingId = RECORDING): SessionEvent => ({
  type: 'recording-started',
  recording: { recordingId, startedNs, layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 } },
});

/** A folder that is gone after the test. */
export const temporaryFolder = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'roomtape-journal-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
};

/** Waits for a condition, at most so long. */
export const until = async (what: string, condition: () => unknown, limitMs = 8000): Promise<void> => {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Not within ${limitMs} ms: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** A clock that only moves when told; or, with `running`, along with the real one. */
export class TestClock implements JournalClock {
  bootId = 'boot-1';
  nowNs = 5_000_000_000n;
  wall = 1_800_000_000_000;

  monotonicNs(): bigint {
    return this.nowNs;
  }

  wallMs(): number {
    return this.wall;
  }

  advance(ms: number): void {
    this.nowNs += BigInt(ms) * 1_000_000n;
    this.wall += ms;
  }
}

/** One record as bytes. */
export const encoded = (
  type: number,
  arrivalNs: number,
  payload: Uint8Array | object = Buffer.alloc(0),
  stream = 0,
  flags = 0,
): Buffer => {
  const bytes = payload instanceof Uint8Array ? payload : Buffer.from(JSON.stringify(payload));
  const target = Buffer.alloc(RECORD_OVERHEAD_BYTES + bytes.length);
  writeRecord(target, 0, type, flags, stream, arrivalNs, bytes);
  return target;
};

export const snapshotOf = (chunk: number, over: Partial<JournalSnapshot> = {}): JournalSnapshot => ({
  version: 1,
  chunk,
  sessionId: SESSION,
  roomId: ROOM,
  bootId: 'boot-1',
  monotonicNs: '1000000000',
  wallMs: 1_800_000_000_000,
  originMonotonicNs: '0',
  ...EMPTY_ROOM,
  streams: [],
  ...over,
});

export const chunkHeader = (chunk: number): Buffer => {
  const header = Buffer.alloc(CHUNK_HEADER_BYTES);
  writeChunkHeader(header, 0, chunk);
  return header;
};

export const indexRecord = (lastNs: number, landmarks: number[] = []): Buffer =>
  encoded(RECORD_TYPE.index, lastNs, encodeIndex({ firstNs: 0, lastNs, records: 0, landmarks, streams: [] }));

/** A chunk of five packets of 3 to 7 bytes, a tick, an event and whatever is given, with snapshot and index. */
export const smallChunk = (chunk: number, extra: readonly Buffer[] = []): Buffer =>
  Buffer.concat([
    chunkHeader(chunk),
    encoded(RECORD_TYPE.snapshot, chunk * 1e9, snapshotOf(chunk)),
    ...[3, 4, 5, 6, 7].map((size) => encoded(RECORD_TYPE.rtp, chunk * 1e9 + size, Buffer.alloc(size, size), size)),
    encoded(RECORD_TYPE.tick, chunk * 1e9 + 10),
    encoded(RECORD_TYPE.event, chunk * 1e9 + 11, { type: 'session-ended' }),
    ...extra,
    indexRecord(chunk * 1e9 + 11),
  ]);

export const writeChunk = (directory: string, chunk: number, bytes: Buffer, suffix = 'rtj'): Promise<void> =>
  writeFile(join(directory, `${String(chunk).padStart(8, '0')}.${suffix}`), bytes);

/** Reads all there is. */
export const readAll = async (
  directory: string,
): Promise<{ records: JournalRecord[]; problems: JournalProblem[]; batches: JournalBatch[] }> => {
  const batches: JournalBatch[] = [];
  for await (const batch of readJournal(directory)) batches.push(batch);
  return {
    batches,
    records: batches.flatMap(({ records }) => records),
    problems: batches.flatMap(({ problems }) => problems),
  };
};

/** A reproducible sequence of numbers in [0, 1). */
export const randomNumbers = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};
