/** RTP payload format for AV1 (Alliance for Open Media, v1.0): every OBU element carries its length, long ones go on in the next packet. */
import { MAX_PAYLOAD, type Packetize } from './payload.ts';

const TEMPORAL_DELIMITER = 2;
const TILE_LIST = 8;
const PADDING = 15;
/** Never sent (§5): they mean nothing to a receiver. */
const DROPPED: readonly number[] = [TEMPORAL_DELIMITER, TILE_LIST, PADDING];
const HAS_SIZE = 0x02;
const HAS_EXTENSION = 0x04;

const readLeb128 = (bytes: Buffer, offset: number): { value: number; next: number } => {
  let value = 0;
  for (let index = 0; index < 8; index++) {
    const byte = bytes[offset + index] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if ((byte & 0x80) === 0) return { value, next: offset + index + 1 };
  }
  throw new RangeError(`The leb128 number at byte ${offset} does not end.`);
};

const writeLeb128 = (value: number): Buffer => {
  const bytes: number[] = [];
  do {
    bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>>= 7;
  } while (value > 0);
  return Buffer.from(bytes);
};

/** OBUs of a temporal unit, size fields removed as the payload format asks (§4.5). */
export const obusOf = (temporalUnit: Buffer): Buffer[] => {
  const obus: Buffer[] = [];
  let at = 0;
  while (at < temporalUnit.length) {
    const head = temporalUnit[at] ?? 0;
    const bodyAt = at + (head & HAS_EXTENSION ? 2 : 1);
    const { value, next } =
      head & HAS_SIZE ? readLeb128(temporalUnit, bodyAt) : { value: temporalUnit.length - bodyAt, next: bodyAt };
    if (!DROPPED.includes((head >> 3) & 0x0f)) {
      const obu = Buffer.concat([temporalUnit.subarray(at, bodyAt), temporalUnit.subarray(next, next + value)]);
      obu[0] = head & ~HAS_SIZE;
      obus.push(obu);
    }
    at = next + value;
  }
  return obus;
};

/** Aggregation header (§4.4): Z goes on from the packet before, Y goes on in the next, W=0 every element has a length, N new sequence. */
const header = (goesOn: boolean, continued: boolean, newSequence: boolean): Buffer =>
  Buffer.from([(goesOn ? 0x80 : 0) | (continued ? 0x40 : 0) | (newSequence ? 0x08 : 0)]);

export const av1Packetizer = (): Packetize => (frame, keyframe) => {
  const payloads: Buffer[] = [];
  let parts: Buffer[] = [];
  let room = MAX_PAYLOAD - 1;
  let goesOn = false;
  const flush = (continued: boolean) => {
    payloads.push(Buffer.concat([header(goesOn, continued, keyframe && payloads.length === 0), ...parts]));
    parts = [];
    room = MAX_PAYLOAD - 1;
    goesOn = continued;
  };
  for (const obu of obusOf(frame)) {
    let rest = obu;
    while (rest.length > 0) {
      // Three bytes at most for the length of an element; less than a few bytes of it are not worth a fragment.
      if (room < 16) flush(rest !== obu);
      const part = rest.subarray(0, room - 3);
      const length = writeLeb128(part.length);
      parts.push(length, part);
      room -= length.length + part.length;
      rest = rest.subarray(part.length);
      if (rest.length > 0) flush(true);
    }
  }
  if (parts.length > 0) flush(false);
  return payloads;
};
