/**
 * What happens in a session, as it is journaled. Field names are on disk: only add.
 */
import type { ParticipantId, RecordingId, TrackId } from './ids.ts';
import type { LayoutProgram } from './layout.ts';
import type { Codec, TrackSource } from './media.ts';
import type { Pause } from './media-spans.ts';
import type { SessionTimeNs } from './media-time.ts';
import type { StopReason } from './recording.ts';

/**
 * One SSRC of one track, from its first packet to its end: an epoch. A reconnect, or a changed SSRC, opens another stream of the
 * same track. `stream` numbers are unique in the session's journal and never reused.
 */
export interface StreamInfo {
  readonly stream: number;
  readonly trackId: TrackId;
  readonly participantId: ParticipantId;
  readonly source: TrackSource;
  readonly ssrc: number;
  readonly payloadType: number;
  readonly codec: Codec;
  readonly clockRate: number;
  /** SDP fmtp parameters as negotiated, e.g. `packetization-mode=1;profile-level-id=42e01f`. */
  readonly fmtp: string;
  /** Simulcast layer (RFC 8851), or null. */
  readonly rid: string | null;
  /** Which sender clock it runs on: streams of one connection share one. Sender NTP times compare only within it. */
  readonly clockDomain: string;
  /** Negotiated ids of the header extensions that a reader may want, by URI. */
  readonly extensions: Readonly<Record<string, number>>;
}

export interface ParticipantInfo {
  readonly participantId: ParticipantId;
  readonly name: string;
  /** Hidden participants (recorders, template pages) have no tile and keep no session alive. */
  readonly hidden: boolean;
}

export interface TrackInfo {
  readonly trackId: TrackId;
  readonly participantId: ParticipantId;
  readonly source: TrackSource;
  readonly muted: boolean;
}

export interface ActiveRecording {
  readonly recordingId: RecordingId;
  readonly startedNs: SessionTimeNs;
  readonly layout: LayoutProgram;
  /** So far, in order. Absent: none. */
  readonly pauses?: readonly Pause[];
  /** Whom alone it is about; it ends when he leaves. */
  readonly participantId?: ParticipantId;
  /** What is said on these topics of the room is shown in it. Absent: nothing. */
  readonly topics?: readonly string[];
  /** Under whose id the page that renders it is in the room: who joins so is hidden. Absent: no page renders it. */
  readonly pageParticipantId?: ParticipantId;
}

/** Events, as they happen. */
export type SessionEvent =
  | { readonly type: 'session-ended' }
  | { readonly type: 'participant-joined'; readonly participant: ParticipantInfo }
  | { readonly type: 'participant-left'; readonly participantId: ParticipantId; readonly reason: string }
  | { readonly type: 'track-published'; readonly track: TrackInfo }
  | { readonly type: 'track-unpublished'; readonly trackId: TrackId }
  | { readonly type: 'track-muted'; readonly trackId: TrackId; readonly muted: boolean }
  | { readonly type: 'stream-opened'; readonly stream: StreamInfo }
  | { readonly type: 'stream-closed'; readonly stream: number }
  | { readonly type: 'pins-changed'; readonly pins: readonly ParticipantId[] }
  | { readonly type: 'recording-started'; readonly recording: ActiveRecording }
  | {
      readonly type: 'recording-stopped';
      readonly recordingId: RecordingId;
      readonly stoppedNs: SessionTimeNs;
      readonly reason: StopReason;
    }
  | { readonly type: 'recording-paused'; readonly recordingId: RecordingId; readonly pausedNs: SessionTimeNs }
  | { readonly type: 'recording-resumed'; readonly recordingId: RecordingId; readonly resumedNs: SessionTimeNs }
  | { readonly type: 'layout-changed'; readonly recordingId: RecordingId; readonly layout: LayoutProgram }
  /** The media process died, and another goes on: what was said between these times reached nobody. */
  | { readonly type: 'interrupted'; readonly fromNs: SessionTimeNs; readonly untilNs: SessionTimeNs }
  /** Said on a topic whose newest text a running recording shows. */
  | {
      readonly type: 'text-shown';
      readonly participantId: ParticipantId;
      readonly topic: string;
      readonly text: string;
    }
  | { readonly type: 'dropped'; readonly records: number; readonly bytes: number; readonly reason: string };
