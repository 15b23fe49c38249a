/** A recording: our promise about spans of a session's journal. Its states, and what the caller may ask of it. */
import type { LayoutProgram, Quality, Theme } from './layout.ts';

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
  | 'disk-full';

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
