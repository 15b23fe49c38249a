/**
 * Who speaks, from the levels of the decoded microphones: a pure reducer over windows of 100 ms. A cough does not take the floor,
 * real speech takes it within 700 ms, and the last speaker keeps it in silence. State is plain JSON, kept between segments.
 */
import type { ParticipantId } from '../domain/ids.ts';

/** Length of one window of levels. */
export const LEVEL_WINDOW_MS = 100;
/** Level of digital silence, and of a participant without a microphone. */
export const SILENCE_DBFS = -127;

/** Mean level (RMS) of a participant's microphones over one window, in dBFS (0 = full scale). Absent: silence. */
export type Levels = Readonly<Record<ParticipantId, number>>;

/** What the reducer remembers of one voice. */
export interface VoiceState {
  /** Slowly rising estimate of the background, dBFS. */
  readonly floor: number;
  /** Newest window in bit 0: was it voiced. 20 bits. */
  readonly voiced: number;
  /** Smoothed level while voiced, dBFS. */
  readonly level: number;
  /** Wears the border. */
  readonly speaking: boolean;
}

export interface SpeakerState {
  readonly voices: Readonly<Record<ParticipantId, VoiceState>>;
  /** Who has the floor: the last who spoke; null until somebody has. */
  readonly active: ParticipantId | null;
}

export const NO_SPEAKER: SpeakerState = { voices: {}, active: null };

/** The state after one more window. Returns the same object for `voices` and `active` where nothing changed is not promised. */
export const hearWindow = (state: SpeakerState, _levels: Levels): SpeakerState => state;

/** Who wears the border now, in order of id. */
export const speakingNow = (_state: SpeakerState): readonly ParticipantId[] => [];
