/**
 * The picture that is encoded. A tile is drawn again only when its picture, its decoration or its place changed: what stands still
 * costs nothing. A new picture is scaled straight into its tile and the decoration blended over it.
 */
import type { Frame } from 'node-av/lib';
import type { TrackId } from '../domain/ids.ts';
import type { Rect, Size, Theme } from '../domain/layout.ts';
import type { Scene, Tile } from '../domain/scene.ts';
import type { VideoColour } from '../timeline/types.ts';
import { newPicture, type Planes, planesOf } from './av.ts';
import { type Yuv, yuvOf } from './colour.ts';
import { blend } from './patch.ts';
import { Patches } from './patches.ts';
import { containRect, TileScaler, validateRect } from './scale.ts';
import { PALETTES } from './themes.ts';
import type { TileLook } from './tile-art.ts';

/** What a track shows at a tick. */
export interface TrackPicture {
  /** Null: nothing could be decoded. */
  readonly picture: Frame | null;
  /** What its sender says of its colours; null: nothing. */
  readonly colour: VideoColour | null;
  /** True if it is another picture than at the tick before. */
  readonly fresh: boolean;
}

const sameRect = (a: Rect, b: Rect): boolean =>
  a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;

/** True if both scenes have the same tiles at the same places: no more than decoration and pictures differ. */
const samePlaces = (a: Scene, b: Scene): boolean =>
  a.tiles.length === b.tiles.length &&
  a.tiles.every((tile, i) => {
    const other = b.tiles[i];
    return (
      other !== undefined &&
      tile.participantId === other.participantId &&
      tile.source === other.source &&
      sameRect(tile.rect, other.rect)
    );
  });

export class Canvas {
  readonly frame: Frame;
  readonly #planes: Planes;
  readonly #patches: Patches;
  readonly #background: Yuv;
  readonly #ground: Yuv;
  /** By the tile's number: a track that is replaced leaves nothing behind. */
  readonly #scalers: TileScaler[] = [];
  #scene: Scene | null = null;
  #looks: string[] = [];
  #closed = false;

  constructor(size: Size, theme: Theme) {
    this.frame = newPicture(size);
    this.#planes = planesOf(this.frame);
    this.#patches = new Patches(PALETTES[theme]);
    this.#background = yuvOf(PALETTES[theme].background);
    this.#ground = yuvOf(PALETTES[theme].tile);
  }

  /**
   * Draws a scene. `pictureOf` resolves to what a track shows. True if the set of tiles or their places are others than at the last
   * call (and at the first): the frame is best coded as an IDR.
   */
  async draw(scene: Scene, pictureOf: (trackId: TrackId) => Promise<TrackPicture>): Promise<boolean> {
    const moved = this.#scene === null || !samePlaces(scene, this.#scene);
    if (moved) this.#layOut(scene);
    this.#scene = scene;
    // A tile that fails must not outrun the others: they are drawn by other threads, on a canvas that would be freed.
    const drawn = scene.tiles.map((tile, i) => this.#drawTile(tile, i, pictureOf));
    await Promise.allSettled(drawn);
    await Promise.all(drawn);
    return moved;
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const scaler of this.#scalers.splice(0)) scaler.close();
    this.frame.free();
  }

  #layOut(scene: Scene): void {
    for (const tile of scene.tiles) validateRect(tile.rect, this.#planes);
    this.#fill({ x: 0, y: 0, width: this.#planes.width, height: this.#planes.height }, this.#background);
    if (scene.tiles.length === 0) {
      const { x, y, patch } = this.#patches.ofEmptyRoom(this.#planes);
      blend(this.#planes, x, y, patch);
    }
    this.#looks = [];
    for (const scaler of this.#scalers.splice(scene.tiles.length)) scaler.close();
    while (this.#scalers.length < scene.tiles.length) this.#scalers.push(new TileScaler());
  }

  async #drawTile(tile: Tile, index: number, pictureOf: (trackId: TrackId) => Promise<TrackPicture>): Promise<void> {
    const shown = tile.trackId === null ? null : await pictureOf(tile.trackId);
    const picture = shown?.picture ?? null;
    const look: TileLook = {
      width: tile.rect.width,
      height: tile.rect.height,
      participantId: tile.participantId,
      name: tile.name,
      screen: tile.source === 'screen-video',
      micMuted: tile.micMuted,
      speaking: tile.speaking,
      avatar: picture === null,
    };
    const key = `${tile.trackId} ${tile.name} ${tile.micMuted} ${tile.speaking} ${look.avatar}`;
    if (this.#looks[index] === key && !(picture !== null && shown?.fresh)) return;
    this.#looks[index] = key;
    if (picture) await this.#drawPicture(tile, index, picture, shown?.colour ?? null);
    blend(this.#planes, tile.rect.x, tile.rect.y, this.#patches.of(look));
  }

  async #drawPicture(tile: Tile, index: number, picture: Frame, colour: VideoColour | null): Promise<void> {
    const scaler = this.#scalers[index];
    if (!scaler) throw new Error(`Tile ${index} was drawn before it was laid out.`);
    if (tile.fit === 'cover') return scaler.draw(picture, this.#planes, tile.rect, 'cover', colour);
    const place = containRect(picture, tile.rect);
    if (!sameRect(place, tile.rect)) this.#fill(tile.rect, this.#ground);
    return scaler.draw(picture, this.#planes, place, 'contain', colour);
  }

  #fill({ x, y, width, height }: Rect, colour: Yuv): void {
    const values = [colour.y, colour.u, colour.v];
    for (const [plane, data] of this.#planes.data.entries()) {
      const shift = plane === 0 ? 0 : 1;
      const stride = this.#planes.strides[plane] as number;
      for (let row = y >> shift; row < (y + height) >> shift; row++) {
        const from = row * stride + (x >> shift);
        data.fill(values[plane] as number, from, from + (width >> shift));
      }
    }
  }
}
