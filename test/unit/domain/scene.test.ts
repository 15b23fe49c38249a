import { describe, expect, it } from 'vitest';
import type { ParticipantId, TrackId } from '../../../src/domain/ids.ts';
import { initialsOf, type Scene, sameScene } from '../../../src/domain/scene.ts';

describe('initialsOf', () => {
  it.each([
    ['Ada Lovelace', 'AL'],
    ['ada', 'A'],
    ['Jean-Luc de la Tour', 'JT'],
    ['  émile  zola ', 'ÉZ'],
    ['李 小龙', '李小'],
    ['𝒜da', '𝒜'],
    ['(bot) 7', 'B7'],
    ['', '?'],
    ['!!!', '?'],
  ])('of %j is %s', (name, initials) => expect(initialsOf(name)).toBe(initials));
});

describe('sameScene', () => {
  const scene = (name: string, x = 0): Scene => ({
    tiles: [
      {
        participantId: 'a' as ParticipantId,
        source: 'camera',
        rect: { x, y: 0, width: 16, height: 8 },
        name,
        trackId: 't' as TrackId,
        micMuted: false,
        speaking: false,
        fit: 'cover',
      },
    ],
  });

  it('tells a change of anything drawn', () => {
    expect(sameScene(scene('Ada'), scene('Ada'))).toBe(true);
    expect(sameScene(scene('Ada'), scene('Bob'))).toBe(false);
    expect(sameScene(scene('Ada'), scene('Ada', 16))).toBe(false);
    expect(sameScene(scene('Ada'), { tiles: [] })).toBe(false);
  });
});
