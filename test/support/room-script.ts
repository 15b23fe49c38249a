/**
 * Rooms in a word, for tests and contact sheets: `a b (c) d! ^e [b]` is five people, of whom c has the camera and d the microphone off, e is
 * pinned and b shares a screen. Who spoke is said apart, in order; the last has the floor.
 */
import type { ParticipantId, RecordingId, TrackId } from '../../src/domain/ids.ts';
import type { LayoutProgram } from '../../src/domain/layout.ts';
import type { TrackSource } from '../../src/domain/media.ts';
import { emptyScene, reduceScene, type SceneInput, type SceneState } from '../../src/timeline/scene-state.ts';

const RECORDING = 'r'.repeat(24) as RecordingId;

export interface RoomScript {
  readonly layout: LayoutProgram;
  readonly room: string;
  /** Who spoke, in order, e.g. `a c`; nobody: empty. */
  readonly spoke: string;
}

const publish = (name: string, source: TrackSource): SceneInput => ({
  type: 'track-published',
  track: {
    trackId: `${name}-${source}` as TrackId,
    participantId: name as ParticipantId,
    source,
    muted: false,
  },
});

const inputsOf = (word: string): SceneInput[] => {
  const name = word.replaceAll(/[^\w]/g, '');
  if (word.startsWith('[')) return [publish(name, 'screen-video')];
  return [
    { type: 'participant-joined', participant: { participantId: name as ParticipantId, name, hidden: false } },
    ...(word.includes('(') ? [] : [publish(name, 'camera')]),
    ...(word.includes('!') ? [] : [publish(name, 'microphone')]),
  ];
};

const wordsIn = (text: string): string[] => text.split(' ').filter((word) => word !== '');

/** The state of the room after all that. `nameOf`: display names. */
export const stateOf = (script: RoomScript, nameOf: (id: string) => string = (id) => id): SceneState => {
  const words = wordsIn(script.room);
  const pins = words.filter((word) => word.includes('^')).map((word) => word.replaceAll(/[^\w]/g, '') as ParticipantId);
  const speakers = wordsIn(script.spoke) as ParticipantId[];
  const inputs: SceneInput[] = [
    ...words.flatMap(inputsOf),
    { type: 'pins-changed', pins },
    ...speakers.map((active): SceneInput => ({ type: 'speakers', active, speaking: [active] })),
  ];
  const state = inputs.reduce(reduceScene, emptyScene(RECORDING, script.layout));
  const participants = state.participants.map((person) => ({ ...person, name: nameOf(person.participantId) }));
  return { ...state, participants };
};
