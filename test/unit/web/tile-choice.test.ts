import { describe, expect, it } from 'vitest';
import type { ParticipantSnapshot } from '../../../web/client/room-snapshot.ts';
import { chooseTiles, fitTiles } from '../../../web/room/tile-choice.ts';

const person = (participantId: string, changes: Partial<ParticipantSnapshot> = {}): ParticipantSnapshot => ({
  participantId,
  name: participantId,
  pinned: false,
  isSelf: false,
  isSpeaking: false,
  camera: null,
  microphone: null,
  screenVideo: null,
  screenAudio: null,
  ...changes,
});
const SCREEN = { trackId: 's', muted: false, stream: null };
const ids = (tiles: readonly { participant: ParticipantSnapshot }[]): string[] =>
  tiles.map(({ participant }) => participant.participantId);
const NONE = new Set<string>();

describe('chooseTiles', () => {
  it('shows everybody by arrival, oneself last', () => {
    const { stage, others } = chooseTiles([person('me', { isSelf: true }), person('ada'), person('bob')], NONE);
    expect(stage).toBeNull();
    expect(ids(others)).toEqual(['ada', 'bob', 'me']);
  });

  it('puts a shared screen on the stage, its presenter beside it', () => {
    const { stage, others } = chooseTiles([person('ada', { screenVideo: SCREEN }), person('bob')], NONE);
    expect(stage).toMatchObject({ source: 'screen-video', participant: { participantId: 'ada' } });
    expect(ids(others)).toEqual(['ada', 'bob']);
  });

  it('puts the only pinned person on the stage, pinned for everybody or here', () => {
    for (const [pinned, here] of [
      [true, NONE],
      [false, new Set(['bob'])],
    ] as const) {
      const { stage, others } = chooseTiles([person('ada'), person('bob', { pinned })], here);
      expect(stage?.participant.participantId).toBe('bob');
      expect(ids(others)).toEqual(['ada']);
    }
  });

  it('puts several pinned people first', () => {
    const people = [person('ada'), person('bob', { pinned: true }), person('eve', { pinned: true })];
    const { stage, others } = chooseTiles(people, NONE);
    expect(stage).toBeNull();
    expect(ids(others)).toEqual(['bob', 'eve', 'ada']);
  });

  it('does not put somebody who is alone on a stage', () => {
    expect(chooseTiles([person('me', { isSelf: true, pinned: true })], NONE).stage).toBeNull();
  });
});

describe('fitTiles', () => {
  const tiles = chooseTiles(
    ['a', 'b', 'c', 'd', 'e'].map((id) => person(id)),
    NONE,
  ).others;

  it('shows all who fit', () => {
    expect(fitTiles(tiles, [], 5)).toEqual({ shown: tiles, hidden: 0 });
  });

  it('brings in who spoke last, without changing the order', () => {
    const { shown, hidden } = fitTiles(tiles, ['e', 'b'], 3);
    expect(ids(shown)).toEqual(['a', 'b', 'e']);
    expect(hidden).toBe(2);
  });

  it('shows nobody where there is no place', () => {
    expect(fitTiles(tiles, [], 0).shown).toHaveLength(0);
  });
});
