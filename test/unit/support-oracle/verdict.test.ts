import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gridRects } from '../../../src/domain/grid.ts';
import type { Rect } from '../../../src/domain/layout.ts';
import type { Expectation } from '../../support/oracle/expectation.ts';
import { type ReferenceOptions, writeReferenceFile } from '../../support/oracle/reference-file.ts';
import { judge } from '../../support/oracle/verdict.ts';

/**
 * The judge is judged: a right file passes, and each known fault is found and named. Two participants take turns for six seconds.
 */
const CANVAS = { width: 640, height: 360 };
const SECONDS = 6;
const [LEFT, RIGHT] = gridRects(2, CANVAS) as [Rect, Rect];
const FLASHES = [
  [0.5, 2, 4],
  [1, 3, 5],
] as const;

const expectation: Expectation = {
  ...CANVAS,
  duration: SECONDS,
  httpDuration: SECONDS + 0.1,
  scenes: [
    {
      from: 0.2,
      to: SECONDS,
      tiles: [
        { participant: 0, rect: LEFT, fit: 'cover' },
        { participant: 1, rect: RIGHT, fit: 'cover' },
      ],
    },
  ],
  participants: [0, 1].map((index) => ({
    index,
    fps: 30,
    loopFrames: 1800,
    mediaZero: 0,
    flashes: (FLASHES[index] ?? []).filter((time) => time >= 1),
    beeps: (FLASHES[index] ?? []).filter((time) => time >= 1),
    audible: [{ from: 0, to: SECONDS }],
  })),
};

const right: ReferenceOptions = {
  canvas: CANVAS,
  seconds: SECONDS,
  tiles: [
    { turn: { index: 0, of: 2 }, rect: LEFT },
    { turn: { index: 1, of: 2 }, rect: RIGHT },
  ],
};

describe('judging a recording', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oracle-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  let files = 0;
  const judged = async (fault: Partial<ReferenceOptions>, expected = expectation) => {
    const path = join(folder, `${++files}.mp4`);
    await writeReferenceFile(path, { ...right, ...fault });
    return judge(path, expected);
  };

  it('passes a right one and measures it', async () => {
    const report = await judged({});
    expect(report.failures).toEqual([]);
    for (const { flashes, beeps, offsetsMs, inPlace, pictures, colourOff } of report.participants) {
      expect(flashes.seen).toBe(flashes.expected);
      expect(beeps.heard).toBe(beeps.expected);
      expect(inPlace).toBe(pictures);
      expect(colourOff).toBeLessThan(3);
      for (const offset of offsetsMs) expect(Math.abs(offset)).toBeLessThan(5);
    }
  });

  it('finds colours of another matrix', async () => {
    const { failures } = await judged({ wrongMatrix: true });
    expect(failures.join(' ')).toMatch(/Participant 0 .*rgb\(2\d\d, /);
  });

  it('finds sound that is 80 ms late, and measures how late', async () => {
    const report = await judged({ soundLateMs: 80 });
    expect(report.participants[0]?.offsetP50Ms).toBeGreaterThan(75);
    expect(report.participants[0]?.offsetP50Ms).toBeLessThan(85);
    expect(report.failures.filter((failure) => failure.includes('sound is off by'))).toHaveLength(2);
  });

  it('finds participants in each other\u2019s tiles', async () => {
    const swapped = [
      { turn: { index: 1, of: 2 }, rect: LEFT },
      { turn: { index: 0, of: 2 }, rect: RIGHT },
    ];
    const report = await judged({ tiles: swapped });
    expect(report.failures.join('\n')).toContain('instead: participant 1');
    expect(report.failures.join('\n')).toContain('instead: participant 0');
  });

  it('finds a tile that is a few pixels beside its place', async () => {
    const moved = { ...RIGHT, x: RIGHT.x - 4 };
    const report = await judged({
      tiles: [
        { turn: { index: 0, of: 2 }, rect: LEFT },
        { turn: { index: 1, of: 2 }, rect: moved },
      ],
    });
    expect(report.participants[0]?.misplacedPx).toBeLessThan(1.5);
    expect(report.participants[1]?.misplacedPx).toBeGreaterThan(3);
    expect(report.failures.join('\n')).toMatch(/Participant 1 is [345]\.\d px beside the place/);
  });

  it('finds a tile of another size', async () => {
    const smaller = { ...RIGHT, width: RIGHT.width - 32, height: RIGHT.height - 18 };
    const report = await judged({
      tiles: [
        { turn: { index: 0, of: 2 }, rect: LEFT },
        { turn: { index: 1, of: 2 }, rect: smaller },
      ],
    });
    expect(report.failures.join('\n')).toMatch(/Participant 1 is/);
  });

  it('finds a missing flash', async () => {
    const report = await judged({ hiddenFlashes: [3] });
    expect(report.failures).toContain('Participant 1: 2 of 3 flashes are seen.');
  });

  it('finds a missing sound', async () => {
    const report = await judged({ silent: [0] });
    expect(report.failures).toContain('Participant 0: 0 of 2 beeps are heard.');
  });

  it('finds a beep of somebody who is muted', async () => {
    const muted = expectation.participants.map((who) => (who.index === 1 ? { ...who, beeps: [], audible: [] } : who));
    const report = await judged({}, { ...expectation, participants: muted });
    expect(report.failures.filter((failure) => failure.includes('should be silent'))).toHaveLength(3);
  });

  it('finds a picture that is shown too late', async () => {
    const report = await judged({ pictureLateMs: 200 });
    expect(report.failures.join('\n')).toMatch(/a picture is 200\.0 ms older than the newest frame/);
  });

  it('finds a presentation time that jumps', async () => {
    const report = await judged({ skipTickAfter: 100 });
    expect(report.failures.join('\n')).toContain('The distances between pictures are not equal');
  });

  it('finds a file that is too short', async () => {
    const report = await judged({}, { ...expectation, duration: SECONDS + 0.3 });
    expect(report.failures.join('\n')).toContain('the journal says 6.300 s');
  });

  it('finds somebody where nobody should be', async () => {
    const [scene] = expectation.scenes;
    const report = await judged(
      {},
      { ...expectation, scenes: [{ from: 0.2, to: SECONDS, tiles: [], dark: [RIGHT] }, ...(scene ? [scene] : [])] },
    );
    expect(report.failures.join('\n')).toContain('should be dark shows participant 1');
  });
});
