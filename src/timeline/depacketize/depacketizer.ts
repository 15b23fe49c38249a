/** What the payload formats have in common: packets of one timestamp in, one coded picture out. */
import type { Size } from '../../domain/layout.ts';
import type { VideoColour } from '../types.ts';

/** A coded picture as a decoder takes it. */
export interface CodedPicture {
  readonly data: Buffer;
  readonly keyframe: boolean;
  /** From a keyframe's header; null on other frames. */
  readonly size: Size | null;
  /** From a keyframe's header; null where it says nothing of colours, and on other frames. */
  readonly colour: VideoColour | null;
}

/** Assembles one picture at a time. Never throws; what it does not understand it calls malformed. */
export interface Depacketizer {
  /**
   * Adds the next packet's payload (not empty). `first`: it opens the picture, and must say so itself where the format can. False: it
   * is malformed, or not what should come next; the picture cannot be had.
   */
  add(payload: Buffer, first: boolean): boolean;
  /** The picture from all that was added, and makes ready for the next. `nothing`: no picture in it (parameter sets alone). */
  take(): CodedPicture | 'nothing' | 'malformed';
  /** Forgets what was added. */
  reset(): void;
}
