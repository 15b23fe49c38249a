/** What is known of the room, as the server's messages tell it. Pure: state and message in, state out. */
import type { ParticipantView, ServerMessage, TrackView } from '../../src/rooms/protocol.ts';

export interface RoomMessage {
  readonly topic: string;
  readonly payload: string;
  readonly participantId: string;
  /** ISO 8601. */
  readonly at: string;
}

export type RecordingState =
  | { readonly active: false }
  /**
   * `sinceMs`: this machine's clock when it would have begun had it never been paused; null where nobody told. `pausedAtMs`: since when
   * nothing is recorded; null while it is.
   */
  | { readonly active: true; readonly sinceMs: number | null; readonly pausedAtMs: number | null };

export interface RoomState {
  readonly self: {
    readonly participantId: string;
    readonly name: string;
    readonly permissions: readonly string[];
  } | null;
  readonly sessionId: string | null;
  /** Everybody, oneself included, in order of arrival. */
  readonly participants: readonly ParticipantView[];
  /** Everybody's, one's own included. */
  readonly tracks: readonly TrackView[];
  readonly activeSpeaker: string | null;
  /** Who spoke last, first. */
  readonly speakers: readonly string[];
  readonly recording: RecordingState;
  readonly messages: readonly RoomMessage[];
}

export const EMPTY_ROOM: RoomState = {
  self: null,
  sessionId: null,
  participants: [],
  tracks: [],
  activeSpeaker: null,
  speakers: [],
  recording: { active: false },
  messages: [],
};

/** A chat that runs all day must not fill the tab. */
const MESSAGES_KEPT = 1000;

const joined = (former: RoomState, message: Extract<ServerMessage, { type: 'joined' }>, nowMs: number): RoomState => {
  const { participantId, name, permissions } = message;
  const isListed = message.participants.some((participant) => participant.participantId === participantId);
  const goesOn = former.sessionId === message.sessionId;
  const since = message.recordingForMs === undefined ? null : nowMs - message.recordingForMs;
  const known = goesOn && former.recording.active ? former.recording.sinceMs : null;
  const pausedAtMs = message.recordingPaused ? nowMs : null;
  return {
    self: { participantId, name, permissions },
    sessionId: message.sessionId,
    participants: isListed ? message.participants : [{ participantId, name, pinned: false }, ...message.participants],
    tracks: message.tracks,
    activeSpeaker: goesOn ? former.activeSpeaker : null,
    speakers: goesOn ? former.speakers : [],
    recording: message.recording ? { active: true, sinceMs: since ?? known, pausedAtMs } : { active: false },
    messages: message.messages,
  };
};

const withParticipant = (state: RoomState, participant: ParticipantView): RoomState => {
  const others = state.participants.filter(({ participantId }) => participantId !== participant.participantId);
  return { ...state, participants: [...others, participant] };
};

const without = (state: RoomState, participantId: string): RoomState => ({
  ...state,
  participants: state.participants.filter((participant) => participant.participantId !== participantId),
  tracks: state.tracks.filter((track) => track.participantId !== participantId),
  activeSpeaker: state.activeSpeaker === participantId ? null : state.activeSpeaker,
  speakers: state.speakers.filter((speaker) => speaker !== participantId),
});

/** It begins, is paused, goes on or ends. The time of a pause does not count. */
const withRecording = (state: RoomState, active: boolean, paused: boolean, nowMs: number): RoomState => {
  const { recording } = state;
  if (!active) return recording.active ? { ...state, recording: { active: false } } : state;
  if (!recording.active)
    return { ...state, recording: { active: true, sinceMs: nowMs, pausedAtMs: paused ? nowMs : null } };
  const { sinceMs, pausedAtMs } = recording;
  if ((pausedAtMs !== null) === paused) return state;
  if (pausedAtMs === null) return { ...state, recording: { active: true, sinceMs, pausedAtMs: nowMs } };
  const goneOnMs = sinceMs === null ? null : sinceMs + nowMs - pausedAtMs;
  return { ...state, recording: { active: true, sinceMs: goneOnMs, pausedAtMs: null } };
};

/** The state after a message. Messages that change nothing return the same object. */
export const reduceRoom = (state: RoomState, message: ServerMessage, nowMs: number): RoomState => {
  switch (message.type) {
    case 'joined':
      return joined(state, message, nowMs);
    case 'participant-joined':
      return withParticipant(state, message.participant);
    case 'participant-left':
      return without(state, message.participantId);
    case 'track-published': {
      const others = state.tracks.filter(({ trackId }) => trackId !== message.track.trackId);
      return { ...state, tracks: [...others, message.track] };
    }
    case 'track-unpublished':
      return { ...state, tracks: state.tracks.filter(({ trackId }) => trackId !== message.trackId) };
    case 'track-muted': {
      const { trackId, muted } = message;
      return {
        ...state,
        tracks: state.tracks.map((track) => (track.trackId === trackId ? { ...track, muted } : track)),
      };
    }
    case 'pinned': {
      const { participantId, pinned } = message;
      const pin = (participant: ParticipantView): ParticipantView =>
        participant.participantId === participantId ? { ...participant, pinned } : participant;
      return { ...state, participants: state.participants.map(pin) };
    }
    case 'active-speaker': {
      const { participantId } = message;
      if (participantId === null) return { ...state, activeSpeaker: null };
      const others = state.speakers.filter((speaker) => speaker !== participantId);
      return { ...state, activeSpeaker: participantId, speakers: [participantId, ...others] };
    }
    case 'message': {
      const { topic, payload, participantId, at } = message;
      return { ...state, messages: [...state.messages, { topic, payload, participantId, at }].slice(-MESSAGES_KEPT) };
    }
    case 'recording':
      return withRecording(state, message.active, message.paused ?? false, nowMs);
    case 'answer':
    case 'bye':
    case 'pong':
    case 'error':
      return state;
  }
};
