/**
 * The cross product of what decides a picture, in as few rooms as tell it apart: layout × priority × orientation × number of people ×
 * shares × pins × cameras off × more people than tiles. The sketches that come of it are `test/unit/timeline/golden-scenes.txt`, the
 * pictures `npm run layouts`.
 */
import { canvasSize, type LayoutPriority, type LayoutType, type Size } from '../../src/domain/layout.ts';
import type { Orientation } from '../../src/domain/recording.ts';
import type { RoomScript } from './room-script.ts';

export interface GoldenScene extends RoomScript {
  readonly title: string;
  readonly orientation: Orientation;
  readonly canvas: Size;
}

export interface GoldenGroup {
  readonly title: string;
  readonly scenes: readonly GoldenScene[];
}

const people = (count: number): string =>
  Array.from({ length: count }, (_, i) => String.fromCharCode(97 + i)).join(' ');

type Row = readonly [title: string, gridSize: number, room: string, spoke?: string];

const ORIENTATIONS = ['landscape', 'portrait'] as const;

const rows = (
  type: LayoutType,
  priority: LayoutPriority,
  orientations: readonly Orientation[],
  list: readonly Row[],
): GoldenScene[] =>
  orientations.flatMap((orientation) =>
    list.map(([title, gridSize, room, spoke = '']) => ({
      title,
      orientation,
      canvas: canvasSize('med', orientation),
      layout: { type, priority, gridSize },
      room,
      spoke,
    })),
  );

const both = (type: LayoutType, priority: LayoutPriority, list: readonly Row[]): GoldenGroup[] =>
  ORIENTATIONS.map((orientation) => ({
    title: `${type} ${priority} ${orientation}`,
    scenes: rows(type, priority, [orientation], list),
  }));

const COUNTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 20, 25];

const grids: readonly GoldenGroup[] = ORIENTATIONS.map((orientation) => ({
  title: `GRID SPEAKER ${orientation}: how many`,
  scenes: rows(
    'GRID',
    'SPEAKER',
    [orientation],
    COUNTS.map((count): Row => [`${count}`, 25, people(count)]),
  ),
}));

export const GOLDEN_SCENES: readonly GoldenGroup[] = [
  ...grids,
  ...both('GRID', 'SPEAKER', [
    ['nobody', 4, ''],
    ['more people than tiles: who joined first', 4, people(7)],
    ['a new speaker takes the place of who never spoke', 4, people(7), 'a c f'],
    ['cameras and microphones off', 4, 'a (b) c! (d)!', 'a'],
    ['pinned people first', 4, 'a b c ^d ^e f', 'b'],
    ['a share, five beside it', 9, `${people(7)} [b]`, 'g'],
    ['a share, gridSize 2', 2, `${people(4)} [b]`],
    ['two shares', 4, 'a b (c) d [b] [d]', 'c'],
    ['four shares', 4, 'a b c d [a] [b] [c] [d]', 'c'],
    ['gridSize 1: who speaks', 1, people(3), 'b'],
    ['a share, gridSize 1', 1, 'a b c [b]', 'c'],
    ['cameras off everywhere', 9, '(a) (b) (c)! (d) (e)', 'c'],
  ]),
  ...both('GRID', 'PIN', [
    ['no pins: who speaks', 4, people(6), 'f'],
    ['pinned people first', 4, 'a b c d ^e ^f', 'c'],
    ['a share of somebody who is not pinned', 4, 'a b ^c [b]', 'a'],
    ['two shares', 4, 'a b ^c d [a] [c]', 'b'],
    ['more pinned than tiles', 2, '^a b ^c ^d', 'b'],
  ]),
  ...both('SPOTLIGHT', 'SPEAKER', [
    ['before anybody spoke: who joined first', 4, people(4)],
    ['who speaks, alone', 4, people(4), 'a c'],
    ['who speaks, camera off', 4, 'a (b) c', 'b'],
    ['pins do not matter', 4, 'a b ^c', 'b'],
    ['a share takes the frame', 4, 'a b c [b]', 'c'],
    ['two shares', 4, 'a b c [b] [c]', 'a'],
  ]),
  ...both('SPOTLIGHT', 'PIN', [
    ['no pins: a grid', 4, people(5), 'e'],
    ['no pins: a grid, with its share', 4, 'a b c [b]', 'c'],
    ['one pinned', 4, 'a b ^c d', 'a'],
    ['three pinned', 2, '^a b ^c ^d', 'b'],
    ['share of somebody pinned', 4, '^a b c [a]', 'b'],
    ['share of somebody who is not pinned', 4, '^a b [b]', 'b'],
    ['no pins: a grid, with two shares', 4, 'a b c [a] [b]', 'c'],
    ['two shares of pinned people', 4, '^a ^b c [a] [b]', 'c'],
    ['two shares, one of somebody pinned', 4, '^a b c [a] [b]', 'c'],
  ]),
  ...both('SIDEBAR', 'SPEAKER', [
    ['one', 4, 'a'],
    ['before anybody spoke: who joined first', 4, people(3)],
    ['who speaks, and up to five beside', 4, people(8), 'a c'],
    ['the next speaker changes places', 4, people(4), 'a c b'],
    ['who is pinned takes the large place', 4, 'a b ^c d', 'b'],
    ['cameras off', 4, '(a) b (c)', 'a'],
    ['a share', 4, `${people(4)} [d]`, 'b'],
    ['two shares', 4, `${people(3)} [a] [b]`, 'c'],
  ]),
  ...both('SIDEBAR', 'PIN', [
    ['no pins: a grid', 4, people(4), 'd'],
    ['one pinned', 4, 'a ^b c', 'a'],
    ['the first pinned large, the others beside', 4, '^a b ^c ^d', 'c'],
    ['share of somebody pinned: pinned people beside', 4, '^a b ^c [c]', 'b'],
    ['share of somebody who is not pinned', 4, '^a b ^c [b]', 'b'],
    ['two shares of pinned people', 4, '^a b ^c [a] [c]', 'b'],
    ['two shares, one of somebody pinned', 4, '^a b (^c) [b] [c]', 'b'],
  ]),
];
