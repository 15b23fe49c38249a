/**
 * VP9 over RTP (RFC 9628), flexible and non-flexible mode, with temporal layers. Of spatial layers only the lowest is taken: rooms do
 * not negotiate them.
 */
import type { Size } from '../../domain/layout.ts';
import { codedColour } from '../colour.ts';
import type { ColourMatrix, VideoColour } from '../types.ts';
import { BitReader } from './bit-reader.ts';
import { ByteSink } from './byte-sink.ts';
import type { CodedPicture, Depacketizer } from './depacketizer.ts';

interface Descriptor {
  readonly length: number;
  readonly begins: boolean;
  readonly spatialLayer: number;
}

/** Length of the scalability structure at `at` (RFC 9628 §4.2.1). */
const structureLength = (payload: Buffer, at: number): number => {
  const flags = payload[at] ?? 0;
  let length = 1;
  if (flags & 0x10) length += ((flags >> 5) + 1) * 4;
  if (flags & 0x08) {
    const pictures = payload[at + length] ?? 0;
    length += 1;
    for (let i = 0; i < pictures; i += 1) length += 1 + (((payload[at + length] ?? 0) >> 2) & 3);
  }
  return length;
};

/** The payload descriptor (RFC 9628 §4.2). Cut short, it is longer than the payload. */
const readDescriptor = (payload: Buffer): Descriptor => {
  const flags = payload[0] ?? 0;
  const flexible = (flags & 0x10) !== 0;
  let length = 1;
  let spatialLayer = 0;
  if (flags & 0x80) length += (payload[length] ?? 0) & 0x80 ? 2 : 1;
  if (flags & 0x20) {
    spatialLayer = ((payload[length] ?? 0) >> 1) & 7;
    length += flexible ? 1 : 2;
  }
  if (flexible && flags & 0x40) {
    for (let i = 0, more = true; i < 3 && more; i += 1) {
      more = ((payload[length] ?? 0) & 1) !== 0;
      length += 1;
    }
  }
  if (flags & 0x02) length += structureLength(payload, length);
  return { length, begins: (flags & 0x08) !== 0, spatialLayer };
};

/** color_space (VP9 bitstream §7.2.2); the others are unknown, reserved, or do not occur in rooms. */
const MATRICES: Readonly<Record<number, ColourMatrix>> = { 1: 'bt601', 2: 'bt709', 3: 'bt601', 5: 'bt2020' };
const RGB = 7;

/** color_config (VP9 bitstream §6.2.2). */
const readColour = (bits: BitReader, profile: number): VideoColour | null => {
  const subsamplingTold = profile === 1 || profile === 3;
  if (profile >= 2) bits.skip(1);
  const space = bits.bits(3);
  if (space === RGB) {
    if (subsamplingTold) bits.skip(1);
    return null;
  }
  const full = bits.flag();
  if (subsamplingTold) bits.skip(3);
  return codedColour(MATRICES[space] ?? null, full);
};

interface Header {
  readonly keyframe: boolean;
  readonly size: Size | null;
  readonly colour: VideoColour | null;
}

const NO_KEYFRAME: Header = { keyframe: false, size: null, colour: null };

/** Whether an uncompressed header opens a key frame, its size and colours (VP9 bitstream §6.2). Null: not VP9. */
const readHeader = (data: Buffer): Header | null => {
  const bits = new BitReader(data);
  if (bits.bits(2) !== 2) return null;
  const profile = bits.bits(1) + bits.bits(1) * 2;
  if (profile === 3) bits.skip(1);
  const showsExisting = bits.flag();
  if (showsExisting || bits.flag()) return NO_KEYFRAME;
  bits.skip(2);
  if (bits.bits(24) !== 0x498342) return null;
  const colour = readColour(bits, profile);
  const size = { width: bits.bits(16) + 1, height: bits.bits(16) + 1 };
  return bits.exhausted ? null : { keyframe: true, size, colour };
};

export class Vp9Depacketizer implements Depacketizer {
  readonly #sink = new ByteSink();

  add(payload: Buffer, first: boolean): boolean {
    const { length, begins, spatialLayer } = readDescriptor(payload);
    if (length >= payload.length) return false;
    if (spatialLayer > 0) return !first;
    return begins === first && this.#sink.append(payload, length);
  }

  take(): CodedPicture | 'nothing' | 'malformed' {
    const data = this.#sink.copy();
    this.#sink.clear();
    const header = readHeader(data);
    return header === null ? 'malformed' : { data, ...header };
  }

  reset(): void {
    this.#sink.clear();
  }
}
