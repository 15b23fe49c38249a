/**
 * Packets of one video stream, in order and with losses told, into coded pictures. A picture ends at its marker bit or where the
 * timestamp changes. After a loss nothing can be decoded until the next keyframe; pictures that came whole are still told of.
 *
 * Colours stay in force from the picture that tells of them: its header extension until the next keyframe, which tells it again or
 * ends it (as libwebrtc's receiver has it); what the bitstream says, where the extension does not, likewise.
 */
import type { Size } from '../../domain/layout.ts';
import { preferred } from '../colour.ts';
import type { VideoColour } from '../types.ts';
import type { CodedPicture, Depacketizer } from './depacketizer.ts';

export interface AssembledFrame extends CodedPicture {
  readonly ticks: number;
  readonly decodable: boolean;
}

export class FrameAssembler {
  readonly #depacketizer: Depacketizer;
  readonly #onFrame: (frame: AssembledFrame) => void;
  /** Unwrapped RTP timestamp of the picture being assembled; null between pictures. */
  #ticks: number | null = null;
  /** The picture being assembled cannot be had. */
  #broken = false;
  #needsKeyframe = true;
  #size: Size | null = null;
  /** What the extension of the picture being assembled says. */
  #told: VideoColour | null = null;
  /** In force: by the extension, and by the bitstream. */
  #signalled: VideoColour | null = null;
  #coded: VideoColour | null = null;
  /** Packets and pictures that made no sense. */
  malformed = 0;

  constructor(depacketizer: Depacketizer, onFrame: (frame: AssembledFrame) => void) {
    this.#depacketizer = depacketizer;
    this.#onFrame = onFrame;
  }

  packet(payload: Buffer, ticks: number, marker: boolean, colour: VideoColour | null = null): void {
    if (payload.length === 0) return;
    if (this.#ticks !== null && this.#ticks !== ticks) this.#finish();
    const first = this.#ticks === null;
    if (first) {
      this.#ticks = ticks;
      this.#broken = false;
      this.#told = null;
    }
    this.#told = colour ?? this.#told;
    if (!this.#broken && !this.#depacketizer.add(payload, first)) {
      this.malformed += 1;
      this.#break();
    }
    if (marker) this.#finish();
  }

  /** Packets are missing here. */
  lost(): void {
    if (this.#ticks !== null) this.#break();
    this.#needsKeyframe = true;
  }

  /** Nothing more will come: a picture without its marker is complete only if nothing says otherwise, which nobody can know. */
  flush(): void {
    this.#depacketizer.reset();
    this.#ticks = null;
  }

  #break(): void {
    this.#broken = true;
    this.#needsKeyframe = true;
    this.#depacketizer.reset();
  }

  #finish(): void {
    const ticks = this.#ticks;
    this.#ticks = null;
    if (ticks === null || this.#broken) return;
    const picture = this.#depacketizer.take();
    if (picture === 'nothing') return;
    if (picture === 'malformed') {
      this.malformed += 1;
      this.#needsKeyframe = true;
      return;
    }
    if (picture.keyframe) {
      this.#needsKeyframe = false;
      this.#size = picture.size;
      this.#coded = picture.colour;
    }
    if (picture.keyframe || this.#told !== null) this.#signalled = this.#told;
    const { data, keyframe } = picture;
    const colour = preferred(this.#signalled, this.#coded);
    this.#onFrame({ data, keyframe, size: this.#size, colour, ticks, decodable: !this.#needsKeyframe });
  }
}
