import { createCanvas, loadImage } from '@napi-rs/canvas';
import { expect, it } from 'vitest';
import { contactSheet } from '../../../scripts/layouts/contact-sheet.ts';
import { parseHex } from '../../../src/composition/colour.ts';
import { PALETTES } from '../../../src/composition/themes.ts';
import { GOLDEN_SCENES } from '../../support/golden-scenes.ts';

it('is a picture of scenes as they are composed', async () => {
  const [group] = GOLDEN_SCENES;
  const scenes = group?.scenes.slice(0, 2) ?? [];
  const sheet = await loadImage(await contactSheet([{ title: 'Two', scenes }], 'DARK'));
  expect(sheet.width).toBe(1972);
  expect(sheet.height).toBeGreaterThan(400);
  const g = createCanvas(sheet.width, sheet.height).getContext('2d');
  g.drawImage(sheet, 0, 0);
  const colours = (x: number, y: number, width: number, height: number) => {
    const { data } = g.getImageData(x, y, width, height);
    return new Set(Array.from({ length: width * height }, (_, i) => data.subarray(4 * i, 4 * i + 3).join()));
  };
  // One person fills his scene; above and below two there is nothing but the theme's ground.
  expect(colours(150, 260, 100, 60).size).toBeGreaterThan(20);
  const ground = colours(500, 214, 200, 30);
  expect(ground.size).toBeLessThan(4);
  const [first = ''] = ground;
  const [red, green, blue] = parseHex(PALETTES.DARK.background);
  for (const [i, value] of first.split(',').map(Number).entries()) {
    expect(Math.abs(value - ([red, green, blue][i] ?? 0))).toBeLessThanOrEqual(2);
  }
});
