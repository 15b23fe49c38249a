/**
 * When a source of a participant is on: from its publication, or its unmuting, to its muting or its end. Fed with the room's events; a
 * new stretch has a new number. Pure.
 */
import type { TrackInfo } from '../domain/events.ts';
import type { ParticipantId, TrackId } from '../domain/ids.ts';
import type { TrackSource } from '../domain/media.ts';
import type { SessionTimeNs } from '../domain/media-time.ts';
import type { TimedEvent } from '../timeline/timeline.ts';

/** From this moment on the track is on; null: nothing of this source is. */
export interface Change {
  readonly atNs: SessionTimeNs;
  readonly on: TrackId | null;
}

export class Stretches {
  readonly #participantId: ParticipantId;
  readonly #source: TrackSource;
  #track: TrackInfo | null = null;
  #taken = 0;
  #changes: Change[] = [];

  constructor(participantId: ParticipantId, source: TrackSource) {
    this.#participantId = participantId;
    this.#source = source;
  }

  /** Takes in the events that are new in this list, which only grows. */
  take(events: readonly TimedEvent[]): void {
    for (; this.#taken < events.length; this.#taken += 1) {
      const timed = events[this.#taken];
      if (timed) this.#event(timed);
    }
  }

  /** Takes the changes before a time out, in order. */
  before(ns: SessionTimeNs): Change[] {
    const due = this.#changes.filter(({ atNs }) => atNs < ns);
    this.#changes = this.#changes.filter(({ atNs }) => atNs >= ns);
    return due;
  }

  #event({ atNs, event }: TimedEvent): void {
    switch (event.type) {
      case 'room-state':
        this.#set(atNs, event.tracks.find((track) => this.#isOurs(track)) ?? null);
        return;
      case 'track-published':
        if (this.#isOurs(event.track)) this.#set(atNs, event.track);
        return;
      case 'track-muted':
        if (this.#track?.trackId === event.trackId) this.#set(atNs, { ...this.#track, muted: event.muted });
        return;
      case 'track-unpublished':
        if (this.#track?.trackId === event.trackId) this.#set(atNs, null);
        return;
      case 'participant-left':
        if (event.participantId === this.#participantId) this.#set(atNs, null);
        return;
      case 'session-ended':
        this.#set(atNs, null);
    }
  }

  #isOurs(track: TrackInfo): boolean {
    return track.participantId === this.#participantId && track.source === this.#source;
  }

  #set(atNs: SessionTimeNs, track: TrackInfo | null): void {
    const before = this.#on;
    this.#track = track;
    if (this.#on !== before) this.#changes.push({ atNs, on: this.#on });
  }

  get #on(): TrackId | null {
    return this.#track === null || this.#track.muted ? null : this.#track.trackId;
  }
}
