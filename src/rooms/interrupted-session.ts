/**
 * A session whose media process died while it was recorded, as its journal tells: what another media process needs to go on with it under
 * the same id, in the same journal, with the same recordings. Its people have lost every connection; they are kept in their places for a
 * while, so that who comes back finds his own (docs/room-protocol.md).
 */
import type { ActiveRecording, ParticipantInfo, TrackInfo } from '../domain/events.ts';
import type { ParticipantId, RoomId, SessionId } from '../domain/ids.ts';
import type { SessionTimeNs } from '../domain/media-time.ts';
import type { ActiveRecordingState } from './control.ts';

export interface InterruptedRecording {
  /** With the layout and pauses that were in force last. */
  readonly recording: ActiveRecording;
  readonly startedAtMs: number;
  /** By the wall clock. */
  readonly pauses: ActiveRecordingState['pauses'];
  readonly revision: number;
}

export interface InterruptedSession {
  readonly sessionId: SessionId;
  readonly roomId: RoomId;
  /** Absolute folder of its journal. */
  readonly directory: string;
  /** Wall clock, ms since 1970. */
  readonly startedAtMs: number;
  readonly participants: readonly ParticipantInfo[];
  readonly tracks: readonly TrackInfo[];
  readonly pins: readonly ParticipantId[];
  readonly lastStream: number;
  /** Those that were running. */
  readonly recordings: readonly InterruptedRecording[];
  /** Of the last record that can be read: session time and wall clock. */
  readonly lastNs: SessionTimeNs;
  readonly lastAtMs: number;
}
