/**
 * `npm run tiles -- --out FOLDER`: draws tiles by the compositor's own canvas, to be looked at, one picture a theme: `names-*.png` has names
 * in every script, `states-*.png` a tile in every state over bright and dark pictures, `empty-*.png` a room with nobody in it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Frame } from 'node-av/lib';
import { newPicture, planesOf } from '../src/composition/av.ts';
import { Canvas } from '../src/composition/canvas.ts';
import type { ParticipantId, TrackId } from '../src/domain/ids.ts';
import type { Rect, Size, Theme } from '../src/domain/layout.ts';
import type { Tile } from '../src/domain/scene.ts';
import { pngOf } from '../test/support/frames.ts';
import { SAMPLE_NAMES } from '../test/support/sample-names.ts';

const GAP = 16;
/** On more lines names would be larger. */
const MOST_LINES = 720;

/** A picture whose luma is `level` and falls off towards the bottom, with a warm patch in the middle as a face has. */
const person = ({ width, height }: Size, level: number): Frame => {
  const frame = newPicture({ width, height });
  const { data, strides } = planesOf(frame);
  const inFace = (x: number, y: number) => ((x / width - 0.5) * 3.2) ** 2 + ((y / height - 0.48) * 2) ** 2 < 0.25;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const fall = level * (1 - (0.25 * y) / height) + (inFace(x, y) ? 18 : 0);
      data[0][y * strides[0] + x] = Math.max(16, Math.min(235, fall + ((x * 7 + y * 13) % 5)));
    }
  }
  for (let y = 0; y < height / 2; y++) {
    for (let x = 0; x < width / 2; x++) {
      const face = inFace(2 * x, 2 * y);
      data[1][y * strides[1] + x] = face ? 112 : 130;
      data[2][y * strides[2] + x] = face ? 148 : 124;
    }
  }
  return frame;
};

/** A page of text, 4:3. */
const page = (): Frame => {
  const [width, height] = [640, 480];
  const frame = newPicture({ width, height });
  const { data, strides } = planesOf(frame);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const line = y % 24 > 8 && y % 24 < 15 && y > 40 && y < height - 30;
      const word = x > 40 && x < width - 40 - ((y * 7) % 90) && x % 37 > 6;
      data[0][y * strides[0] + x] = line && word ? 60 : 235;
    }
  }
  for (const plane of [1, 2] as const) data[plane].fill(128);
  return frame;
};

const tileOf = (id: number, rect: Rect, parts: Partial<Tile>): Tile => ({
  participantId: `participant-${id}` as ParticipantId,
  source: 'camera',
  rect,
  name: '',
  trackId: null,
  micMuted: false,
  speaking: false,
  fit: 'cover',
  ...parts,
});

/** Places in rows from the left. */
const place = (i: number, columns: number, { width, height }: Size): Rect => ({
  x: GAP + (i % columns) * (width + GAP),
  y: GAP + Math.floor(i / columns) * (height + GAP),
  width,
  height,
});

/**
 * Draws pages of a few rows each, one below the other: names have the size that they have on a canvas of 720 lines, and would grow with
 * a sheet that is higher. `pitch`: from row to row, of `rows` in all.
 */
const paint = async (
  file: string,
  { width, pitch, rows }: { width: number; pitch: number; rows: number },
  theme: Theme,
  tiles: readonly Tile[],
  pictures: Record<string, Frame>,
) => {
  const perPage = Math.floor((MOST_LINES - GAP) / pitch);
  const pages: Canvas[] = [];
  for (let first = 0; first < rows; first += perPage) {
    const count = Math.min(perPage, rows - first);
    const isLast = first + count === rows;
    const page = new Canvas({ width, height: count * pitch + (isLast ? GAP : 0) }, theme);
    const [top, bottom] = [first * pitch, (first + count) * pitch];
    const here = tiles.filter(({ rect }) => rect.y >= top && rect.y < bottom);
    const moved = here.map((tile) => ({ ...tile, rect: { ...tile.rect, y: tile.rect.y - top } }));
    await page.draw({ tiles: moved }, async (trackId) => ({
      picture: pictures[trackId] ?? null,
      colour: null,
      fresh: true,
    }));
    pages.push(page);
  }
  const drawn = pages.map(({ frame }) => planesOf(frame));
  const planes = [0, 1, 2].map((plane) =>
    Buffer.concat(
      drawn.map(({ data, strides, height }) => {
        const lines = plane === 0 ? height : height >> 1;
        return data[plane as 0 | 1 | 2].subarray(0, lines * (strides[plane as 0 | 1 | 2] ?? 0));
      }),
    ),
  );
  const height = drawn.reduce((sum, page) => sum + page.height, 0);
  writeFileSync(file, pngOf({ width, height, planes, lines: drawn[0]?.strides ?? [] }));
  for (const page of pages) page.close();
  console.log(file);
};

const namesSheet = async (file: string, theme: Theme) => {
  const [size, columns] = [{ width: 320, height: 180 }, 6];
  const rows = Math.ceil(SAMPLE_NAMES.length / columns);
  const tiles = SAMPLE_NAMES.map(({ name }, i) => tileOf(i, place(i, columns, size), { name, micMuted: i % 7 === 3 }));
  await paint(file, { width: columns * (size.width + GAP) + GAP, pitch: size.height + GAP, rows }, theme, tiles, {});
};

const statesSheet = async (file: string, theme: Theme) => {
  const [large, columns] = [{ width: 400, height: 226 }, 4];
  const pictures = {
    bright: person(large, 225),
    middle: person(large, 120),
    dark: person(large, 24),
    page: page(),
  };
  const states: Partial<Tile>[] = (['bright', 'middle', 'dark'] as const).flatMap((look) => [
    { trackId: look as TrackId, name: 'Ada Lovelace' },
    { trackId: look as TrackId, name: 'Žofia Ångström', micMuted: true },
    { trackId: look as TrackId, name: '山田 さくら', speaking: true },
    { trackId: look as TrackId, name: 'محمد عبد الله', micMuted: true },
  ]);
  states.push({ name: 'Ada Lovelace' }, { name: 'Žofia Ångström', micMuted: true });
  states.push({ name: '김민수', speaking: true }, { name: '' });
  states.push(
    { name: '🦊' },
    { name: 'Grace Hopper', trackId: 'page' as TrackId, source: 'screen-video', fit: 'contain' },
  );
  states.push({ name: 'Grace Hopper', trackId: null, source: 'screen-video', fit: 'contain' });
  states.push({ name: 'Konstantin Wolfeschlegelsteinhausenbergerdorff der Ältere', micMuted: true });
  const tiles = states.map((state, i) => tileOf(i, place(i, columns, large), state));
  const small = { width: 160, height: 90 };
  const rows = Math.ceil(states.length / columns);
  const pitch = large.height + GAP;
  const top = GAP + rows * pitch;
  for (let i = 0; i < 9; i++) {
    const rect = { x: GAP + i * (small.width + GAP), y: top, ...small };
    tiles.push(tileOf(i, rect, states[(i * 5) % states.length] ?? {}));
  }
  await paint(file, { width: columns * (large.width + GAP) + GAP, pitch, rows: rows + 1 }, theme, tiles, pictures);
  for (const picture of Object.values(pictures)) picture.free();
};

const { values } = parseArgs({ options: { out: { type: 'string', default: 'tiles' } } });
const folder = values.out;
mkdirSync(folder, { recursive: true });
for (const theme of ['DARK', 'LIGHT', 'DEFAULT'] as const) {
  await namesSheet(join(folder, `names-${theme.toLowerCase()}.png`), theme);
  await statesSheet(join(folder, `states-${theme.toLowerCase()}.png`), theme);
  const empty = { width: 1280, pitch: MOST_LINES - GAP, rows: 1 };
  await paint(join(folder, `empty-${theme.toLowerCase()}.png`), empty, theme, [], {});
}
