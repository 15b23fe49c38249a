/**
 * What a journal says: record types, and the JSON of those that are not packets (events themselves: `domain/events.ts`). Pure types, the only part of `journal/` that
 * `timeline/` knows. The bytes are in `format.ts`; the prose in docs/journal-format.md.
 */
import type { ActiveRecording, ParticipantInfo, SessionEvent, StreamInfo, TrackInfo } from '../domain/events.ts';
import type { ParticipantId, RoomId, SessionId } from '../domain/ids.ts';
import type { SessionTimeNs } from '../domain/media-time.ts';

/** Numbers are on disk: never renumber, only add. */
export const RECORD_TYPE = {
  /** First of every chunk: all that is needed to read the chunk alone. JSON. */
  snapshot: 1,
  /** One RTP packet as received: after SRTP, RTX decapsulation and deduplication. Raw bytes, header included. */
  rtp: 2,
  /** One RTCP sender report (RFC 3550 §6.4.1), its 28 first bytes, report blocks cut off. */
  senderReport: 3,
  /** Something that happened in the room. JSON. */
  event: 4,
  /** Media that is not RTP (captured template pages). */
  sample: 5,
  /** Last of a sealed chunk: ranges and keyframe offsets by stream. JSON. */
  index: 6,
  /** Time passes: written every 250 ms, so that a reader knows how far the journal reaches when nobody sends. No payload. */
  tick: 7,
} as const;

/** Everything true at the moment a chunk opens. Times of `bigint` size are decimal strings in JSON. */
export interface JournalSnapshot {
  readonly version: 1;
  readonly chunk: number;
  readonly sessionId: SessionId;
  readonly roomId: RoomId;
  /** Kernel boot id: monotonic times compare only within one boot. */
  readonly bootId: string;
  /** Monotonic and wall clock read together when the chunk opened. */
  readonly monotonicNs: string;
  readonly wallMs: number;
  /** Monotonic time that is session time 0. Constant within a boot; recomputed from wall time after a reboot. */
  readonly originMonotonicNs: string;
  readonly participants: readonly ParticipantInfo[];
  readonly tracks: readonly TrackInfo[];
  readonly streams: readonly (StreamInfo & {
    /** Highest extended sequence number so far (cycles × 65536 + seq), or null before the first packet. */
    readonly extendedSequence: number | null;
    /** The last sender report (base64 of its 28 bytes) and when it arrived, or null. */
    readonly lastSenderReport: { readonly packet: string; readonly arrivalNs: SessionTimeNs } | null;
  })[];
  /** Pinned participants, in the order they were pinned. */
  readonly pins: readonly ParticipantId[];
  readonly recordings: readonly ActiveRecording[];
  /**
   * True: packets were left out before this chunk, on purpose (everything was paused, or the journal was closed). Sequence numbers that
   * are skipped here are not missing; streams of earlier chunks that are not listed have ended.
   */
  readonly afterGap?: boolean;
  /** The highest stream number given so far. Absent: written by version 1.1 or before. */
  readonly lastStream?: number;
}

/** Last record of a sealed chunk. Byte offsets are from the start of the chunk file. */
export interface ChunkIndex {
  readonly firstNs: SessionTimeNs;
  readonly lastNs: SessionTimeNs;
  readonly records: number;
  /** Offsets of the records that tell when a recording started or stopped and when the session ended: found without reading the chunk. */
  readonly landmarks: readonly number[];
  readonly streams: readonly {
    readonly stream: number;
    readonly packets: number;
    /** Offsets of records that begin a keyframe. */
    readonly keyframes: readonly number[];
  }[];
}

/** One record as read. `payload` is a view into the reader's buffer: copy it to keep it beyond the next read. */
export type JournalRecord =
  | { readonly type: 'snapshot'; readonly arrivalNs: SessionTimeNs; readonly snapshot: JournalSnapshot }
  | { readonly type: 'rtp'; readonly arrivalNs: SessionTimeNs; readonly stream: number; readonly payload: Buffer }
  | {
      readonly type: 'sender-report';
      readonly arrivalNs: SessionTimeNs;
      readonly stream: number;
      readonly payload: Buffer;
    }
  | { readonly type: 'event'; readonly arrivalNs: SessionTimeNs; readonly event: SessionEvent }
  | { readonly type: 'sample'; readonly arrivalNs: SessionTimeNs; readonly stream: number; readonly payload: Buffer }
  | { readonly type: 'index'; readonly arrivalNs: SessionTimeNs; readonly index: ChunkIndex }
  | { readonly type: 'tick'; readonly arrivalNs: SessionTimeNs };
