/** The patches of tiles by their look, drawn on first use and kept: looks repeat (who speaks changes every few seconds). */

import { type Patch, patchOf } from './patch.ts';
import type { Palette } from './themes.ts';
import { drawTile, type TileLook } from './tile-art.ts';

/** Enough for 25 tiles in every state; the oldest goes first. At 720p one is about 100 kB, an avatar's some 4 MB. */
const MOST_KEPT = 128;

export class Patches {
  readonly #palette: Palette;
  readonly #kept = new Map<string, Patch>();

  constructor(palette: Palette) {
    this.#palette = palette;
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
    const oldest = this.#kept.keys().next();
    if (this.#kept.size > MOST_KEPT && !oldest.done) this.#kept.delete(oldest.value);
    return patch;
  }
}
