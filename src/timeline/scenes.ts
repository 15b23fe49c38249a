/** Resolves what is known of the room (`scene-state.ts`) into a scene: who is where on a canvas, and what is drawn there. Pure. */
import type { TrackInfo } from '../domain/events.ts';
import { gridRects } from '../domain/grid.ts';
import type { ParticipantId, TrackId } from '../domain/ids.ts';
import type { Rect, Size } from '../domain/layout.ts';
import type { Scene, Tile } from '../domain/scene.ts';
import { frameRect, type StageRects, shareRects, sidebarRects } from '../domain/stage.ts';
import { isLandscape } from '../domain/tile-measures.ts';
import { type Arrangement, arrange, type Form, sharesOf } from './arrangement.ts';
import type { SceneState } from './scene-state.ts';

type HasPicture = (trackId: TrackId) => boolean;

const cameraOf = (state: SceneState, id: ParticipantId): TrackInfo | undefined =>
  state.tracks.find((track) => track.participantId === id && track.source === 'camera' && !track.muted);

const nameOf = (state: SceneState, id: ParticipantId): string =>
  state.participants.find((participant) => participant.participantId === id)?.name ?? '';

const personTile = (
  state: SceneState,
  id: ParticipantId,
  { rect, fit }: Pick<Tile, 'rect' | 'fit'>,
  hasPicture: HasPicture,
): Tile => {
  const camera = cameraOf(state, id);
  const micOn = state.tracks.some(
    (track) => track.participantId === id && track.source === 'microphone' && !track.muted,
  );
  return {
    participantId: id,
    source: 'camera',
    rect,
    name: nameOf(state, id),
    trackId: camera !== undefined && hasPicture(camera.trackId) ? camera.trackId : null,
    micMuted: !micOn,
    speaking: micOn && state.speaking.includes(id),
    fit,
  };
};

const shareTile = (state: SceneState, share: TrackInfo, rect: Rect): Tile => ({
  participantId: share.participantId,
  source: 'screen-video',
  rect,
  name: nameOf(state, share.participantId),
  trackId: share.trackId,
  micMuted: false,
  speaking: false,
  fit: 'contain',
});

const inOrder = ({ stage, beside }: StageRects): readonly Rect[] => [...stage, ...beside];

/** Rectangles of an arrangement's shares, then of its people. */
const RECTS: Record<Form, (arrangement: Arrangement, canvas: Size) => readonly Rect[]> = {
  grid: ({ people }, canvas) => gridRects(people.length, canvas),
  stage: ({ shares, people }, canvas) => inOrder(shareRects(people.length, canvas, shares.length)),
  sidebar: ({ people }, canvas) => (people.length === 0 ? [] : inOrder(sidebarRects(people.length - 1, canvas))),
  frame: ({ shares, people }, canvas) => (shares.length + people.length === 0 ? [] : [frameRect(canvas)]),
};

/** A person on the whole of a portrait canvas is shown whole: filling it would cut two thirds off a landscape camera. */
const fitOf = (form: Form, canvas: Size): Tile['fit'] =>
  form === 'frame' && !isLandscape(canvas) ? 'contain' : 'cover';

/**
 * Who is where on the canvas. `hasPicture` says whether a track has anything to show at this tick; a camera without draws initials, a
 * share without is not there yet.
 */
export const resolveScene = (state: SceneState, canvas: Size, hasPicture: HasPicture): Scene => {
  const live = sharesOf(state).filter((share) => hasPicture(share.trackId));
  const arrangement = arrange(state, live);
  const fit = fitOf(arrangement.form, canvas);
  const { shares, people } = arrangement;
  const tiles = RECTS[arrangement.form](arrangement, canvas).flatMap((rect, i): Tile[] => {
    const share = shares[i];
    if (share !== undefined) return [shareTile(state, share, rect)];
    const id = people[i - shares.length];
    return id === undefined ? [] : [personTile(state, id, { rect, fit }, hasPicture)];
  });
  return { tiles };
};
