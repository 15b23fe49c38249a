import { describe, expect, test } from 'vitest';
import { newPicture, planesOf } from '../../../src/composition/av.ts';
import { contrast, convertTo709, mix, yuvOf } from '../../../src/composition/colour.ts';
import { AVATAR_COLOURS, AVATAR_TEXT, avatarColour, PALETTES } from '../../../src/composition/themes.ts';

describe('BT.709 limited range', () => {
  // ITU-R BT.709-6: 100 % bars as every reference has them.
  test.each([
    ['#FFFFFF', { y: 235, u: 128, v: 128 }],
    ['#000000', { y: 16, u: 128, v: 128 }],
    ['#FF0000', { y: 63, u: 102, v: 240 }],
    ['#00FF00', { y: 173, u: 42, v: 26 }],
    ['#0000FF', { y: 32, u: 240, v: 118 }],
  ])('%s', (hex, yuv) => expect(yuvOf(hex)).toEqual(yuv));

  test('refuses what is not a colour', () => expect(() => yuvOf('red')).toThrow('"red" is not a colour'));
});

describe('convertTo709', () => {
  test('turns the red of BT.601 into the red of BT.709, inside the rectangle only', () => {
    const frame = newPicture({ width: 64, height: 32 });
    const planes = planesOf(frame);
    // Full red in BT.601 limited range (ITU-R BT.601-7).
    planes.data[0].fill(81);
    planes.data[1].fill(90);
    planes.data[2].fill(240);
    convertTo709(planes, { x: 16, y: 8, width: 16, height: 16 }, 'bt601');
    const at = (x: number, y: number) => [
      planes.data[0][y * planes.strides[0] + x],
      planes.data[1][(y >> 1) * planes.strides[1] + (x >> 1)],
      planes.data[2][(y >> 1) * planes.strides[2] + (x >> 1)],
    ];
    const [y = 0, u = 0, v = 0] = at(20, 12);
    expect(Math.abs(y - 63)).toBeLessThanOrEqual(1);
    expect(Math.abs(u - 102)).toBeLessThanOrEqual(1);
    expect(Math.abs(v - 240)).toBeLessThanOrEqual(1);
    for (const [px, py] of [
      [15, 8],
      [32, 8],
      [16, 7],
      [16, 24],
    ] as const) {
      expect(at(px, py)[0]).toBe(81);
    }
    frame.free();
  });

  test('leaves grey as it is and never wraps around', () => {
    const frame = newPicture({ width: 16, height: 2 });
    const planes = planesOf(frame);
    planes.data[0].fill(3);
    planes.data[1].fill(255);
    planes.data[2].fill(255);
    convertTo709(planes, { x: 0, y: 0, width: 16, height: 2 }, 'bt601');
    expect(planes.data[0][0]).toBe(0);
    planes.data[0].fill(77);
    planes.data[1].fill(128);
    planes.data[2].fill(128);
    convertTo709(planes, { x: 0, y: 0, width: 16, height: 2 }, 'bt601');
    expect([planes.data[0][5], planes.data[1][2], planes.data[2][2]]).toEqual([77, 128, 128]);
    frame.free();
  });
});

describe('themes', () => {
  test.each(Object.entries(PALETTES))('%s: every text is readable over any picture', (_, palette) => {
    for (const under of ['#FFFFFF', '#000000', '#808080', palette.tile]) {
      const ground = mix(palette.plate, under, palette.plateOpacity);
      expect(contrast(palette.plateText, ground)).toBeGreaterThanOrEqual(4.5);
    }
    expect(contrast(palette.mutedIcon, palette.muted)).toBeGreaterThanOrEqual(4.5);
    // A ring is a graphical object (WCAG 2.2 §1.4.11): 3 against what it stands on.
    expect(contrast(palette.speaker, palette.background)).toBeGreaterThanOrEqual(3);
  });

  test('initials are readable on every disc', () => {
    for (const colour of AVATAR_COLOURS) expect(contrast(AVATAR_TEXT, colour)).toBeGreaterThanOrEqual(4.5);
  });

  test('a participant keeps the disc', () => {
    expect(avatarColour('ada')).toBe(avatarColour('ada'));
    expect(new Set(Array.from({ length: 100 }, (_, i) => avatarColour(`participant-${i}`))).size).toBe(
      AVATAR_COLOURS.length,
    );
  });
});
