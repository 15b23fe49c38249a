/**
 * Takes one participant's media out of a journal: sealed chunks are written anew without the packets, fsynced, and renamed over the old
 * ones, so that a reader finds the one or the other, whole. What can't be read in a chunk (damage) may be anybody's, and goes too.
 *
 * Repeatable: a chunk in which there is nothing to take out is left alone; one that was begun when the machine stopped is begun again.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SessionEvent } from '../domain/events.ts';
import type { ParticipantId } from '../domain/ids.ts';
import type { SessionTimeNs } from '../domain/media-time.ts';
import { chunkStarts } from './chunk-ends.ts';
import { type ChunkFile, isMissing, listChunkFiles, syncDirectory } from './chunk-files.ts';
import {
  CHUNK_HEADER_BYTES,
  decodeRecord,
  encodeIndex,
  isIntact,
  JournalFormatError,
  parseChunkHeader,
  RECORD_OVERHEAD_BYTES,
  recordSize,
  writeRecord,
} from './format.ts';
import { type ChunkIndex, type JournalRecord, type JournalSnapshot, RECORD_TYPE } from './record.ts';

/** Session times. No end: it lasts. */
export interface PurgeSpan {
  readonly fromNs: SessionTimeNs;
  readonly toNs: SessionTimeNs | null;
}

export interface PurgeOrder {
  readonly participantId: ParticipantId;
  /** What arrived in these is taken out… */
  readonly remove: readonly PurgeSpan[];
  /** …unless it lies in one of these: somebody else needs it. Without any, the participant's name goes, too. */
  readonly keep: readonly PurgeSpan[];
}

export interface PurgeOutcome {
  /** Chunks written anew. */
  readonly chunks: number;
  /** Packets, sender reports and texts taken out. */
  readonly packets: number;
  readonly bytes: number;
  /** A chunk that may hold some of it is still being written: to be called again when it is sealed. */
  readonly unfinished: boolean;
}

/** In place of a name. */
export const PURGED_NAME = 'Removed';

const PART_SUFFIX = '.purge';

const isIn = (timeNs: SessionTimeNs, spans: readonly PurgeSpan[]): boolean =>
  spans.some(({ fromNs, toNs }) => timeNs >= fromNs && (toNs === null || timeNs <= toNs));

/** A journal that is gone has nothing to take out. */
export const purgeParticipant = async (directory: string, order: PurgeOrder): Promise<PurgeOutcome> => {
  await removeParts(directory);
  const files = await listChunkFiles(directory);
  const starts = new Map((await chunkStarts(directory)).map(({ chunk, startNs }) => [chunk, startNs]));
  // Nothing is read while something must be waited for: a journal may be large, and is looked at again every second.
  const isWritten = ({ chunk, sealed }: ChunkFile): boolean =>
    !sealed && order.remove.some(({ toNs }) => toNs === null || toNs >= (starts.get(chunk) ?? 0));
  if (files.some(isWritten)) return { chunks: 0, packets: 0, bytes: 0, unfinished: true };
  const owners = await ownersOf(files);
  let [chunks, packets, bytes] = [0, 0, 0];
  for (const file of files.filter(({ sealed }) => sealed)) {
    const source = await readFile(file.path);
    const rewritten = withoutParticipant(source, order, owners);
    if (!rewritten) continue;
    await replaceChunk(directory, file, rewritten.chunk);
    chunks += 1;
    packets += rewritten.packets;
    bytes += source.length - rewritten.chunk.length;
  }
  return { chunks, packets, bytes, unfinished: false };
};

/** Removes what a purge that was cut off has left. */
export const removeParts = async (directory: string): Promise<void> => {
  try {
    for (const name of await readdir(directory)) {
      if (name.endsWith(PART_SUFFIX)) await rm(join(directory, name), { force: true });
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
};

const replaceChunk = async (directory: string, { path }: ChunkFile, chunk: Buffer): Promise<void> => {
  const part = `${path}.${randomUUID()}${PART_SUFFIX}`;
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const handle = await open(part, flags, 0o600);
  try {
    await handle.writeFile(chunk);
    await likeTheOld(handle, path);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(part, path);
  await syncDirectory(directory);
};

/** Same owner and mode: who could read and seal the old one can the new one. */
const likeTheOld = async (handle: FileHandle, path: string): Promise<void> => {
  const old = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { uid, gid, mode } = await old.stat();
    if (process.getuid?.() === 0) await handle.chown(uid, gid);
    await handle.chmod(mode & 0o777);
  } finally {
    await old.close();
  }
};

/** Whose each stream is; numbers are unique in a journal. One that nobody is known to own may be the participant's. */
export type Owners = ReadonlyMap<number, ParticipantId>;

const ownersOf = async (files: readonly ChunkFile[]): Promise<Owners> => {
  const owners = new Map<number, ParticipantId>();
  for (const { path } of files) {
    const source = await readFile(path);
    for (const { record } of recordsIn(source)) {
      const streams =
        record?.type === 'snapshot'
          ? record.snapshot.streams
          : record?.type === 'event' && record.event.type === 'stream-opened'
            ? [record.event.stream]
            : [];
      for (const { stream, participantId } of streams) owners.set(stream, participantId);
    }
  }
  return owners;
};

interface Place {
  readonly at: number;
  readonly size: number;
  /** Null: damage, or a type that this version does not know (nobody's media that it wrote). */
  readonly record: JournalRecord | null;
}

/** The records of a chunk as a reader finds them. Where lengths can't be trusted any more the rest is one damaged place. */
function* recordsIn(source: Buffer): Generator<Place> {
  for (let at = CHUNK_HEADER_BYTES; at < source.length; ) {
    const size = recordSize(source, at);
    const whole = size > 0 && at + size <= source.length;
    const intact = whole && isIntact(source, at, size);
    if (!intact && !(whole && startsRecord(source, at + size))) {
      yield { at, size: source.length - at, record: null };
      return;
    }
    yield { at, size, record: intact ? decoded(source, at, size) : null };
    at += size;
  }
}

interface Rewritten {
  readonly chunk: Buffer;
  readonly packets: number;
}

/** The chunk without them; null where there is nothing to take out. A chunk whose header can't be read is taken out whole. */
export const withoutParticipant = (source: Buffer, order: PurgeOrder, owners: Owners): Rewritten | null => {
  try {
    parseChunkHeader(source);
  } catch (error) {
    if (!(error instanceof JournalFormatError)) throw error;
    return source.length === 0 ? null : { chunk: Buffer.alloc(0), packets: 0 };
  }
  const parts: Buffer[] = [source.subarray(0, CHUNK_HEADER_BYTES)];
  const moved = new Map<number, number>();
  const packetsLeft = new Map<number, number>();
  let [length, packets, changed] = [CHUNK_HEADER_BYTES, 0, false];
  let index: ChunkIndex | null = null;
  const put = (at: number, part: Buffer): void => {
    moved.set(at, length);
    parts.push(part);
    length += part.length;
  };
  for (const { at, size, record } of recordsIn(source)) {
    // A tick says nothing; one that does is none of ours.
    if (record === null || (record.type === 'tick' && size > RECORD_OVERHEAD_BYTES)) {
      changed = true;
      continue;
    }
    if (record.type === 'index') {
      index = record.index;
      continue;
    }
    const kept = keep(record, order, owners);
    changed ||= kept !== 'as-it-is';
    if (kept === 'drop') packets += 1;
    else if (kept !== 'as-it-is') put(at, jsonRecord(source[at + 4] ?? 0, record.arrivalNs, kept));
    else {
      put(at, source.subarray(at, at + size));
      if (record.type === 'rtp') packetsLeft.set(record.stream, (packetsLeft.get(record.stream) ?? 0) + 1);
    }
  }
  if (!changed) return null;
  if (index) parts.push(indexRecord(index, moved, packetsLeft));
  return { chunk: Buffer.concat(parts), packets };
};

/** Null: its JSON is damaged, or its type unknown. */
const decoded = (source: Buffer, at: number, size: number): JournalRecord | null => {
  try {
    return decodeRecord(source, at, size);
  } catch (error) {
    if (error instanceof JournalFormatError) return null;
    throw error;
  }
};

const startsRecord = (source: Buffer, at: number): boolean => {
  const size = recordSize(source, at);
  return size > 0 && at + size <= source.length && isIntact(source, at, size);
};

/** What becomes of a record; an object is the JSON in its place. */
const keep = (
  record: Exclude<JournalRecord, { type: 'index' }>,
  order: PurgeOrder,
  owners: Owners,
): 'as-it-is' | 'drop' | object => {
  switch (record.type) {
    case 'snapshot':
      return keepSnapshot(record.snapshot, order);
    case 'event': {
      const { event } = record;
      if (event.type !== 'text-shown') return keepEvent(event, order);
      if (event.participantId !== order.participantId) return 'as-it-is';
      return isIn(record.arrivalNs, order.remove) && !isIn(record.arrivalNs, order.keep) ? 'drop' : 'as-it-is';
    }
    case 'rtp':
    case 'sender-report':
    case 'sample':
      if ((owners.get(record.stream) ?? order.participantId) !== order.participantId) return 'as-it-is';
      return isIn(record.arrivalNs, order.remove) && !isIn(record.arrivalNs, order.keep) ? 'drop' : 'as-it-is';
    case 'tick':
      return 'as-it-is';
  }
};

const keepSnapshot = (snapshot: JournalSnapshot, { participantId, keep: kept }: PurgeOrder): 'as-it-is' | object => {
  const named = snapshot.participants.some((one) => one.participantId === participantId && one.name !== PURGED_NAME);
  if (kept.length > 0 || !named) return 'as-it-is';
  const participants = snapshot.participants.map((one) =>
    one.participantId === participantId ? { ...one, name: PURGED_NAME } : one,
  );
  return { ...snapshot, participants };
};

const keepEvent = (event: SessionEvent, { participantId, keep: kept }: PurgeOrder): 'as-it-is' | object => {
  if (event.type !== 'participant-joined' || kept.length > 0) return 'as-it-is';
  const { participant } = event;
  if (participant.participantId !== participantId || participant.name === PURGED_NAME) return 'as-it-is';
  return { ...event, participant: { ...participant, name: PURGED_NAME } };
};

const jsonRecord = (type: number, arrivalNs: SessionTimeNs, value: object): Buffer =>
  bytesOf(type, arrivalNs, Buffer.from(JSON.stringify(value)));

const bytesOf = (type: number, arrivalNs: SessionTimeNs, payload: Buffer): Buffer => {
  const target = Buffer.alloc(RECORD_OVERHEAD_BYTES + payload.length);
  writeRecord(target, 0, type, 0, 0, arrivalNs, payload);
  return target;
};

/** The index of the new chunk: what is still there, where it is now. `moved`: new offsets by old ones. */
const indexRecord = (
  index: ChunkIndex,
  moved: ReadonlyMap<number, number>,
  packetsLeft: ReadonlyMap<number, number>,
): Buffer => {
  const places = (offsets: readonly number[]): number[] => offsets.flatMap((offset) => moved.get(offset) ?? []);
  const streams = index.streams.flatMap(({ stream, keyframes }) => {
    const packets = packetsLeft.get(stream);
    return packets === undefined ? [] : [{ stream, packets, keyframes: places(keyframes) }];
  });
  const next: ChunkIndex = { ...index, records: moved.size, landmarks: places(index.landmarks), streams };
  return bytesOf(RECORD_TYPE.index, index.lastNs, encodeIndex(next));
};
