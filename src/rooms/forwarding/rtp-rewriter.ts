/**
 * Makes one continuous RTP stream of several source streams, one after the other: sequence numbers, timestamps, and the picture ids and
 * base layer indices of VP8 and VP9. Within a source all of them are shifted by constants (a `Shift`), so that losses and late packets
 * keep their places; a source begins at a keyframe right behind the highest packet of the former one.
 */
import type { Codec } from '../../domain/media.ts';
import { readPictureId, rewritePictureId } from './picture-id.ts';

/** A new source's first picture must not have the timestamp of the last one forwarded, or they are taken for one. */
const MIN_TIMESTAMP_STEP = 90;

/** What is added to the numbers of one source. Kept beside sent packets: a retransmission needs the shift of its time. */
export interface Shift {
  readonly firstExtended: number;
  readonly sequence: number;
  readonly timestamp: number;
  /** Null until the source's first packet with a picture id. */
  picture: number | null;
  base: number;
}

export class RtpRewriter {
  #shift: Shift | null = null;
  #highestSequence: number;
  #highestTimestamp = 0;
  #lastPicture = -1;
  #lastBase = -1;

  /** `firstSequence`: of the first packet that will be sent. */
  constructor(firstSequence: number) {
    this.#highestSequence = firstSequence - 1;
  }

  /** The source in force, or null before the first. */
  get shift(): Shift | null {
    return this.#shift;
  }

  /** The highest timestamp forwarded. */
  get highestTimestamp(): number {
    return this.#highestTimestamp;
  }

  /**
   * A source begins (again) with the packet of this extended sequence number and timestamp. `target`: the timestamp it should have in
   * the forwarded stream; ignored for the first source.
   */
  begin(extended: number, timestamp: number, target: number): void {
    const step = Math.max(MIN_TIMESTAMP_STEP, (target - this.#highestTimestamp) | 0);
    this.#shift = {
      firstExtended: extended,
      sequence: this.#highestSequence + 1 - extended,
      timestamp: this.#shift ? (this.#highestTimestamp + step - timestamp) | 0 : 0,
      picture: null,
      base: 0,
    };
  }

  /** Forwarded extended sequence number of a source's packet, or -1 for one from before the source began. */
  sequence(extended: number, timestamp: number): number {
    const shift = this.#shift;
    if (!shift || extended < shift.firstExtended) return -1;
    const sequence = extended + shift.sequence;
    if (sequence > this.#highestSequence) {
      this.#highestSequence = sequence;
      this.#highestTimestamp = (timestamp + shift.timestamp) >>> 0;
    }
    return sequence;
  }

  /** Shifts picture ids in the payload `packet[offset, end)` in place, and remembers the highest. Codecs without any are left alone. */
  rewritePayload(codec: Codec, packet: Buffer, offset: number, end: number): void {
    const shift = this.#shift;
    if (!shift || (codec !== 'vp8' && codec !== 'vp9')) return;
    const found = readPictureId(codec, packet, offset, end);
    if (!found) return;
    if (shift.picture === null) {
      shift.picture = found.picture >= 0 && this.#lastPicture >= 0 ? this.#lastPicture + 1 - found.picture : 0;
      shift.base = found.base >= 0 && this.#lastBase >= 0 ? this.#lastBase + 1 - found.base : 0;
    }
    const written = rewritePictureId(packet, found, shift.picture, shift.base);
    if (written.picture >= 0) this.#lastPicture = written.picture;
    if (written.base >= 0) this.#lastBase = written.base;
  }

  /** The same for a packet that is sent again, with the shift of its time. */
  repeatPayload(codec: Codec, shift: Shift, packet: Buffer, offset: number, end: number): void {
    if (codec !== 'vp8' && codec !== 'vp9') return;
    const found = readPictureId(codec, packet, offset, end);
    if (found) rewritePictureId(packet, found, shift.picture ?? 0, shift.base);
  }
}
