/**
 * One session's journal, open: encodes packets and events into blocks, which `chunk-writer.ts` puts into files. `PacketSink` in the rooms'
 * terms; the types here are the same by structure, since neither folder imports the other.
 *
 * States of a sink: open → ending (disk full: events only) → failed (nothing more) and, from any of them, closed.
 */
import type { ActiveRecording, ParticipantInfo, SessionEvent, StreamInfo, TrackInfo } from '../domain/events.ts';
import type { ParticipantId, RoomId, SessionId } from '../domain/ids.ts';
import type { SessionTimeNs } from '../domain/media-time.ts';
import type { Logger } from '../support/log.ts';
import type { Block, BlockPool } from './block-pool.ts';
import { ChunkContents } from './chunk-contents.ts';
import { ChunkWriter } from './chunk-writer.ts';
import type { JournalClock } from './clock.ts';
import type { JournalCounters } from './counters.ts';
import type { Disk } from './disk.ts';
import {
  CHUNK_HEADER_BYTES,
  encodeIndex,
  FLAG_KEYFRAME,
  MAX_PAYLOAD_BYTES,
  MAX_STREAM,
  RECORD_OVERHEAD_BYTES,
  writeChunkHeader,
  writeRecord,
} from './format.ts';
import { type JournalSnapshot, RECORD_TYPE } from './record.ts';
import { type JournalStart, sealAbandonedChunks } from './resume.ts';

/** What the room knows when a chunk opens. */
export interface RoomState {
  readonly participants: readonly ParticipantInfo[];
  readonly tracks: readonly TrackInfo[];
  readonly streams: readonly (StreamInfo & {
    readonly extendedSequence: number | null;
    readonly lastSenderReport: { readonly packet: Buffer; readonly arrivalNs: bigint } | null;
  })[];
  readonly pins: readonly ParticipantId[];
  readonly recordings: readonly ActiveRecording[];
  readonly lastStream: number;
}

export interface OpenJournalOptions {
  readonly sessionId: SessionId;
  readonly roomId: RoomId;
  /**
   * Asked whenever a chunk opens: from a timer, never from within a call of the room other than `beginChunk`; for the first chunk as
   * the last thing before `open` resolves, so that nothing can happen between it and the first event.
   */
  readonly snapshot: () => RoomState;
  /** Called once per chunk, and when packets had to be dropped: every video SSRC should send a keyframe. */
  readonly onKeyframesWanted: () => void;
  /** The disk is full or gone. Called once. Where it is full, events are still taken until the sink is closed. */
  readonly onFailure: (error: Error) => void;
}

export interface JournalLimits {
  /** Memory in front of the disk, for all journals together. */
  readonly bufferBytes: number;
  /** Length of a chunk. */
  readonly chunkMs: number;
}

/** Half of the 100 ms that a buffered write may be old; the disk takes some of the rest. */
const FLUSH_MS = 50;
const TICK_MS = 250;
/** A disk that takes nothing for so long is not merely busy. */
const STALL_MS = 1_000;
const NS_PER_MS = 1_000_000n;
const EMPTY = Buffer.alloc(0);

const DISK_TOO_SLOW = 'The disk did not keep up, and the memory in front of it was full.';
const TOO_LARGE = `A record was larger than ${MAX_PAYLOAD_BYTES} bytes.`;
const TOO_MANY_STREAMS = `A stream number was above ${MAX_STREAM}.`;

export interface JournalSinkParts {
  readonly directory: string;
  readonly session: OpenJournalOptions;
  readonly clock: JournalClock;
  readonly limits: JournalLimits;
  readonly pool: BlockPool;
  readonly counters: JournalCounters;
  readonly start: JournalStart;
  readonly log: Logger;
  readonly disk: Disk;
  readonly onClosed: () => void;
}

/** One session's journal, open. The docstrings of its methods are in `rooms/packet-sink.ts`. */
export class JournalSink {
  readonly directory: string;
  readonly #parts: JournalSinkParts;
  readonly #origin: bigint;
  readonly #files: ChunkWriter;
  readonly #contents = new ChunkContents();
  #state: 'open' | 'ending' | 'failed' | 'closed' = 'open';
  #block: Block | undefined;
  #chunk: number;
  #chunkOpenedNs = 0n;
  /** Bytes appended to the present chunk, and since the sink was opened. */
  #chunkBytes = 0;
  #appended = 0;
  #lastTickNs = 0n;
  #dropping = false;
  #droppedRecords = 0;
  #droppedBytes = 0;
  #dropReason = '';
  /** The disk takes nothing, and the log has it. */
  #stalled = false;
  #pump: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: JournalSinkParts) {
    this.#parts = parts;
    this.directory = parts.directory;
    this.#origin = parts.start.originMonotonicNs;
    this.#chunk = parts.start.firstChunk;
    this.#files = new ChunkWriter(parts.directory, parts.disk, parts.pool, {
      onNearlyFull: (error) => this.#diskFull(error),
      onFailure: (error) => this.#failed(error),
    });
  }

  /** Called once, by the factory. */
  async open(): Promise<void> {
    await this.#files.open(this.#chunk);
    this.#lastTickNs = this.#parts.clock.monotonicNs();
    this.#openChunk(this.#parts.start.firstChunk > 1);
    this.#pump = setInterval(() => this.#onPump(), FLUSH_MS);
    // After the caller has the sink in his hands: a keyframe that comes before would not be recorded.
    setImmediate(() => this.#wantKeyframes());
  }

  toSessionTime(monotonicNs: bigint): SessionTimeNs {
    return Number(monotonicNs - this.#origin);
  }

  rtp(stream: number, packet: Buffer, arrivalNs: bigint, keyframe: boolean): void {
    const offset = this.#append(RECORD_TYPE.rtp, keyframe ? FLAG_KEYFRAME : 0, stream, arrivalNs, packet, true);
    if (offset < 0) return;
    this.#parts.counters.journal_packets_total += 1;
    this.#contents.packet(stream, keyframe, offset);
  }

  senderReport(stream: number, packet: Buffer, arrivalNs: bigint): void {
    this.#append(RECORD_TYPE.senderReport, 0, stream, arrivalNs, packet, true);
  }

  event(event: SessionEvent, arrivalNs: bigint): void {
    this.#appendEvent(event, arrivalNs);
  }

  durableEvent(event: SessionEvent, arrivalNs: bigint): Promise<void> {
    if (this.#files.failure) return Promise.reject(this.#files.failure);
    if (this.#appendEvent(event, arrivalNs) < 0) {
      const reason = this.#state === 'closed' ? 'the journal is closed' : 'it is too large';
      return Promise.reject(new Error(`The event "${event.type}" was not written to "${this.directory}": ${reason}.`));
    }
    return this.#files.synced(this.#appended);
  }

  beginChunk(): void {
    if (this.#state === 'open') this.#nextChunk(true);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #appendEvent(event: SessionEvent, arrivalNs: bigint): number {
    const json = Buffer.from(JSON.stringify(event));
    if (json.length > MAX_PAYLOAD_BYTES) return this.#drop(json.length, TOO_LARGE);
    const offset = this.#append(RECORD_TYPE.event, 0, 0, arrivalNs, json, false);
    if (offset >= 0 && isLandmark(event)) this.#contents.landmark(offset);
    return offset;
  }

  /**
   * Encodes one record into the present block. Returns its offset in the chunk file, or −1: dropped, since memory is full
   * (`droppable`), or there is nothing to write to any more.
   */
  #append(
    type: number,
    flags: number,
    stream: number,
    arrivalNs: bigint,
    payload: Uint8Array,
    droppable: boolean,
  ): number {
    if (this.#state !== 'open' && (droppable || this.#state !== 'ending')) return -1;
    if (payload.length > MAX_PAYLOAD_BYTES && droppable) return this.#drop(payload.length, TOO_LARGE);
    if (stream > MAX_STREAM) return this.#drop(payload.length, TOO_MANY_STREAMS);
    if (droppable && this.#dropping) return this.#drop(payload.length, DISK_TOO_SLOW);
    const size = RECORD_OVERHEAD_BYTES + payload.length;
    const block = this.#room(size, !droppable);
    if (!block) {
      this.#dropping = true;
      this.#parts.log.error('The disk does not keep up and memory is full: packets are left out of the journal.');
      return this.#drop(payload.length, DISK_TOO_SLOW);
    }
    const time = Math.max(0, this.toSessionTime(arrivalNs));
    block.filled = writeRecord(block.buffer, block.filled, type, flags, stream, time, payload);
    this.#contents.record(time);
    const offset = this.#chunkBytes;
    this.#chunkBytes += size;
    this.#appended += size;
    this.#parts.counters.journal_bytes_total += size;
    return offset;
  }

  /** The present block if it has room, else another. Null: memory is full. */
  #room(size: number, beyondLimit: boolean): Block | null {
    const present = this.#block;
    if (present && present.buffer.length - present.filled >= size) return present;
    const block = this.#parts.pool.take(this.#chunk, size, beyondLimit);
    if (!block) return null;
    if (present) present.closed = true;
    this.#block = block;
    this.#files.push(block);
    this.#files.flush();
    return block;
  }

  #drop(bytes: number, reason: string): -1 {
    const { counters } = this.#parts;
    this.#droppedRecords += 1;
    this.#droppedBytes += bytes;
    this.#dropReason = reason;
    counters.journal_dropped_packets_total += 1;
    counters.journal_dropped_bytes_total += bytes;
    return -1;
  }

  /** Says how many were dropped. */
  #reportDropped(): void {
    const [records, bytes, reason] = [this.#droppedRecords, this.#droppedBytes, this.#dropReason];
    if (records === 0) return;
    this.#droppedRecords = 0;
    this.#droppedBytes = 0;
    this.event({ type: 'dropped', records, bytes, reason }, this.#parts.clock.monotonicNs());
    this.#parts.log.error({ records, bytes, reason }, 'Packets are missing in the journal.');
  }

  /**
   * Packets are taken again once memory is free, in a chunk that says that some were left out: of many thousands that are missing, no
   * sequence number tells how many.
   */
  #endDropping(): void {
    if (!this.#dropping || !this.#parts.pool.hasRoomAgain) return;
    this.#dropping = false;
    this.#reportDropped();
    if (this.#state !== 'open') return;
    this.#nextChunk(true);
    this.#wantKeyframes();
  }

  /** A disk that takes nothing is said once when it is noticed, and once when it is over. */
  #watchDisk(): void {
    const { counters, log, pool } = this.#parts;
    const { waitingMs } = this.#files;
    if (waitingMs >= STALL_MS === this.#stalled) return;
    this.#stalled = !this.#stalled;
    counters.journal_stalled += this.#stalled ? 1 : -1;
    if (this.#stalled) counters.journal_stalls_total += 1;
    const detail = { buffered: pool.usedBytes, limit: this.#parts.limits.bufferBytes };
    if (this.#stalled) log.warn(detail, 'The disk takes nothing; what is recorded is kept in memory.');
    else log.info(detail, 'The disk takes what is recorded again.');
  }

  #onPump(): void {
    this.#watchDisk();
    this.#endDropping();
    const now = this.#parts.clock.monotonicNs();
    if (now - this.#lastTickNs >= BigInt(TICK_MS) * NS_PER_MS) {
      this.#lastTickNs = now;
      if (!this.#dropping) this.#reportDropped();
      // Ticks promise that all before them is written: none while packets are missing at the end.
      if (!this.#dropping) this.#append(RECORD_TYPE.tick, 0, 0, now, EMPTY, false);
    }
    const age = now - this.#chunkOpenedNs;
    if (this.#state === 'open' && !this.#dropping && age >= BigInt(this.#parts.limits.chunkMs) * NS_PER_MS) {
      this.#nextChunk(false);
      this.#wantKeyframes();
    }
    this.#files.flush();
  }

  #nextChunk(afterGap: boolean): void {
    this.#closeChunk();
    this.#chunk += 1;
    this.#openChunk(afterGap);
  }

  #openChunk(afterGap: boolean): void {
    const now = this.#parts.clock.monotonicNs();
    this.#chunkOpenedNs = now;
    this.#chunkBytes = 0;
    this.#contents.clear();
    const snapshot = Buffer.from(JSON.stringify(this.#snapshot(now, afterGap)));
    const block = this.#room(CHUNK_HEADER_BYTES + RECORD_OVERHEAD_BYTES + snapshot.length, true);
    if (!block) return;
    block.filled = writeChunkHeader(block.buffer, block.filled, this.#chunk);
    this.#chunkBytes += CHUNK_HEADER_BYTES;
    this.#appended += CHUNK_HEADER_BYTES;
    this.#append(RECORD_TYPE.snapshot, 0, 0, now, snapshot, false);
  }

  #snapshot(now: bigint, afterGap: boolean): JournalSnapshot {
    const { session, clock } = this.#parts;
    const state = session.snapshot();
    return {
      version: 1,
      chunk: this.#chunk,
      sessionId: session.sessionId,
      roomId: session.roomId,
      bootId: clock.bootId,
      monotonicNs: now.toString(),
      wallMs: clock.wallMs(),
      originMonotonicNs: this.#origin.toString(),
      participants: state.participants,
      tracks: state.tracks,
      streams: state.streams.map((stream) => ({
        ...stream,
        lastSenderReport: stream.lastSenderReport && {
          packet: stream.lastSenderReport.packet.toString('base64'),
          arrivalNs: this.toSessionTime(stream.lastSenderReport.arrivalNs),
        },
      })),
      pins: state.pins,
      recordings: state.recordings,
      ...(afterGap ? { afterGap } : {}),
      lastStream: state.lastStream,
    };
  }

  /** Ends the present chunk with its index. The next record opens another block. */
  #closeChunk(): void {
    const index = encodeIndex(this.#contents.toIndex());
    this.#append(RECORD_TYPE.index, 0, 0, this.#parts.clock.monotonicNs(), index, false);
    if (this.#block) {
      this.#block.closed = true;
      this.#block.endsChunk = true;
      this.#block = undefined;
    }
  }

  #wantKeyframes(): void {
    if (this.#state === 'open') this.#parts.session.onKeyframesWanted();
  }

  #diskFull(error: Error): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#parts.counters.journal_failures_total += 1;
    this.#parts.log.error({ err: error }, 'The disk is full: the recordings of this session end.');
    this.#parts.session.onFailure(error);
  }

  #failed(error: Error): void {
    const before = this.#state;
    clearInterval(this.#pump);
    this.#parts.log.error({ err: error }, 'The journal can not be written any more.');
    if (before === 'closed') return;
    this.#state = 'failed';
    if (before !== 'open') return;
    this.#parts.counters.journal_failures_total += 1;
    this.#parts.session.onFailure(error);
  }

  async #close(): Promise<void> {
    clearInterval(this.#pump);
    try {
      if (this.#state !== 'failed') {
        this.#reportDropped();
        this.#closeChunk();
        this.#state = 'closed';
      }
      await this.#files.finish();
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'The journal is closed with what could be written.');
      await this.#salvage();
    } finally {
      this.#state = 'closed';
      if (this.#stalled) this.#parts.counters.journal_stalled -= 1;
      this.#stalled = false;
      this.#parts.onClosed();
    }
  }

  /** What reached the disk is whole up to a point: sealed there, it can be read. A disk that refuses even that is left to the next start. */
  async #salvage(): Promise<void> {
    try {
      await sealAbandonedChunks(this.directory, this.#parts.log);
    } catch (error) {
      this.#parts.log.error(
        { err: error },
        'The last chunk could not be sealed; it will be when journals are opened next.',
      );
    }
  }
}

const LANDMARKS: ReadonlySet<SessionEvent['type']> = new Set([
  'recording-started',
  'recording-stopped',
  'recording-paused',
  'recording-resumed',
  'layout-changed',
  'interrupted',
  'session-ended',
]);

const isLandmark = (event: SessionEvent): boolean => LANDMARKS.has(event.type);
