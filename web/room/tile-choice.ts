/** Who is shown where: stage, tiles, and who waits behind them. Pure. */
import type { ParticipantSnapshot } from '../client/index.ts';

export interface TileContent {
  readonly participant: ParticipantSnapshot;
  readonly source: 'camera' | 'screen-video';
}

export interface TileChoice {
  /** Shown large: a shared screen before a pinned person. */
  readonly stage: TileContent | null;
  /** In order of importance for the small places. */
  readonly others: readonly TileContent[];
}

/** Order of the small tiles: pinned first, then by arrival, oneself last: a person looks at the others. */
export const chooseTiles = (
  participants: readonly ParticipantSnapshot[],
  pinnedHere: ReadonlySet<string>,
): TileChoice => {
  const isPinned = ({ participantId, pinned }: ParticipantSnapshot): boolean => pinned || pinnedHere.has(participantId);
  const sharing = participants.findLast(({ screenVideo }) => screenVideo !== null);
  const pins = participants.filter(isPinned);
  const onlyPin = pins.length === 1 && participants.length > 1 ? (pins[0] ?? null) : null;
  const stage = stageOf(sharing ?? null, onlyPin);
  const onStage = stage?.source === 'camera' ? stage.participant : null;
  const rank = (participant: ParticipantSnapshot): number => {
    if (isPinned(participant)) return 0;
    return participant.isSelf ? 2 : 1;
  };
  return {
    stage,
    others: participants
      .filter((participant) => participant !== onStage)
      .sort((a, b) => rank(a) - rank(b))
      .map((participant) => ({ participant, source: 'camera' })),
  };
};

const stageOf = (sharing: ParticipantSnapshot | null, pinned: ParticipantSnapshot | null): TileContent | null => {
  if (sharing !== null) return { participant: sharing, source: 'screen-video' };
  return pinned === null ? null : { participant: pinned, source: 'camera' };
};

/**
 * Those who fit, and how many do not. Whoever spoke lately takes a place from whoever did not, but the order on screen stays: tiles
 * that jump with every word cannot be watched.
 */
export const fitTiles = (
  tiles: readonly TileContent[],
  speakers: readonly string[],
  places: number,
): { readonly shown: readonly TileContent[]; readonly hidden: number } => {
  if (tiles.length <= places) return { shown: tiles, hidden: 0 };
  const importance = ({ participant }: TileContent): number => {
    if (participant.pinned) return -1;
    const spoke = speakers.indexOf(participant.participantId);
    return spoke === -1 ? speakers.length : spoke;
  };
  const chosen = new Set([...tiles].sort((a, b) => importance(a) - importance(b)).slice(0, places));
  return { shown: tiles.filter((tile) => chosen.has(tile)), hidden: tiles.length - chosen.size };
};
