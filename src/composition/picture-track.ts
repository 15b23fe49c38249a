/**
 * The picture track of a recording before it is encoded: carries out what the planner decided. Keeps a decoder for every track that is
 * shown; tracks are decoded beside each other, each drawn as soon as its picture is there.
 */
import type { Frame } from 'node-av/lib';
import type { TrackId } from '../domain/ids.ts';
import type { Size, Theme } from '../domain/layout.ts';
import type { LayerChoice } from '../timeline/layers.ts';
import { Canvas, type TrackPicture } from './canvas.ts';
import { type DecodeFrame, decodeAnyhow } from './careful-decoding.ts';
import { VideoDecoder } from './decoder.ts';
import type { TickPlan } from './planner.ts';

/** The picture of a tick. `frame` is drawn over at the next. */
export interface TickPicture {
  readonly frame: Frame;
  /** Tiles came, went or set out for other places, another layout begins, or a pause is over: coded as an IDR. */
  readonly moved: boolean;
}

export class PictureTrack {
  readonly #canvas: Canvas;
  readonly #decoders = new Map<TrackId, VideoDecoder>();
  readonly #decodeFrame: DecodeFrame;
  #undecodable = 0;
  #closed = false;

  constructor(size: Size, theme: Theme, decodeFrame: DecodeFrame = decodeAnyhow.frame) {
    this.#decodeFrame = decodeFrame;
    this.#canvas = new Canvas(size, theme);
  }

  /** Draws a tick. Ticks come in order; the first plan enters every track at a keyframe. */
  async draw(plan: TickPlan): Promise<TickPicture> {
    for (const [trackId, decoder] of this.#decoders) {
      if (plan.choices.has(trackId)) continue;
      this.#retire(decoder);
      this.#decoders.delete(trackId);
    }
    const pictures = new Map<TrackId, Promise<TrackPicture>>();
    for (const [trackId, choice] of plan.choices) pictures.set(trackId, this.#decode(trackId, choice));
    // A failure must not outrun the other decoders: they are in use until each is done.
    const settled = Promise.allSettled(pictures.values());
    try {
      const nothing: TrackPicture = { picture: null, colour: null, fresh: false };
      const pictureOf = (trackId: TrackId) => pictures.get(trackId) ?? Promise.resolve(nothing);
      if (plan.flights) await this.#canvas.drawMoving(plan.flights, pictureOf);
      else await this.#canvas.draw(plan.scene, pictureOf);
      await Promise.all(pictures.values());
      return { frame: this.#canvas.frame, moved: plan.changed };
    } finally {
      await settled;
    }
  }

  /** Frames that could not be decoded; complete once it is closed. */
  get undecodable(): number {
    return this.#undecodable;
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const decoder of this.#decoders.values()) this.#retire(decoder);
    this.#decoders.clear();
    this.#canvas.close();
  }

  async #decode(trackId: TrackId, choice: LayerChoice): Promise<TrackPicture> {
    let decoder = this.#decoders.get(trackId);
    if (!decoder || choice.restart) {
      if (decoder) this.#retire(decoder);
      this.#decoders.delete(trackId);
      if (choice.codec === 'opus') throw new Error(`Track "${trackId}" was chosen as video but is sound.`);
      decoder = await VideoDecoder.open(choice.codec);
      this.#decoders.set(trackId, decoder);
    }
    let fresh = choice.restart;
    for (const frame of choice.frames) fresh = (await this.#decodeFrame(decoder, frame)) || fresh;
    return { picture: decoder.picture, colour: decoder.colour, fresh };
  }

  #retire(decoder: VideoDecoder): void {
    this.#undecodable += decoder.errors;
    decoder.close();
  }
}
