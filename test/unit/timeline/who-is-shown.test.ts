import { describe, expect, it } from 'vitest';
import type { ParticipantId } from '../../../src/domain/ids.ts';
import { canvasSize, type LayoutPriority, type LayoutType } from '../../../src/domain/layout.ts';
import { reduceScene, type SceneInput, type SceneState } from '../../../src/timeline/scene-state.ts';
import { resolveScene } from '../../../src/timeline/scenes.ts';
import { hearWindow, type Levels, NO_SPEAKER, speakingNow } from '../../../src/timeline/speaker.ts';
import { stateOf } from '../../support/room-script.ts';

const CANVAS = canvasSize('med', 'landscape');
/** One character a window of 100 ms: `#` speech, `.` a still room. */
const DBFS: Record<string, number> = { '#': -28, '.': -70 };

interface Play {
  readonly type: LayoutType;
  readonly priority?: LayoutPriority;
  readonly gridSize?: number;
  readonly room: string;
  /** A line of windows for everybody who makes a sound. */
  readonly voices: Readonly<Record<string, string>>;
  /** Events by window. */
  readonly events?: Readonly<Record<number, SceneInput>>;
}

/** Who has tiles after each window, in their order. */
const play = ({ type, priority = 'SPEAKER', gridSize = 4, room, voices, events = {} }: Play): string[] => {
  let state: SceneState = stateOf({ layout: { type, priority, gridSize }, room, spoke: '' });
  let speakers = NO_SPEAKER;
  const length = Math.max(...Object.values(voices).map((line) => line.length));
  return Array.from({ length }, (_, window) => {
    const levels = Object.entries(voices).map(([id, line]) => [id, DBFS[line[window] ?? '.'] ?? -127]);
    speakers = hearWindow(speakers, Object.fromEntries(levels) as Levels);
    state = reduceScene(state, { type: 'speakers', active: speakers.active, speaking: speakingNow(speakers) });
    const event = events[window];
    if (event) state = reduceScene(state, event);
    const { tiles } = resolveScene(state, CANVAS, () => true);
    return tiles
      .map(({ participantId, source }) => (source === 'screen-video' ? `[${participantId}]` : participantId))
      .join('');
  });
};

/** The same with repetitions left out. */
const turns = (shown: readonly string[]): string[] => shown.filter((one, i) => one !== shown[i - 1]);
const still = (seconds: number): string => '.'.repeat(seconds * 10);
const speech = (seconds: number): string => '###.######'.repeat(seconds);

/** a speaks, then b, then c, two seconds each, and then nobody for ten. */
const ROUND = {
  a: `${speech(2)}${still(14)}`,
  b: `${still(2)}${speech(2)}${still(12)}`,
  c: `${still(4)}${speech(2)}${still(10)}`,
  d: still(16),
};

describe('the spotlight', () => {
  it('follows who speaks within 700 ms, and stays with the last one in silence', () => {
    const shown = play({ type: 'SPOTLIGHT', room: 'd a b c', voices: ROUND });
    expect(turns(shown)).toEqual(['d', 'a', 'b', 'c']);
    expect(shown.indexOf('a')).toBeLessThan(7);
    expect(shown.indexOf('b')).toBeLessThan(20 + 7);
    expect(shown.indexOf('c')).toBeLessThan(40 + 7);
    expect(shown.at(-1)).toBe('c');
  });

  it('does not move for coughs, knocks and short words', () => {
    const noises = { a: speech(9), b: `${still(1)}###${still(2)}#${still(2)}##..##${still(2)}` };
    expect(turns(play({ type: 'SPOTLIGHT', room: 'a b', voices: noises }))).toEqual(['a']);
  });

  it('goes back to who spoke before when the speaker leaves', () => {
    const leaves: SceneInput = { type: 'participant-left', participantId: 'c' as ParticipantId, reason: 'left' };
    expect(turns(play({ type: 'SPOTLIGHT', room: 'd a b c', voices: ROUND, events: { 90: leaves } }))).toEqual([
      'd',
      'a',
      'b',
      'c',
      'b',
    ]);
  });

  it('stays with pinned people where pins have priority, whoever speaks, and is a grid without them', () => {
    const unpin: SceneInput = { type: 'pins-changed', pins: [] };
    const events = { 90: unpin };
    const shown = play({ type: 'SPOTLIGHT', priority: 'PIN', room: 'd a ^b c', voices: ROUND, events });
    expect(turns(shown)).toEqual(['b', 'bdac']);
  });
});

describe('the sidebar', () => {
  it('has who speaks in its large place; the others stay where they are', () => {
    expect(turns(play({ type: 'SIDEBAR', room: 'd a b c', voices: ROUND }))).toEqual(['dabc', 'adbc', 'bdac', 'cdab']);
  });

  it('has who is pinned there while he is', () => {
    const pin: SceneInput = { type: 'pins-changed', pins: ['d' as ParticipantId] };
    const shown = play({ type: 'SIDEBAR', room: 'd a b c', voices: ROUND, events: { 30: pin } });
    expect(turns(shown)).toEqual(['dabc', 'adbc', 'bdac', 'dbac']);
  });

  it('lets a sixth speaker take the place of who was active least recently', () => {
    const room = 'a b c d e f g';
    const voices = { a: speech(1), c: `${still(1)}${speech(1)}`, g: `${still(2)}${speech(2)}` };
    expect(turns(play({ type: 'SIDEBAR', room, voices }))).toEqual(['abcdef', 'cbadef', 'gbadec']);
  });
});

describe('the grid', () => {
  it('moves nobody but the one who gives way', () => {
    const voices = { ...ROUND, f: `${still(7)}${speech(2)}` };
    expect(turns(play({ type: 'GRID', room: 'a b c d e f', voices }))).toEqual(['abcd', 'abcf']);
  });

  it('keeps who is pinned first, and everybody where he is while people take turns', () => {
    expect(turns(play({ type: 'GRID', priority: 'PIN', room: 'd a b ^c', voices: ROUND }))).toEqual(['cdab']);
  });
});

describe('a share', () => {
  it('takes the spotlight while it lasts', () => {
    const track = { trackId: 'd-screen', participantId: 'd' as ParticipantId, source: 'screen-video', muted: false };
    const published = { type: 'track-published', track } as SceneInput;
    const over = { type: 'track-unpublished', trackId: 'd-screen' } as SceneInput;
    const shown = play({ type: 'SPOTLIGHT', room: 'd a b c', voices: ROUND, events: { 30: published, 100: over } });
    expect(turns(shown)).toEqual(['d', 'a', 'b', '[d]', 'c']);
  });
});
