/** VP8 over RTP (RFC 7741): the payload descriptor is cut off, the rest joined. */
import { ByteSink } from './byte-sink.ts';
import type { CodedPicture, Depacketizer } from './depacketizer.ts';

/** Length of the payload descriptor (RFC 7741 §4.2); more than the payload where it is cut short. */
const descriptorLength = (payload: Buffer): number => {
  const first = payload[0] ?? 0;
  if ((first & 0x80) === 0) return 1;
  const extension = payload[1] ?? 0;
  let length = 2;
  if (extension & 0x80) length += (payload[length] ?? 0) & 0x80 ? 2 : 1;
  if (extension & 0x40) length += 1;
  if (extension & 0x30) length += 1;
  return length;
};

/** Key frames begin with a frame tag of three bytes, a start code, and their size (RFC 6386 §9.1). */
const KEYFRAME_HEADER = 10;

export class Vp8Depacketizer implements Depacketizer {
  readonly #sink = new ByteSink();

  add(payload: Buffer, first: boolean): boolean {
    const length = descriptorLength(payload);
    if (length >= payload.length) return false;
    const opensFrame = ((payload[0] ?? 0) & 0x17) === 0x10;
    return opensFrame === first && this.#sink.append(payload, length);
  }

  /** VP8 has one matrix and no range that a decoder must know (RFC 6386 §9.2): of colours it says nothing. */
  take(): CodedPicture | 'nothing' | 'malformed' {
    const data = this.#sink.copy();
    this.#sink.clear();
    const keyframe = ((data[0] ?? 1) & 1) === 0;
    if (!keyframe) return { data, keyframe, size: null, colour: null };
    if (data.length < KEYFRAME_HEADER || data.readUIntBE(3, 3) !== 0x9d012a) return 'malformed';
    const size = { width: data.readUInt16LE(6) & 0x3fff, height: data.readUInt16LE(8) & 0x3fff };
    return size.width > 0 && size.height > 0 ? { data, keyframe, size, colour: null } : 'malformed';
  }

  reset(): void {
    this.#sink.clear();
  }
}
