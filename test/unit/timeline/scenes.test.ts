import { describe, expect, it } from 'vitest';
import type { RecordingId, TrackId } from '../../../src/domain/ids.ts';
import { canvasSize, type LayoutProgram } from '../../../src/domain/layout.ts';
import type { TrackSource } from '../../../src/domain/media.ts';
import type { Tile } from '../../../src/domain/scene.ts';
import { emptyScene, reduceScene, type SceneInput, type SceneState } from '../../../src/timeline/scene-state.ts';
import { resolveScene } from '../../../src/timeline/scenes.ts';
import { participant, track } from './support/session.ts';

const CANVAS = canvasSize('med', 'landscape');
const RECORDING = 'r'.repeat(24) as RecordingId;
const grid = (gridSize = 4): LayoutProgram => ({ type: 'GRID', priority: 'SPEAKER', gridSize });

const join = (name: string, hidden = false): SceneInput => ({
  type: 'participant-joined',
  participant: { participantId: participant(name), name: name.toUpperCase(), hidden },
});
const leave = (name: string): SceneInput => ({
  type: 'participant-left',
  participantId: participant(name),
  reason: 'left',
});
const publish = (name: string, source: TrackSource, muted = false): SceneInput => ({
  type: 'track-published',
  track: { trackId: track(`${name}-${source}`), participantId: participant(name), source, muted },
});
const mute = (id: string, muted = true): SceneInput => ({ type: 'track-muted', trackId: track(id), muted });
const speaks = (name: string | null, ...also: string[]): SceneInput => ({
  type: 'speakers',
  active: name === null ? null : participant(name),
  speaking: [...(name === null ? [] : [name]), ...also].map(participant),
});
const pins = (...names: string[]): SceneInput => ({ type: 'pins-changed', pins: names.map(participant) });
const layout = (program: LayoutProgram): SceneInput => ({
  type: 'layout-changed',
  recordingId: RECORDING,
  layout: program,
});

/** Everybody with camera and microphone. */
const present = (...names: string[]): SceneInput[] =>
  names.flatMap((name) => [join(name), publish(name, 'camera'), publish(name, 'microphone')]);

const stateAfter = (inputs: readonly SceneInput[], program = grid()): SceneState =>
  inputs.reduce(reduceScene, emptyScene(RECORDING, program));

/** `name` with camera, `(name)` without, `[name]` a share; `*` speaks, `!` microphone off. */
const text = ({ participantId, source, trackId, speaking, micMuted }: Tile): string => {
  const who =
    source === 'screen-video' ? `[${participantId}]` : trackId === null ? `(${participantId})` : participantId;
  return `${who}${speaking ? '*' : ''}${micMuted ? '!' : ''}`;
};
const show = (state: SceneState, hasPicture: (id: TrackId) => boolean = () => true): string =>
  resolveScene(state, CANVAS, hasPicture).tiles.map(text).join(' ');

const FOUR = present('a', 'b', 'c', 'd');
const SIX = present('a', 'b', 'c', 'd', 'e', 'f');
const SHARE = publish('b', 'screen-video');

describe('a grid of four', () => {
  it.each<[string, SceneInput[], string]>([
    ['nobody', [], ''],
    ['one, nothing published', [join('a')], '(a)!'],
    ['one, camera alone', [join('a'), publish('a', 'camera')], 'a!'],
    ['one, microphone alone', [join('a'), publish('a', 'microphone')], '(a)'],
    ['hidden people have no tile', [join('a'), join('bot', true), publish('bot', 'camera')], '(a)!'],
    ['order of joining', FOUR, 'a b c d'],
    ['more than fit: who joined first', SIX, 'a b c d'],
    ['camera muted', [...FOUR, mute('b-camera')], 'a (b) c d'],
    ['camera muted and unmuted', [...FOUR, mute('b-camera'), mute('b-camera', false)], 'a b c d'],
    ['microphone muted', [...FOUR, mute('b-microphone')], 'a b! c d'],
    ['camera unpublished', [...FOUR, { type: 'track-unpublished', trackId: track('c-camera') }], 'a b (c) d'],
    ['one leaves: the rest move up', [...FOUR, leave('b')], 'a c d'],
    ['one leaves, one waits: he comes last', [...SIX, leave('b')], 'a c d e'],
    ['leaves and comes back: as one who is new', [...FOUR, leave('b'), ...present('b')], 'a c d b'],
    ['who speaks wears the border', [...FOUR, speaks('b')], 'a b* c d'],
    ['several wear it', [...FOUR, speaks('b', 'd')], 'a b* c d*'],
    ['not with a muted microphone', [...FOUR, speaks('b'), mute('b-microphone')], 'a b! c d'],
    ['a new speaker takes the place of the last who never spoke', [...SIX, speaks('e')], 'a b c e*'],
    ['the next one that of the next', [...SIX, speaks('e'), speaks('f')], 'a b f* e'],
    [
      'the least recently active gives way, in place',
      [...SIX, ...['d', 'c', 'a', 'b'].map((n) => speaks(n)), speaks('e')],
      'a b c e*',
    ],
    ['a speaker who has a tile moves nobody', [...SIX, speaks('c'), speaks('a'), speaks('c')], 'a b c* d'],
    ['silence moves nobody', [...SIX, speaks('e'), speaks(null)], 'a b c e'],
    ['the speaker who leaves frees his place', [...SIX, speaks('e'), leave('e')], 'a b c d'],
    ['a speaker unknown to the room is nobody', [...FOUR, speaks('ghost')], 'a b c d'],
    ['pins first', [...FOUR, pins('c')], 'c a b d'],
    ['pins first, in their order, whoever speaks', [...SIX, pins('f', 'e'), speaks('d')], 'f e a d*'],
    ['as many pins as tiles: speakers wait', [...SIX, pins('f', 'e', 'd', 'c'), speaks('a')], 'f e d c'],
    ['more pins than tiles: the first', [...SIX, pins('f', 'e', 'd', 'c', 'b')], 'f e d c'],
    ['unpinned: keeps the place he has', [...FOUR, pins('c'), pins()], 'c a b d'],
    ['pinned and not there: nobody', [...FOUR, pins('x')], 'a b c d'],
    ['the session ends', [...FOUR, { type: 'session-ended' }], ''],
  ])('%s', (_, inputs, expected) => expect(show(stateAfter(inputs))).toBe(expected));
});

describe('other sizes', () => {
  it.each<[string, number, SceneInput[], string]>([
    ['one tile follows the speaker', 1, [...FOUR, speaks('c'), speaks('b')], 'b*'],
    ['six tiles', 6, SIX, 'a b c d e f'],
    ['a smaller layout keeps recent speakers in order', 6, [...SIX, speaks('f'), speaks('b'), layout(grid(2))], 'b* f'],
    ['a larger layout adds at the end', 2, [...SIX, speaks('f'), layout(grid(4))], 'a f* b c'],
  ])('%s', (_, size, inputs, expected) => expect(show(stateAfter(inputs, grid(size)))).toBe(expected));

  it('ignores the layout of another recording', () => {
    const other: SceneInput = { type: 'layout-changed', recordingId: 'x'.repeat(24) as RecordingId, layout: grid(1) };
    expect(show(stateAfter([...FOUR, other]))).toBe('a b c d');
  });

  it('takes the layout that its recording starts with', () => {
    const recording = { recordingId: RECORDING, startedNs: 0, layout: grid(2) };
    expect(show(stateAfter([...FOUR, { type: 'recording-started', recording }]))).toBe('a b');
  });
});

describe('a share', () => {
  it.each<[string, number, SceneInput[], string]>([
    ['main stage and column', 4, [...FOUR, SHARE], '[b] a b c d'],
    ['no more than five beside it', 9, [...SIX, SHARE], '[b] a b c d e'],
    ['the speaker is beside it', 9, [...SIX, SHARE, speaks('f')], '[b] a b c d f*'],
    ['two shares', 4, [...FOUR, SHARE, publish('c', 'screen-video')], '[b] [c] a b c d'],
    ['paused', 4, [...FOUR, SHARE, mute('b-screen-video')], 'a b c d'],
    [
      'over: the grid is as it was',
      9,
      [...SIX, SHARE, { type: 'track-unpublished', trackId: track('b-screen-video') }],
      'a b c d e f',
    ],
    ['its sound is no tile', 4, [...FOUR, publish('b', 'screen-audio')], 'a b c d'],
    ['of somebody hidden is not shown', 4, [...FOUR, join('bot', true), publish('bot', 'screen-video')], 'a b c d'],
  ])('%s', (_, size, inputs, expected) => expect(show(stateAfter(inputs, grid(size)))).toBe(expected));

  it('is there from its first picture', () => {
    expect(show(stateAfter([...FOUR, SHARE]), (id) => id !== track('b-screen-video'))).toBe('a b c d');
  });

  it('is shown whole, with its presenter, on the larger rectangle', () => {
    const [share, person] = resolveScene(stateAfter([...FOUR, SHARE]), CANVAS, () => true).tiles;
    expect(share).toMatchObject({ name: 'B', fit: 'contain', source: 'screen-video', micMuted: false });
    expect(person).toMatchObject({ name: 'A', fit: 'cover', source: 'camera' });
    expect(share?.rect.width).toBeGreaterThan((person?.rect.width ?? 0) * 3);
  });
});

describe('the state', () => {
  it('draws initials until a camera has a picture', () => {
    expect(show(stateAfter(FOUR), (id) => id !== track('c-camera'))).toBe('a b (c) d');
  });

  it('goes on after JSON, and is the same object where nothing changes', () => {
    const state = stateAfter([...SIX, speaks('f'), pins('c')]);
    const revived: SceneState = JSON.parse(JSON.stringify(state));
    expect(show(reduceScene(revived, leave('a')))).toBe(show(reduceScene(state, leave('a'))));
    expect(reduceScene(state, { type: 'stream-closed', stream: 1 })).toBe(state);
    expect(reduceScene(state, speaks('f'))).toBe(state);
  });

  it('is mended by a snapshot, and keeps places', () => {
    const state = stateAfter([...SIX, speaks('f')]);
    const people = ['a', 'c', 'd', 'e', 'f', 'g'].map((name) => ({
      participantId: participant(name),
      name,
      hidden: false,
    }));
    const room: SceneInput = {
      type: 'room-state',
      participants: people,
      tracks: state.tracks,
      pins: [],
      recordings: [],
    };
    expect(show(state)).toBe('a b c f*');
    expect(show(reduceScene(state, room))).toBe('a c f* d');
    expect(show(reduceScene(reduceScene(state, room), room))).toBe('a c f* d');
  });
});
