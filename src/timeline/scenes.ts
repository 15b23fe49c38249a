/**
 * Scenes from what happens in the room: a pure reducer over events and speakers (`reduceScene`), and the resolution of its state
 * into tiles on a canvas (`resolveScene`). State is plain JSON, kept between segments.
 */
import type { ParticipantInfo, SessionEvent, TrackInfo } from '../domain/events.ts';
import type { ParticipantId, RecordingId, TrackId } from '../domain/ids.ts';
import type { LayoutProgram, Size } from '../domain/layout.ts';
import type { Scene } from '../domain/scene.ts';
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
  /** Who has a tile, by position: in the grid, and in the column beside a share. */
  readonly grid: readonly ParticipantId[];
  readonly column: readonly ParticipantId[];
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
});

/** The state after an event or a change of speakers. The same object if the input says nothing new. */
export const reduceScene = (state: SceneState, _input: SceneInput): SceneState => state;

/** The tracks a scene may show now: select layers for these (and only these). At most the tiles' cameras and all shares. */
export const visibleTracks = (_state: SceneState): readonly TrackId[] => [];

/**
 * Who is where on the canvas. `hasPicture` says whether a track has anything to show at this tick; a camera without draws initials, a
 * share without is not there yet.
 */
export const resolveScene = (_state: SceneState, _canvas: Size, _hasPicture: (trackId: TrackId) => boolean): Scene => ({
  tiles: [],
});
