/** A scene: a layout rule resolved for an instant: who is where, and what is drawn on each tile. */
import type { ParticipantId, TrackId } from './ids.ts';
import type { Rect } from './layout.ts';

export interface Tile {
  readonly participantId: ParticipantId;
  readonly source: 'camera' | 'screen-video';
  readonly rect: Rect;
  /** Display name; a share's tile carries the presenter's. */
  readonly name: string;
  /** The video track to show, or null: camera off, initials are drawn. */
  readonly trackId: TrackId | null;
  readonly micMuted: boolean;
  readonly speaking: boolean;
  /** Cameras fill the tile and are cropped; screens are shown whole. */
  readonly fit: 'cover' | 'contain';
}

export interface Scene {
  /** In drawing order; rectangles do not overlap. Empty: nobody is there, a discreet sign says so. */
  readonly tiles: readonly Tile[];
}

export const sameRect = (a: Rect, b: Rect): boolean =>
  a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;

/** Whose tile it is: a person has one, and each of his shares has one. Tiles of one key are the same tile at different times. */
export const tileKey = ({ source, participantId, trackId }: Tile): string =>
  source === 'camera' ? `camera ${participantId}` : `share ${trackId}`;

const sameTile = (a: Tile, b: Tile): boolean =>
  a.participantId === b.participantId &&
  a.source === b.source &&
  a.trackId === b.trackId &&
  a.name === b.name &&
  a.micMuted === b.micMuted &&
  a.speaking === b.speaking &&
  a.fit === b.fit &&
  sameRect(a.rect, b.rect);

/** True if both have the same tiles at the same places: no more than decoration and pictures differ. */
export const samePlaces = (a: Scene, b: Scene): boolean =>
  a === b ||
  (a.tiles.length === b.tiles.length &&
    a.tiles.every((tile, i) => {
      const other = b.tiles[i];
      return other !== undefined && tileKey(tile) === tileKey(other) && sameRect(tile.rect, other.rect);
    }));

/** True if both say the same: nothing but the pictures in the tiles needs drawing anew. */
export const sameScene = (a: Scene, b: Scene): boolean =>
  a === b ||
  (a.tiles.length === b.tiles.length &&
    a.tiles.every((tile, i) => {
      const other = b.tiles[i];
      return other !== undefined && sameTile(tile, other);
    }));
