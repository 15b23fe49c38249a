/**
 * H.264 over RTP (RFC 6184, packetization modes 0 and 1): single NAL units, STAP-A and FU-A become an Annex B access unit. Every IDR
 * picture is preceded by its parameter sets, whether they came with it, before it, or in the SDP.
 */
import { ByteSink } from './byte-sink.ts';
import type { CodedPicture, Depacketizer } from './depacketizer.ts';
import { readPps, readSps, type Sps } from './h264-parameter-sets.ts';

const NAL = { slice: 1, idr: 5, sei: 6, sps: 7, pps: 8, delimiter: 9, stapA: 24, fuA: 28 } as const;
const START_CODE = Buffer.from([0, 0, 0, 1]);
/** Real ones take some tens of bytes, with all scaling lists some hundreds. 288 of them are remembered: hostile ones must stay small. */
const MAX_PARAMETER_SET = 1024;

/** first_mb_in_slice is 0 (ue(v) `1`) in the first slice of a picture: its absence says that the picture's start was lost. */
const opensPicture = (nal: Buffer): boolean => ((nal[1] ?? 0) & 0x80) !== 0;

export class H264Depacketizer implements Depacketizer {
  readonly #sink = new ByteSink();
  /** Newest parameter sets by id. */
  readonly #sps = new Map<number, Sps & { readonly nal: Buffer }>();
  readonly #pps = new Map<number, Buffer>();
  /** Where in the sink the fragmented NAL unit begins; null outside of one. */
  #fragmentAt: number | null = null;
  #slices = 0;
  #idr = false;
  #hasSps = false;
  #newestSps: number | null = null;

  constructor(fmtp: string) {
    const sets = /sprop-parameter-sets=([^;\s]+)/.exec(fmtp)?.[1] ?? '';
    for (const set of sets.split(',')) {
      const nal = Buffer.from(set, 'base64');
      if (nal.length > 1) this.#keepParameterSet(nal);
    }
  }

  add(payload: Buffer, first: boolean): boolean {
    if (first) this.reset();
    const type = (payload[0] ?? 0) & 0x1f;
    if (type === NAL.fuA) return this.#addFragment(payload);
    if (this.#fragmentAt !== null) return false;
    if (type === NAL.stapA) return this.#addAggregate(payload);
    return type > 0 && type < NAL.stapA && this.#addNal(payload);
  }

  take(): CodedPicture | 'nothing' | 'malformed' {
    const sound = this.#fragmentAt === null;
    const picture = sound && this.#slices > 0 ? this.#picture() : null;
    const nothing = sound && this.#slices === 0;
    this.reset();
    return nothing ? 'nothing' : (picture ?? 'malformed');
  }

  reset(): void {
    this.#sink.clear();
    this.#fragmentAt = null;
    this.#slices = 0;
    this.#idr = false;
    this.#hasSps = false;
  }

  /** STAP-A (RFC 6184 §5.7.1): NAL units with 16-bit lengths. */
  #addAggregate(payload: Buffer): boolean {
    let at = 1;
    while (at + 2 <= payload.length) {
      const length = payload.readUInt16BE(at);
      at += 2;
      if (length === 0 || at + length > payload.length) return false;
      if (!this.#addNal(payload.subarray(at, at + length))) return false;
      at += length;
    }
    return at === payload.length && at > 1;
  }

  /** FU-A (RFC 6184 §5.8): a NAL unit in pieces, its header spread over the indicator and the FU header. */
  #addFragment(payload: Buffer): boolean {
    const indicator = payload[0] ?? 0;
    const header = payload[1] ?? 0;
    const starts = (header & 0x80) !== 0;
    const ends = (header & 0x40) !== 0;
    if (payload.length < 3 || starts !== (this.#fragmentAt === null)) return false;
    if (starts) {
      if (!this.#sink.append(START_CODE)) return false;
      this.#fragmentAt = this.#sink.length;
      this.#sink.appendByte((indicator & 0xe0) | (header & 0x1f));
    }
    if (!this.#sink.append(payload, 2)) return false;
    if (!ends || this.#fragmentAt === null) return true;
    const nal = this.#sink.view(this.#fragmentAt);
    this.#fragmentAt = null;
    return this.#note(nal);
  }

  #addNal(nal: Buffer): boolean {
    if (((nal[0] ?? 0) & 0x1f) === NAL.delimiter) return true;
    return this.#sink.append(START_CODE) && this.#sink.append(nal) && this.#note(nal);
  }

  /** Takes note of what a whole NAL unit is. False: the picture cannot be whole. */
  #note(nal: Buffer): boolean {
    const type = (nal[0] ?? 0) & 0x1f;
    if (type === NAL.sps || type === NAL.pps) return this.#keepParameterSet(nal);
    if (type < NAL.slice || type > NAL.idr) return true;
    if (this.#slices === 0 && !opensPicture(nal)) return false;
    this.#slices += 1;
    this.#idr ||= type === NAL.idr;
    return true;
  }

  #keepParameterSet(bytes: Buffer): boolean {
    if (bytes.length > MAX_PARAMETER_SET) return false;
    const nal = Buffer.from(bytes);
    if (((nal[0] ?? 0) & 0x1f) === NAL.sps) {
      const sps = readSps(nal);
      if (sps === null) return false;
      this.#sps.set(sps.id, { ...sps, nal });
      this.#newestSps = sps.id;
      this.#hasSps = true;
      return true;
    }
    const pps = readPps(nal);
    if (pps === null) return false;
    this.#pps.set(pps.id, nal);
    return true;
  }

  #picture(): CodedPicture | null {
    if (!this.#idr) return { data: this.#sink.copy(), keyframe: false, size: null, colour: null };
    const newest = this.#newestSps === null ? undefined : this.#sps.get(this.#newestSps);
    if (newest === undefined || this.#pps.size === 0) return null;
    const { size, colour } = newest;
    if (this.#hasSps) return { data: this.#sink.copy(), keyframe: true, size, colour };
    const sets = [...[...this.#sps.values()].map((sps) => sps.nal), ...this.#pps.values()];
    const data = Buffer.concat([...sets.flatMap((nal) => [START_CODE, nal]), this.#sink.view()]);
    return { data, keyframe: true, size, colour };
  }
}
