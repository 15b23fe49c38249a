/** The room as a user interface wants it: one immutable object, new whenever something changed. */
import type { TrackView } from '../../src/rooms/protocol.ts';
import type { LocalMediaState } from './local-media.ts';
import type { MediaHealth } from './media-connection.ts';
import type { LinkState } from './reconnection.ts';
import type { RoomEnd } from './room-end.ts';
import type { RecordingState, RoomMessage, RoomState } from './room-state.ts';

export interface TrackSnapshot {
  /** For one's own, which are not received, the source's name. */
  readonly trackId: string;
  readonly muted: boolean;
  /** To be played; null while it is being negotiated. */
  readonly stream: MediaStream | null;
}

interface ParticipantTracks {
  readonly camera: TrackSnapshot | null;
  readonly microphone: TrackSnapshot | null;
  readonly screenVideo: TrackSnapshot | null;
  readonly screenAudio: TrackSnapshot | null;
}

export interface ParticipantSnapshot extends ParticipantTracks {
  readonly participantId: string;
  readonly name: string;
  readonly pinned: boolean;
  readonly isSelf: boolean;
  readonly isSpeaking: boolean;
}

export interface RoomSnapshot {
  /** `idle`: not joined yet, or left; `over`: see `end`. */
  readonly phase: 'idle' | 'joining' | 'joined' | 'reconnecting' | 'over';
  readonly end: RoomEnd | null;
  /** The worse of the two media connections. */
  readonly media: MediaHealth;
  readonly selfId: string | null;
  readonly permissions: readonly string[];
  /** Oneself included, in order of arrival. */
  readonly participants: readonly ParticipantSnapshot[];
  /** Ids, who spoke last first. */
  readonly speakers: readonly string[];
  readonly recording: RecordingState;
  readonly messages: readonly RoomMessage[];
  readonly local: LocalMediaState;
}

export interface SnapshotParts {
  readonly link: LinkState;
  /** Joined at least once since the start. */
  readonly wasJoined: boolean;
  readonly health: readonly MediaHealth[];
  readonly room: RoomState;
  readonly local: LocalMediaState;
  readonly streams: ReadonlyMap<string, MediaStream>;
}

const BADNESS: readonly MediaHealth[] = ['idle', 'connected', 'connecting', 'blocked'];

const phaseOf = (link: LinkState, wasJoined: boolean): RoomSnapshot['phase'] => {
  switch (link.status) {
    case 'idle':
    case 'joined':
    case 'over':
      return link.status;
    case 'opening':
    case 'joining':
    case 'waiting':
      return wasJoined ? 'reconnecting' : 'joining';
  }
};

/** One's own tracks are as the devices are: the server's word about them comes a moment later. */
const ownTracks = ({ camera, microphone, screen }: LocalMediaState): ParticipantTracks => {
  const shared = screen.stream === null ? null : { muted: false, stream: screen.stream };
  const hasSound = (screen.stream?.getAudioTracks().length ?? 0) > 0;
  return {
    camera: camera.stream === null ? null : { trackId: 'camera', muted: false, stream: camera.stream },
    microphone:
      microphone.stream === null
        ? null
        : { trackId: 'microphone', muted: microphone.status !== 'on', stream: microphone.stream },
    screenVideo: shared === null ? null : { trackId: 'screen-video', ...shared },
    screenAudio: shared === null || !hasSound ? null : { trackId: 'screen-audio', ...shared },
  };
};

const othersTracks = ({ room, streams }: SnapshotParts, participantId: string): ParticipantTracks => {
  const track = (source: TrackView['source']): TrackSnapshot | null => {
    const view = room.tracks.find((each) => each.participantId === participantId && each.source === source);
    if (view === undefined) return null;
    return { trackId: view.trackId, muted: view.muted, stream: streams.get(view.trackId) ?? null };
  };
  return {
    camera: track('camera'),
    microphone: track('microphone'),
    screenVideo: track('screen-video'),
    screenAudio: track('screen-audio'),
  };
};

/** Puts the parts together. Pure. */
export const composeSnapshot = (parts: SnapshotParts): RoomSnapshot => {
  const { link, wasJoined, health, room, local } = parts;
  const selfId = room.self?.participantId ?? null;
  return {
    phase: phaseOf(link, wasJoined),
    end: link.status === 'over' ? link.end : null,
    media: health.reduce((worst, each) => (BADNESS.indexOf(each) > BADNESS.indexOf(worst) ? each : worst), 'idle'),
    selfId,
    permissions: room.self?.permissions ?? [],
    participants: room.participants.map((participant) => {
      const isSelf = participant.participantId === selfId;
      return {
        ...participant,
        isSelf,
        isSpeaking: participant.participantId === room.activeSpeaker,
        ...(isSelf ? ownTracks(local) : othersTracks(parts, participant.participantId)),
      };
    }),
    speakers: room.speakers,
    recording: room.recording,
    messages: room.messages,
    local,
  };
};
