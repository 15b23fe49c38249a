/** Writes journals for tests: records in order of arrival, from senders with clocks, delays, jitter and loss of their own. */
import type { SessionEvent, StreamInfo } from '../../../../src/domain/events.ts';
import type { ParticipantId, RoomId, SessionId, TrackId } from '../../../../src/domain/ids.ts';
import type { Codec, TrackSource } from '../../../../src/domain/media.ts';
import { clockRateOf } from '../../../../src/domain/media.ts';
import type { JournalRecord, JournalSnapshot } from '../../../../src/journal/record.ts';
import { rtpPacket, senderReport } from './rtp.ts';

export const MS = 1_000_000;
export const S = 1_000_000_000;

/** A small seeded generator (mulberry32): tests repeat. */
export const seeded = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};

export const participant = (name: string): ParticipantId => name as ParticipantId;
export const track = (name: string): TrackId => name as TrackId;

export const streamInfo = (
  stream: number,
  options: {
    codec: Codec;
    who?: string;
    trackId?: string;
    source?: TrackSource;
    rid?: string | null;
    fmtp?: string;
    clockDomain?: string;
    extensions?: Readonly<Record<string, number>>;
  },
): StreamInfo => {
  const { codec, who = 'ada', rid = null, fmtp = '' } = options;
  const source = options.source ?? (codec === 'opus' ? 'microphone' : 'camera');
  return {
    stream,
    trackId: track(options.trackId ?? `${who}-${source}`),
    participantId: participant(who),
    source,
    ssrc: 0x1234,
    payloadType: codec === 'opus' ? 111 : 96,
    codec,
    clockRate: clockRateOf(codec),
    fmtp,
    rid,
    clockDomain: options.clockDomain ?? who,
    extensions: options.extensions ?? {},
  };
};

export const snapshotRecord = (changes: Partial<JournalSnapshot> = {}, arrivalNs = 0): JournalRecord => ({
  type: 'snapshot',
  arrivalNs,
  snapshot: {
    version: 1,
    chunk: 0,
    sessionId: '0'.repeat(24) as SessionId,
    roomId: 'abcd-efgh-ijkl' as RoomId,
    bootId: 'boot',
    monotonicNs: '0',
    wallMs: 0,
    originMonotonicNs: '0',
    participants: [],
    tracks: [],
    streams: [],
    pins: [],
    recordings: [],
    ...changes,
  },
});

export const eventRecord = (arrivalNs: number, event: SessionEvent): JournalRecord => ({
  type: 'event',
  arrivalNs,
  event,
});
export const opened = (arrivalNs: number, stream: StreamInfo): JournalRecord =>
  eventRecord(arrivalNs, { type: 'stream-opened', stream });
export const tick = (arrivalNs: number): JournalRecord => ({ type: 'tick', arrivalNs });

/** In order of arrival; records of one instant stay as given. */
export const inOrder = (records: readonly JournalRecord[]): JournalRecord[] =>
  [...records].sort((a, b) => a.arrivalNs - b.arrivalNs);

/** Sends one stream: sequence numbers and RTP timestamps by a clock of its own. */
export class Sender {
  readonly records: JournalRecord[] = [];
  readonly info: StreamInfo;
  readonly #ppm: number;
  readonly #ntpAtZero: number;
  #sequence: number;
  readonly #firstTimestamp: number;

  constructor(
    info: StreamInfo,
    options: { ppm?: number; sequence?: number; timestamp?: number; ntpAtZero?: number } = {},
  ) {
    this.info = info;
    this.#ppm = options.ppm ?? 0;
    this.#sequence = options.sequence ?? 65_500;
    this.#firstTimestamp = options.timestamp ?? 0xfffff000;
    this.#ntpAtZero = options.ntpAtZero ?? 3_900_000_000;
  }

  /** RTP timestamp of an instant on this sender's media clock. */
  timestampAt(captureNs: number): number {
    const ticks = Math.round(((captureNs / S) * this.info.clockRate * (1e6 + this.#ppm)) / 1e6);
    return (this.#firstTimestamp + ticks) >>> 0;
  }

  /** The packets of one frame; each with its arrival, or null where it never arrives. `extension`: the last one's header extension. */
  frame(
    captureNs: number,
    payloads: readonly Buffer[],
    arrivalOf: (packet: number) => number | null,
    extension?: Buffer,
  ): void {
    payloads.forEach((payload, i) => {
      const arrivalNs = arrivalOf(i);
      const sequence = this.#sequence;
      this.#sequence = (this.#sequence + 1) & 0xffff;
      if (arrivalNs === null) return;
      const bytes = rtpPacket({
        payloadType: this.info.payloadType,
        sequence,
        timestamp: this.timestampAt(captureNs),
        marker: this.info.codec !== 'opus' && i === payloads.length - 1,
        payload,
        ...(extension && i === payloads.length - 1 ? { extension } : {}),
      });
      this.records.push({ type: 'rtp', arrivalNs, stream: this.info.stream, payload: bytes });
    });
  }

  /** A sender report of an instant of the sender's clock; `lateNs`: its NTP time was read so much after its RTP time. */
  report(atNs: number, arrivalNs: number, lateNs = 0): void {
    const payload = senderReport(this.#ntpAtZero + (atNs + lateNs) / S, this.timestampAt(atNs));
    this.records.push({ type: 'sender-report', arrivalNs, stream: this.info.stream, payload });
  }
}
