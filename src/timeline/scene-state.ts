/**
 * What scenes are made of: who is in the room, what they publish, who spoke, who has which place. A pure reducer over events and
 * speakers. State is plain JSON.
 */
import type { ParticipantInfo, SessionEvent, TrackInfo } from '../domain/events.ts';
import type { ParticipantId, RecordingId } from '../domain/ids.ts';
import type { LayoutProgram } from '../domain/layout.ts';
import { MAX_COLUMN } from '../domain/stage.ts';
import { assignPlaces, assignSidebar } from './tile-places.ts';
import type { RoomState } from './types.ts';

export interface SceneState {
  readonly recordingId: RecordingId;
  readonly layout: LayoutProgram;
  /** In order of joining, hidden ones included. */
  readonly participants: readonly ParticipantInfo[];
  /** In order of publishing. */
  readonly tracks: readonly TrackInfo[];
  readonly pins: readonly ParticipantId[];
  /** Who had the floor, most recent first. */
  readonly recent: readonly ParticipantId[];
  /** Who wears the border. */
  readonly speaking: readonly ParticipantId[];
  /** Who has a tile, by position: in the grid, in the column beside a share, and in a sidebar, whose first has the large place. */
  readonly grid: readonly ParticipantId[];
  readonly column: readonly ParticipantId[];
  readonly sidebar: readonly ParticipantId[];
}

export type SceneInput =
  | SessionEvent
  | RoomState
  | { readonly type: 'speakers'; readonly active: ParticipantId | null; readonly speaking: readonly ParticipantId[] };

/** A room nobody has entered yet. Feed it all events from the journal's entry on, those before the recording's start included. */
export const emptyScene = (recordingId: RecordingId, layout: LayoutProgram): SceneState => ({
  recordingId,
  layout,
  participants: [],
  tracks: [],
  pins: [],
  recent: [],
  speaking: [],
  grid: [],
  column: [],
  sidebar: [],
});

/** The list with this entry in the place of the one with its key, or at the end. */
const upsert = <T>(list: readonly T[], entry: T, isSame: (other: T) => boolean): readonly T[] =>
  list.some(isSame) ? list.map((other) => (isSame(other) ? entry : other)) : [...list, entry];

/** Entries of `before` that are still there, as they now are, in their former order; then the new ones. */
const reconcile = <T>(before: readonly T[], now: readonly T[], keyOf: (entry: T) => string): readonly T[] => {
  const current = new Map(now.map((entry) => [keyOf(entry), entry]));
  const kept = before.flatMap((entry) => current.get(keyOf(entry)) ?? []);
  const known = new Set(before.map(keyOf));
  return [...kept, ...now.filter((entry) => !known.has(keyOf(entry)))];
};

const sameList = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((entry, i) => entry === b[i]);

/** What an input changes, before places are given anew. Null: nothing. */
const changeBy = (state: SceneState, input: SceneInput): Partial<SceneState> | null => {
  switch (input.type) {
    case 'participant-joined': {
      const { participant } = input;
      const isSame = (other: ParticipantInfo) => other.participantId === participant.participantId;
      return { participants: upsert(state.participants, participant, isSame) };
    }
    case 'participant-left':
      return {
        participants: state.participants.filter((other) => other.participantId !== input.participantId),
        tracks: state.tracks.filter((track) => track.participantId !== input.participantId),
        recent: state.recent.filter((id) => id !== input.participantId),
      };
    case 'track-published': {
      const { track } = input;
      return { tracks: upsert(state.tracks, track, (other) => other.trackId === track.trackId) };
    }
    case 'track-unpublished':
      return { tracks: state.tracks.filter((track) => track.trackId !== input.trackId) };
    case 'track-muted': {
      const { trackId, muted } = input;
      return { tracks: state.tracks.map((track) => (track.trackId === trackId ? { ...track, muted } : track)) };
    }
    case 'pins-changed':
      return { pins: input.pins };
    case 'layout-changed':
      return input.recordingId === state.recordingId ? { layout: input.layout } : null;
    case 'recording-started':
      return input.recording.recordingId === state.recordingId ? { layout: input.recording.layout } : null;
    case 'room-state':
      return roomChange(state, input);
    case 'speakers':
      return speakerChange(state, input);
    case 'session-ended':
      return { participants: [], tracks: [], recent: [], speaking: [] };
    case 'stream-opened':
    case 'stream-closed':
    case 'recording-stopped':
    case 'recording-paused':
    case 'recording-resumed':
    case 'interrupted':
    case 'text-shown':
    case 'dropped':
      return null;
  }
};

const roomChange = (state: SceneState, room: RoomState): Partial<SceneState> => {
  const present = new Set(room.participants.map((participant) => participant.participantId));
  const recording = room.recordings.find((active) => active.recordingId === state.recordingId);
  return {
    participants: reconcile(state.participants, room.participants, (participant) => participant.participantId),
    tracks: reconcile(state.tracks, room.tracks, (track) => track.trackId),
    pins: room.pins,
    recent: state.recent.filter((id) => present.has(id)),
    layout: recording?.layout ?? state.layout,
  };
};

/** Only who is there can have the floor: levels lag behind events. */
const speakerChange = (
  state: SceneState,
  input: { readonly active: ParticipantId | null; readonly speaking: readonly ParticipantId[] },
): Partial<SceneState> | null => {
  const { active } = input;
  const takes = active !== null && active !== state.recent[0] && isVisible(state, active);
  if (!takes && sameList(state.speaking, input.speaking)) return null;
  const recent = takes ? [active, ...state.recent.filter((id) => id !== active)] : state.recent;
  return { recent, speaking: input.speaking };
};

/** True for who is there and not hidden. */
export const isVisible = (state: SceneState, id: ParticipantId): boolean =>
  state.participants.some((participant) => participant.participantId === id && !participant.hidden);

/** The state after an event or a change of speakers. The same object if the input says nothing new. */
export const reduceScene = (state: SceneState, input: SceneInput): SceneState => {
  const change = changeBy(state, input);
  if (change === null) return state;
  const next = { ...state, ...change };
  const present = next.participants.flatMap(({ participantId, hidden }) => (hidden ? [] : [participantId]));
  const claims = { present, pins: next.pins, recent: next.recent };
  return {
    ...next,
    grid: assignPlaces(state.grid, claims, next.layout.gridSize),
    column: assignPlaces(state.column, claims, Math.min(next.layout.gridSize, MAX_COLUMN)),
    sidebar: assignSidebar(state.sidebar, claims, 1 + MAX_COLUMN),
  };
};
