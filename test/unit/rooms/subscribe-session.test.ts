import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ParticipantId, TrackId } from '../../../src/domain/ids.ts';
import type { Codec, MediaKind } from '../../../src/domain/media.ts';
import { TrackFeed } from '../../../src/rooms/forwarding/track-feed.ts';
import { MediaCounters } from '../../../src/rooms/media-counters.ts';
import type { PublishedStream } from '../../../src/rooms/media-session.ts';
import { beginsKeyframe } from '../../../src/rooms/rtp/keyframe.ts';
import { buildNack, buildPli, rtcpParts } from '../../../src/rooms/rtp/rtcp-packet.ts';
import { buildRtp, isRtcp, RtpView } from '../../../src/rooms/rtp/rtp-packet.ts';
import { EXTENSION } from '../../../src/rooms/sdp/header-extensions.ts';
import { parseOffer } from '../../../src/rooms/sdp/offer.ts';
import { Subscriber } from '../../../src/rooms/subscribe-session.ts';
import type { MediaTransport } from '../../../src/rooms/transport/media-transport.ts';

const OFFER = readFileSync(new URL('fixtures/chrome-subscribe.sdp', import.meta.url), 'utf8');
const ALICE = 'alice' as ParticipantId;
const MS = 1_000_000n;

class Wire implements MediaTransport {
  readonly local = { iceUfrag: 'ours', icePwd: 'x'.repeat(22), fingerprint: 'sha-256 AA', candidates: [] };
  readonly state = 'connected';
  readonly media: Buffer[] = [];
  readonly reports: Buffer[] = [];
  send(packet: Buffer): boolean {
    (isRtcp(packet) ? this.reports : this.media).push(Buffer.from(packet));
    return true;
  }
  close(): void {
    this.media.length = 0;
  }
}

/** A publisher's stream of which only the numbers matter. */
class Source implements PublishedStream {
  readonly mid = '1';
  readonly source = 'camera';
  readonly payloadType = 120;
  readonly clockRate = 90_000;
  readonly fmtp = '';
  /** Another id than the subscriber's, which is 8. */
  readonly extensions = { [EXTENSION.colourSpace]: 5 };
  readonly kind: MediaKind;
  readonly ssrc: number;
  readonly rid: string | null;
  readonly codec: Codec;
  extendedSequence: number | null = null;
  lastSenderReport: PublishedStream['lastSenderReport'] = null;
  requests = 0;
  #view = new RtpView();

  constructor(ssrc: number, codec: Codec = 'vp8', kind: MediaKind = 'video') {
    this.ssrc = ssrc;
    this.rid = String(ssrc);
    this.codec = codec;
    this.kind = kind;
  }

  requestKeyframe(): void {
    this.requests += 1;
  }

  /** Sends a picture of this height into the feed: a keyframe where `height` is given. */
  picture(feed: TrackFeed, sequence: number, timestamp: number, arrivalNs: bigint, height = 0, colour = ''): void {
    const payload = Buffer.alloc(40);
    payload.set([0x90, 0x80, 0x80, sequence & 0x7f, height > 0 ? 0x10 : 0x11, 0, 0, 0x9d, 0x01, 0x2a]);
    payload.writeUInt16LE((height * 16) / 9, 10);
    payload.writeUInt16LE(height, 12);
    const extensions = colour === '' ? [] : [{ id: 5, value: Buffer.from(colour, 'hex') }];
    const packet = buildRtp({
      marker: true,
      payloadType: 120,
      sequence,
      timestamp,
      ssrc: this.ssrc,
      extensions,
      payload,
    });
    this.#view.parse(packet);
    this.extendedSequence = Math.max(this.extendedSequence ?? 0, sequence);
    const keyframe = beginsKeyframe(this.codec, packet, this.#view.payloadOffset, this.#view.payloadEnd);
    feed.packet(this, packet, this.#view, arrivalNs, keyframe);
  }
}

let wire: Wire;
let feed: TrackFeed;
let session: Subscriber;
let answer: string;
let start: bigint;

const subscribe = (feeds: ReadonlyMap<string, TrackFeed>, offer = OFFER): void => {
  session = new Subscriber({
    id: 'session',
    offer: parseOffer(offer),
    feeds,
    handlers: { onEnd: () => undefined },
    counters: new MediaCounters(),
  });
  answer = session.attach(wire);
  session.connected();
};
const read = (packet: Buffer | undefined): RtpView => {
  const view = new RtpView();
  expect(packet && view.parse(packet)).toBe(true);
  return view;
};
const ssrcs = (): number[] => [...answer.matchAll(/a=ssrc:(\d+) /g)].map((match) => Number(match[1]));

beforeEach(() => {
  wire = new Wire();
  feed = new TrackFeed({ trackId: 'track' as TrackId, participantId: ALICE, kind: 'video' });
  start = process.hrtime.bigint();
});

describe('the answer', () => {
  it('sends what has a feed, with its own SSRCs and no transport-cc; the rest is inactive', () => {
    subscribe(new Map([['1', feed]]));
    expect(session.media.map(({ mid, inactive }) => `${mid} ${inactive}`)).toEqual([
      '0 no-track',
      '1 null',
      '2 no-track',
      '3 no-track',
    ]);
    expect(answer).toContain('a=msid:alice track');
    expect(answer).toContain(`a=ssrc-group:FID ${ssrcs().join(' ')}`);
    expect(answer).toContain('goog-remb');
    expect(answer).not.toContain('transport-cc');
    expect(answer).not.toContain('transport-wide');
    expect(answer.match(/a=inactive/g)).toHaveLength(3);
    // On both video m-lines, not on those of sound.
    expect(answer.match(/a=extmap:8 .*color-space/g)).toHaveLength(2);
  });

  it('a codec that the subscriber did not offer leaves its m-line inactive, with the reason', () => {
    feed.openStream(new Source(1, 'vp8'));
    const withoutVp8 = OFFER.replaceAll('VP8/90000', 'VP7/90000');
    const plain = new Subscriber({
      id: 's',
      offer: parseOffer(withoutVp8),
      feeds: new Map([['1', feed]]),
      handlers: { onEnd: () => undefined },
      counters: new MediaCounters(),
    });
    expect(plain.media[1]).toMatchObject({ trackId: 'track', inactive: 'codec-not-supported' });
  });
});

describe('forwarding', () => {
  it('begins at a keyframe, under our SSRC and the payload type of the subscriber', () => {
    const source = new Source(7);
    feed.openStream(source);
    subscribe(new Map([['1', feed]]));
    expect(source.requests).toBeGreaterThan(0);
    source.picture(feed, 10, 3000, start);
    expect(wire.media).toHaveLength(0);
    source.picture(feed, 11, 6000, start + 33n * MS, 180);
    source.picture(feed, 12, 9000, start + 66n * MS);
    expect(wire.media).toHaveLength(2);
    const view = read(wire.media[0]);
    expect(view.ssrc).toBe(ssrcs()[0]);
    expect(view.payloadType).toBe(96);
    const midId = Number(/a=extmap:(\d+) urn:ietf:params:rtp-hdrext:sdes:mid/.exec(answer)?.[1]);
    expect(view.extensionText(wire.media[0] ?? Buffer.alloc(0), midId)).toBe('1');
    expect(read(wire.media[1]).sequence).toBe((view.sequence + 1) & 0xffff);
  });

  it('goes to the layer of the view at its keyframe, in one continuous stream', () => {
    const small = new Source(1);
    const large = new Source(2);
    feed.openStream(small);
    feed.openStream(large);
    small.picture(feed, 499, 997_000, start, 180);
    large.picture(feed, 9_000, 77, start, 720);
    subscribe(new Map([['1', feed]]));
    session.setView('track' as TrackId, 320, 180);
    small.picture(feed, 500, 1_000_000, start + 33n * MS, 180);
    small.picture(feed, 501, 1_003_000, start + 300n * MS);
    expect(wire.media).toHaveLength(2);
    session.setView('track' as TrackId, 1280, 720);
    expect(large.requests).toBeGreaterThan(0);
    large.picture(feed, 9_001, 3_077, start + 310n * MS);
    small.picture(feed, 502, 1_006_000, start + 333n * MS);
    large.picture(feed, 9_002, 6_077, start + 343n * MS, 720);
    small.picture(feed, 503, 1_009_000, start + 366n * MS);
    large.picture(feed, 9_003, 9_077, start + 376n * MS);
    const views = wire.media.map((packet) => read(packet));
    expect(views).toHaveLength(5);
    const first = views[0]?.sequence ?? 0;
    expect(views.map((view) => (view.sequence - first) & 0xffff)).toEqual([0, 1, 2, 3, 4]);
    expect(views.map((view) => view.timestamp)).toEqual([1_000_000, 1_003_000, 1_006_000, 1_006_900, 1_009_900]);
    const pictures = wire.media.map(
      (packet, index) => packet.readUInt16BE((views[index]?.payloadOffset ?? 0) + 2) & 0x7fff,
    );
    expect(pictures.map((picture) => (picture - (pictures[0] ?? 0)) & 0x7fff)).toEqual([0, 1, 2, 3, 4]);
  });

  it("places a layer by the sender's own clock where it is known", () => {
    const report = (rtp: number, seconds: number): PublishedStream['lastSenderReport'] => {
      const packet = Buffer.alloc(28);
      packet.writeUInt32BE(1000 + seconds, 8);
      packet.writeUInt32BE(rtp, 16);
      return { packet, arrivalNs: start };
    };
    const small = new Source(1);
    const large = new Source(2);
    feed.openStream(small);
    feed.openStream(large);
    subscribe(new Map([['1', feed]]));
    session.setView('track' as TrackId, 320, 180);
    small.lastSenderReport = report(900_000, 0);
    large.lastSenderReport = report(50_000, 1);
    small.picture(feed, 1, 900_000, start, 180);
    large.picture(feed, 1, 0, start, 720);
    session.tick(start + 300n * MS);
    session.setView('track' as TrackId, 1280, 720);
    // Captured 1 s after the small one's report, and delayed by 200 ms on the way.
    large.picture(feed, 2, 50_000, start + 1_200n * MS, 720);
    expect(read(wire.media.at(-1)).timestamp).toBe(990_000);
    const sent = rtcpParts(wire.reports.at(-1) ?? Buffer.alloc(0)).next().value;
    expect(sent?.packet.readUInt32BE(8)).toBe(1001);
    expect(sent?.packet.readUInt32BE(16)).toBe(990_000);
  });

  it('pauses at 0×0, and goes on with a keyframe', () => {
    const source = new Source(7);
    feed.openStream(source);
    subscribe(new Map([['1', feed]]));
    source.picture(feed, 1, 3000, start, 180);
    session.setView('track' as TrackId, 0, 0);
    source.picture(feed, 2, 6000, start + 33n * MS, 180);
    session.setView('track' as TrackId, 320, 180);
    source.picture(feed, 3, 9000, start + 66n * MS);
    source.picture(feed, 4, 12_000, start + 99n * MS, 180);
    const views = wire.media.map((packet) => read(packet));
    expect(views).toHaveLength(2);
    expect(((views[1]?.sequence ?? 0) - (views[0]?.sequence ?? 0)) & 0xffff).toBe(1);
  });

  it('a reconnected publisher goes on where the former connection stopped', () => {
    const before = new Source(7);
    feed.openStream(before);
    subscribe(new Map([['1', feed]]));
    before.picture(feed, 1, 3000, start, 180);
    feed.closeStream(before);
    const after = new Source(8);
    feed.openStream(after);
    after.picture(feed, 40_000, 5, start + 2_000n * MS, 180);
    const views = wire.media.map((packet) => read(packet));
    expect(((views[1]?.sequence ?? 0) - (views[0]?.sequence ?? 0)) & 0xffff).toBe(1);
    expect(views[1]?.timestamp).toBe(183_000);
  });
});

describe('colours', () => {
  const colourOf = (packet: Buffer | undefined): string | null => {
    const view = read(packet);
    if (!packet || !view.hasExtension(8)) return null;
    expect(view.extensionText(packet, 4)).toBe('1');
    return packet.subarray(view.extensionOffset(8), view.extensionOffset(8) + view.extensionLength(8)).toString('hex');
  };

  it('go with the packet that told them, under the id of the subscriber, also when it is sent again', () => {
    const source = new Source(7);
    feed.openStream(source);
    subscribe(new Map([['1', feed]]));
    source.picture(feed, 1, 3000, start, 180, '01010120');
    source.picture(feed, 2, 6000, start + 33n * MS);
    expect(wire.media.map(colourOf)).toEqual(['01010120', null]);
    const [told = Buffer.alloc(0)] = wire.media;
    const { sequence, payloadOffset } = read(told);
    session.packet(buildNack(1, ssrcs()[0] ?? 0, [sequence]), start + 66n * MS);
    const repeated = wire.media[2] ?? Buffer.alloc(0);
    expect(read(repeated).payloadType).toBe(97);
    expect(colourOf(repeated)).toBe('01010120');
    expect(repeated.subarray(read(repeated).payloadOffset + 2)).toEqual(told.subarray(payloadOffset));
  });

  it('are left out where the subscriber did not negotiate them', () => {
    const source = new Source(7);
    feed.openStream(source);
    subscribe(new Map([['1', feed]]), OFFER.replaceAll(EXTENSION.colourSpace, 'urn:other'));
    source.picture(feed, 1, 3000, start, 180, '01010120');
    expect(colourOf(wire.media[0])).toBeNull();
    expect(answer).not.toContain('color-space');
  });
});

describe('what the subscriber asks for', () => {
  it('NACK is answered by RTX with the same payload, once per moment; PLI goes to the publisher', () => {
    const source = new Source(7);
    feed.openStream(source);
    subscribe(new Map([['1', feed]]));
    source.picture(feed, 1, 3000, start, 180);
    const [ssrc = 0, rtxSsrc] = ssrcs();
    const original = wire.media[0] ?? Buffer.alloc(0);
    const { sequence } = read(original);
    session.packet(buildNack(1, ssrc, [sequence, sequence + 5]), start);
    session.packet(buildNack(1, ssrc, [sequence]), start);
    expect(wire.media).toHaveLength(2);
    const repeated = wire.media[1] ?? Buffer.alloc(0);
    const view = read(repeated);
    expect(view).toMatchObject({ ssrc: rtxSsrc, payloadType: 97, timestamp: 3000 });
    expect(repeated.readUInt16BE(view.payloadOffset)).toBe(sequence);
    expect(repeated.subarray(view.payloadOffset + 2)).toEqual(original.subarray(read(original).payloadOffset));
    const requests = source.requests;
    session.packet(buildPli(1, ssrc), start);
    expect(source.requests).toBe(requests + 1);
  });

  it('later offers keep what they keep', () => {
    feed.openStream(new Source(7));
    subscribe(new Map([['1', feed]]));
    const other = new TrackFeed({ trackId: 'other' as TrackId, participantId: ALICE, kind: 'video' });
    const before = ssrcs();
    answer = session.renegotiate(
      OFFER,
      new Map([
        ['1', feed],
        ['3', other],
      ]),
    );
    expect(ssrcs().slice(0, 2)).toEqual(before);
    expect(ssrcs()).toHaveLength(4);
    answer = session.renegotiate(OFFER, new Map([['3', other]]));
    expect(ssrcs()).toHaveLength(2);
    expect(() => session.renegotiate(OFFER, new Map([['0', feed]]))).toThrow('is audio, but track');
  });
});
