/**
 * The bytes of a journal chunk, pure: no files, no clock. docs/journal-format.md is the same in prose, with what a reader does about
 * damage.
 *
 * ```
 * chunk  = header record*
 * header = "RTJ" 1A | u16 major | u16 minor | u32 chunk number | u32 CRC-32 of the 12 bytes before
 * record = u32 length | u8 type | u8 flags | u16 stream | u64 arrival | payload | u32 CRC-32
 * ```
 * All numbers are little-endian. `length` counts type to payload; the CRC covers the same bytes.
 */
import { crc32 } from 'node:zlib';
import type { SessionEvent } from '../domain/events.ts';
import type { SessionTimeNs } from '../domain/media-time.ts';
import { type ChunkIndex, type JournalRecord, type JournalSnapshot, RECORD_TYPE } from './record.ts';

/** A reader refuses another major version; a higher minor one only adds record types, flags and JSON fields, which it skips. */
export const FORMAT_MAJOR = 1;
export const FORMAT_MINOR = 2;

/** "RTJ", then the DOS end-of-file character: `cat` and `type` stop here, and a text-mode transfer breaks it visibly. */
const MAGIC = 0x1a4a5452;
export const CHUNK_HEADER_BYTES = 16;

/** Type, flags, stream and arrival. */
const FIXED_BODY_BYTES = 12;
/** What a record adds to its payload: length, the fixed part, CRC. */
export const RECORD_OVERHEAD_BYTES = 4 + FIXED_BODY_BYTES + 4;
/** No packet or event is this large; a length beyond it is damage, and memory must not be asked for it. */
export const MAX_PAYLOAD_BYTES = 1024 * 1024;
/** Snapshots and indexes grow with the room and with the packets of a chunk. */
export const MAX_LARGE_PAYLOAD_BYTES = 64 * 1024 * 1024;
/** Stream numbers are u16 on disk. */
export const MAX_STREAM = 0xffff;

/** A keyframe begins with this packet. */
export const FLAG_KEYFRAME = 1;

const TWO_POW_32 = 2 ** 32;

/** The bytes are not what they should be: another format, or damage that the CRC did not catch. */
export class JournalFormatError extends Error {
  override readonly name = 'JournalFormatError';
}

/** Writes the 16 bytes that open a chunk file. Returns the offset after them. */
export const writeChunkHeader = (target: Buffer, offset: number, chunk: number): number => {
  target.writeUInt32LE(MAGIC, offset);
  target.writeUInt16LE(FORMAT_MAJOR, offset + 4);
  target.writeUInt16LE(FORMAT_MINOR, offset + 6);
  target.writeUInt32LE(chunk, offset + 8);
  target.writeUInt32LE(crc32(target.subarray(offset, offset + 12)), offset + 12);
  return offset + CHUNK_HEADER_BYTES;
};

/** Reads a chunk's header. Throws `JournalFormatError` if this is no chunk, a damaged one, or one of another major version. */
export const parseChunkHeader = (source: Buffer): { chunk: number; minor: number } => {
  if (source.length < CHUNK_HEADER_BYTES || source.readUInt32LE(0) !== MAGIC) {
    throw new JournalFormatError('This is not a journal chunk: its first bytes are not "RTJ".');
  }
  if (source.readUInt32LE(12) !== crc32(source.subarray(0, 12))) {
    throw new JournalFormatError("The chunk's header is damaged: its checksum does not match.");
  }
  const major = source.readUInt16LE(4);
  if (major !== FORMAT_MAJOR) {
    throw new JournalFormatError(
      `The chunk is of journal format ${major}; this program reads format ${FORMAT_MAJOR}. Use the program that wrote it.`,
    );
  }
  return { minor: source.readUInt16LE(6), chunk: source.readUInt32LE(8) };
};

/**
 * Writes one record. The target must have room for `RECORD_OVERHEAD_BYTES + payload.length`. `arrivalNs` is session time, 0 or more.
 * Returns the offset after it.
 */
export const writeRecord = (
  target: Buffer,
  offset: number,
  type: number,
  flags: number,
  stream: number,
  arrivalNs: SessionTimeNs,
  payload: Uint8Array,
): number => {
  const length = FIXED_BODY_BYTES + payload.length;
  const body = offset + 4;
  const end = body + length;
  target.writeUInt32LE(length, offset);
  target[body] = type;
  target[body + 1] = flags;
  target.writeUInt16LE(stream, body + 2);
  target.writeUInt32LE(arrivalNs % TWO_POW_32, body + 4);
  target.writeUInt32LE(Math.floor(arrivalNs / TWO_POW_32), body + 8);
  target.set(payload, body + FIXED_BODY_BYTES);
  target.writeUInt32LE(crc32(target.subarray(body, end)), end);
  return end + 4;
};

/**
 * Bytes of the record at `offset`, from its length field to its CRC: 0 if the source ends before the length can be read, −1 if the
 * length is impossible. The record may reach beyond the source.
 */
export const recordSize = (source: Buffer, offset: number): number => {
  if (offset + 5 > source.length) return 0;
  const length = source.readUInt32LE(offset);
  const type = source[offset + 4];
  const large = type === RECORD_TYPE.snapshot || type === RECORD_TYPE.index;
  const most = FIXED_BODY_BYTES + (large ? MAX_LARGE_PAYLOAD_BYTES : MAX_PAYLOAD_BYTES);
  return length < FIXED_BODY_BYTES || length > most ? -1 : 4 + length + 4;
};

/** True if the CRC of the record of this size is right. */
export const isIntact = (source: Buffer, offset: number, size: number): boolean =>
  source.readUInt32LE(offset + size - 4) === crc32(source.subarray(offset + 4, offset + size - 4));

/** Arrival of an intact record, session time. */
export const arrivalOf = (source: Buffer, offset: number): SessionTimeNs =>
  source.readUInt32LE(offset + 12) * TWO_POW_32 + source.readUInt32LE(offset + 8);

/**
 * An intact record's meaning, `payload` being a view of the source. Null: a type that this version does not know.
 * Throws `JournalFormatError` if JSON is not what it should be.
 */
export const decodeRecord = (source: Buffer, offset: number, size: number): JournalRecord | null => {
  const arrivalNs = arrivalOf(source, offset);
  const payload = source.subarray(offset + 4 + FIXED_BODY_BYTES, offset + size - 4);
  switch (source[offset + 4]) {
    case RECORD_TYPE.rtp:
      return { type: 'rtp', arrivalNs, stream: source.readUInt16LE(offset + 6), payload };
    case RECORD_TYPE.senderReport:
      return { type: 'sender-report', arrivalNs, stream: source.readUInt16LE(offset + 6), payload };
    case RECORD_TYPE.sample:
      return { type: 'sample', arrivalNs, stream: source.readUInt16LE(offset + 6), payload };
    case RECORD_TYPE.tick:
      return { type: 'tick', arrivalNs };
    case RECORD_TYPE.event:
      return { type: 'event', arrivalNs, event: parseEvent(payload) };
    case RECORD_TYPE.snapshot:
      return { type: 'snapshot', arrivalNs, snapshot: parseSnapshot(payload) };
    case RECORD_TYPE.index:
      return { type: 'index', arrivalNs, index: parseIndex(payload) };
    default:
      return null;
  }
};

const parseJson = (payload: Buffer, what: string, key: string, type: 'string' | 'number'): object => {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch (cause) {
    throw new JournalFormatError(`The ${what} record is not JSON.`, { cause });
  }
  if (typeof value !== 'object' || value === null || typeof Reflect.get(value, key) !== type) {
    throw new JournalFormatError(`The ${what} record has no "${key}".`);
  }
  return value;
};

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** What an event is about, where readers look into it. */
const ABOUT: Readonly<Record<string, string>> = {
  'participant-joined': 'participant',
  'track-published': 'track',
  'stream-opened': 'stream',
  'recording-started': 'recording',
  'layout-changed': 'layout',
};

const parseEvent = (payload: Buffer): SessionEvent => {
  const event = parseJson(payload, 'event', 'type', 'string') as SessionEvent;
  const key = Object.hasOwn(ABOUT, event.type) ? ABOUT[event.type] : undefined;
  if (key === undefined || isObject(Reflect.get(event, key))) return event;
  throw new JournalFormatError(`The event "${event.type}" has no "${key}".`);
};

/** Nanoseconds of a clock that counts from somewhere. */
const isClock = (value: unknown): boolean => typeof value === 'string' && /^-?\d{1,20}$/.test(value);

/** What tells where a snapshot belongs, and when. */
const ANCHORS = [
  ['originMonotonicNs', isClock],
  ['monotonicNs', isClock],
  ['wallMs', (value: unknown) => Number.isFinite(value)],
  ['sessionId', (value: unknown) => typeof value === 'string'],
  ['roomId', (value: unknown) => typeof value === 'string'],
] as const;

/** Lists of a snapshot, and whether they hold objects. */
const LISTS = [
  ['participants', true],
  ['tracks', true],
  ['streams', true],
  ['pins', false],
  ['recordings', true],
] as const;

const parseSnapshot = (payload: Buffer): JournalSnapshot => {
  const snapshot = parseJson(payload, 'snapshot', 'originMonotonicNs', 'string') as JournalSnapshot;
  if (snapshot.version !== 1) {
    throw new JournalFormatError(
      `The snapshot is of version ${String(snapshot.version)}; this program reads version 1.`,
    );
  }
  for (const [name, isRight] of ANCHORS) {
    if (!isRight(snapshot[name])) throw new JournalFormatError(`The snapshot's "${name}" is none.`);
  }
  for (const [name, ofObjects] of LISTS) {
    const list: unknown = snapshot[name];
    if (Array.isArray(list) && (!ofObjects || list.every(isObject))) continue;
    throw new JournalFormatError(`The snapshot has no list of "${name}".`);
  }
  return snapshot;
};

/**
 * An index ends with its own payload size (u32), so that it is found from the end of the file: the last eight bytes of a sealed
 * chunk are that size and the CRC.
 */
export const encodeIndex = (index: ChunkIndex): Buffer => {
  const json = Buffer.from(JSON.stringify(index));
  const payload = Buffer.allocUnsafe(json.length + 4);
  json.copy(payload);
  payload.writeUInt32LE(payload.length, json.length);
  return payload;
};

const parseIndex = (payload: Buffer): ChunkIndex => {
  const json = payload.subarray(0, Math.max(0, payload.length - 4));
  const index = parseJson(json, 'index', 'lastNs', 'number') as ChunkIndex;
  const { landmarks, streams }: { landmarks?: unknown; streams?: unknown } = index;
  if (!areOffsets(landmarks)) throw new JournalFormatError('The index has no list of "landmarks".');
  const whole =
    Array.isArray(streams) && streams.every((one) => isObject(one) && areOffsets(Reflect.get(one, 'keyframes')));
  if (!whole) throw new JournalFormatError('The index has no list of "streams".');
  return index;
};

const areOffsets = (value: unknown): boolean =>
  Array.isArray(value) && value.every((offset) => Number.isSafeInteger(offset) && offset >= 0);

/** Bytes at the end of a sealed chunk that tell where its index begins. */
export const INDEX_LOCATOR_BYTES = 8;

/**
 * Size of the index record that ends a chunk, from the chunk's last eight bytes. Only a claim: the record must still be read and
 * be intact.
 */
export const claimedIndexSize = (lastBytes: Buffer): number => {
  const payload = lastBytes.readUInt32LE(lastBytes.length - INDEX_LOCATOR_BYTES);
  return payload > MAX_LARGE_PAYLOAD_BYTES ? -1 : RECORD_OVERHEAD_BYTES + payload;
};
