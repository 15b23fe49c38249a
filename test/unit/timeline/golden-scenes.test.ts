import { describe, expect, it } from 'vitest';
import type { Size } from '../../../src/domain/layout.ts';
import type { Scene, Tile } from '../../../src/domain/scene.ts';
import { resolveScene } from '../../../src/timeline/scenes.ts';
import { GOLDEN_SCENES, type GoldenScene } from '../../support/golden-scenes.ts';
import { stateOf } from '../../support/room-script.ts';

/** Pixels of a 720p canvas that one character stands for. */
const CELL: Size = { width: 1280 / 36, height: 720 / 11 };
/** Characters in a line of sketches. */
const LINE = 152;

/** `a` with camera, `(a)` without, `[a]` a share; `*` speaks, `!` microphone off. */
const label = ({ participantId, source, trackId, speaking, micMuted }: Tile): string => {
  const who =
    source === 'screen-video' ? `[${participantId}]` : trackId === null ? `(${participantId})` : participantId;
  return `${who}${speaking ? '*' : ''}${micMuted ? '!' : ''}`;
};

const drawTile = (rows: string[][], tile: Tile): void => {
  const { x, y, width, height } = tile.rect;
  const [left, top] = [Math.round(x / CELL.width), Math.round(y / CELL.height)];
  const right = Math.max(left + 2, Math.round((x + width) / CELL.width) - 1);
  const bottom = Math.max(top + 1, Math.round((y + height) / CELL.height) - 1);
  const put = (row: number, column: number, text: string) => {
    for (const [i, character] of [...text].entries()) {
      const line = rows[row];
      if (line && column + i < line.length) line[column + i] = character;
    }
  };
  for (let row = top + 1; row < bottom; row++) {
    put(row, left, `│${' '.repeat(right - left - 1)}│`);
  }
  put(top, left, `┌${'─'.repeat(right - left - 1)}┐`);
  put(bottom, left, `└${'─'.repeat(right - left - 1)}┘`);
  const text = label(tile);
  put(
    bottom - top > 1 ? Math.floor((top + bottom) / 2) : top,
    left + 1,
    text.padEnd(Math.min(right - left - 1, text.length)),
  );
};

const sketch = (scene: Scene, canvas: Size): string[] => {
  const [columns, lines] = [Math.round(canvas.width / CELL.width), Math.round(canvas.height / CELL.height)];
  const rows = Array.from({ length: lines }, () => Array<string>(columns).fill('·'));
  for (const tile of scene.tiles) drawTile(rows, tile);
  return rows.map((row) => row.join(''));
};

/** A caption above each sketch, broken to its width. */
const caption = ({ title, layout, room, spoke }: GoldenScene, width: number): string[] => {
  const said = spoke === '' ? '' : `, spoke ${spoke}`;
  const text = `${title} — ${layout.gridSize}: ${room}${said}`;
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
};

const block = (golden: GoldenScene): string[] => {
  const scene = resolveScene(stateOf(golden), golden.canvas, () => true);
  const drawn = sketch(scene, golden.canvas);
  return [...caption(golden, drawn[0]?.length ?? 0), ...drawn];
};

/** Blocks beside each other, captions aligned at the bottom. */
const beside = (blocks: readonly string[][]): string[] => {
  const height = Math.max(...blocks.map((lines) => lines.length));
  const padded = blocks.map((lines) => {
    const width = Math.max(...lines.map((line) => line.length));
    return [...Array<string>(height - lines.length).fill(''), ...lines].map((line) => line.padEnd(width));
  });
  return Array.from({ length: height }, (_, row) =>
    padded
      .map((lines) => lines[row])
      .join('   ')
      .trimEnd(),
  );
};

const group = (scenes: readonly GoldenScene[]): string => {
  const blocks = scenes.map(block);
  const width = Math.max(...(blocks[0]?.map((line) => line.length) ?? [1]));
  const perLine = Math.max(1, Math.floor((LINE + 3) / (width + 3)));
  const lines: string[] = [];
  for (let i = 0; i < blocks.length; i += perLine) lines.push(...beside(blocks.slice(i, i + perLine)), '');
  return lines.join('\n');
};

describe('golden scenes', () => {
  it('look as sketched', async () => {
    const legend = [
      'Who is where. Above each sketch: what is told apart — gridSize: the room, and who spoke, in order.',
      'a: a person; (a): camera off; a!: microphone off; ^a: pinned; [a]: shares a screen; *: speaks.',
      'After a change that is meant: vitest run -u test/unit/timeline/golden-scenes.test.ts, and read what changed.',
    ].join('\n');
    const text = GOLDEN_SCENES.map(({ title, scenes }) => `═══ ${title} ═══\n\n${group(scenes)}`).join('\n');
    await expect(`${legend}\n\n${text}`).toMatchFileSnapshot('./golden-scenes.txt');
  });
});
