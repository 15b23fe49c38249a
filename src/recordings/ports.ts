/** What the workflow needs of the stages it coordinates. `processes/server.ts` satisfies it. */
import type { ParticipantId } from '../domain/ids.ts';
import type { LayoutProgram } from '../domain/layout.ts';
import type { LayoutChange } from '../domain/layout-change.ts';
import type { TrackSource } from '../domain/media.ts';
import type { FileFormat, MergedFile, StopReason } from '../domain/recording.ts';
import type { CanvasConfig } from './canvas-config.ts';

/** A recording that the media process writes down right now. */
export interface LiveRecording {
  readonly recordingId: string;
  readonly sessionId: string;
  readonly roomId: string;
  /** Session time of its start record. */
  readonly startedNs: number;
  readonly startedAtMs: number;
  readonly journalDir: string;
  /** How it is now: grows with every change. 0 or absent: as it was started. */
  readonly revision?: number | undefined;
  readonly layout?: LayoutProgram | undefined;
  readonly pauses?: readonly LivePause[] | undefined;
}

/** By the wall clock, ms since 1970. No end: it lasts. */
export interface LivePause {
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
}

/** A sitting of a room, as the media process knows it. */
export interface LiveSession {
  readonly sessionId: string;
  readonly roomId: string;
  readonly startedAtMs: number;
  readonly participants: readonly LiveParticipant[];
}
export interface LiveParticipant {
  readonly participantId: string;
  readonly name: string;
  readonly hidden: boolean;
  readonly joinedAtMs: number;
}

/** All of it throws MEDIA_UNAVAILABLE while the media process is away. */
export interface MediaControl {
  /** The session that runs in a room now. */
  sessionOf(roomId: string): Promise<LiveSession | null>;
  /** NO_ACTIVE_SESSION, DISK_FULL. With a participant: PARTICIPANT_NOT_FOUND, and it ends when he leaves. */
  startRecording(options: {
    recordingId: string;
    roomId: string;
    layout: LayoutProgram;
    participantId?: string;
    /** What is said on these topics is shown in it. */
    topics?: string[];
    /** Under whose id the page that renders it joins the room: hidden there, and seen out when the recording ends. */
    pageParticipantId?: string;
  }): Promise<LiveRecording>;
  /** RECORDING_NOT_FOUND or RECORDING_NOT_RUNNING if the media process does not know it (any more). */
  stopRecording(recordingId: string, reason: StopReason): Promise<{ stoppedNs: number; stoppedAtMs: number }>;
  /** RECORDING_NOT_RUNNING. */
  changeLayout(recordingId: string, change: LayoutChange): Promise<LiveRecording>;
  /** RECORDING_NOT_RUNNING, RECORDING_PAUSED. */
  pauseRecording(recordingId: string): Promise<LiveRecording>;
  /** RECORDING_NOT_RUNNING, RECORDING_NOT_PAUSED. */
  resumeRecording(recordingId: string): Promise<LiveRecording>;
  endSession(roomId: string, reason: string): Promise<boolean>;
  removeParticipant(roomId: string, participantId: string): Promise<boolean>;
}

/** What is done instead of rendering: packets are copied into a file, or files; or finished files are merged. */
export type CopyOrder =
  | {
      readonly kind: 'participant' | 'track';
      readonly participantId: ParticipantId;
      /** Of a track; a participant has camera and microphone. */
      readonly source: TrackSource | null;
      readonly fileFormat: FileFormat;
      /** What is copied is encoded anew in the end. */
      readonly encodeAs?: 'mp3';
    }
  /** Paths are absolute. */
  | { readonly kind: 'merge'; readonly inputs: MergedFile[] };

export interface CompositionWork {
  readonly compositionId: string;
  readonly recordingId: string;
  readonly journalDir: string;
  readonly directory: string;
  readonly artifactPath: string;
  readonly config: CanvasConfig;
  /** Coded packets are copied instead of rendering with `config`, once the recording is over. */
  readonly copy?: CopyOrder;
  readonly createdAtMs: number;
  readonly finished: boolean;
}

export interface Composer {
  start(work: CompositionWork): Promise<void>;
  finished(compositionId: string): void;
  journalEnded(compositionId: string): void;
  cancel(compositionId: string): Promise<void>;
}

/** A finished file, as packaging describes it. */
export interface Artifact {
  readonly path: string;
  readonly bytes: number;
  readonly durationSeconds: number;
  readonly width: number | null;
  readonly height: number | null;
  readonly format: string;
  readonly videoBytes: number;
  /** Where it begins in the recording; 0 if it is left out. */
  readonly offsetSeconds?: number | undefined;
}

/** What a journal on disk says of a recording; null where it does not know it. */
export type JournalLookup = (
  sessionId: string,
  recordingId: string,
) => Promise<{
  readonly journalDir: string;
  readonly startedNs: number;
  readonly startedAtMs: number;
  readonly stop: { readonly stoppedNs: number; readonly stoppedAtMs: number; readonly reason: StopReason } | null;
  readonly lastNs: number;
  readonly lastAtMs: number;
  /** The last that was in force. */
  readonly layout?: LayoutProgram | undefined;
  readonly pauses?: readonly LivePause[] | undefined;
  /** False: parts of it are gone already, as nobody needed them any more. */
  readonly isWhole?: boolean | undefined;
} | null>;
