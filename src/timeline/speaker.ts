/**
 * Who speaks, from the levels of the decoded microphones: a pure reducer over windows of 100 ms. A cough does not take the floor,
 * real speech takes it within 700 ms, and the last speaker keeps it in silence. State is plain JSON, kept between segments.
 */
import type { ParticipantId } from '../domain/ids.ts';

/** Length of one window of levels. */
export const LEVEL_WINDOW_MS = 100;
/** Level of digital silence, and of a participant without a microphone. */
export const SILENCE_DBFS = -127;

/** Quieter is no voice, however quiet the room. */
const QUIETEST_VOICE_DBFS = -50;
/** A voice stands out from its background by this much. */
const ABOVE_FLOOR_DB = 9;
/** No room is quieter than this to a microphone; the estimate starts here, so that a fan is found out in 7 s. */
const QUIETEST_FLOOR_DBFS = -75;
/** The background estimate rises by this much a window (3 dB/s): slower than speech makes pauses. */
const FLOOR_RISE_DB = 0.3;
/** A cough or a knock is over within 300 ms; 5 voiced windows of the last 7 are speech, and that within 700 ms of its beginning. */
const SPEECH_WINDOWS = 7;
const SPEECH_VOICED = 5;
/** The floor is free when its holder was voiced in at most 1 of the last 5 windows: a pause, not the gap between two words. */
const PAUSE_WINDOWS = 5;
const PAUSE_VOICED = 1;
/** Who talks into a running speech takes the floor only where clearly louder. */
const OVERRIDE_DB = 6;
/** The border appears after 2 voiced windows of 3, and stays for 500 ms: no flicker between words. */
const BORDER_ON_WINDOWS = 3;
const BORDER_ON_VOICED = 2;
const BORDER_OFF_WINDOWS = 5;
/** Windows remembered of each voice. */
const MEMORY = 0xff;
/** Weight of the newest window in the smoothed level. */
const LEVEL_WEIGHT = 0.3;

/** Mean level (RMS) of a participant's microphones over one window, in dBFS (0 = full scale). Absent: silence. */
export type Levels = Readonly<Record<ParticipantId, number>>;

/** What the reducer remembers of one voice. */
export interface VoiceState {
  /** Slowly rising estimate of the background, dBFS. */
  readonly floor: number;
  /** The last 8 windows, the newest in bit 0: was it voiced. */
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

const NEW_VOICE: VoiceState = { floor: QUIETEST_FLOOR_DBFS, voiced: 0, level: SILENCE_DBFS, speaking: false };

/** How many of the last so many windows were voiced. */
const voicedOf = (voice: VoiceState, windows: number): number => {
  let bits = voice.voiced & ((1 << windows) - 1);
  let count = 0;
  for (; bits !== 0; bits &= bits - 1) count += 1;
  return count;
};

const heard = (voice: VoiceState, level: number): VoiceState => {
  const isVoiced = level > QUIETEST_VOICE_DBFS && level > voice.floor + ABOVE_FLOOR_DB;
  const smoothed = voice.level === SILENCE_DBFS ? level : voice.level + (level - voice.level) * LEVEL_WEIGHT;
  const next = {
    floor: Math.max(QUIETEST_FLOOR_DBFS, Math.min(level, voice.floor + FLOOR_RISE_DB)),
    voiced: ((voice.voiced << 1) | (isVoiced ? 1 : 0)) & MEMORY,
    level: isVoiced ? smoothed : voice.level,
    speaking: voice.speaking,
  };
  const speaking = voice.speaking
    ? voicedOf(next, BORDER_OFF_WINDOWS) > 0
    : voicedOf(next, BORDER_ON_WINDOWS) >= BORDER_ON_VOICED;
  return { ...next, speaking };
};

/** Ids are people's own choice: one who is called `constructor` is no property of every object. */
const own = <T>(record: Readonly<Record<ParticipantId, T>>, id: ParticipantId): T | undefined =>
  Object.hasOwn(record, id) ? record[id] : undefined;

const speaks = (voice: VoiceState): boolean => voicedOf(voice, SPEECH_WINDOWS) >= SPEECH_VOICED;

/** Who has the floor after this window: the loudest of those who may take it, else who had it. */
const floorHolder = (
  active: ParticipantId | null,
  voices: readonly (readonly [ParticipantId, VoiceState])[],
): ParticipantId | null => {
  const holder = voices.find(([id]) => id === active)?.[1] ?? NEW_VOICE;
  const free = voicedOf(holder, PAUSE_WINDOWS) <= PAUSE_VOICED;
  let next = active;
  let loudest = free ? Number.NEGATIVE_INFINITY : holder.level + OVERRIDE_DB;
  for (const [id, voice] of voices) {
    if (id === active || !speaks(voice) || voice.level <= loudest) continue;
    next = id;
    loudest = voice.level;
  }
  return next;
};

/** The state after one more window. Voices are kept in order of id, so that equal states are equal JSON. */
export const hearWindow = (state: SpeakerState, levels: Levels): SpeakerState => {
  const ids = [...new Set([...Object.keys(state.voices), ...Object.keys(levels)])].sort() as ParticipantId[];
  const voices = ids
    .map((id) => [id, heard(own(state.voices, id) ?? NEW_VOICE, own(levels, id) ?? SILENCE_DBFS)] as const)
    .filter(([id, voice]) => Object.hasOwn(levels, id) || voice.voiced !== 0);
  return { voices: Object.fromEntries(voices), active: floorHolder(state.active, voices) };
};

/** Who wears the border now, in order of id. */
export const speakingNow = (state: SpeakerState): readonly ParticipantId[] =>
  (Object.keys(state.voices) as ParticipantId[]).filter((id) => own(state.voices, id)?.speaking).sort();
