/**
 * A session's journal, understood: media with times, room events with times, and how far both are final.
 *
 * The driver pushes records one by one in journal order until `settledNs` reaches what it needs, then reads. All that is read is a
 * function of the records pushed so far, and nothing before `settledNs` ever changes: a frame that turns up late takes the place
 * at `settledNs`. So a compositor that follows a live journal and one that comes a day later see the same.
 */
import type { SessionEvent } from '../domain/events.ts';
import type { RecordingId, TrackId } from '../domain/ids.ts';
import type { LayoutProgram } from '../domain/layout.ts';
import type { SessionTimeNs } from '../domain/media-time.ts';
import type { JournalRecord } from '../journal/record.ts';
import type { AudioPacket, RoomState, TimelineStream, VideoFrame } from './types.ts';

/** A room event and when it happened. `room-state` (from each chunk's snapshot) is the whole truth at its time. */
export interface TimedEvent {
  readonly atNs: SessionTimeNs;
  readonly event: SessionEvent | RoomState;
}

/** What the journal has said of a recording so far. */
export interface RecordingSpan {
  readonly recordingId: RecordingId;
  readonly startNs: SessionTimeNs;
  /** Null while it runs, as far as the journal has been read. */
  readonly stopNs: SessionTimeNs | null;
  /** In force at the start. Changes are `layout-changed` events. */
  readonly layout: LayoutProgram;
}

export class Timeline {
  readonly #recordings = new Map<RecordingId, RecordingSpan>();
  #events: TimedEvent[] = [];
  #finished = false;

  /** Takes the next record, strictly in journal order. Payloads are copied where they are kept. Never throws on hostile media. */
  push(record: JournalRecord): void {
    if (record.type === 'event') this.#events.push({ atNs: record.arrivalNs, event: record.event });
  }

  /** Nothing more will come: all gaps expire, everything held is released, `settledNs` becomes Infinity. Idempotent. */
  finish(): void {
    this.#finished = true;
  }

  /** Everything before this time is final. Never goes back; −Infinity before the first record. */
  get settledNs(): SessionTimeNs {
    return this.#finished ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }

  /** Arrival time of the newest record pushed; −Infinity before the first. */
  get arrivalNs(): SessionTimeNs {
    return Number.NEGATIVE_INFINITY;
  }

  /** Recordings that the journal has mentioned, by id. */
  get recordings(): ReadonlyMap<RecordingId, RecordingSpan> {
    return this.#recordings;
  }

  /** All events so far, in order of time. The first is the `room-state` of the snapshot that the journal was entered at. */
  get events(): readonly TimedEvent[] {
    return this.#events;
  }

  /** All streams that ever opened, in order of opening. */
  streams(): Iterable<TimelineStream> {
    return [];
  }

  /** Streams (simulcast layers and epochs) of one track, in order of opening. */
  streamsOf(_trackId: TrackId): readonly TimelineStream[] {
    return [];
  }

  /** Frames with time in [from, to), in decode order (times never decrease). Empty for unknown and audio streams. */
  videoFrames(_stream: number, _fromNs: SessionTimeNs, _toNs: SessionTimeNs): readonly VideoFrame[] {
    return [];
  }

  /** Frames from the last decodable keyframe before `ns` up to, not including, `ns`: what a decoder needs to enter there. */
  gopBefore(_stream: number, _ns: SessionTimeNs): readonly VideoFrame[] {
    return [];
  }

  /** Audio that overlaps [from, to), in order. Between packets there is silence. */
  audioPackets(_stream: number, _fromNs: SessionTimeNs, _toNs: SessionTimeNs): readonly AudioPacket[] {
    return [];
  }

  /** Since when, seen from `ns`, the track has been unmuted; −Infinity if it never was muted; null while muted. */
  unmutedSince(_trackId: TrackId, _ns: SessionTimeNs): SessionTimeNs | null {
    return Number.NEGATIVE_INFINITY;
  }

  /** Lets go of media before this time, but keeps each video stream's pictures since its last keyframe before it, and 1 s of audio. */
  discardBefore(ns: SessionTimeNs): void {
    this.#events = this.#events.filter((event) => event.atNs >= ns);
  }
}
