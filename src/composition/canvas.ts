/**
 * The picture that is encoded. A tile is drawn again only when its picture, its decoration or its place changed: what stands still
 * costs nothing. A new picture is scaled straight into its tile and the decoration blended over it. While tiles are under way, all are
 * drawn at every tick.
 */
import type { Frame } from 'node-av/lib';
import type { TrackId } from '../domain/ids.ts';
import type { Rect, Size, Theme } from '../domain/layout.ts';
import { type Scene, samePlaces, sameRect, type Tile, tileKey } from '../domain/scene.ts';
import type { Flight } from '../timeline/transitions.ts';
import type { VideoColour } from '../timeline/types.ts';
import { newPicture, type Planes, planesOf } from './av.ts';
import { type Yuv, yuvOf } from './colour.ts';
import { blend } from './patch.ts';
import { Patches } from './patches.ts';
import { containRect, TileScaler, validateRect } from './scale.ts';
import { Sprite } from './sprite.ts';
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

type PictureOf = (trackId: TrackId) => Promise<TrackPicture>;

const NOTHING: TrackPicture = { picture: null, colour: null, fresh: false };

/** Decorations have their own size up to a canvas of so many lines; on a larger one they grow with it. */
const PLAIN_LINES = 720;

/** Everything of a tile in its place that is seen, but for the picture itself. */
const wordsOf = ({ trackId, name, micMuted, speaking }: Tile, { avatar }: TileLook): string =>
  `${trackId} ${name} ${micMuted} ${speaking} ${avatar}`;

const fill = (planes: Planes, { x, y, width, height }: Rect, colour: Yuv): void => {
  const values = [colour.y, colour.u, colour.v];
  for (const [plane, data] of planes.data.entries()) {
    const shift = plane === 0 ? 0 : 1;
    const stride = planes.strides[plane] as number;
    for (let row = y >> shift; row < (y + height) >> shift; row++) {
      const from = row * stride + (x >> shift);
      data.fill(values[plane] as number, from, from + (width >> shift));
    }
  }
};

/** A tile's picture and decoration, and who scales the picture. */
interface Painting {
  readonly fit: Tile['fit'];
  readonly shown: TrackPicture;
  readonly look: TileLook;
  readonly scaler: TileScaler;
}

/** What all resolve to, once all are done: a tile that fails must not outrun the others, which are drawn by other threads. */
const allDone = async <T>(work: readonly Promise<T>[]): Promise<T[]> => {
  await Promise.allSettled(work);
  return Promise.all(work);
};

export class Canvas {
  readonly frame: Frame;
  readonly #planes: Planes;
  readonly #patches: Patches;
  readonly #background: Yuv;
  readonly #ground: Yuv;
  /** By the tile's number: a track that is replaced leaves nothing behind. */
  readonly #scalers: TileScaler[] = [];
  /** Of tiles under way, by their keys. */
  readonly #sprites = new Map<string, Sprite>();
  /** What is drawn, while it is at rest. */
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

  /** Draws a scene at rest. `pictureOf` resolves to what a track shows. */
  async draw(scene: Scene, pictureOf: PictureOf): Promise<void> {
    if (this.#scene === null || !samePlaces(scene, this.#scene)) this.#layOut(scene);
    this.#scene = scene;
    await allDone(scene.tiles.map((tile, i) => this.#drawTile(tile, i, pictureOf)));
  }

  /** Draws tiles under way, the first undermost. */
  async drawMoving(flights: readonly Flight[], pictureOf: PictureOf): Promise<void> {
    this.#scene = null;
    const sprites = await allDone(flights.map(({ tile }) => this.#spriteOf(tile, pictureOf)));
    fill(this.#planes, this.#whole, this.#background);
    for (const [i, { rect, opacity }] of flights.entries()) {
      validateRect(rect, this.#planes);
      await sprites[i]?.putOn(this.#planes, rect, opacity);
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const scaler of this.#scalers.splice(0)) scaler.close();
    this.#dropSprites();
    this.frame.free();
  }

  get #whole(): Rect {
    return { x: 0, y: 0, width: this.#planes.width, height: this.#planes.height };
  }

  #dropSprites(): void {
    for (const sprite of this.#sprites.values()) sprite.close();
    this.#sprites.clear();
  }

  #layOut(scene: Scene): void {
    for (const tile of scene.tiles) validateRect(tile.rect, this.#planes);
    fill(this.#planes, this.#whole, this.#background);
    if (scene.tiles.length === 0) {
      const { x, y, patch } = this.#patches.ofEmptyRoom(this.#planes);
      blend(this.#planes, x, y, patch);
    }
    this.#looks = [];
    this.#dropSprites();
    for (const scaler of this.#scalers.splice(scene.tiles.length)) scaler.close();
    while (this.#scalers.length < scene.tiles.length) this.#scalers.push(new TileScaler());
  }

  async #drawTile(tile: Tile, index: number, pictureOf: PictureOf): Promise<void> {
    const shown = tile.trackId === null ? NOTHING : await pictureOf(tile.trackId);
    const look = this.#lookOf(tile, shown);
    const words = wordsOf(tile, look);
    if (this.#looks[index] === words && !(shown.picture !== null && shown.fresh)) return;
    this.#looks[index] = words;
    const scaler = this.#scalers[index];
    if (!scaler) throw new Error(`Tile ${index} was drawn before it was laid out.`);
    await this.#paint(this.#planes, tile.rect, { fit: tile.fit, shown, look, scaler });
  }

  /** The tile as it will rest, on a picture of its own. */
  async #spriteOf(tile: Tile, pictureOf: PictureOf): Promise<Sprite> {
    const shown = tile.trackId === null ? NOTHING : await pictureOf(tile.trackId);
    const look = this.#lookOf(tile, shown);
    const { width, height } = tile.rect;
    const key = tileKey(tile);
    let sprite = this.#sprites.get(key);
    if (sprite?.planes.width !== width || sprite.planes.height !== height) {
      sprite?.close();
      sprite = new Sprite(tile.rect);
      this.#sprites.set(key, sprite);
    }
    const words = wordsOf(tile, look);
    if (sprite.look === words && !(shown.picture !== null && shown.fresh)) return sprite;
    sprite.look = words;
    const { planes, scaler } = sprite;
    await this.#paint(planes, { x: 0, y: 0, width, height }, { fit: tile.fit, shown, look, scaler });
    return sprite;
  }

  #lookOf(tile: Tile, { picture }: TrackPicture): TileLook {
    return {
      width: tile.rect.width,
      height: tile.rect.height,
      participantId: tile.participantId,
      name: tile.name,
      screen: tile.source === 'screen-video',
      micMuted: tile.micMuted,
      speaking: tile.speaking,
      avatar: picture === null,
      frame: sameRect(tile.rect, this.#whole),
      scale: Math.max(1, Math.min(this.#planes.width, this.#planes.height) / PLAIN_LINES),
    };
  }

  /** Draws a tile's picture and decoration to a place. */
  async #paint(planes: Planes, place: Rect, { fit, shown, look, scaler }: Painting): Promise<void> {
    const { picture, colour } = shown;
    if (picture) {
      const target = fit === 'cover' ? place : containRect(picture, place);
      if (!sameRect(target, place)) fill(planes, place, this.#ground);
      await scaler.draw(picture, planes, target, fit, colour);
    }
    blend(planes, place.x, place.y, this.#patches.of(look));
  }
}
