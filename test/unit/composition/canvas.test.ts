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
