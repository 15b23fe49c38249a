/** What the journal says of the room: events in order, recordings with their spans, and when each track was muted. */
import type { ActiveRecording, SessionEvent } from '../domain/events.ts';
import type { RecordingId, TrackId } from '../domain/ids.ts';
import type { LayoutProgram } from '../domain/layout.ts';
import { type Pause, withPause, withResume } from '../domain/media-spans.ts';
import type { SessionTimeNs } from '../domain/media-time.ts';
import type { JournalSnapshot } from '../journal/record.ts';
import type { RoomState } from './types.ts';

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
  /** So far, in order. */
  readonly pauses: readonly Pause[];
  /** In force at the start, or, where the journal was entered later, at that time. Changes are `layout-changed` events. */
  readonly layout: LayoutProgram;
}

/** The value, or the equal one from before: a session's chunks say the same thousands of times. Plain JSON, as it was read. */
const sameOr = <T>(before: T | undefined, now: T): T =>
  before !== undefined && JSON.stringify(before) === JSON.stringify(now) ? before : now;

interface Mute {
  readonly atNs: SessionTimeNs;
  readonly muted: boolean;
}

export class RoomLog {
  readonly events: TimedEvent[] = [];
  readonly recordings = new Map<RecordingId, RecordingSpan>();
  readonly #mutes = new Map<TrackId, Mute[]>();
  /** What the newest snapshot said. */
  #state: RoomState | null = null;

  event(atNs: SessionTimeNs, event: SessionEvent): void {
    this.events.push({ atNs, event });
    if (event.type === 'recording-started') this.#start(event.recording);
    else if (event.type === 'recording-stopped') this.#change(event.recordingId, { stopNs: event.stoppedNs });
    else if (event.type === 'recording-paused')
      this.#pauses(event.recordingId, (known) => withPause(known, event.pausedNs));
    else if (event.type === 'recording-resumed')
      this.#pauses(event.recordingId, (known) => withResume(known, event.resumedNs));
    else if (event.type === 'track-published') this.#mute(event.track.trackId, atNs, event.track.muted);
    else if (event.type === 'track-muted') this.#mute(event.trackId, atNs, event.muted);
  }

  snapshot(atNs: SessionTimeNs, snapshot: JournalSnapshot): void {
    const { recordings } = snapshot;
    this.#state = {
      type: 'room-state',
      participants: sameOr(this.#state?.participants, snapshot.participants),
      tracks: sameOr(this.#state?.tracks, snapshot.tracks),
      pins: sameOr(this.#state?.pins, snapshot.pins),
      recordings: sameOr(this.#state?.recordings, recordings),
    };
    this.events.push({ atNs, event: this.#state });
    for (const recording of recordings) this.#start(recording);
    for (const track of snapshot.tracks) this.#mute(track.trackId, atNs, track.muted);
  }

  /** Since when, seen from `ns`, the track has been unmuted; −Infinity if it never was muted; null while muted. */
  unmutedSince(trackId: TrackId, ns: SessionTimeNs): SessionTimeNs | null {
    const mutes = this.#mutes.get(trackId) ?? [];
    let since: SessionTimeNs | null = Number.NEGATIVE_INFINITY;
    for (const mute of mutes) if (mute.atNs <= ns) since = mute.muted ? null : mute.atNs;
    return since;
  }

  /** As of the newest record. */
  isMuted(trackId: TrackId): boolean {
    return this.#mutes.get(trackId)?.at(-1)?.muted ?? false;
  }

  #start(recording: ActiveRecording): void {
    const { recordingId, startedNs, layout, pauses } = recording;
    // A snapshot says again what events said, or mends what they missed.
    if (this.recordings.has(recordingId)) this.#change(recordingId, pauses === undefined ? {} : { pauses });
    else
      this.recordings.set(recordingId, { recordingId, startNs: startedNs, stopNs: null, layout, pauses: pauses ?? [] });
  }

  #pauses(recordingId: RecordingId, after: (known: readonly Pause[]) => readonly Pause[]): void {
    const recording = this.recordings.get(recordingId);
    if (recording !== undefined) this.#change(recordingId, { pauses: after(recording.pauses) });
  }

  #change(recordingId: RecordingId, to: Partial<RecordingSpan>): void {
    const recording = this.recordings.get(recordingId);
    if (recording !== undefined) this.recordings.set(recordingId, { ...recording, ...to });
  }

  /** Keeps changes only: a track that was never muted has none. */
  #mute(trackId: TrackId, atNs: SessionTimeNs, muted: boolean): void {
    if (this.isMuted(trackId) === muted) return;
    const mutes = this.#mutes.get(trackId);
    if (mutes === undefined) this.#mutes.set(trackId, [{ atNs, muted }]);
    else mutes.push({ atNs, muted });
  }
}
