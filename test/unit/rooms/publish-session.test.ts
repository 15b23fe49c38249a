import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { TrackSource } from '../../../src/domain/media.ts';
import { MediaCounters } from '../../../src/rooms/media-counters.ts';
import type { PublishedStream } from '../../../src/rooms/media-session.ts';
import { Publisher } from '../../../src/rooms/publish-session.ts';
import { chooseFeedback, publishLines } from '../../../src/rooms/publishing/publish-line.ts';
import { nackSequences, rtcpParts } from '../../../src/rooms/rtp/rtcp-packet.ts';
import { buildRtp } from '../../../src/rooms/rtp/rtp-packet.ts';
import { parseOffer } from '../../../src/rooms/sdp/offer.ts';
import type { MediaTransport } from '../../../src/rooms/transport/media-transport.ts';
import { randomBytes, seededRandom } from './seeded-random.ts';

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}.sdp`, import.meta.url), 'utf8');
const SIMULCAST = fixture('chrome-publish-simulcast');
const PLAIN = fixture('chrome-publish');
const MS = 1_000_000n;

/** A transport that is always connected and keeps what is sent. */
class Wire implements MediaTransport {
  readonly local = { iceUfrag: 'ours', icePwd: 'x'.repeat(22), fingerprint: 'sha-256 AA', candidates: [] };
  readonly state = 'connected';
  readonly sent: Buffer[] = [];
  send(packet: Buffer): boolean {
    this.sent.push(Buffer.from(packet));
    return true;
  }
  close(): void {
    this.sent.length = 0;
  }
  /** `type/format` of every RTCP packet sent so far. */
  kinds(): string[] {
    return this.sent.flatMap((compound) => [...rtcpParts(compound)].map(({ type, count }) => `${type}/${count}`));
  }
}

let wire: Wire;
let log: string[];
let streams: PublishedStream[];
let counters: MediaCounters;
const name = (stream: PublishedStream): string => `${stream.source}${stream.rid ? `:${stream.rid}` : ''}`;

const publish = (sdp: string, sources: ReadonlyMap<string, TrackSource> | null = null): Publisher => {
  const offer = parseOffer(sdp);
  const session = new Publisher({
    id: 'session',
    offer,
    lines: publishLines(offer, sources, new Map()),
    feedback: chooseFeedback(offer, 'transport-cc'),
    maxBitrateBps: 1_000_000,
    counters,
    handlers: {
      onStreamOpened: (stream) => {
        streams.push(stream);
        log.push(`open ${name(stream)}`);
      },
      onStreamClosed: (stream) => log.push(`close ${name(stream)}`),
      onPacket: (stream, packet, view, _, keyframe) =>
        log.push(`${name(stream)} ${view.sequence} ${packet.length}${keyframe ? ' key' : ''}`),
      onSenderReport: (stream, report) => log.push(`report ${name(stream)} ${report.length}`),
      onAudioLevel: (stream, level, voice) => log.push(`level ${name(stream)} ${level} ${voice}`),
      onEnd: (reason) => log.push(`end ${reason}`),
    },
  });
  session.attach(wire);
  return session;
};

beforeEach(() => {
  wire = new Wire();
  log = [];
  streams = [];
  counters = new MediaCounters();
});

const VP8_KEY = Buffer.from('9080800110020009d012a80026801', 'hex');
const VP8_DELTA = Buffer.from('908080011100', 'hex');
interface Sent {
  readonly payloadType?: number;
  readonly sequence: number;
  readonly ssrc: number;
  readonly timestamp?: number;
  readonly mid?: string;
  readonly rid?: string;
  readonly repairedRid?: string;
  readonly level?: number;
  readonly payload?: Buffer;
}
/** Extension ids are those of the fixtures: level 1, MID 4, RID 10, repaired RID 11. */
const rtp = (sent: Sent): Buffer => {
  const text = (id: number, value: string | undefined) => (value ? [{ id, value: Buffer.from(value) }] : []);
  return buildRtp({
    marker: true,
    payloadType: sent.payloadType ?? 96,
    sequence: sent.sequence,
    timestamp: sent.timestamp ?? sent.sequence * 3000,
    ssrc: sent.ssrc,
    extensions: [
      ...text(4, sent.mid),
      ...text(10, sent.rid),
      ...text(11, sent.repairedRid),
      ...(sent.level === undefined ? [] : [{ id: 1, value: Buffer.from([sent.level]) }]),
    ],
    payload: sent.payload ?? VP8_DELTA,
  });
};

describe('who a packet belongs to', () => {
  it('MID and RID name a simulcast layer once, its SSRC then does', () => {
    const session = publish(SIMULCAST);
    session.packet(rtp({ sequence: 1, ssrc: 11, mid: '1', rid: 'q', payload: VP8_KEY }), 1n);
    session.packet(rtp({ sequence: 9, ssrc: 12, mid: '1', rid: 'h' }), 2n);
    session.packet(rtp({ sequence: 2, ssrc: 11 }), 3n);
    expect(log.map((line) => line.replace(/ \d+( key)?$/, '$1'))).toEqual([
      'open camera:q',
      'camera:q 1 key',
      'open camera:h',
      'camera:h 9',
      'camera:q 2',
    ]);
    expect(session.streams.map((stream) => stream.ssrc)).toEqual([11, 12]);
  });

  it('a layer that does not say which it is waits, an unknown payload type is nothing', () => {
    const session = publish(SIMULCAST);
    session.packet(rtp({ sequence: 1, ssrc: 11, mid: '1' }), 1n);
    session.packet(rtp({ sequence: 1, ssrc: 12, payloadType: 63 }), 1n);
    expect(log).toEqual([]);
    expect(counters.rtp_packets_unidentified_total).toBe(2);
  });

  it('declared SSRCs and a payload type of one m-line only are enough', () => {
    const session = publish(fixture('gstreamer-publish'));
    session.packet(rtp({ sequence: 1, ssrc: 3446506619 }), 1n);
    session.packet(rtp({ sequence: 1, ssrc: 5, payloadType: 97 }), 1n);
    expect(streams.map(name)).toEqual(['camera', 'microphone']);
  });

  it('retransmissions are restored by FID group, by repaired RID, and come once', () => {
    const [, fid] = /ssrc-group:FID (\d+) (\d+)/.exec(PLAIN) ? [0, RegExp.$2] : [0, ''];
    const ssrc = Number(RegExp.$1);
    const session = publish(PLAIN);
    session.packet(rtp({ sequence: 1, ssrc }), 1n);
    session.packet(rtp({ sequence: 3, ssrc }), 1n);
    const repair = (): Buffer =>
      rtp({
        sequence: 500,
        ssrc: Number(fid),
        payloadType: 97,
        timestamp: 6000,
        payload: Buffer.concat([Buffer.from([0, 2]), VP8_DELTA]),
      });
    session.packet(repair(), 1n);
    session.packet(repair(), 1n);
    expect(log.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'open camera',
      'camera 1',
      'camera 3',
      'camera 2',
    ]);
    expect(counters.rtp_packets_duplicate_total).toBe(1);

    const simulcast = publish(SIMULCAST);
    log = [];
    simulcast.packet(rtp({ sequence: 1, ssrc: 11, mid: '1', rid: 'q' }), 1n);
    simulcast.packet(rtp({ sequence: 5, ssrc: 12, mid: '1', rid: 'h' }), 1n);
    simulcast.packet(
      rtp({
        sequence: 1,
        ssrc: 22,
        payloadType: 97,
        mid: '1',
        repairedRid: 'h',
        payload: Buffer.from([0, 4, 1, 2, 3]),
      }),
      1n,
    );
    expect(log.at(-1)).toMatch(/^camera:h 4 /);
  });

  it('a padding-only packet keeps its sequence number, a bandwidth probe has none', () => {
    const session = publish(PLAIN);
    const ssrc = Number(/ssrc-group:FID (\d+)/.exec(PLAIN)?.[1]);
    session.packet(rtp({ sequence: 1, ssrc }), 1n);
    const padding = Buffer.from('a0600002000000000000000000000004', 'hex');
    padding.writeUInt32BE(ssrc, 8);
    session.packet(padding, 1n);
    session.packet(rtp({ sequence: 9, ssrc: 77, payloadType: 97, mid: '1', payload: Buffer.alloc(0) }), 1n);
    expect(log.slice(1).map((line) => line.split(' ')[1])).toEqual(['1', '2']);
  });
});

describe('a stream ends', () => {
  it('with BYE, and comes back only with something newer', () => {
    const session = publish(SIMULCAST);
    session.packet(rtp({ sequence: 7, ssrc: 11, mid: '1', rid: 'q' }), 1n);
    session.packet(Buffer.from('81cb00010000000b', 'hex'), 2n);
    session.packet(rtp({ sequence: 6, ssrc: 11, mid: '1', rid: 'q' }), 3n);
    expect(log.slice(2)).toEqual(['close camera:q']);
    session.packet(rtp({ sequence: 8, ssrc: 11, mid: '1', rid: 'q' }), 4n);
    expect(log[3]).toBe('open camera:q');
  });

  it('when another SSRC takes its layer; the former is not listened to for a while', () => {
    const session = publish(SIMULCAST);
    session.packet(rtp({ sequence: 7, ssrc: 11, mid: '1', rid: 'q' }), 1n);
    session.packet(rtp({ sequence: 7, ssrc: 13, mid: '1', rid: 'q' }), 2n);
    session.packet(rtp({ sequence: 8, ssrc: 11, mid: '1', rid: 'q' }), 3n);
    expect(log.filter((line) => !line.startsWith('camera'))).toEqual([
      'open camera:q',
      'close camera:q',
      'open camera:q',
    ]);
    expect(session.streams.map((stream) => stream.ssrc)).toEqual([13]);
  });

  it('when its codec changes', () => {
    const session = publish(PLAIN);
    session.packet(rtp({ sequence: 1, ssrc: 3, mid: '1' }), 1n);
    session.packet(rtp({ sequence: 2, ssrc: 3, mid: '1', payloadType: 108 }), 1n);
    session.packet(rtp({ sequence: 1, ssrc: 3, mid: '1' }), 1n);
    expect(streams.map((stream) => stream.codec)).toEqual(['vp8', 'h264']);
    expect(session.streams.map((stream) => stream.payloadType)).toEqual([108]);
  });

  it('when its m-line is removed; what was on the way is not taken for another m-line', () => {
    const both = PLAIN.replace('BUNDLE 0 1', 'BUNDLE 0 1 2').replace(/(m=video[\s\S]*)$/, (video) => {
      const second = video.replace('a=mid:1', 'a=mid:2').replace(/a=ssrc.*\r\n/g, '');
      return video + second;
    });
    const sources = new Map<string, TrackSource>([
      ['0', 'microphone'],
      ['1', 'camera'],
      ['2', 'screen-video'],
    ]);
    const session = publish(both, sources);
    const camera = Number(/ssrc-group:FID (\d+)/.exec(PLAIN)?.[1]);
    session.packet(rtp({ sequence: 1, ssrc: camera }), 1n);
    session.packet(rtp({ sequence: 1, ssrc: 99, mid: '2' }), 1n);
    expect(streams.map(name)).toEqual(['camera', 'screen-video']);
    session.renegotiate(PLAIN, sources);
    session.packet(rtp({ sequence: 2, ssrc: 99 }), 1n);
    session.packet(rtp({ sequence: 2, ssrc: camera }), 1n);
    expect(log.slice(4).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'close screen-video',
      'camera 2',
    ]);
    expect(session.media.map((media) => media.source)).toEqual(['microphone', 'camera']);
  });

  it('with the session, before it says so', () => {
    const session = publish(PLAIN);
    session.packet(rtp({ sequence: 1, ssrc: 3, mid: '1' }), 1n);
    session.ended('gone');
    session.ended('closed');
    expect(log.slice(2)).toEqual(['close camera', 'end gone']);
  });
});

describe('what goes back to the sender', () => {
  it('a keyframe is asked for when a stream begins without one, and at most twice a second', () => {
    const session = publish(PLAIN);
    const start = process.hrtime.bigint();
    session.packet(rtp({ sequence: 1, ssrc: 3, mid: '1' }), start);
    session.tick(start + 20n * MS);
    for (let each = 0; each < 10; each++) session.requestKeyframe(3);
    session.tick(start + 40n * MS);
    expect(wire.kinds().filter((kind) => kind === '206/1')).toHaveLength(1);
    session.tick(start + 700n * MS);
    session.tick(start + 720n * MS);
    expect(wire.kinds().filter((kind) => kind === '206/1')).toHaveLength(2);
    session.packet(rtp({ sequence: 2, ssrc: 3, payload: VP8_KEY }), start + 800n * MS);
    session.tick(start + 5_000n * MS);
    expect(wire.kinds().filter((kind) => kind === '206/1')).toHaveLength(2);
  });

  it('missing packets are asked for, arrivals and reception are reported', () => {
    const session = publish(PLAIN);
    const start = process.hrtime.bigint();
    const withTransportSequence = (sequence: number): Buffer =>
      buildRtp({
        marker: false,
        payloadType: 111,
        sequence,
        timestamp: sequence * 960,
        ssrc: 5,
        extensions: [
          { id: 4, value: Buffer.from('0') },
          { id: 3, value: Buffer.from([0, sequence]) },
          { id: 1, value: Buffer.from([0x80 | 30]) },
        ],
        payload: Buffer.from([1]),
      });
    session.packet(withTransportSequence(1), start);
    session.packet(withTransportSequence(4), start);
    session.tick(start + 1_100n * MS);
    expect(wire.kinds()).toEqual(['205/1', '205/15', '201/1', '202/1']);
    expect(nackSequences(wire.sent[0] ?? Buffer.alloc(0))).toEqual([2, 3]);
    expect(log).toContain('level microphone 30 true');
  });

  it('sender reports are handed on without their blocks and kept', () => {
    const session = publish(PLAIN);
    session.packet(rtp({ sequence: 1, ssrc: 3, mid: '1' }), 1n);
    const report = Buffer.alloc(52);
    report.set([0x81, 200, 0, 12]);
    report.writeUInt32BE(3, 4);
    session.packet(report, 9n);
    expect(log.at(-1)).toBe('report camera 28');
    expect(session.streams[0]?.lastSenderReport).toMatchObject({ arrivalNs: 9n });
  });
});

describe('later offers', () => {
  it('with other credentials are refused and change nothing', () => {
    const session = publish(PLAIN);
    expect(() => session.renegotiate(PLAIN.replaceAll(/ice-ufrag:\S+/g, 'ice-ufrag:other'), null)).toThrow(
      'restarts ICE',
    );
    expect(session.media).toHaveLength(2);
  });

  it('an m-line that stops sending keeps its source and says so', () => {
    const session = publish(PLAIN);
    const answer = session.renegotiate(PLAIN.replaceAll('a=sendonly', 'a=inactive'), null);
    expect(answer.match(/a=inactive/g)).toHaveLength(2);
    expect(session.media.map(({ source, sending }) => `${source} ${sending}`)).toEqual([
      'microphone false',
      'camera false',
    ]);
  });
});

it('any bytes are taken without throwing', () => {
  const session = publish(SIMULCAST);
  const random = seededRandom(21);
  for (let round = 0; round < 20_000; round++) {
    const bytes = randomBytes(random, Math.floor(random() * 60));
    if (bytes.length > 2) {
      bytes[0] = 0x80 | ((bytes[0] ?? 0) & 0x3f);
      if (random() < 0.3) bytes[1] = 200 + Math.floor(random() * 7);
      else if (random() < 0.5) bytes[1] = random() < 0.5 ? 96 : 97;
    }
    session.packet(bytes, BigInt(round) * MS);
    if (round % 100 === 0) session.tick(process.hrtime.bigint() + BigInt(round) * MS);
  }
  expect(session.streams.length).toBeLessThan(10);
});
