/**
 * One connection that publishes: from decrypted packets to streams of original packets, each once, and back to the sender what it needs
 * to send well: NACK, keyframe requests, arrival times (TWCC) or a limit (REMB), receiver reports.
 * States: `connecting` → `connected` → `ended`; those of its transport.
 */
import { randomInt } from 'node:crypto';
import { RoomtapeError } from '../domain/errors.ts';
import type { TrackSource } from '../domain/media.ts';
import type { MediaCounters } from './media-counters.ts';
import type { PublishedMedia, PublishedStream, PublishHandlers, PublishSession, SessionEnd } from './media-session.ts';
import { LiveStream } from './publishing/live-stream.ts';
import {
  answerPublishLine,
  type CongestionFeedback,
  type PublishLine,
  publishLines,
} from './publishing/publish-line.ts';
import { RetiredSources } from './publishing/retired-sources.ts';
import { type Identity, StreamIdentity } from './publishing/stream-identity.ts';
import { beginsKeyframe } from './rtp/keyframe.ts';
import { undoRetransmission } from './rtp/retransmission.ts';
import {
  buildFir,
  buildNack,
  buildPli,
  buildReceiverReport,
  buildRemb,
  byeSources,
  MAX_REPORT_BLOCKS,
  RTCP,
  rtcpParts,
  SENDER_REPORT_BYTES,
} from './rtp/rtcp-packet.ts';
import { isRtcp, RtpView } from './rtp/rtp-packet.ts';
import { isNewer } from './rtp/sequence.ts';
import { TransportFeedback } from './rtp/transport-feedback.ts';
import { buildAnswer } from './sdp/answer.ts';
import { type Offer, parseOffer } from './sdp/offer.ts';
import { requireSameTransport } from './sdp/same-transport.ts';
import type { MediaTransport } from './transport/media-transport.ts';

/** Chromium's own receivers report every 50–250 ms; below 50 the reports cost more than they tell. */
const TRANSPORT_FEEDBACK_NS = 60e6;
const REPORT_NS = 1_000e6;
/** A sender that changes its SSRC more often than anybody would is not followed any more. */
const MAX_STREAMS_EVER = 1_000;

export interface PublisherOptions {
  readonly id: string;
  readonly offer: Offer;
  readonly lines: Map<string, PublishLine>;
  readonly feedback: CongestionFeedback | null;
  readonly maxBitrateBps: number;
  readonly handlers: PublishHandlers;
  readonly counters: MediaCounters;
}

export class Publisher implements PublishSession {
  readonly id: string;
  readonly #options: PublisherOptions;
  readonly #handlers: PublishHandlers;
  readonly #counters: MediaCounters;
  /** Our own SSRC, in RTCP only. */
  readonly #ssrc = randomInt(1, 0xffff_ffff);
  readonly #originNs = process.hrtime.bigint();
  readonly #view = new RtpView();
  readonly #streams = new Map<number, LiveStream>();
  readonly #repairs = new Map<number, LiveStream>();
  readonly #retired = new RetiredSources();
  readonly #transportFeedback = new TransportFeedback();
  #offer: Offer;
  #lines: Map<string, PublishLine>;
  #identity: StreamIdentity;
  #transport: MediaTransport | undefined;
  #answers = 0;
  #streamsEver = 0;
  #feedbackNs = 0;
  #reportNs = 0;
  #lastMediaSsrc = 0;
  #ended = false;
  lastActivityNs = this.#originNs;

  constructor(options: PublisherOptions) {
    this.id = options.id;
    this.#options = options;
    this.#handlers = options.handlers;
    this.#counters = options.counters;
    this.#offer = options.offer;
    this.#lines = options.lines;
    this.#identity = new StreamIdentity(options.lines.values());
  }

  get media(): readonly PublishedMedia[] {
    return [...this.#lines.values()].map(({ mid, kind, source, sending }) => ({ mid, kind, source, sending }));
  }

  get streams(): readonly PublishedStream[] {
    return [...this.#streams.values()];
  }

  /** Gives the session its transport; returns the first answer. */
  attach(transport: MediaTransport): string {
    this.#transport = transport;
    return this.#answer(transport);
  }

  connected(): void {
    this.#handlers.onConnected?.();
  }

  renegotiate(text: string, sources: ReadonlyMap<string, TrackSource> | null): string {
    const transport = this.#transport;
    if (!transport || this.#ended) throw new RoomtapeError('INVALID_SDP', 'This connection is gone: offer a new one.');
    const offer = parseOffer(text);
    requireSameTransport(this.#offer, offer);
    const lines = publishLines(offer, sources, this.#lines);
    this.#offer = offer;
    this.#lines = lines;
    this.#identity = new StreamIdentity(lines.values());
    this.#repairs.clear();
    this.#retired.forget();
    for (const stream of [...this.#streams.values()]) {
      const line = lines.get(stream.mid);
      if (line?.sending && line.source === stream.source) continue;
      this.#closeStream(stream);
      // What is still on the way must not be taken for another m-line's.
      if (!line?.sending) this.#retired.removed(stream.ssrc);
    }
    return this.#answer(transport);
  }

  requestKeyframe(ssrc: number): void {
    this.#streams.get(ssrc)?.requestKeyframe();
  }

  close(): void {
    if (this.#transport) this.#transport.close();
    else this.ended('closed');
  }

  /** The transport is gone. Idempotent. */
  ended(reason: SessionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const stream of [...this.#streams.values()]) this.#closeStream(stream);
    this.#handlers.onEnd(reason);
  }

  /** One decrypted RTP or RTCP packet. */
  packet(packet: Buffer, arrivalNs: bigint): void {
    this.lastActivityNs = arrivalNs;
    if (isRtcp(packet)) this.#rtcp(packet, arrivalNs);
    else this.#rtp(packet, arrivalNs);
  }

  /** Called every 20 ms: what is due goes to the sender. */
  tick(monotonicNs: bigint): void {
    if (this.#transport?.state !== 'connected') return;
    const nowNs = Number(monotonicNs - this.#originNs);
    for (const stream of this.#streams.values()) this.#repairStream(stream, nowNs);
    if (nowNs - this.#feedbackNs >= TRANSPORT_FEEDBACK_NS) {
      this.#feedbackNs = nowNs;
      this.#sendTransportFeedback();
    }
    if (nowNs - this.#reportNs >= REPORT_NS) {
      this.#reportNs = nowNs;
      this.#sendReports(nowNs);
    }
  }

  #rtp(packet: Buffer, arrivalNs: bigint): void {
    const view = this.#view;
    const counters = this.#counters;
    counters.rtp_packets_received_total += 1;
    counters.rtp_bytes_received_total += packet.length;
    if (!view.parse(packet)) {
      counters.rtp_packets_malformed_total += 1;
      return;
    }
    const nowNs = Number(arrivalNs - this.#originNs);
    const { transportSequenceId } = this.#identity;
    if (view.extensionLength(transportSequenceId) === 2) {
      this.#transportFeedback.packet(packet.readUInt16BE(view.extensionOffset(transportSequenceId)), nowNs);
      this.#lastMediaSsrc = view.ssrc;
    }
    const stream = this.#streams.get(view.ssrc);
    if (stream?.payloadType === view.payloadType) this.#accept(stream, packet, arrivalNs, nowNs, false);
    else if (this.#identity.isRepair(view.payloadType)) this.#repaired(packet, arrivalNs, nowNs);
    else this.#unknown(stream, packet, arrivalNs, nowNs);
  }

  #accept(stream: LiveStream, packet: Buffer, arrivalNs: bigint, nowNs: number, repaired: boolean): void {
    const view = this.#view;
    if (stream.receive.packet(view.sequence, view.timestamp, nowNs, repaired) !== 'new') {
      this.#counters.rtp_packets_duplicate_total += 1;
      return;
    }
    const keyframe =
      stream.kind === 'video' &&
      view.timestamp !== stream.keyframeTimestamp &&
      beginsKeyframe(stream.codec, packet, view.payloadOffset, view.payloadEnd);
    if (keyframe) {
      stream.keyframeTimestamp = view.timestamp;
      stream.keyframes.arrived();
    }
    this.#handlers.onPacket(stream, packet, view, arrivalNs, keyframe);
    if (stream.audioLevelId !== 0 && view.extensionLength(stream.audioLevelId) === 1) {
      const level = packet.readUInt8(view.extensionOffset(stream.audioLevelId));
      this.#handlers.onAudioLevel?.(stream, level & 0x7f, (level & 0x80) !== 0, arrivalNs);
    }
  }

  /** A retransmission: what it repairs is found, restored and treated as if it had come. */
  #repaired(packet: Buffer, arrivalNs: bigint, nowNs: number): void {
    const view = this.#view;
    const stream = this.#repairs.get(view.ssrc) ?? this.#findRepaired(packet);
    const codec = stream && this.#identity.repairedCodec(view.payloadType, stream.mid);
    if (!stream || !codec) {
      this.#counters.rtp_packets_unidentified_total += 1;
      return;
    }
    // The codec has changed since it was sent: its stream is closed.
    if (codec.payloadType !== stream.payloadType) return;
    const original = undoRetransmission(packet, view, stream);
    if (original && view.parse(original)) this.#accept(stream, original, arrivalNs, nowNs, true);
  }

  #findRepaired(packet: Buffer): LiveStream | undefined {
    const view = this.#view;
    const identity = this.#identity.repair(packet, view);
    if (!identity) return undefined;
    const candidates = [...this.#streams.values()].filter((stream) => stream.mid === identity.line.mid);
    const stream =
      identity.ssrc !== null
        ? this.#streams.get(identity.ssrc)
        : (candidates.find((each) => each.rid === identity.rid) ??
          (candidates.length === 1 ? candidates[0] : undefined));
    if (stream) this.#repairs.set(view.ssrc, stream);
    return stream;
  }

  /** An SSRC that is new, or that changed its payload type. */
  #unknown(current: LiveStream | undefined, packet: Buffer, arrivalNs: bigint, nowNs: number): void {
    const view = this.#view;
    const identity = this.#identity.media(packet, view);
    if (!identity) {
      this.#counters.rtp_packets_unidentified_total += 1;
      return;
    }
    if (current) {
      // Of the payload type before the change, and late.
      if (!isNewer(view.sequence, current.receive.highest ?? 0)) return;
      this.#closeStream(current);
    } else if (!this.#retired.mayReturn(view.ssrc, view.sequence, nowNs)) {
      return;
    }
    const stream = this.#openStream(identity, view.ssrc, nowNs);
    if (stream) this.#accept(stream, packet, arrivalNs, nowNs, false);
  }

  #openStream({ line, codec, rid }: Identity, ssrc: number, nowNs: number): LiveStream | undefined {
    if (this.#streamsEver >= MAX_STREAMS_EVER) return undefined;
    this.#streamsEver += 1;
    for (const other of [...this.#streams.values()]) {
      if (other.mid !== line.mid || other.rid !== rid) continue;
      this.#closeStream(other);
      this.#retired.replaced(other.ssrc, nowNs);
    }
    const stream = new LiveStream({
      line,
      codec,
      ssrc,
      rid,
      onKeyframeWanted: (wanting) => this.#requestIfDue(wanting, Number(process.hrtime.bigint() - this.#originNs)),
    });
    this.#streams.set(ssrc, stream);
    this.#handlers.onStreamOpened(stream);
    // Cancelled by its own first packet if that begins a keyframe.
    if (stream.kind === 'video') stream.keyframes.want();
    return stream;
  }

  #closeStream(stream: LiveStream): void {
    if (this.#streams.get(stream.ssrc) === stream) this.#streams.delete(stream.ssrc);
    for (const [rtx, repaired] of this.#repairs) if (repaired === stream) this.#repairs.delete(rtx);
    this.#count(stream);
    this.#handlers.onStreamClosed(stream);
  }

  #rtcp(compound: Buffer, arrivalNs: bigint): void {
    for (const part of rtcpParts(compound)) {
      if (part.type === RTCP.senderReport) this.#senderReport(part.packet, arrivalNs);
      else if (part.type === RTCP.bye) {
        for (const ssrc of byeSources(part)) this.#bye(ssrc);
      }
    }
  }

  #senderReport(packet: Buffer, arrivalNs: bigint): void {
    if (packet.length < SENDER_REPORT_BYTES) return;
    const stream = this.#streams.get(packet.readUInt32BE(4));
    if (!stream) return;
    const report = Buffer.from(packet.subarray(0, SENDER_REPORT_BYTES));
    stream.receive.senderReport(report.readUInt32BE(10), Number(arrivalNs - this.#originNs));
    stream.lastSenderReport = { packet: report, arrivalNs };
    this.#handlers.onSenderReport(stream, report, arrivalNs);
  }

  #bye(ssrc: number): void {
    const stream = this.#streams.get(ssrc);
    if (!stream) return;
    this.#retired.saidBye(ssrc, stream.receive.highest ?? 0);
    this.#closeStream(stream);
  }

  #repairStream(stream: LiveStream, nowNs: number): void {
    const lostBefore = stream.receive.lost;
    const missing = stream.receive.nack(nowNs);
    if (missing.length > 0) this.#transport?.send(buildNack(this.#ssrc, stream.ssrc, missing));
    if (stream.receive.lost > lostBefore && stream.kind === 'video') stream.keyframes.want();
    this.#requestIfDue(stream, nowNs);
  }

  #requestIfDue(stream: LiveStream, nowNs: number): void {
    if (this.#transport?.state !== 'connected' || !stream.keyframes.due(nowNs)) return;
    this.#counters.keyframes_requested_total += 1;
    if (stream.usesFir) stream.firSequence += 1;
    this.#transport.send(
      stream.usesFir ? buildFir(this.#ssrc, stream.ssrc, stream.firSequence) : buildPli(this.#ssrc, stream.ssrc),
    );
  }

  #sendTransportFeedback(): void {
    if (this.#options.feedback !== 'transport-cc') return;
    for (;;) {
      const report = this.#transportFeedback.build(this.#ssrc, this.#lastMediaSsrc);
      if (!report) return;
      this.#transport?.send(report);
    }
  }

  #sendReports(nowNs: number): void {
    const streams = [...this.#streams.values()];
    for (let at = 0; at < streams.length; at += MAX_REPORT_BLOCKS) {
      const blocks = streams
        .slice(at, at + MAX_REPORT_BLOCKS)
        .map((stream) => stream.receive.report(stream.ssrc, nowNs));
      this.#transport?.send(buildReceiverReport(this.#ssrc, this.id, blocks));
    }
    for (const stream of streams) this.#count(stream);
    const video = streams.filter((stream) => stream.kind === 'video').map((stream) => stream.ssrc);
    if (this.#options.feedback === 'remb' && video.length > 0) {
      this.#transport?.send(buildRemb(this.#ssrc, video, this.#options.maxBitrateBps));
    }
  }

  #count({ receive, counted }: LiveStream): void {
    this.#counters.rtp_packets_nacked_total += receive.nacked - counted.nacked;
    this.#counters.rtp_packets_repaired_total += receive.recovered - counted.recovered;
    this.#counters.rtp_packets_lost_total += receive.lost - counted.lost;
    counted.nacked = receive.nacked;
    counted.recovered = receive.recovered;
    counted.lost = receive.lost;
  }

  #answer(transport: MediaTransport): string {
    this.#answers += 1;
    return buildAnswer({
      offer: this.#offer,
      local: transport.local,
      sessionId: this.#ssrc,
      version: this.#answers,
      answer: (media) => answerPublishLine(media, this.#lines.get(media.mid), this.#options.feedback),
    });
  }
}
