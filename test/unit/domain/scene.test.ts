import { describe, expect, it } from 'vitest';
import type { ParticipantId, TrackId } from '../../../src/domain/ids.ts';
import { type Scene, sameScene } from '../../../src/domain/scene.ts';

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
