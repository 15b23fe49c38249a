/** All tiles, in a grid or around a stage. */
import type { RoomClient, RoomSnapshot } from '../client/index.ts';
import { type Area, arrangeStage, arrangeTiles, type Box } from './arrangement.ts';
import { ParticipantTile } from './participant-tile.tsx';
import { chooseTiles, fitTiles, type TileContent } from './tile-choice.ts';
import { useArea } from './use-area.ts';

interface Props {
  readonly client: RoomClient;
  readonly room: RoomSnapshot;
  readonly pinnedHere: ReadonlySet<string>;
  readonly mayModerate: boolean;
  readonly onPin: (participantId: string, pinned: boolean) => void;
}

const GAP = 10;
/** More than these are too small to recognise a face. */
const MOST_TILES = { wide: 16, narrow: 8 };
const NARROW = 640;

interface PlacedTile extends TileContent {
  readonly box: Box;
}

const placeTiles = (
  room: RoomSnapshot,
  pinnedHere: ReadonlySet<string>,
  area: Area,
): { readonly tiles: readonly PlacedTile[]; readonly hidden: number } => {
  const { stage, others } = chooseTiles(room.participants, pinnedHere);
  if (stage === null) {
    const places = area.width < NARROW ? MOST_TILES.narrow : MOST_TILES.wide;
    const { shown, hidden } = fitTiles(others, room.speakers, places);
    return { tiles: withBoxes(shown, arrangeTiles(shown.length, area, GAP)), hidden };
  }
  const arranged = arrangeStage(others.length, area, GAP);
  const { shown, hidden } = fitTiles(others, room.speakers, arranged.others.length);
  return { tiles: [{ ...stage, box: arranged.stage }, ...withBoxes(shown, arranged.others)], hidden };
};

const withBoxes = (tiles: readonly TileContent[], boxes: readonly Box[]): PlacedTile[] =>
  tiles.flatMap((tile, index) => {
    const box = boxes[index];
    return box === undefined ? [] : [{ ...tile, box }];
  });

export const TileGrid = ({ client, room, pinnedHere, mayModerate, onPin }: Props) => {
  const [element, area] = useArea<HTMLDivElement>();
  const { tiles, hidden } = placeTiles(room, pinnedHere, area);
  return (
    <div className="grid" ref={element} data-testid="grid">
      {tiles.map(({ participant, source, box }) => (
        <ParticipantTile
          key={`${participant.participantId} ${source}`}
          client={client}
          participant={participant}
          source={source}
          box={box}
          isPinned={participant.pinned || pinnedHere.has(participant.participantId)}
          mayModerate={mayModerate}
          onPin={onPin}
        />
      ))}
      {room.participants.length === 1 && <p className="grid__hidden">Nobody else is here yet</p>}
      {hidden > 0 && (
        <p className="grid__hidden">
          {hidden} more {hidden === 1 ? 'person' : 'people'}
        </p>
      )}
    </div>
  );
};
