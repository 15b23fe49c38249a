/**
 * One connection that receives: feeds on its m-lines, forwarded at the layer that fits its views and its bandwidth, with what it loses
 * sent again. States: those of its transport.
 */
import { randomInt } from 'node:crypto';
import { RoomtapeError } from '../domain/errors.ts';
import type { TrackId } from '../domain/ids.ts';
import type { Size } from '../domain/layout.ts';
import { Bandwidth } from './forwarding/bandwidth.ts';
import { Downlink } from './forwarding/downlink.ts';
import { allocate } from './forwarding/layer-choice.ts';
import { receivingCodec } from './forwarding/receiving-codec.ts';
import type { TrackFeed } from './forwarding/track-feed.ts';
import type { MediaCounters } from './media-counters.ts';
import type { SessionEnd, SubscribedMedia, SubscribeHandlers, SubscribeSession } from './media-session.ts';
import {
  firSources,
  nackSequences,
  PAYLOAD_FEEDBACK,
  RTCP,
  RTP_FEEDBACK,
  type RtcpPart,
  rembBitrate,
  reportBlocks,
  rtcpParts,
} from './rtp/rtcp-packet.ts';
import { isRtcp } from './rtp/rtp-packet.ts';
import { type AnsweredMedia, buildAnswer } from './sdp/answer.ts';
import { AUDIO_SUBSCRIBE_EXTENSIONS, EXTENSION, VIDEO_SUBSCRIBE_EXTENSIONS } from './sdp/header-extensions.ts';
import { type Offer, type OfferedMedia, parseOffer } from './sdp/offer.ts';
import { requireSameTransport } from './sdp/same-transport.ts';
import type { MediaTransport } from './transport/media-transport.ts';

/** Layers are chosen anew this often; keyframes asked for are throttled by their streams. */
const REVIEW_NS = 200e6;
const NS_PER_S = 1e9;
/** What one subscriber may have sent again per review: a flood of NACKs is answered up to here. */
const MAX_REPEATS = 400;

export interface SubscriberOptions {
  readonly id: string;
  readonly offer: Offer;
  readonly feeds: ReadonlyMap<string, TrackFeed>;
  readonly handlers: SubscribeHandlers;
  readonly counters: MediaCounters;
}

export class Subscriber implements SubscribeSession {
  readonly id: string;
  readonly #handlers: SubscribeHandlers;
  readonly #counters: MediaCounters;
  readonly #sessionId = randomInt(1, 0xffff_ffff);
  readonly #originNs = process.hrtime.bigint();
  readonly #downlinks = new Map<string, Downlink>();
  readonly #bySsrc = new Map<number, Downlink>();
  readonly #views = new Map<TrackId, Size>();
  readonly #bandwidth = new Bandwidth();
  #media: readonly SubscribedMedia[] = [];
  #offer: Offer;
  #transport: MediaTransport | undefined;
  #answers = 0;
  #reviewNs = 0;
  #repeats = 0;
  #sentBps = 0;
  #ended = false;
  lastActivityNs = this.#originNs;

  constructor(options: SubscriberOptions) {
    this.id = options.id;
    this.#handlers = options.handlers;
    this.#counters = options.counters;
    this.#offer = options.offer;
    this.#carry(options.feeds);
  }

  get media(): readonly SubscribedMedia[] {
    return this.#media;
  }

  /** Gives the session its transport; returns the first answer. */
  attach(transport: MediaTransport): string {
    this.#transport = transport;
    return this.#answer(transport);
  }

  connected(): void {
    this.#review(process.hrtime.bigint());
    this.#handlers.onConnected?.();
  }

  renegotiate(text: string, feeds: ReadonlyMap<string, TrackFeed>): string {
    const transport = this.#transport;
    if (!transport || this.#ended) throw new RoomtapeError('INVALID_SDP', 'This connection is gone: offer a new one.');
    const offer = parseOffer(text);
    requireSameTransport(this.#offer, offer);
    requireKinds(offer, feeds);
    this.#offer = offer;
    this.#carry(feeds);
    return this.#answer(transport);
  }

  setView(trackId: TrackId, width: number, height: number): void {
    this.#views.set(trackId, { width, height });
    for (const downlink of this.#downlinks.values()) {
      if (downlink.feed.trackId === trackId) downlink.setView({ width, height });
    }
    if (this.#transport?.state === 'connected') this.#review(process.hrtime.bigint());
  }

  close(): void {
    if (this.#transport) this.#transport.close();
    else this.ended('closed');
  }

  /** The transport is gone. Idempotent. */
  ended(reason: SessionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const downlink of this.#downlinks.values()) downlink.stop();
    this.#downlinks.clear();
    this.#bySsrc.clear();
    this.#handlers.onEnd(reason);
  }

  /** One decrypted packet; only RTCP means anything here. */
  packet(packet: Buffer, arrivalNs: bigint): void {
    this.lastActivityNs = arrivalNs;
    if (!isRtcp(packet)) return;
    const nowNs = Number(arrivalNs - this.#originNs);
    for (const part of rtcpParts(packet)) this.#rtcp(part, nowNs);
  }

  tick(monotonicNs: bigint): void {
    if (this.#transport?.state !== 'connected') return;
    const nowNs = Number(monotonicNs - this.#originNs);
    if (nowNs - this.#reviewNs < REVIEW_NS) return;
    const elapsedNs = nowNs - this.#reviewNs;
    this.#reviewNs = nowNs;
    this.#repeats = 0;
    let bytes = 0;
    for (const downlink of this.#downlinks.values()) bytes += downlink.takeSentBytes();
    // Smoothed over about a second.
    this.#sentBps += ((bytes * 8 * NS_PER_S) / elapsedNs - this.#sentBps) * (REVIEW_NS / NS_PER_S);
    this.#review(monotonicNs);
  }

  #review(monotonicNs: bigint): void {
    const downlinks = [...this.#downlinks.values()];
    const wanted = downlinks.map((downlink) => downlink.wantedLayers(monotonicNs));
    const demands = wanted.map((layers) => ({ bitrates: layers.map((layer) => layer.meter.bitrateBps) }));
    const chosen = allocate(demands, this.#bandwidth.budget(Number(monotonicNs - this.#originNs)));
    for (const [index, downlink] of downlinks.entries()) downlink.aim(wanted[index]?.[chosen[index] ?? 0] ?? null);
  }

  #rtcp(part: RtcpPart, nowNs: number): void {
    const { type, count, packet } = part;
    if (type === RTCP.receiverReport || type === RTCP.senderReport) {
      for (const { ssrc, fractionLost } of reportBlocks(part)) {
        if (this.#bySsrc.get(ssrc)?.feed.kind === 'video')
          this.#bandwidth.loss(fractionLost / 256, this.#sentBps, nowNs);
      }
      return;
    }
    if (packet.length < 12) return;
    const media = this.#bySsrc.get(packet.readUInt32BE(8));
    if (type === RTCP.rtpFeedback && count === RTP_FEEDBACK.nack) {
      if (media) this.#repeat(media, nackSequences(packet));
    } else if (type === RTCP.payloadFeedback && count === PAYLOAD_FEEDBACK.pli) {
      media?.requestKeyframe();
    } else if (type === RTCP.payloadFeedback && count === PAYLOAD_FEEDBACK.fir) {
      for (const ssrc of firSources(packet)) this.#bySsrc.get(ssrc)?.requestKeyframe();
    } else if (type === RTCP.payloadFeedback && count === PAYLOAD_FEEDBACK.application) {
      const bitrate = rembBitrate(packet);
      if (bitrate !== null) this.#bandwidth.estimate(bitrate, this.#sentBps, nowNs);
    }
  }

  #repeat(downlink: Downlink, sequences: readonly number[]): void {
    const allowed = sequences.slice(0, Math.max(0, MAX_REPEATS - this.#repeats));
    this.#repeats += allowed.length;
    downlink.repeat(allowed, Number(process.hrtime.bigint()));
  }

  /** Makes the downlinks what the offer and the feeds say; those that stay as they are go on untouched. */
  #carry(feeds: ReadonlyMap<string, TrackFeed>): void {
    const kept = new Set<string>();
    this.#media = this.#offer.lines.flatMap((line): SubscribedMedia[] => {
      if (line.refused) return [];
      const { mid, kind } = line.media;
      const feed = feeds.get(mid);
      const inactive = whyInactive(line.media, feed);
      if (feed && inactive === null) {
        kept.add(mid);
        if (this.#downlinks.get(mid)?.feed !== feed) this.#open(line.media, feed);
      }
      return [{ mid, kind, trackId: feed?.trackId ?? null, inactive }];
    });
    for (const [mid, downlink] of this.#downlinks) if (!kept.has(mid)) this.#stop(mid, downlink);
  }

  #open(media: OfferedMedia, feed: TrackFeed): void {
    const former = this.#downlinks.get(media.mid);
    if (former) this.#stop(media.mid, former);
    const rtx = media.codecs.some((codec) => codec.rtxPayloadType !== null);
    const downlink = new Downlink({
      mid: media.mid,
      feed,
      ssrc: randomInt(1, 0xffff_ffff),
      rtxSsrc: rtx ? randomInt(1, 0xffff_ffff) : null,
      codecs: media.codecs,
      midId: media.extensions.get(EXTENSION.mid) ?? 0,
      absSendTimeId: media.kind === 'video' ? (media.extensions.get(EXTENSION.absSendTime) ?? 0) : 0,
      colourSpaceId: media.kind === 'video' ? (media.extensions.get(EXTENSION.colourSpace) ?? 0) : 0,
      send: (packet) => this.#transport?.send(packet) ?? false,
      counters: this.#counters,
    });
    const view = this.#views.get(feed.trackId);
    if (view) downlink.setView(view);
    this.#downlinks.set(media.mid, downlink);
    this.#bySsrc.set(downlink.ssrc, downlink);
  }

  #stop(mid: string, downlink: Downlink): void {
    downlink.stop();
    this.#downlinks.delete(mid);
    this.#bySsrc.delete(downlink.ssrc);
  }

  #answer(transport: MediaTransport): string {
    this.#answers += 1;
    return buildAnswer({
      offer: this.#offer,
      local: transport.local,
      sessionId: this.#sessionId,
      version: this.#answers,
      answer: (media) => answerSubscribeLine(media, this.#downlinks.get(media.mid)),
    });
  }
}

/** Throws `INVALID_SDP` where a feed is to go onto an m-line of the other kind. */
export const requireKinds = (offer: Offer, feeds: ReadonlyMap<string, TrackFeed>): void => {
  for (const line of offer.lines) {
    const feed = line.refused ? undefined : feeds.get(line.media.mid);
    if (line.refused || !feed || feed.kind === line.media.kind) continue;
    throw new RoomtapeError(
      'INVALID_SDP',
      `M-line "${line.media.mid}" is ${line.media.kind}, but track ${feed.trackId} is ${feed.kind}.`,
    );
  }
};

const whyInactive = (media: OfferedMedia, feed: TrackFeed | undefined): SubscribedMedia['inactive'] => {
  if (media.direction === 'sendonly' || media.direction === 'inactive') return 'not-receiving';
  if (!feed) return 'no-track';
  const { layers } = feed;
  const decodable = layers.length === 0 || layers.some(({ stream }) => receivingCodec(stream, media.codecs) !== null);
  return decodable ? null : 'codec-not-supported';
};

/** Without transport-cc a browser estimates its bandwidth itself and says it as REMB. */
const answerSubscribeLine = (media: OfferedMedia, downlink: Downlink | undefined): AnsweredMedia => ({
  direction: downlink ? 'sendonly' : 'inactive',
  codecs: media.codecs,
  extensions: media.kind === 'audio' ? AUDIO_SUBSCRIBE_EXTENSIONS : VIDEO_SUBSCRIBE_EXTENSIONS,
  feedback: (codec) =>
    media.kind === 'audio'
      ? ['nack']
      : ['nack', 'nack pli', ...(codec.fir ? ['ccm fir'] : []), ...(codec.remb ? ['goog-remb'] : [])],
  fmtp: (codec) => codec.fmtp,
  receiveRids: [],
  source: downlink
    ? {
        ssrc: downlink.ssrc,
        rtxSsrc: downlink.rtxSsrc,
        cname: downlink.feed.participantId,
        msid: `${downlink.feed.participantId} ${downlink.feed.trackId}`,
      }
    : null,
});
