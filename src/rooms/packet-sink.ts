/**
 * Where a live room's packets and events go while it is recorded. `rooms` declares it, the journal's writer satisfies it, neither
 * imports the other: `processes/media.ts` joins them.
 *
 * Packet and event calls come in arrival order, never block and never throw; what a slow disk cannot take is counted and
 * reported by the sink itself. Times are monotonic nanoseconds (`process.hrtime.bigint()`), stamped as early as possible.
 */
import type { ActiveRecording, ParticipantInfo, SessionEvent, StreamInfo, TrackInfo } from '../domain/events.ts';
import type { ParticipantId, RoomId, SessionId } from '../domain/ids.ts';
import type { SessionTimeNs } from '../domain/media-time.ts';

/** What the room knows at the moment a chunk opens; the sink adds clocks, chunk number and stream positions. */
export interface RoomSnapshot {
  readonly participants: readonly ParticipantInfo[];
  readonly tracks: readonly TrackInfo[];
  readonly streams: readonly (StreamInfo & {
    readonly extendedSequence: number | null;
    readonly lastSenderReport: { readonly packet: Buffer; readonly arrivalNs: bigint } | null;
  })[];
  readonly pins: readonly ParticipantId[];
  readonly recordings: readonly ActiveRecording[];
  /** The highest stream number given so far. */
  readonly lastStream: number;
}

/** One session's journal, open. */
export interface PacketSink {
  /** Absolute folder of the journal. */
  readonly directory: string;
  /** Session time of a monotonic time. */
  toSessionTime(monotonicNs: bigint): SessionTimeNs;
  /** One RTP packet, RTX undone, no duplicates. Copied before the call returns. */
  rtp(stream: number, packet: Buffer, arrivalNs: bigint, keyframe: boolean): void;
  /** The first 28 bytes of a sender report. Copied. */
  senderReport(stream: number, packet: Buffer, arrivalNs: bigint): void;
  event(event: SessionEvent, arrivalNs: bigint): void;
  /** An event that is on disk (fdatasync) when the promise resolves: start, stop and pause of recordings. Rejects if the disk refuses. */
  durableEvent(event: SessionEvent, arrivalNs: bigint): Promise<void>;
  /**
   * Begins another chunk at once: packets have been left out on purpose, and those that follow are to be understood without them.
   * Asks for the snapshot before it returns.
   */
  beginChunk(): void;
  /** Writes what is buffered, index included, syncs, seals. Idempotent. */
  close(): Promise<void>;
}

export interface PacketSinkFactory {
  /**
   * Opens (or goes on with) the journal of a session. `snapshot` is asked for whenever a chunk opens, with the session time
   * axis already fixed. `onKeyframesWanted` is called once per chunk: the room asks every video SSRC for a keyframe, staggered.
   */
  open(options: {
    readonly sessionId: SessionId;
    readonly roomId: RoomId;
    readonly snapshot: () => RoomSnapshot;
    readonly onKeyframesWanted: () => void;
    /** The disk is full or gone: recordings of this session must end in order. Called once. */
    readonly onFailure: (error: Error) => void;
  }): Promise<PacketSink>;
  /** Gauges and counters of all that it has opened, by Prometheus name. */
  stats(): Record<string, number>;
}
