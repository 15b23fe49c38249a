import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gridRects } from '../../src/domain/grid.ts';
import { canvasSize, type LayoutPriority, type LayoutType, type Rect, type Size } from '../../src/domain/layout.ts';
import { frameRect, type StageRects, shareRects, sidebarRects } from '../../src/domain/stage.ts';
import type { Participant } from '../../src/synthetic/participant.ts';
import { TALK_SECONDS } from '../../src/synthetic/sound.ts';
import { Service } from '../support/service.ts';
import { type SceneTile, Sitting } from '../support/sitting.ts';
import { waitFor } from '../support/wait-for.ts';

/** Everybody of the room in order of joining. */
const PEOPLE = 4;

/** Tiles beside a large one are too small for the judge to read colours in a landscape picture of low quality. */
const QUALITY = { landscape: 'med', portrait: 'low' } as const;

/** Who is seen: in a grid, alone on the whole canvas, or the first of them large. */
type Form = 'grid' | 'frame' | 'sidebar';

/** The turn of one of them to talk: who pins whom as it begins, and who is seen because of both. */
interface Turn {
  readonly pin?: readonly number[];
  readonly unpin?: readonly number[];
  readonly form: Form;
  readonly seen: readonly number[];
}

interface Case {
  readonly type: LayoutType;
  readonly priority: LayoutPriority;
  readonly gridSize: number;
  /** Of participants 0, 1, 2, 3, in this order. */
  readonly turns: readonly [Turn, Turn, Turn, Turn];
}

const grid = (...seen: number[]): Turn => ({ form: 'grid', seen });
const frame = (...seen: number[]): Turn => ({ form: 'frame', seen });
const sidebar = (...seen: number[]): Turn => ({ form: 'sidebar', seen });

const CASES: readonly Case[] = [
  // More people than tiles: the next speaker takes the place of who was active least recently.
  { type: 'GRID', priority: 'SPEAKER', gridSize: 2, turns: [grid(0, 1), grid(0, 1), grid(2, 1), grid(2, 3)] },
  {
    type: 'GRID',
    priority: 'PIN',
    gridSize: 3,
    turns: [{ ...grid(3, 0, 1), pin: [3] }, grid(3, 0, 1), grid(3, 2, 1), { ...grid(2, 3, 1), pin: [2], unpin: [3] }],
  },
  { type: 'SPOTLIGHT', priority: 'SPEAKER', gridSize: 4, turns: [frame(0), frame(1), frame(2), frame(3)] },
  // Without pins it is a grid, in which those who were pinned last keep the places that they had.
  {
    type: 'SPOTLIGHT',
    priority: 'PIN',
    gridSize: 4,
    turns: [
      { ...frame(2), pin: [2] },
      frame(2),
      { ...grid(1, 3), pin: [1, 3], unpin: [2] },
      { ...grid(3, 1, 2, 0), unpin: [1, 3] },
    ],
  },
  {
    type: 'SIDEBAR',
    priority: 'SPEAKER',
    gridSize: 4,
    turns: [sidebar(0, 1, 2, 3), sidebar(1, 0, 2, 3), sidebar(2, 0, 1, 3), { ...sidebar(1, 0, 2, 3), pin: [1] }],
  },
  {
    type: 'SIDEBAR',
    priority: 'PIN',
    gridSize: 4,
    turns: [
      { ...sidebar(1, 3), pin: [1, 3] },
      sidebar(1, 3),
      { ...sidebar(3), unpin: [1] },
      { ...sidebar(3, 0), pin: [0] },
    ],
  },
];

const inOrder = ({ stage, beside }: StageRects): readonly Rect[] => [...stage, ...beside];
const RECTS: Record<Form, (count: number, canvas: Size) => readonly Rect[]> = {
  grid: gridRects,
  frame: (_, canvas) => [frameRect(canvas)],
  sidebar: (count, canvas) => inOrder(sidebarRects(count - 1, canvas)),
};

/** A person on the whole of a portrait canvas is shown whole. */
const tilesOf = ({ form, seen }: Turn, people: readonly Participant[], canvas: Size): SceneTile[] =>
  RECTS[form](seen.length, canvas).flatMap((rect, i): SceneTile[] => {
    const participant = people[seen[i] ?? -1];
    const fit = form === 'frame' && canvas.height > canvas.width ? 'contain' : 'cover';
    return participant ? [{ participant, rect, fit }] : [];
  });

/** They talk in turn and are pinned meanwhile; a wrong one in a tile fails. */
const judged = async (
  service: Service,
  { type, priority, gridSize, turns }: Case,
  orientation: 'landscape' | 'portrait',
) => {
  const quality = QUALITY[orientation];
  const canvas = canvasSize(quality, orientation);
  const sitting = await Sitting.open(service, PEOPLE, canvas);
  const size = { width: 320, height: 180 };
  for (let i = 0; i < PEOPLE; i++) await sitting.join({ via: 'room', size, microphone: 'talks' });
  const { participants } = sitting;
  const [first] = participants;
  const pin = (index: number, pinned: boolean) =>
    first?.pin(participants[index]?.participantId ?? 'nobody', pinned) ?? Promise.resolve();
  // As the last one's turn ends, what of it is still heard being shorter than a cough, or as the first one's begins.
  const round = TALK_SECONDS * PEOPLE;
  await waitFor('a round to begin', 2_000 * round, () => sitting.talkRound > round - 0.25 || sitting.talkRound < 0.5);
  await sitting.startRecording({ layout: { type, priority, gridSize }, quality, orientation });
  for (const [index, turn] of turns.entries()) {
    sitting.changing();
    for (const one of turn.unpin ?? []) await pin(one, false);
    for (const one of turn.pin ?? []) await pin(one, true);
    await sitting.turnOf(index, tilesOf(turn, participants, canvas));
    await waitFor(
      'the turn to end',
      5_000,
      () => sitting.talkRound > TALK_SECONDS * (index + 1) - 0.2 || sitting.talkRound < TALK_SECONDS * index,
    );
  }
  await sitting.endRecording({ timed: false });
  await sitting.leave();
  return sitting.judged();
};

/** Joined by people who do not speak, with small cameras. */
const quietRoom = async (service: Service, canvas: Size, people: number): Promise<Sitting> => {
  const sitting = await Sitting.open(service, people, canvas);
  const size = { width: 320, height: 180 };
  for (let i = 0; i < people; i++) await sitting.join({ via: 'room', size, microphone: 'none' });
  return sitting;
};
const SCREEN: Size = { width: 640, height: 360 };

/** Two share at once, one of them with his camera off; then one alone. */
const twoShares = async (service: Service) => {
  const canvas = canvasSize(QUALITY.landscape, 'landscape');
  const sitting = await quietRoom(service, canvas, 3);
  const [ada, bob, cyd] = sitting.participants as [Participant, Participant, Participant];
  const scene = (presenters: readonly Participant[]) => {
    const rects = shareRects(3, canvas, presenters.length);
    const screens = presenters.map((one, i) => ({
      participant: sitting.screenOf(one),
      rect: rects.stage[i],
      fit: 'contain',
    }));
    const cameras = [ada, cyd].map((one) => ({
      participant: one,
      rect: rects.beside[one === ada ? 0 : 2],
      fit: 'cover',
    }));
    const dark = rects.beside.slice(1, 2);
    sitting.scene([...screens, ...cameras] as SceneTile[], { fresh: true, dark });
  };
  await sitting.startRecording({ layout: { type: 'GRID', priority: 'PIN', gridSize: 4 }, quality: QUALITY.landscape });
  await ada.shareScreen(SCREEN);
  await bob.cameraOff();
  await bob.shareScreen(SCREEN);
  scene([ada, bob]);
  await sitting.until(5);
  sitting.changing();
  await ada.stopSharing();
  scene([bob]);
  await sitting.until(9);
  await sitting.endRecording({ timed: false });
  await sitting.leave();
  return sitting.judged();
};

/** Upright, pinned people alone: what others share is not seen, what they share takes the canvas. */
const pinnedShare = async (service: Service) => {
  const canvas = canvasSize('low', 'portrait');
  const sitting = await quietRoom(service, canvas, 2);
  const [ada, bob] = sitting.participants as [Participant, Participant];
  const alone = (participant: { index: number }, fresh: boolean) =>
    sitting.scene([{ participant, rect: frameRect(canvas), fit: 'contain' }], { fresh });
  await ada.pin(ada.participantId ?? 'nobody');
  const layout = { type: 'SPOTLIGHT', priority: 'PIN' };
  await sitting.startRecording({ layout, quality: 'low', orientation: 'portrait' });
  await bob.shareScreen(SCREEN);
  alone(ada, true);
  await sitting.until(4);
  sitting.changing();
  await ada.shareScreen(SCREEN);
  alone(sitting.screenOf(ada), true);
  await sitting.until(8);
  sitting.changing();
  await ada.stopSharing();
  alone(ada, false);
  await sitting.until(10);
  await sitting.endRecording({ timed: false });
  await sitting.leave();
  return sitting.judged();
};

describe('a layout', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start();
  });
  afterAll(() => service.close());

  it.each(CASES)('$type by $priority shows who it must, upright and across', async (one) => {
    const both = await Promise.all([judged(service, one, 'landscape'), judged(service, one, 'portrait')]);
    for (const { failures, text, report } of both) {
      expect(failures, text).toEqual([]);
      const seen = report.participants.filter(({ pictures }) => pictures > 0).map(({ index }) => index);
      expect(seen).toEqual([...new Set(one.turns.flatMap((turn) => turn.seen))].sort());
    }
  });

  it('shows two shares at once, and those of pinned people alone where pins go first', async () => {
    for (const { failures, text } of await Promise.all([twoShares(service), pinnedShare(service)])) {
      expect(failures, text).toEqual([]);
    }
  });
});
