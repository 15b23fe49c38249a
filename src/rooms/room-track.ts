/** A camera, microphone, screen or screen sound. Lives until it is unpublished or its participant leaves, through any number of connections. */
import type { StreamInfo } from '../domain/events.ts';
import type { ParticipantId, TrackId } from '../domain/ids.ts';
import { mediaKindOf, type TrackSource } from '../domain/media.ts';
import { TrackFeed } from './forwarding/track-feed.ts';
import type { PublishedStream } from './media-session.ts';

export interface RoomTrack {
  readonly trackId: TrackId;
  readonly participantId: ParticipantId;
  readonly source: TrackSource;
  readonly feed: TrackFeed;
  muted: boolean;
}

/** One stream of a track, as the session numbers it. */
export interface LiveStream {
  readonly info: StreamInfo;
  readonly track: RoomTrack;
  readonly stream: PublishedStream;
  /** Packets up to this extended sequence number were sent while everything was paused: not for the journal, however late they come. */
  withheldTo: number;
}

export const newTrack = (trackId: TrackId, participantId: ParticipantId, source: TrackSource): RoomTrack => ({
  trackId,
  participantId,
  source,
  feed: new TrackFeed({ trackId, participantId, kind: mediaKindOf(source) }),
  muted: false,
});

/** The track as events and messages carry it. */
export const trackInfo = ({ trackId, participantId, source, muted }: RoomTrack) => ({
  trackId,
  participantId,
  source,
  muted,
});
