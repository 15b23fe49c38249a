/** A recording: our promise about spans of a session's journal. Its states, and what the caller may ask of it. */
import type { ParticipantId, RecordingId } from './ids.ts';
import type { LayoutProgram, Quality, Theme } from './layout.ts';
import type { TrackSource } from './media.ts';

/**
 * `starting → recording ⇄ paused → stopping → composing → done | failed`.
 * `done`: the artifact is in our store. `failed`: nothing can be made, with a reason.
 */
export type RecordingStatus = 'starting' | 'recording' | 'paused' | 'stopping' | 'composing' | 'done' | 'failed';

const NEXT: Record<RecordingStatus, readonly RecordingStatus[]> = {
  starting: ['recording', 'stopping', 'composing', 'failed'],
  recording: ['paused', 'stopping', 'composing', 'failed'],
  paused: ['recording', 'stopping', 'composing', 'failed'],
  stopping: ['composing', 'failed'],
  composing: ['done', 'failed'],
  done: [],
  failed: [],
};

/** True if a recording may go from one state to the other. */
export const mayBecome = (from: RecordingStatus, to: RecordingStatus): boolean => NEXT[from].includes(to);
/** States in which the journal is still written for it. */
export const isLive = (status: RecordingStatus): boolean =>
  status === 'starting' || status === 'recording' || status === 'paused';
export const isFinal = (status: RecordingStatus): boolean => status === 'done' || status === 'failed';

/** Why a recording ended. */
export type StopReason =
  | 'requested'
  | 'session-ended'
  | 'max-duration'
  | 'room-deactivated'
  | 'media-process-lost'
  | 'disk-full'
  /** The one participant whom it is about has left. */
  | 'participant-left';

export type RecordingMode = 'video-and-audio' | 'audio';
export type Orientation = 'landscape' | 'portrait';
export type FileFormat = 'mp4' | 'webm';

/** The validated, defaulted `config` of a start call. */
export interface RecordingConfig {
  readonly layout: LayoutProgram;
  readonly theme: Theme;
  readonly mode: RecordingMode;
  readonly quality: Quality;
  readonly orientation: Orientation;
  readonly fileFormat: FileFormat;
  /** False: tiles jump to their places. Set by the operator, not by the caller; kept here since the picture must stay what it was. */
  readonly transitions?: boolean;
}

/** What a recording is about: the whole room, one participant, or one track of a participant. */
export type RecordingSubject =
  | { readonly kind: 'room' }
  | {
      readonly kind: 'participant';
      readonly participantId: ParticipantId;
      readonly participantName: string;
      /** The caller's own, kept for him. */
      readonly metadata?: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'track';
      readonly participantId: ParticipantId;
      readonly participantName: string;
      readonly source: TrackSource;
      /** Its sound is encoded anew instead of copied. */
      readonly encodeAs?: 'mp3';
    }
  | {
      readonly kind: 'composite';
      /** Who is seen and heard, by which of his tracks; nobody is named: everybody. */
      readonly participants: readonly ChosenParticipant[];
      readonly watermarks: readonly Watermark[];
    }
  | {
      readonly kind: 'merge';
      /** Whose sound is on the left, and on the right. */
      readonly channel1: readonly MergedRecording[];
      readonly channel2: readonly MergedRecording[];
      /** Their files, as they were when the merge was asked for. */
      readonly inputs: readonly MergedFile[];
    };
export interface MergedRecording {
  readonly participantId: ParticipantId;
  readonly recordingId: RecordingId;
}
export interface MergedFile {
  /** Relative to the store. */
  readonly path: string;
  readonly channel: 'left' | 'right';
  readonly offsetSeconds: number;
}
export interface ChosenParticipant {
  readonly participantId: ParticipantId;
  readonly sources: readonly TrackSource[];
}

export type WatermarkPlace = 'top-left' | 'top-right' | 'bottom-left' | 'bottom-right' | 'center';
/** Drawn over the picture from beginning to end. */
export interface Watermark {
  /** Name of a file in the recording's folder. */
  readonly image: string | null;
  readonly text: string;
  /** The newest message on this topic of the room is shown in the place of `text`. */
  readonly topic?: string;
  /** IANA name: date and time there are shown too. */
  readonly timezone: string | null;
  readonly place: WatermarkPlace;
}

export type RecordingKind = RecordingSubject['kind'];

/** Of the live recordings of a room and a kind no two have the same key; null: there may be any number. */
export const subjectKey = (subject: RecordingSubject): string | null => {
  switch (subject.kind) {
    case 'room':
      return '';
    case 'participant':
      return subject.participantId;
    case 'track':
      return `${subject.participantId}/${subject.source}`;
    case 'composite':
    case 'merge':
      return null;
  }
};
