/** The media engine as rooms see it, with no network behind it: tests say what its peers send. Its clock is the test's. */
import { parse } from 'sdp-transform';
import { RoomtapeError } from '../../../src/domain/errors.ts';
import type { TrackId } from '../../../src/domain/ids.ts';
import { mediaKindOf, type TrackSource } from '../../../src/domain/media.ts';
import type { TrackFeed } from '../../../src/rooms/forwarding/track-feed.ts';
import type {
  MediaEngine,
  PublishedMedia,
  PublishedStream,
  PublishRequest,
  PublishSession,
  SubscribedMedia,
  SubscribeRequest,
  SubscribeSession,
} from '../../../src/rooms/media-session.ts';
import { RtpView } from '../../../src/rooms/rtp/rtp-packet.ts';
import type { FakeClock } from './fake-clock.ts';

/** An offer with these m-lines; mids count from 0. `-` in front: inactive. */
export const sdpOffer = (...kinds: string[]): string =>
  [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=ice-ufrag:abcd',
    'a=ice-pwd:abcdefghijklmnopqrstuv',
    `a=fingerprint:sha-256 ${Array(32).fill('AA').join(':')}`,
    ...(kinds.length > 1 ? [`a=group:BUNDLE ${[...kinds.keys()].join(' ')}`] : []),
    ...kinds.flatMap((kind, mid) => [
      `m=${kind.replace('-', '')} 9 UDP/TLS/RTP/SAVPF 96`,
      `a=mid:${mid}`,
      `a=rtpmap:96 ${kind.endsWith('audio') ? 'opus/48000/2' : 'VP8/90000'}`,
      'a=rtcp-mux',
      kind.startsWith('-') ? 'a=inactive' : 'a=sendrecv',
    ]),
    '',
  ].join('\r\n');

const mediaOf = (offer: string) => {
  if (!offer.startsWith('v=0')) throw new RoomtapeError('INVALID_SDP', 'The offer is no session description.');
  return parse(offer).media.map((media, index) => ({
    mid: String(media.mid ?? index),
    type: media.type,
    active: media.direction !== 'inactive',
  }));
};

export class FakeStream implements PublishedStream {
  readonly mid: string;
  readonly kind;
  readonly source: TrackSource;
  readonly ssrc: number;
  readonly rid: string | null;
  readonly payloadType = 96;
  readonly codec;
  readonly clockRate;
  readonly fmtp = '';
  readonly extensions = {};
  extendedSequence: number | null = null;
  lastSenderReport: PublishedStream['lastSenderReport'] = null;
  keyframesAsked = 0;

  constructor(mid: string, source: TrackSource, ssrc: number, rid: string | null) {
    this.mid = mid;
    this.source = source;
    this.ssrc = ssrc;
    this.rid = rid;
    this.kind = mediaKindOf(source);
    this.codec = this.kind === 'video' ? ('vp8' as const) : ('opus' as const);
    this.clockRate = this.kind === 'video' ? 90_000 : 48_000;
  }

  requestKeyframe(): void {
    this.keyframesAsked += 1;
  }
}

export class FakePublishSession implements PublishSession {
  readonly id: string;
  readonly #request: PublishRequest;
  readonly #clock: FakeClock;
  readonly #streams = new Set<FakeStream>();
  media: PublishedMedia[] = [];
  lastActivityNs: bigint;
  ended = false;
  #view = new RtpView();

  constructor(id: string, request: PublishRequest, clock: FakeClock) {
    this.id = id;
    this.#request = request;
    this.#clock = clock;
    this.lastActivityNs = clock.monotonicNs();
    this.#describe(request.offer, request.sources);
  }

  get streams(): FakeStream[] {
    return [...this.#streams];
  }

  renegotiate(offer: string, sources: ReadonlyMap<string, TrackSource> | null): string {
    this.#describe(offer, sources);
    for (const stream of this.streams) {
      if (!this.media.some((media) => media.sending && media.source === stream.source)) this.closeStream(stream);
    }
    return `answer again of ${this.id}`;
  }

  requestKeyframe(ssrc: number): void {
    for (const stream of this.#streams) if (stream.ssrc === ssrc) stream.requestKeyframe();
  }

  close(): void {
    this.end('closed');
  }

  /** DTLS is up. */
  connect(): this {
    this.#heard();
    this.#request.handlers.onConnected?.();
    return this;
  }

  /** Opens a stream of a source, as its first packet does. */
  openStream(source: TrackSource, ssrc = 1000 + this.#streams.size, rid: string | null = null): FakeStream {
    const mid = this.media.find((media) => media.source === source)?.mid ?? '';
    const stream = new FakeStream(mid, source, ssrc, rid);
    this.#streams.add(stream);
    this.#request.handlers.onStreamOpened(stream);
    return stream;
  }

  closeStream(stream: FakeStream): void {
    if (this.#streams.delete(stream)) this.#request.handlers.onStreamClosed(stream);
  }

  /** One RTP packet of a stream. */
  send(stream: FakeStream, keyframe = false): void {
    stream.extendedSequence = (stream.extendedSequence ?? 0) + 1;
    this.#packet(stream, stream.extendedSequence, keyframe);
  }

  /** A packet that was sent before and comes (again) now. */
  resend(stream: FakeStream, sequence: number): void {
    this.#packet(stream, sequence, false);
  }

  /** A sender report of a stream. */
  report(stream: FakeStream): void {
    const packet = Buffer.alloc(28, 2);
    this.#heard();
    stream.lastSenderReport = { packet, arrivalNs: this.lastActivityNs };
    this.#request.handlers.onSenderReport(stream, packet, this.lastActivityNs);
  }

  #packet(stream: FakeStream, sequence: number, keyframe: boolean): void {
    const packet = Buffer.alloc(20, 1);
    packet.writeUInt16BE(0x8060, 0);
    packet.writeUInt16BE(sequence & 0xffff, 2);
    packet.writeUInt32BE(0, 4);
    packet.writeUInt32BE(stream.ssrc, 8);
    this.#view.parse(packet);
    this.#heard();
    this.#request.handlers.onPacket(stream, packet, this.#view, this.lastActivityNs, keyframe);
  }

  speak(stream: FakeStream, level: number): void {
    this.#heard();
    this.#request.handlers.onAudioLevel?.(stream, level, true, this.lastActivityNs);
  }

  end(reason: 'closed' | 'gone'): void {
    if (this.ended) return;
    this.ended = true;
    for (const stream of this.streams) this.closeStream(stream);
    this.#request.handlers.onEnd(reason);
  }

  #heard(): void {
    this.lastActivityNs = this.#clock.monotonicNs();
  }

  /** WHIP names no sources: the first of a kind is the person, the second the screen. */
  #describe(offer: string, sources: ReadonlyMap<string, TrackSource> | null): void {
    const free: Record<string, TrackSource[]> = {
      audio: ['microphone', 'screen-audio'],
      video: ['camera', 'screen-video'],
    };
    this.media = mediaOf(offer).flatMap(({ mid, type, active }) => {
      const source = sources ? sources.get(mid) : free[type]?.shift();
      return source ? [{ mid, kind: mediaKindOf(source), source, sending: active }] : [];
    });
  }
}

export class FakeSubscribeSession implements SubscribeSession {
  readonly id: string;
  readonly #request: SubscribeRequest;
  readonly #clock: FakeClock;
  readonly views = new Map<TrackId, string>();
  feeds: ReadonlyMap<string, TrackFeed>;
  lastActivityNs: bigint;
  ended = false;

  constructor(id: string, request: SubscribeRequest, clock: FakeClock) {
    this.id = id;
    this.#request = request;
    this.#clock = clock;
    this.feeds = request.feeds;
    this.lastActivityNs = clock.monotonicNs();
  }

  get media(): SubscribedMedia[] {
    return mediaOf(this.#request.offer).map(({ mid, type }) => ({
      mid,
      kind: type === 'audio' ? 'audio' : 'video',
      trackId: this.feeds.get(mid)?.trackId ?? null,
      inactive: this.feeds.has(mid) ? null : 'no-track',
    }));
  }

  renegotiate(offer: string, feeds: ReadonlyMap<string, TrackFeed>): string {
    mediaOf(offer);
    this.feeds = feeds;
    return `answer again of ${this.id}`;
  }

  setView(trackId: TrackId, width: number, height: number): void {
    this.views.set(trackId, `${width}x${height}`);
  }

  connect(): this {
    this.heard();
    this.#request.handlers.onConnected?.();
    return this;
  }

  heard(): void {
    this.lastActivityNs = this.#clock.monotonicNs();
  }

  close(): void {
    if (this.ended) return;
    this.ended = true;
    this.#request.handlers.onEnd('closed');
  }
}

export class FakeEngine implements MediaEngine {
  readonly #clock: FakeClock;
  readonly published: FakePublishSession[] = [];
  readonly subscribed: FakeSubscribeSession[] = [];

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async publish(request: PublishRequest) {
    const session = new FakePublishSession(`publish-${this.published.length}`, request, this.#clock);
    this.published.push(session);
    return { session, answer: `answer of ${session.id}` };
  }

  async subscribe(request: SubscribeRequest) {
    mediaOf(request.offer);
    const session = new FakeSubscribeSession(`subscribe-${this.subscribed.length}`, request, this.#clock);
    this.subscribed.push(session);
    return { session, answer: `answer of ${session.id}` };
  }

  stats() {
    return { rtp_packets_received_total: 0 };
  }

  async close(): Promise<void> {
    for (const session of [...this.published, ...this.subscribed]) session.close();
  }
}
