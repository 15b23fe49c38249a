/**
 * Every layout by every priority, landscape and portrait: who is seen, where, while people take turns to talk, are pinned, and share. Two
 * sittings are recorded: the layouts of one change while it runs, the other is upright. Then both are composed again in every layout,
 * from the same journals. Who is wrong in a tile fails.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gridRects } from '../../src/domain/grid.ts';
import { canvasSize, type LayoutProgram, type Rect, type Size } from '../../src/domain/layout.ts';
import type { Orientation } from '../../src/domain/recording.ts';
import { frameRect, type StageRects, shareRects, sidebarRects } from '../../src/domain/stage.ts';
import type { Participant } from '../../src/synthetic/participant.ts';
import { TALK_SECONDS } from '../../src/synthetic/sound.ts';
import { Service } from '../support/service.ts';
import { type Judged, type SceneTile, type Shown, Sitting } from '../support/sitting.ts';
import { waitFor } from '../support/wait-for.ts';

const TALKERS = 4;
const PRESENTERS = 3;
/** Media begins anew after whole rounds of talk: less to encode than a minute. */
const CAMERA = { via: 'room', size: { width: 320, height: 180 }, seconds: 2 * TALKERS * TALK_SECONDS } as const;
const SCREEN: Size = { width: 640, height: 360 };

/** Whose shares and who else is seen, by their numbers in the order of joining. */
interface Picture {
  readonly form: 'grid' | 'frame' | 'sidebar' | 'stage';
  readonly shares: readonly number[];
  readonly people: readonly number[];
}

const grid = (...people: number[]): Picture => ({ form: 'grid', shares: [], people });
/** One person on the whole canvas. */
const frame = (person: number): Picture => ({ form: 'frame', shares: [], people: [person] });
/** One share on the whole canvas. */
const alone = (share: number): Picture => ({ form: 'frame', shares: [share], people: [] });
/** The first large. */
const sidebar = (...people: number[]): Picture => ({ form: 'sidebar', shares: [], people });
const stage = (shares: readonly number[], ...people: number[]): Picture => ({ form: 'stage', shares, people });

/**
 * Talkers 0, 1, 2, 3 and again 0 have the floor for 3 s each. While the fourth has it, 0 and 2 are pinned; while the fifth has it, 2 alone.
 */
const PINS: readonly (readonly [index: number, pinned: boolean][])[] = [
  [],
  [],
  [],
  [
    [0, true],
    [2, true],
  ],
  [[0, false]],
];

interface Case extends LayoutProgram {
  readonly talks: readonly [Picture, Picture, Picture, Picture, Picture];
  /** 1 shares, then 0 as well, then 0 alone; 0 is pinned until he is the last one's only reason to be seen. Nobody speaks. */
  readonly shares: readonly [Picture, Picture, Picture, Picture];
}

const CASES: readonly [Case, Case, Case, Case, Case, Case] = [
  {
    type: 'GRID',
    priority: 'SPEAKER',
    gridSize: 2,
    // More people than tiles: the next speaker takes the place of who was active least recently.
    talks: [grid(0, 1), grid(0, 1), grid(2, 1), grid(0, 2), grid(2, 0)],
    shares: [stage([1], 0, 1), stage([1, 0], 0, 1), stage([0], 0, 1), stage([0], 0, 1)],
  },
  {
    type: 'GRID',
    priority: 'PIN',
    gridSize: 3,
    talks: [grid(0, 1, 2), grid(0, 1, 2), grid(0, 1, 2), grid(0, 2, 3), grid(2, 0, 3)],
    shares: [stage([1], 0, 1, 2), stage([1, 0], 0, 1, 2), stage([0], 0, 1, 2), stage([0], 0, 1, 2)],
  },
  {
    type: 'SPOTLIGHT',
    priority: 'SPEAKER',
    gridSize: 4,
    talks: [frame(0), frame(1), frame(2), frame(3), frame(0)],
    shares: [alone(1), stage([1, 0]), alone(0), alone(0)],
  },
  {
    type: 'SPOTLIGHT',
    priority: 'PIN',
    gridSize: 4,
    talks: [grid(0, 1, 2, 3), grid(0, 1, 2, 3), grid(0, 1, 2, 3), grid(0, 2), frame(2)],
    shares: [frame(0), alone(0), alone(0), stage([0], 0, 1, 2)],
  },
  {
    type: 'SIDEBAR',
    priority: 'SPEAKER',
    gridSize: 4,
    // Who becomes large changes places with who was; nobody else moves.
    talks: [sidebar(0, 1, 2, 3), sidebar(1, 0, 2, 3), sidebar(2, 0, 1, 3), sidebar(0, 2, 1, 3), sidebar(2, 0, 1, 3)],
    shares: [stage([1], 0, 1, 2), stage([1, 0], 0, 1, 2), stage([0], 0, 1, 2), stage([0], 0, 1, 2)],
  },
  {
    type: 'SIDEBAR',
    priority: 'PIN',
    gridSize: 4,
    talks: [grid(0, 1, 2, 3), grid(0, 1, 2, 3), grid(0, 1, 2, 3), sidebar(0, 2), sidebar(2)],
    shares: [sidebar(0), stage([0], 0), stage([0], 0), stage([0], 0, 1, 2)],
  },
];
const [GRID, , SPOTLIGHT, SPOTLIGHT_PIN, SIDEBAR, SIDEBAR_PIN] = CASES;
/** What the talkers' recording shows while it runs, turn by turn: each layout, and a change between any two turns. */
const LIVE = [GRID, SPOTLIGHT, SIDEBAR, SIDEBAR_PIN, SPOTLIGHT_PIN] as const;
const LIVE_UPRIGHT = SPOTLIGHT_PIN;

const programOf = ({ type, priority, gridSize }: Case): LayoutProgram => ({ type, priority, gridSize });

const inOrder = ({ stage: shares, beside }: StageRects): readonly Rect[] => [...shares, ...beside];
const rectsOf = ({ form, shares, people }: Picture, canvas: Size): readonly Rect[] => {
  if (form === 'grid') return gridRects(people.length, canvas);
  if (form === 'frame') return [frameRect(canvas)];
  if (form === 'sidebar') return inOrder(sidebarRects(people.length - 1, canvas));
  return inOrder(shareRects(people.length, canvas, shares.length));
};

/** The picture's tiles on a canvas; `off`: whose camera is off. */
const shownOn = (sitting: Sitting, picture: Picture, canvas: Size, off: readonly number[] = []): Shown => {
  const { form, shares, people } = picture;
  const tiles: SceneTile[] = [];
  const dark: Rect[] = [];
  for (const [i, rect] of rectsOf(picture, canvas).entries()) {
    const isShare = i < shares.length;
    const index = (isShare ? shares[i] : people[i - shares.length]) ?? -1;
    const participant = sitting.participants[index];
    if (!participant) throw new Error(`Nobody has the number ${index}.`);
    // A person on the whole of an upright canvas is shown whole.
    const fit = isShare || (form === 'frame' && canvas.height > canvas.width) ? 'contain' : 'cover';
    if (!isShare && off.includes(index)) dark.push(rect);
    else tiles.push({ participant: isShare ? sitting.screenOf(participant) : participant, rect, fit });
  }
  return { tiles, dark };
};

/** Whose cameras are off while they share, scene by scene. */
const OFF: readonly (readonly number[])[] = [[], [1], [1], [1]];

/** They talk in turn and are pinned meanwhile. */
const recordTalks = async (service: Service): Promise<Sitting> => {
  const canvas = canvasSize('med', 'landscape');
  const sitting = await Sitting.open(service, TALKERS, canvas);
  for (let i = 0; i < TALKERS; i++) await sitting.join({ ...CAMERA, microphone: 'talks' });
  const { participants } = sitting;
  // As the last one's turn ends, what of it is still heard being shorter than a cough, or as the first one's begins.
  const round = TALK_SECONDS * TALKERS;
  await waitFor('a round to begin', 2_000 * round, () => sitting.talkRound > round - 0.25 || sitting.talkRound < 0.5);
  await sitting.startRecording({ layout: programOf(LIVE[0]), quality: 'med' });
  for (const [turn, layout] of LIVE.entries()) {
    sitting.changing();
    if (turn > 0) await sitting.changeLayout({ ...programOf(layout) });
    for (const [index, pinned] of PINS[turn] ?? []) {
      await participants[0]?.pin(participants[index]?.participantId ?? 'nobody', pinned);
    }
    const picture = layout.talks[turn];
    if (!picture) throw new Error(`Nobody talks in turn ${turn}.`);
    const { tiles, dark = [] } = shownOn(sitting, picture, canvas);
    await sitting.turnOf(turn % TALKERS, tiles, dark);
    const begins = TALK_SECONDS * (turn % TALKERS);
    const isOver = () => sitting.talkRound > begins + TALK_SECONDS - 0.2 || sitting.talkRound < begins;
    await waitFor('the turn to end', 5_000, isOver);
  }
  await sitting.endRecording({ timed: false });
  await sitting.leave();
  return sitting;
};

/** Two of three share, at once for a while, one of them with the camera off; upright. */
const recordShares = async (service: Service): Promise<Sitting> => {
  const canvas = canvasSize('low', 'portrait');
  const sitting = await Sitting.open(service, PRESENTERS, canvas);
  for (let i = 0; i < PRESENTERS; i++) await sitting.join({ ...CAMERA, microphone: 'none' });
  const [ada, bob] = sitting.participants as [Participant, Participant];
  const pin = (pinned: boolean) => ada.pin(ada.participantId ?? 'nobody', pinned);
  await pin(true);
  const layout = programOf(LIVE_UPRIGHT);
  await sitting.startRecording({ layout, quality: 'low', orientation: 'portrait' });
  const changes = [
    () => bob.shareScreen(SCREEN),
    async () => {
      await bob.cameraOff();
      await ada.shareScreen(SCREEN);
    },
    () => bob.stopSharing(),
    () => pin(false),
  ];
  for (const [i, change] of changes.entries()) {
    sitting.changing();
    await change();
    const picture = LIVE_UPRIGHT.shares[i];
    if (!picture) throw new Error(`Nothing is shared in scene ${i}.`);
    const { tiles, dark = [] } = shownOn(sitting, picture, canvas, OFF[i]);
    sitting.scene(tiles, { fresh: true, dark });
    await sitting.until(sitting.elapsed + 2.5);
  }
  await sitting.endRecording({ timed: false });
  await sitting.leave();
  return sitting;
};

/** Tiles beside a large one are too small for the judge to read colours in a landscape picture of low quality. */
const qualityFor = (pictures: readonly Picture[], orientation: Orientation): 'low' | 'med' =>
  orientation === 'landscape' && pictures.some(({ form, people }) => form !== 'grid' && people.length > 1)
    ? 'med'
    : 'low';

const numbers = (pictures: readonly Picture[]): number[] =>
  [...new Set(pictures.flatMap(({ people }) => people))].sort((a, b) => a - b);

describe('a layout', () => {
  let service: Service;
  let talks: Sitting;
  let shares: Sitting;
  let live: { readonly talks: Judged; readonly shares: Judged };
  beforeAll(async () => {
    service = await Service.start();
    [talks, shares] = await Promise.all([recordTalks(service), recordShares(service)]);
    live = { talks: await talks.judged(), shares: await shares.judged() };
  });
  afterAll(() => service.close());

  it('that changes while it is recorded, and one that is upright, show who they must', () => {
    for (const { failures, text } of [live.talks, live.shares]) expect(failures, text).toEqual([]);
    for (const { report } of [live.talks, live.shares]) {
      expect(report.participants.filter(({ pictures }) => pictures > 20).length).toBeGreaterThanOrEqual(3);
    }
  });

  it.each(CASES)('$type by $priority shows who it must, upright and across', async (one) => {
    const again = async (
      sitting: Sitting,
      { finished }: Judged,
      pictures: readonly Picture[],
      off: readonly (readonly number[])[],
      orientation: Orientation,
    ) => {
      const quality = qualityFor(pictures, orientation);
      const canvas = canvasSize(quality, orientation);
      const shown = pictures.map((picture, i) => shownOn(sitting, picture, canvas, off[i]));
      const config = { layout: programOf(one), quality, orientation };
      const { failures, participants, file } = await sitting.judgedAgain(finished, config, { canvas, shown });
      expect(failures, `${orientation}, ${quality}`).toEqual([]);
      expect(file.video).toMatchObject(canvas);
      const seen = participants.filter(({ index, pictures: count }) => index < TALKERS && count > 0);
      return seen.map(({ index }) => index);
    };
    const visible = one.shares.map((picture, i) => ({
      ...picture,
      people: picture.people.filter((index) => !OFF[i]?.includes(index)),
    }));
    // Shares of a layout across by speaker, upright by pins.
    const orientation = one.priority === 'PIN' ? 'portrait' : 'landscape';
    const [across, upright, shared] = await Promise.all([
      again(talks, live.talks, one.talks, [], 'landscape'),
      again(talks, live.talks, one.talks, [], 'portrait'),
      again(shares, live.shares, one.shares, OFF, orientation),
    ]);
    expect([across, upright, shared]).toEqual([numbers(one.talks), numbers(one.talks), numbers(visible)]);
  });
});
