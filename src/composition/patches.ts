/** The patches of tiles by their look, drawn on first use and kept: looks repeat (who speaks changes every few seconds). */
import type { Size } from '../domain/layout.ts';
import { drawEmptyRoom } from './avatar.ts';
import { bytesOf, type Patch, patchOf } from './patch.ts';
import type { Palette } from './themes.ts';
import { drawTile, type TileLook } from './tile-art.ts';

/** Enough for 25 tiles in every state; the oldest goes first. A decoration is some 100 kB, an avatar six bytes a pixel of its tile. */
const MOST_BYTES = 96 * 2 ** 20;

export class Patches {
  readonly #palette: Palette;
  readonly #kept = new Map<string, Patch>();
  readonly #mostBytes: number;
  #bytes = 0;

  /** @param mostBytes memory that kept patches may take; the one in use is kept whatever it takes. */
  constructor(palette: Palette, mostBytes = MOST_BYTES) {
    this.#palette = palette;
    this.#mostBytes = mostBytes;
  }

  /** What a canvas of this size shows when nobody is there, and where. Drawn anew each time: rooms are seldom empty. */
  ofEmptyRoom(canvas: Size): { readonly x: number; readonly y: number; readonly patch: Patch } {
    const sign = drawEmptyRoom(canvas, this.#palette);
    const { width, height } = sign;
    return {
      x: 2 * Math.round((canvas.width - width) / 4),
      y: 2 * Math.round((canvas.height - height) / 4),
      patch: patchOf(sign.getContext('2d').getImageData(0, 0, width, height).data, width, height),
    };
  }

  /** The decoration of a tile with this look; its sides are even. */
  of(look: TileLook): Patch {
    const key = JSON.stringify([
      look.width,
      look.height,
      look.participantId,
      look.name,
      look.screen,
      look.micMuted,
      look.speaking,
      look.avatar,
      look.frame,
      look.scale,
    ]);
    const kept = this.#kept.get(key);
    if (kept) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept;
    }
    const image = drawTile(look, this.#palette).getContext('2d').getImageData(0, 0, look.width, look.height);
    const patch = patchOf(image.data, look.width, look.height);
    this.#kept.set(key, patch);
    this.#bytes += bytesOf(patch);
    for (const [oldest, dropped] of this.#kept) {
      if (this.#bytes <= this.#mostBytes || dropped === patch) break;
      this.#kept.delete(oldest);
      this.#bytes -= bytesOf(dropped);
    }
    return patch;
  }
}
