/** What is measured of one stream of a feed, once for all its subscribers: bitrate over the last second, picture size, liveness. */
import type { Size } from '../../domain/layout.ts';
import type { Codec } from '../../domain/media.ts';
import { keyframeSize } from '../rtp/frame-size.ts';
import type { RtpView } from '../rtp/rtp-packet.ts';

const NS_PER_S = 1e9;
/** A layer silent for longer is taken for switched off by its sender (browsers stop layers when bandwidth is short). */
const DEAD_AFTER_NS = 2_000_000_000n;

export class LayerMeter {
  #bitrateBps = 0;
  #windowStartNs = 0n;
  #windowBytes = 0;
  #lastNs = 0n;
  #size: Size | null = null;

  /** Bits per second, over the last whole second. */
  get bitrateBps(): number {
    return this.#bitrateBps;
  }

  /** Size of the last keyframe that said it, or null. */
  get size(): Size | null {
    return this.#size;
  }

  isLive(nowNs: bigint): boolean {
    return this.#lastNs !== 0n && nowNs - this.#lastNs < DEAD_AFTER_NS;
  }

  packet(codec: Codec, packet: Buffer, view: RtpView, arrivalNs: bigint, keyframe: boolean): void {
    this.#lastNs = arrivalNs;
    this.#windowBytes += packet.length;
    if (this.#windowStartNs === 0n) this.#windowStartNs = arrivalNs;
    const elapsed = Number(arrivalNs - this.#windowStartNs);
    if (elapsed >= NS_PER_S) {
      this.#bitrateBps = (this.#windowBytes * 8 * NS_PER_S) / elapsed;
      this.#windowStartNs = arrivalNs;
      this.#windowBytes = 0;
    }
    if (keyframe) this.#size = keyframeSize(codec, packet, view.payloadOffset, view.payloadEnd) ?? this.#size;
  }
}
