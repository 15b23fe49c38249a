/**
 * A session that never happened, as journal records: who joins, what they publish, when it is recorded. Media is encoded for the test
 * and packetized as RTP; every stream has sender reports. For the timeline and everything behind it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import type { ActiveRecording, ParticipantInfo, SessionEvent, TrackInfo } from '../../../src/domain/events.ts';
import type { ParticipantId, RecordingId, RoomId, SessionId, TrackId } from '../../../src/domain/ids.ts';
import type { LayoutProgram } from '../../../src/domain/layout.ts';
import type { TrackSource } from '../../../src/domain/media.ts';
import { type Pause, withPause, withResume } from '../../../src/domain/media-spans.ts';
import { NS_PER_MS } from '../../../src/domain/media-time.ts';
import { openChunkPath } from '../../../src/journal/chunk-files.ts';
import {
  CHUNK_HEADER_BYTES,
  RECORD_OVERHEAD_BYTES,
  writeChunkHeader,
  writeRecord,
} from '../../../src/journal/format.ts';
import { type JournalRecord, type JournalSnapshot, RECORD_TYPE } from '../../../src/journal/record.ts';
import type { EncodedTrack } from '../../../src/synthetic/encoded-track.ts';
import { packetizerFor } from '../../../src/synthetic/packetize/packetizer.ts';
import { writeSenderReport } from '../../../src/synthetic/rtcp-messages.ts';
import { writeRtp } from '../../../src/synthetic/rtp-writer.ts';
import { COLOUR_EXTENSION } from '../../../src/timeline/colour.ts';

export const RECORDING = 'c0ffee00c0ffee00c0ffee00' as RecordingId;
/** What every packet takes to arrive. */
export const DELAY_MS = 20;
const COLOUR_ID = 8;
const GRID: LayoutProgram = { type: 'GRID', priority: 'SPEAKER', gridSize: 4 };

/** Journals count whole nanoseconds: what is read back must be what was written. */
const arrivalAt = (ms: number): number => Math.round(ms * NS_PER_MS);

const EMPTY_ROOM: JournalSnapshot = {
  version: 1,
  chunk: 1,
  sessionId: 'abababababababababababab' as SessionId,
  roomId: 'aaaa-bbbb-cccc' as RoomId,
  bootId: 'boot',
  monotonicNs: '0',
  wallMs: 0,
  originMonotonicNs: '0',
  participants: [],
  tracks: [],
  streams: [],
  pins: [],
  recordings: [],
};

export interface PublishOptions {
  readonly participant: string;
  readonly source: TrackSource;
  readonly media: EncodedTrack;
  /** Session time at which media time zero of the track is captured, and until when it is sent. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly rid?: string;
  readonly trackId?: string;
  /** Loses the packet with this number, counted from the stream's first. */
  readonly loses?: (packet: number) => boolean;
  /** Changes a payload on its way. */
  readonly damages?: (payload: Buffer, packet: number) => Buffer;
  /** Value of the colour extension, sent with the last packet of every keyframe. */
  readonly colour?: Buffer;
  /** Sender's clock against ours: 1.0001 runs 100 ppm fast. */
  readonly clockRatio?: number;
}

export class Rehearsal {
  readonly #records: JournalRecord[] = [];
  readonly #pauses: { readonly fromMs: number; readonly toMs: number | null }[] = [];
  #streams = 0;

  constructor() {
    this.#records.push({ type: 'snapshot', arrivalNs: 0, snapshot: EMPTY_ROOM });
  }

  event(atMs: number, event: SessionEvent): this {
    this.#records.push({ type: 'event', arrivalNs: atMs * NS_PER_MS, event });
    return this;
  }

  joins(participant: string, name: string, atMs: number): this {
    const info = { participantId: participant as ParticipantId, name, hidden: false };
    return this.event(atMs, { type: 'participant-joined', participant: info });
  }

  leaves(participant: string, atMs: number): this {
    return this.event(atMs, { type: 'participant-left', participantId: participant as ParticipantId, reason: 'left' });
  }

  recorded(fromMs: number, toMs: number, layout: LayoutProgram = GRID): this {
    const startedNs = fromMs * NS_PER_MS;
    this.event(fromMs, { type: 'recording-started', recording: { recordingId: RECORDING, startedNs, layout } });
    const stoppedNs = toMs * NS_PER_MS;
    return this.event(toMs, { type: 'recording-stopped', recordingId: RECORDING, stoppedNs, reason: 'requested' });
  }

  /** Nothing but events is written from one time to the other, or to the end. Say so before `records`. */
  paused(fromMs: number, toMs: number | null = null): this {
    this.#pauses.push({ fromMs, toMs });
    this.event(fromMs, { type: 'recording-paused', recordingId: RECORDING, pausedNs: fromMs * NS_PER_MS });
    if (toMs === null) return this;
    return this.event(toMs, { type: 'recording-resumed', recordingId: RECORDING, resumedNs: toMs * NS_PER_MS });
  }

  /** Track and stream with all their packets. Returns the track's id. */
  publishes(options: PublishOptions): TrackId {
    const { participant, source, media, fromMs } = options;
    const trackId = (options.trackId ?? `${participant}-${source}`) as TrackId;
    const participantId = participant as ParticipantId;
    const stream = ++this.#streams;
    const ssrc = 1000 + stream;
    const track: TrackInfo = { trackId, participantId, source, muted: false };
    if (options.rid === undefined || options.rid === 'l') this.event(fromMs, { type: 'track-published', track });
    this.event(fromMs, {
      type: 'stream-opened',
      stream: {
        stream,
        trackId,
        participantId,
        source,
        ssrc,
        payloadType: 96,
        codec: media.codec,
        clockRate: media.clockRate,
        fmtp: '',
        rid: options.rid ?? null,
        clockDomain: participant,
        extensions: options.colour ? { [COLOUR_EXTENSION]: COLOUR_ID } : {},
      },
    });
    this.#send(stream, ssrc, options);
    return trackId;
  }

  #send(stream: number, ssrc: number, options: PublishOptions): void {
    const { media, fromMs, toMs, clockRatio = 1 } = options;
    const packetize = packetizerFor(media);
    let sequence = 0;
    let nextReportMs = 0;
    let lastMs = 0;
    for (const frame of media.frames) {
      const senderMs = (frame.time / media.clockRate) * 1000;
      const atMs = fromMs + senderMs / clockRatio;
      if (atMs >= toMs) break;
      const timestamp = 50_000 + frame.time;
      if (senderMs >= nextReportMs) {
        const report = { ssrc, wallMs: 1_000_000 + fromMs + senderMs, timestamp, packets: sequence, bytes: 0 };
        const payload = writeSenderReport(report, 'rehearsal').subarray(0, 28);
        this.#records.push({ type: 'sender-report', arrivalNs: arrivalAt(atMs + DELAY_MS), stream, payload });
        nextReportMs += 1000;
      }
      const payloads = packetize(frame.data, frame.keyframe);
      for (const [i, payload] of payloads.entries()) {
        const number = sequence++;
        // In the order of sending, also where pictures are not shown in it.
        const arrivalMs = Math.max(atMs + DELAY_MS + i * 0.01, lastMs + 0.005);
        lastMs = arrivalMs;
        if (options.loses?.(number)) continue;
        const last = i === payloads.length - 1;
        const packet = writeRtp({
          payloadType: 96,
          marker: last,
          sequence: number,
          timestamp,
          ssrc,
          extensions: options.colour && frame.keyframe && last ? [{ id: COLOUR_ID, data: options.colour }] : [],
          payload: options.damages?.(payload, number) ?? payload,
        });
        this.#records.push({
          type: 'rtp',
          arrivalNs: arrivalAt(arrivalMs),
          stream,
          payload: packet,
        });
      }
    }
  }

  /** All records in journal order, with the journal's ticks, until `endMs`. */
  records(endMs: number): JournalRecord[] {
    for (let ms = 250; ms < endMs; ms += 250) this.#records.push({ type: 'tick', arrivalNs: ms * NS_PER_MS });
    const all = this.#records.toSorted((a, b) => a.arrivalNs - b.arrivalNs);
    const snapshots = this.#pauses.flatMap(({ toMs }) =>
      toMs === null ? [] : [snapshotAfterGap(all, toMs * NS_PER_MS)],
    );
    // A writer begins its chunk before it writes the word of the resumption.
    return [...snapshots, ...all.filter((record) => !this.#isWithheld(record))]
      .filter((record) => record.arrivalNs < endMs * NS_PER_MS)
      .sort((a, b) => a.arrivalNs - b.arrivalNs);
  }

  #isWithheld({ type, arrivalNs }: JournalRecord): boolean {
    if (type !== 'rtp' && type !== 'sender-report') return false;
    const atMs = arrivalNs / NS_PER_MS;
    return this.#pauses.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < (toMs ?? Number.POSITIVE_INFINITY));
  }
}

/** What a writer says when it begins a chunk behind a pause, given everything that happened in the room. */
export const snapshotAfterGap = (all: readonly JournalRecord[], atNs: number): JournalRecord => {
  const participants = new Map<string, ParticipantInfo>();
  const tracks = new Map<string, TrackInfo>();
  const streams = new Map<number, JournalSnapshot['streams'][number]>();
  let recordings: readonly ActiveRecording[] = [];
  let pauses: readonly Pause[] = [];
  for (const record of all) {
    if (record.arrivalNs > atNs) break;
    if (record.type === 'rtp' || record.type === 'sender-report') {
      const stream = streams.get(record.stream);
      if (!stream) continue;
      const { arrivalNs, payload } = record;
      if (record.type === 'rtp') streams.set(record.stream, { ...stream, extendedSequence: payload.readUInt16BE(2) });
      else
        streams.set(record.stream, { ...stream, lastSenderReport: { packet: payload.toString('base64'), arrivalNs } });
    }
    if (record.type !== 'event') continue;
    const { event } = record;
    if (event.type === 'participant-joined') participants.set(event.participant.participantId, event.participant);
    else if (event.type === 'participant-left') participants.delete(event.participantId);
    else if (event.type === 'track-published') tracks.set(event.track.trackId, event.track);
    else if (event.type === 'track-unpublished') tracks.delete(event.trackId);
    else if (event.type === 'stream-opened') {
      streams.set(event.stream.stream, { ...event.stream, extendedSequence: null, lastSenderReport: null });
    } else if (event.type === 'stream-closed') streams.delete(event.stream);
    else if (event.type === 'recording-started') recordings = [event.recording];
    else if (event.type === 'layout-changed')
      recordings = recordings.map((active) => ({ ...active, layout: event.layout }));
    else if (event.type === 'recording-paused') pauses = withPause(pauses, event.pausedNs);
    else if (event.type === 'recording-resumed') pauses = withResume(pauses, event.resumedNs);
  }
  const snapshot: JournalSnapshot = {
    ...EMPTY_ROOM,
    participants: [...participants.values()],
    tracks: [...tracks.values()],
    streams: [...streams.values()],
    recordings: recordings.map((recording) => ({ ...recording, pauses })),
    afterGap: true,
  };
  return { type: 'snapshot', arrivalNs: atNs, snapshot };
};

const EMPTY = Buffer.alloc(0);

/** The payload of a record, as it stands in a chunk. */
const payloadOf = (record: JournalRecord): Buffer => {
  switch (record.type) {
    case 'snapshot':
      return Buffer.from(JSON.stringify(record.snapshot));
    case 'event':
      return Buffer.from(JSON.stringify(record.event));
    case 'index':
      return Buffer.from(JSON.stringify(record.index));
    case 'tick':
      return EMPTY;
    default:
      return record.payload;
  }
};

const TYPES: Record<JournalRecord['type'], number> = {
  snapshot: RECORD_TYPE.snapshot,
  rtp: RECORD_TYPE.rtp,
  'sender-report': RECORD_TYPE.senderReport,
  event: RECORD_TYPE.event,
  sample: RECORD_TYPE.sample,
  index: RECORD_TYPE.index,
  tick: RECORD_TYPE.tick,
};

/** Bytes of one chunk that holds these records; not sealed, as a writer leaves it that dies. */
export const chunkOf = (records: readonly JournalRecord[], chunk = 1): Buffer => {
  const payloads = records.map(payloadOf);
  const size = payloads.reduce((sum, { length }) => sum + length + RECORD_OVERHEAD_BYTES, CHUNK_HEADER_BYTES);
  const bytes = Buffer.alloc(size);
  let at = writeChunkHeader(bytes, 0, chunk);
  for (const [i, record] of records.entries()) {
    const stream = 'stream' in record ? record.stream : 0;
    at = writeRecord(bytes, at, TYPES[record.type], 0, stream, record.arrivalNs, payloads[i] ?? EMPTY);
  }
  return bytes;
};

/** Writes the records as a journal of one open chunk. */
export const saveJournal = async (records: readonly JournalRecord[], directory: string): Promise<void> => {
  await mkdir(directory, { recursive: true });
  await writeFile(openChunkPath(directory, 1), chunkOf(records));
};
