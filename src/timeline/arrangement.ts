/**
 * Who is on the canvas under a layout rule, and in which of four forms. Pure.
 *
 * GRID shows the most recent speakers, pinned people first; shares take a stage, with people beside it. SPOTLIGHT shows who speaks alone,
 * SIDEBAR large with others beside; a share takes the large place from anybody. Where pins have priority, SPOTLIGHT and SIDEBAR show
 * pinned people and what they share, and nobody else; without pins they are a grid, shares included.
 */
import type { TrackInfo } from '../domain/events.ts';
import { MAX_GRID } from '../domain/grid.ts';
import type { ParticipantId } from '../domain/ids.ts';
import type { LayoutPriority, LayoutType } from '../domain/layout.ts';
import { MAX_COLUMN, MAX_SHARES } from '../domain/stage.ts';
import { isVisible, type SceneState } from './scene-state.ts';

/**
 * `grid`: people, equal. `stage`: shares, with people beside them. `sidebar`: the first of the people large, the others beside.
 * `frame`: one share or person alone on the whole canvas.
 */
export type Form = 'grid' | 'stage' | 'sidebar' | 'frame';

export interface Arrangement {
  readonly form: Form;
  readonly shares: readonly TrackInfo[];
  readonly people: readonly ParticipantId[];
}

const pinned = (state: SceneState): readonly ParticipantId[] => state.pins.filter((id) => isVisible(state, id));

/** True where nobody but pinned people may be seen. */
const pinsAlone = (state: SceneState): boolean =>
  state.layout.priority === 'PIN' && state.layout.type !== 'GRID' && pinned(state).length > 0;

/** Shares that are on and may be shown, the newest ones if there are too many, in order of publishing. */
export const sharesOf = (state: SceneState): readonly TrackInfo[] =>
  state.tracks
    .filter(({ source, muted, participantId }) => {
      if (source !== 'screen-video' || muted || !isVisible(state, participantId)) return false;
      return !pinsAlone(state) || state.pins.includes(participantId);
    })
    .slice(-MAX_SHARES);

type Arrange = (state: SceneState, shares: readonly TrackInfo[]) => Arrangement;

/** Shares alone: one takes the frame, several the stage. */
const sharesAlone: Arrange = (_, shares) => ({ form: shares.length === 1 ? 'frame' : 'stage', shares, people: [] });

const people = (form: Form, ids: readonly ParticipantId[]): Arrangement => ({ form, shares: [], people: ids });

const grid: Arrange = (state, shares) =>
  shares.length > 0 ? { form: 'stage', shares, people: state.column } : people('grid', state.grid);

/** Who had the floor, most recent first; before anybody spoke, who joined first. */
const speakers = (state: SceneState): readonly ParticipantId[] => {
  const present = state.participants.filter(({ hidden }) => !hidden).map(({ participantId }) => participantId);
  return [...state.recent.filter((id) => present.includes(id)), ...present];
};

const spotlight: Arrange = (state, shares) => {
  if (shares.length > 0) return sharesAlone(state, shares);
  const [active] = speakers(state);
  return people('frame', active === undefined ? [] : [active]);
};

const sidebar: Arrange = (state, shares) =>
  shares.length > 0 ? { form: 'stage', shares, people: state.column } : people('sidebar', state.sidebar);

const pinnedSpotlight: Arrange = (state, shares) => {
  if (shares.length > 0) return sharesAlone(state, shares);
  const ids = pinned(state).slice(0, MAX_GRID);
  return people(ids.length === 1 ? 'frame' : 'grid', ids);
};

const pinnedSidebar: Arrange = (state, shares) => {
  const ids = pinned(state);
  return shares.length > 0
    ? { form: 'stage', shares, people: ids.slice(0, MAX_COLUMN) }
    : people('sidebar', ids.slice(0, 1 + MAX_COLUMN));
};

const orGrid =
  (arrange: Arrange): Arrange =>
  (state, shares) =>
    pinsAlone(state) ? arrange(state, shares) : grid(state, shares);

/** One rule for each layout and priority. */
const ARRANGE: Record<LayoutType, Record<LayoutPriority, Arrange>> = {
  GRID: { SPEAKER: grid, PIN: grid },
  SPOTLIGHT: { SPEAKER: spotlight, PIN: orGrid(pinnedSpotlight) },
  SIDEBAR: { SPEAKER: sidebar, PIN: orGrid(pinnedSidebar) },
};

/** Who is on the canvas, given which of `sharesOf` have a picture. */
export const arrange: Arrange = (state, shares) => ARRANGE[state.layout.type][state.layout.priority](state, shares);
