/**
 * What is fuzzed: everything that reads bytes of strangers. A target takes any bytes; it throws where something that should hold does not.
 * Refusals that callers are told, and damage that readers step over, are no failures.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { RoomtapeError } from '../../src/domain/errors.ts';
import type { ParticipantId, RoomId, SessionId } from '../../src/domain/ids.ts';
import { VIDEO_CODECS } from '../../src/domain/media.ts';
import {
  CHUNK_HEADER_BYTES,
  decodeRecord,
  encodeIndex,
  isIntact,
  JournalFormatError,
  parseChunkHeader,
  RECORD_OVERHEAD_BYTES,
  recordSize,
  writeChunkHeader,
  writeRecord,
} from '../../src/journal/format.ts';
import { withoutParticipant } from '../../src/journal/purge.ts';
import { RECORD_TYPE } from '../../src/journal/record.ts';
import { clientMessage } from '../../src/rooms/protocol.ts';
import { keyframeSize } from '../../src/rooms/rtp/frame-size.ts';
import { beginsKeyframe } from '../../src/rooms/rtp/keyframe.ts';
import { ReceiveStream } from '../../src/rooms/rtp/receive-stream.ts';
import {
  buildFir,
  buildNack,
  buildPli,
  buildReceiverReport,
  buildRemb,
  buildSenderReport,
  byeSources,
  firSources,
  nackSequences,
  rembBitrate,
  reportBlocks,
  rtcpParts,
} from '../../src/rooms/rtp/rtcp-packet.ts';
import { buildRtp, isRtcp, RtpView } from '../../src/rooms/rtp/rtp-packet.ts';
import { parseOffer } from '../../src/rooms/sdp/offer.ts';
import { createDepacketizer } from '../../src/timeline/depacketize/create.ts';
import { parseRtp } from '../../src/timeline/rtp-packet.ts';

export interface Target {
  readonly name: string;
  readonly seeds: () => readonly Buffer[];
  /** What the format is made of, as latin1. */
  readonly words: readonly string[];
  readonly run: (input: Buffer) => void;
}

const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(`It does not hold that ${what}.`);
};

/** A refusal that a caller is told is an answer like any other. */
const unlessRefused = (work: () => void): void => {
  try {
    work();
  } catch (error) {
    if (!(error instanceof RoomtapeError) || error.blame !== 'caller') throw error;
  }
};

const SDP_FOLDER = new URL('../unit/rooms/fixtures/', import.meta.url);

const sdp: Target = {
  name: 'sdp',
  seeds: () =>
    readdirSync(SDP_FOLDER)
      .filter((name) => name.endsWith('.sdp'))
      .map((name) => readFileSync(new URL(name, SDP_FOLDER))),
  words: [
    ...['\r\n', 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\n', 'm=audio 0 ', 'a=mid:', 'a=group:BUNDLE ', 'a=rid:h send\r\n'],
    ...['a=simulcast:send h;m;l\r\n', 'a=ssrc-group:FID ', 'a=ssrc:', 'a=fmtp:96 ', 'a=rtpmap:96 VP8/90000\r\n'],
    ...[
      'a=extmap:',
      'a=setup:actpass\r\n',
      'a=fingerprint:sha-256 ',
      'a=candidate:',
      'a=sendonly\r\n',
      '__proto__',
      '-1',
    ],
  ],
  run: (input) =>
    unlessRefused(() => {
      const { lines } = parseOffer(input.toString('utf8'));
      must(lines.length <= 256, 'an offer has a bounded number of media');
    }),
};

const rtp: Target = {
  name: 'rtp',
  seeds: () => [
    ...[0, 1, 2, 3].map((kind) =>
      buildRtp({
        payloadType: 96 + kind,
        sequence: 65_535,
        timestamp: 4_000_000_000,
        ssrc: 7,
        marker: kind % 2 === 0,
        extensions: [
          { id: 1, value: Buffer.from([kind]) },
          { id: 4, value: Buffer.from('mid') },
        ],
        payload: Buffer.from([0x90, 0x80, 0x80, 1, 0x30, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01, kind]),
      }),
    ),
    buildRtp({
      payloadType: 96,
      sequence: 1,
      timestamp: 1,
      ssrc: 1,
      marker: true,
      extensions: [],
      payload: Buffer.from([0x78, 0, 5, 0x67, 0x42, 0xe0, 0x1f, 0xff, 0, 2, 0x68, 0xce]),
    }),
  ],
  words: ['\xbe\xde', '\x10\x00', '\x9d\x01\x2a', '\x00\x00\x00\x01', '\x7c\x85', '\x80', '\x90', '\xff'],
  run: (input) => {
    if (isRtcp(input)) return;
    const view = new RtpView();
    if (view.parse(input)) {
      must(view.payloadOffset <= view.payloadEnd && view.payloadEnd <= input.length, 'a payload lies in its packet');
      for (const codec of VIDEO_CODECS) {
        beginsKeyframe(codec, input, view.payloadOffset, view.payloadEnd);
        keyframeSize(codec, input, view.payloadOffset, view.payloadEnd);
      }
      const stream = new ReceiveStream(90_000);
      stream.packet(view.sequence, view.timestamp, 0, false);
      stream.packet((view.sequence + 3) & 0xffff, view.timestamp, 1e6, true);
    }
    const packet = parseRtp(input);
    if (!packet || packet.payload.length === 0) return;
    for (const codec of VIDEO_CODECS) {
      const depacketizer = createDepacketizer(codec, '');
      const middle = packet.payload.length >> 1;
      if (depacketizer.add(packet.payload, true)) depacketizer.add(packet.payload.subarray(middle), false);
      const picture = depacketizer.take();
      must(
        typeof picture === 'string' || picture.data.length < 1e6,
        'a picture is not longer than its packets by much',
      );
    }
  },
};

const rtcp: Target = {
  name: 'rtcp',
  seeds: () => {
    const block = {
      ssrc: 2,
      fractionLost: 1,
      lastSenderReport: 5,
      delaySinceSenderReport: 6,
      cumulativeLost: 2,
      extendedHighest: 3,
      jitter: 4,
    };
    const report = { ssrc: 1, ntpSeconds: 2, ntpFraction: 3, rtpTimestamp: 4, packets: 5, octets: 6 };
    return [
      buildPli(1, 2),
      buildFir(1, 2, 3),
      buildNack(1, 2, [1, 2, 19, 65_535]),
      buildRemb(1, [2, 3], 1e6),
      buildReceiverReport(1, 'cname', [block]),
      buildSenderReport(report, 'cname'),
      Buffer.from([0x81, 203, 0, 1, 0, 0, 0, 1]),
    ];
  },
  words: ['\x80\xc8', '\x81\xc9', '\x81\xcb', '\x8f\xcd', '\x81\xce', 'REMB', '\x00\x01', '\xff\xff'],
  run: (input) => {
    if (!isRtcp(input)) return;
    let bytes = 0;
    for (const part of rtcpParts(input)) {
      bytes += part.packet.length;
      byeSources(part);
      reportBlocks(part);
      nackSequences(part.packet);
      rembBitrate(part.packet);
      firSources(part.packet);
    }
    must(bytes <= input.length, 'parts lie in their compound');
  },
};

const ADA = 'ada' as ParticipantId;
const record = (type: number, payload: Buffer | object, stream = 0): Buffer => {
  const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
  const target = Buffer.alloc(RECORD_OVERHEAD_BYTES + bytes.length);
  writeRecord(target, 0, type, 0, stream, 1e9, bytes);
  return target;
};

const journalSeed = (): Buffer => {
  const header = Buffer.alloc(CHUNK_HEADER_BYTES);
  writeChunkHeader(header, 0, 1);
  const stream = {
    stream: 1,
    trackId: 't',
    participantId: ADA,
    source: 'camera',
    ssrc: 1,
    payloadType: 96,
    codec: 'vp8',
  };
  const snapshot = {
    version: 1,
    chunk: 1,
    sessionId: '0123456789abcdef01234567' as SessionId,
    roomId: 'abcd-efgh-ijkl' as RoomId,
    bootId: 'b',
    monotonicNs: '1',
    wallMs: 1,
    originMonotonicNs: '0',
    participants: [{ participantId: ADA, name: 'Ada', hidden: false }],
    tracks: [],
    streams: [stream],
    pins: [],
    recordings: [],
  };
  const index = { firstNs: 0, lastNs: 1e9, records: 4, landmarks: [], streams: [] };
  return Buffer.concat([
    header,
    record(RECORD_TYPE.snapshot, snapshot),
    record(RECORD_TYPE.event, { type: 'stream-opened', stream }),
    record(RECORD_TYPE.rtp, Buffer.from('packet'), 1),
    record(RECORD_TYPE.senderReport, Buffer.alloc(28), 1),
    record(RECORD_TYPE.tick, Buffer.alloc(0)),
    record(RECORD_TYPE.index, encodeIndex(index)),
  ]);
};

/** Checksums are made right again: what is behind them is to be reached. */
const mended = (input: Buffer): Buffer => {
  const parts: Buffer[] = [];
  const header = Buffer.alloc(CHUNK_HEADER_BYTES);
  writeChunkHeader(header, 0, 1);
  for (let at = CHUNK_HEADER_BYTES; at < input.length; ) {
    const size = recordSize(input, at);
    if (size <= 0 || at + size > input.length) return Buffer.concat([header, ...parts, input.subarray(at)]);
    parts.push(
      record(input[at + 4] ?? 0, Buffer.from(input.subarray(at + 16, at + size - 4)), input.readUInt16LE(at + 6)),
    );
    at += size;
  }
  return Buffer.concat([header, ...parts]);
};

/** Whether there is anything in a chunk but what is said in JSON. */
const holdsMedia = (chunk: Buffer): boolean => {
  const silent: readonly number[] = [RECORD_TYPE.snapshot, RECORD_TYPE.event, RECORD_TYPE.index];
  for (let at = CHUNK_HEADER_BYTES; at < chunk.length; at += recordSize(chunk, at)) {
    const type = chunk[at + 4] ?? 0;
    const isEmptyTick = type === RECORD_TYPE.tick && recordSize(chunk, at) === RECORD_OVERHEAD_BYTES;
    if (!silent.includes(type) && !isEmptyTick) return true;
    if (recordSize(chunk, at) <= 0) return true;
  }
  return false;
};

const journal: Target = {
  name: 'journal',
  seeds: () => [journalSeed()],
  words: [
    '"participants":',
    '"streams":',
    'null',
    '[]',
    '{}',
    '-1',
    '1e999',
    '"',
    '\x0c\x00\x00\x00',
    '\x01\x00',
    '__proto__',
  ],
  run: (input) => {
    for (const chunk of [input, mended(input)]) {
      try {
        parseChunkHeader(chunk);
      } catch (error) {
        if (error instanceof JournalFormatError) continue;
        throw error;
      }
      for (let at = CHUNK_HEADER_BYTES; at < chunk.length; ) {
        const size = recordSize(chunk, at);
        if (size <= 0 || at + size > chunk.length) break;
        try {
          if (isIntact(chunk, at, size)) decodeRecord(chunk, at, size);
        } catch (error) {
          if (!(error instanceof JournalFormatError)) throw error;
        }
        at += size;
      }
      const order = { participantId: ADA, remove: [{ fromNs: 0, toNs: null }], keep: [] };
      const purged = withoutParticipant(chunk, order, new Map([[1, ADA]]));
      if (!purged || purged.chunk.length === 0) continue;
      must(!holdsMedia(purged.chunk), 'nothing of the participant is left');
      must(withoutParticipant(purged.chunk, order, new Map([[1, ADA]])) === null, 'nothing is left to take out');
    }
  },
};

const protocol: Target = {
  name: 'protocol',
  seeds: () =>
    [
      { type: 'join', protocol: 1, name: 'Ada', resumeToken: 'x.y' },
      {
        type: 'offer',
        requestId: '1',
        transport: 'publish',
        connection: 'a',
        sdp: 'v=0',
        tracks: [{ mid: '0', source: 'camera' }],
      },
      { type: 'mute', trackId: 't', muted: true },
      { type: 'pin', participantId: 'p', pinned: true },
      { type: 'view', trackId: 't', width: 1, height: 1 },
      { type: 'send', topic: 't', payload: 'p', persist: true },
      { type: 'leave' },
      { type: 'unpublish', trackId: 't' },
      { type: 'ping' },
    ].map((message) => Buffer.from(JSON.stringify(message))),
  words: [
    '"type":',
    '"join"',
    '"offer"',
    '"tracks":',
    'null',
    '[]',
    '{}',
    '1e999',
    '-1',
    '\\ud800',
    '"__proto__":',
    'true',
    '\\u0000',
  ],
  run: (input) => {
    let value: unknown;
    try {
      value = JSON.parse(input.toString('utf8'));
    } catch {
      return; // the socket is closed with 4400
    }
    const message = clientMessage.safeParse(value);
    if (message.success) must(JSON.stringify(message.data).length < 400_000, 'what is taken is bounded');
  },
};

export const TARGETS: readonly Target[] = [sdp, rtp, rtcp, journal, protocol];
