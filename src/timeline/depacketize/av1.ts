/**
 * AV1 over RTP ("RTP Payload Format For AV1", v1.0): OBU elements are joined across packets, sizes are put back, a temporal delimiter
 * is put in front: one temporal unit in the low-overhead format.
 */
import { opensKeyframe, readSequenceHeader, type SequenceHeader } from './av1-headers.ts';
import { ByteSink } from './byte-sink.ts';
import type { CodedPicture, Depacketizer } from './depacketizer.ts';

const OBU = { sequenceHeader: 1, temporalDelimiter: 2, frameHeader: 3, frame: 6, tileList: 8, padding: 15 } as const;
const TEMPORAL_DELIMITER = Buffer.from([(OBU.temporalDelimiter << 3) | 2, 0]);
/** leb128 of at most 8 bytes (AV1 §4.10.5); 5 are enough for what a packet can hold. */
const MAX_LEB128 = 5;

/** A leb128 number at `at`: its value and length, or null where it is cut short. */
const readLeb128 = (bytes: Buffer, at: number): { readonly value: number; readonly length: number } | null => {
  let value = 0;
  for (let i = 0; i < MAX_LEB128; i += 1) {
    const byte = bytes[at + i];
    if (byte === undefined) return null;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if ((byte & 0x80) === 0) return { value, length: i + 1 };
  }
  return null;
};

const appendLeb128 = (sink: ByteSink, value: number): void => {
  for (; value >= 0x80; value = Math.floor(value / 0x80)) sink.appendByte((value % 0x80) | 0x80);
  sink.appendByte(value);
};

export class Av1Depacketizer implements Depacketizer {
  /** The OBU that goes on in the next packet. */
  readonly #open = new ByteSink();
  readonly #unit = new ByteSink();
  #opened = false;
  #sequence: SequenceHeader | null = null;
  #keyframe = false;
  #sawSequence = false;
  #sawFrame = false;

  add(payload: Buffer, first: boolean): boolean {
    if (first) this.reset();
    const aggregation = payload[0] ?? 0;
    const continues = (aggregation & 0x80) !== 0;
    const goesOn = (aggregation & 0x40) !== 0;
    const elements = (aggregation >> 4) & 3;
    if (payload.length < 2 || continues !== this.#opened) return false;
    let at = 1;
    for (let i = 1; at < payload.length; i += 1) {
      let end = payload.length;
      if (elements === 0 || i < elements) {
        const size = readLeb128(payload, at);
        if (size === null || at + size.length + size.value > payload.length) return false;
        at += size.length;
        end = at + size.value;
      }
      const last = end === payload.length;
      if (elements !== 0 && last !== (i === elements)) return false;
      if (!this.#open.append(payload.subarray(at, end))) return false;
      this.#opened = last && goesOn;
      if (!this.#opened && !this.#closeObu()) return false;
      at = end;
    }
    return true;
  }

  take(): CodedPicture | 'nothing' | 'malformed' {
    const { width, height } = this.#sequence?.size ?? { width: 0, height: 0 };
    const keyframe = this.#keyframe && this.#sawSequence;
    const colour = keyframe ? (this.#sequence?.colour ?? null) : null;
    const picture = { data: this.#unit.copy(), keyframe, size: keyframe ? { width, height } : null, colour };
    const result = this.#opened ? 'malformed' : this.#sawFrame ? picture : 'nothing';
    this.reset();
    return result;
  }

  reset(): void {
    this.#open.clear();
    this.#unit.clear();
    this.#unit.append(TEMPORAL_DELIMITER);
    this.#opened = false;
    this.#keyframe = false;
    this.#sawSequence = false;
    this.#sawFrame = false;
  }

  /** Appends the OBU that is now whole to the temporal unit, with its size. False: malformed. */
  #closeObu(): boolean {
    const obu = this.#open.view();
    const header = obu[0];
    if (header === undefined || (header & 0x80) !== 0) return false;
    const headerLength = (header & 0x04) !== 0 ? 2 : 1;
    const sized =
      (header & 0x02) !== 0 ? readLeb128(obu, headerLength) : { value: obu.length - headerLength, length: 0 };
    if (sized === null || headerLength + sized.length + sized.value > obu.length) return false;
    const start = headerLength + sized.length;
    const payload = obu.subarray(start, start + sized.value);
    const fits = this.#appendObu(header, headerLength === 2 ? obu[1] : undefined, payload);
    this.#open.clear();
    return fits;
  }

  #appendObu(header: number, extension: number | undefined, payload: Buffer): boolean {
    const type = (header >> 3) & 0x0f;
    if (type === OBU.temporalDelimiter || type === OBU.tileList || type === OBU.padding) return true;
    const spatialLayer = ((extension ?? 0) >> 3) & 3;
    if (spatialLayer > 0) return true;
    if (type === OBU.sequenceHeader) {
      this.#sequence = readSequenceHeader(payload);
      if (this.#sequence === null) return false;
      this.#sawSequence = true;
    }
    if ((type === OBU.frame || type === OBU.frameHeader) && !this.#sawFrame) {
      this.#sawFrame = true;
      this.#keyframe = this.#sequence !== null && opensKeyframe(payload, this.#sequence);
    }
    this.#unit.appendByte(header | 0x02);
    if (extension !== undefined) this.#unit.appendByte(extension);
    appendLeb128(this.#unit, payload.length);
    return this.#unit.append(payload);
  }
}
