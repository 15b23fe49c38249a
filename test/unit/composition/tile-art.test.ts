import { describe, expect, test } from 'vitest';
import { contrast, mix } from '../../../src/composition/colour.ts';
import { PALETTES } from '../../../src/composition/themes.ts';
import { drawTile, type TileLook } from '../../../src/composition/tile-art.ts';
import { SAMPLE_NAMES } from '../../support/sample-names.ts';

const SIZE = { width: 480, height: 270 };

const lookOf = (name: string, parts: Partial<TileLook> = {}): TileLook => ({
  ...SIZE,
  participantId: 'participant',
  name,
  screen: false,
  micMuted: false,
  speaking: false,
  avatar: false,
  frame: false,
  scale: 1,
  ...parts,
});

const pixelsOf = (look: TileLook, theme: keyof typeof PALETTES = 'DARK'): Uint8ClampedArray =>
  drawTile(look, PALETTES[theme]).getContext('2d').getImageData(0, 0, look.width, look.height).data;

/** Rows in which something is drawn away from the tile's edges. */
const drawnRows = (pixels: Uint8ClampedArray): readonly [number, number] => {
  const rows: number[] = [];
  for (let y = 3; y < SIZE.height - 3; y++) {
    for (let x = 30; x < SIZE.width - 30; x++) {
      if ((pixels[(y * SIZE.width + x) * 4 + 3] ?? 0) > 0) rows.push(y);
    }
  }
  return [Math.min(...rows), Math.max(...rows)];
};

describe('the plate', () => {
  const [top, bottom] = drawnRows(pixelsOf(lookOf('Ada Lovelace')));

  test.each(SAMPLE_NAMES)('holds $name ($script), however high its letters are stacked', ({ name }) => {
    expect(drawnRows(pixelsOf(lookOf(`${name} Ada Lovelace`)))).toEqual([top, bottom]);
  });

  test('holds a name whose marks are piled up', () => {
    const pile = 'ก\u0E48\u0E48\u0E48\u0E48\u0E48\u0E38\u0E38\u0E38'.repeat(8);
    expect(drawnRows(pixelsOf(lookOf(pile)))).toEqual([top, bottom]);
  });

  test.each(SAMPLE_NAMES)('cuts nothing off $name ($script)', ({ name }) => {
    const pixels = pixelsOf(lookOf(name), 'LIGHT');
    const dark = (y: number): boolean => {
      for (let x = 16; x < SIZE.width - 16; x++) {
        const at = (y * SIZE.width + x) * 4;
        if ((pixels[at + 3] ?? 0) > 128 && (pixels[at] ?? 255) < 120) return true;
      }
      return false;
    };
    expect(Array.from({ length: bottom - top }, (_, y) => top + y).some(dark)).toBe(true);
    expect([dark(top), dark(bottom)]).toEqual([false, false]);
  });

  test('is drawn for a name of any length, and never wider than the tile', () => {
    for (const { name } of SAMPLE_NAMES) {
      const pixels = pixelsOf(lookOf(name.repeat(20)));
      expect(drawnRows(pixels)).toEqual([top, bottom]);
      // A column inside the outline and outside the plate's margin.
      const column = Array.from(
        { length: bottom - 20 },
        (_, y) => pixels[((y + 10) * SIZE.width + SIZE.width - 5) * 4 + 3],
      );
      expect(column.every((alpha) => alpha === 0)).toBe(true);
    }
  });
});

test('at twice the scale everything is twice as large', () => {
  const double = { width: 2 * SIZE.width, height: 2 * SIZE.height };
  for (const parts of [{}, { micMuted: true }, { speaking: true }, { avatar: true }]) {
    const small = pixelsOf(lookOf('Ada Lovelace', parts));
    const large = pixelsOf(lookOf('Ada Lovelace', { ...parts, ...double, scale: 2 }));
    let [differing, drawn] = [0, 0];
    for (let y = 0; y < SIZE.height; y++) {
      for (let x = 0; x < SIZE.width; x++) {
        const alpha = small[(y * SIZE.width + x) * 4 + 3] ?? 0;
        const other = large[(2 * y * double.width + 2 * x) * 4 + 3] ?? 0;
        if (alpha > 0) drawn += 1;
        if (Math.abs(alpha - other) > 100) differing += 1;
      }
    }
    expect(drawn).toBeGreaterThan(1000);
    expect(differing / drawn, JSON.stringify(parts)).toBeLessThan(0.1);
  }
});

describe('an avatar', () => {
  test.each(Object.keys(PALETTES) as (keyof typeof PALETTES)[])(
    'in theme %s has its initials inside the disc',
    (theme) => {
      for (const { name } of SAMPLE_NAMES) {
        // Without a plate there is nothing but the ground, the disc, and what is in it.
        const pixels = pixelsOf(lookOf(name, { avatar: true }), theme);
        const plain = pixelsOf(lookOf('', { avatar: true }), theme);
        const radius = SIZE.height * 0.21 + 1;
        for (let y = 20; y < SIZE.height - 60; y++) {
          for (let x = 20; x < SIZE.width - 20; x++) {
            if (Math.hypot(x - SIZE.width / 2, y - SIZE.height / 2) <= radius) continue;
            const at = (y * SIZE.width + x) * 4;
            if (pixels[at] !== plain[at]) throw new Error(`${name} leaves its disc at ${x}, ${y}.`);
          }
        }
      }
    },
  );
});

test.each(['محمد عبد الله', '김민수', 'श्रीमती शर्मा', 'দেবী', 'יעל'])(
  'initials of %s stand in the middle of the disc',
  (name) => {
    const pixels = pixelsOf(lookOf(name, { avatar: true }));
    const rows: number[] = [];
    for (let y = 60; y < SIZE.height - 60; y++) {
      for (let x = 100; x < SIZE.width - 100; x++) if ((pixels[(y * SIZE.width + x) * 4 + 1] ?? 0) > 200) rows.push(y);
    }
    expect(Math.abs(Math.min(...rows) + Math.max(...rows) + 1 - SIZE.height)).toBeLessThanOrEqual(3);
  },
);

describe('legibility as drawn', () => {
  const hexAt = (pixels: Uint8ClampedArray, x: number, y: number, under: string): string => {
    const at = (y * SIZE.width + x) * 4;
    const [r = 0, g = 0, b = 0, alpha = 0] = pixels.subarray(at, at + 4);
    const over = `#${[r, g, b].map((value) => value.toString(16).padStart(2, '0')).join('')}`;
    return mix(over, under, alpha / 255);
  };

  test.each(Object.keys(PALETTES) as (keyof typeof PALETTES)[])(
    '%s: a name stands out over bright and dark',
    (theme) => {
      const pixels = pixelsOf(lookOf('IIIIII'), theme);
      for (const under of ['#FFFFFF', '#000000', '#7F7F7F']) {
        const colours = new Set<string>();
        for (let x = 16; x < 50; x++) colours.add(hexAt(pixels, x, SIZE.height - 20, under));
        const most = Math.max(...Array.from(colours, (a) => Math.max(...Array.from(colours, (b) => contrast(a, b)))));
        expect(most).toBeGreaterThanOrEqual(4.5);
      }
    },
  );

  test.each(Object.keys(PALETTES) as (keyof typeof PALETTES)[])(
    '%s: the ring stands out from the background',
    (theme) => {
      const pixels = pixelsOf(lookOf('Ada', { speaking: true }), theme);
      const ring = hexAt(pixels, SIZE.width / 2, 1, '#000000');
      expect(contrast(ring, PALETTES[theme].background)).toBeGreaterThanOrEqual(3);
    },
  );
});
