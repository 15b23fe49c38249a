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
  /** In drawing order; rectangles do not overlap. Empty: nobody is there, the background alone is drawn. */
  readonly tiles: readonly Tile[];
}
