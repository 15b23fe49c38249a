import { expect, test } from 'vitest';
import { newPicture, planesOf } from '../../../src/composition/av.ts';
import { Canvas } from '../../../src/composition/canvas.ts';
import { yuvOf } from '../../../src/composition/colour.ts';
import { PALETTES } from '../../../src/composition/themes.ts';
import type { ParticipantId, TrackId } from '../../../src/domain/ids.ts';
import type { Tile } from '../../../src/domain/scene.ts';

const SIZE = { width: 64, height: 32 };

const tile = (id: string, x: number, trackId: string | null): Tile => ({
  participantId: id as ParticipantId,
  source: 'camera',
  rect: { x, y: 0, width: 32, height: 18 },
  name: id,
  trackId: trackId as TrackId | null,
  micMuted: false,
  speaking: false,
  fit: 'cover',
});

test.each(['DARK', 'LIGHT', 'DEFAULT'] as const)(
  '%s: says that nobody is there, in the middle and discreetly',
  async (theme) => {
    const size = { width: 640, height: 360 };
    const canvas = new Canvas(size, theme);
    await canvas.draw({ tiles: [] }, async () => ({ picture: null, colour: null, fresh: false }));
    const { data, strides } = planesOf(canvas.frame);
    const background = yuvOf(PALETTES[theme].background).y;
    let [left, right, top, bottom, most] = [size.width, 0, size.height, 0, 0];
    for (let y = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++) {
        const difference = Math.abs((data[0][y * strides[0] + x] ?? 0) - background);
        most = Math.max(most, difference);
        if (difference < 8) continue;
        [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
      }
    }
    expect(Math.abs(left + right - size.width)).toBeLessThanOrEqual(4);
    expect(Math.abs(top + bottom - size.height)).toBeLessThanOrEqual(4);
    expect(bottom - top).toBeGreaterThan(size.height * 0.1);
    expect(bottom - top).toBeLessThan(size.height * 0.2);
    expect(most).toBeGreaterThan(30);
    expect(most).toBeLessThan(90);
    canvas.close();
  },
);

test('draws who shows a picture after somebody who shows none, and goes on when they leave', async () => {
  const canvas = new Canvas(SIZE, 'DARK');
  const picture = newPicture({ width: 32, height: 18 });
  for (const plane of planesOf(picture).data) plane.fill(128);
  const pictureOf = async () => ({ picture, colour: null, fresh: true });
  await canvas.draw({ tiles: [tile('off', 0, null), tile('on', 32, 'track')] }, pictureOf);
  const { data, strides } = planesOf(canvas.frame);
  expect(data[0][4 * strides[0] + 32 + 16]).toBe(128);
  await canvas.draw({ tiles: [] }, pictureOf);
  expect(data[0][4 * strides[0] + 32 + 16]).toBe(yuvOf(PALETTES.DARK.background).y);
  canvas.close();
  picture.free();
});
