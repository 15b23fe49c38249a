/**
 * One m-line of a subscriber, carrying one feed: which layer is forwarded, and how its packets become one continuous stream. A layer is
 * left and entered at keyframes; until the wanted one begins, the former goes on.
 */
import { randomInt } from 'node:crypto';
import type { Size } from '../../domain/layout.ts';
import type { MediaCounters } from '../media-counters.ts';
import type { PublishedStream } from '../published-stream.ts';
import { buildSenderReport } from '../rtp/rtcp-packet.ts';
import type { RtpView } from '../rtp/rtp-packet.ts';
import { extendSequence } from '../rtp/sequence.ts';
import type { OfferedCodec } from '../sdp/codecs.ts';
import { EXTENSION } from '../sdp/header-extensions.ts';
import { idealLayer, orderLayers } from './layer-choice.ts';
import { PacketWriter } from './packet-writer.ts';
import { receivingCodec } from './receiving-codec.ts';
import { RtpRewriter } from './rtp-rewriter.ts';
import { SendHistory, type SentPacket } from './send-history.ts';
import type { FeedLayer, FeedListener, TrackFeed } from './track-feed.ts';

/** Two seconds of 2 Mbps video; five seconds of audio. */
const VIDEO_HISTORY = 512;
const AUDIO_HISTORY = 256;
/** A NACK for what was just sent again crossed it on the way. */
const REPEAT_NS = 15e6;
const NS_PER_S = 1e9;
/** Sender clocks of one connection agree with arrival times to within a path's delay; more apart, they are two clocks. */
const SAME_CLOCK_S = 2;
const NTP_FRACTION = 2 ** 32;

export interface DownlinkOptions {
  readonly mid: string;
  readonly feed: TrackFeed;
  readonly ssrc: number;
  readonly rtxSsrc: number | null;
  readonly codecs: readonly OfferedCodec[];
  readonly midId: number;
  readonly absSendTimeId: number;
  readonly colourSpaceId: number;
  readonly send: (packet: Buffer) => boolean;
  readonly counters: MediaCounters;
}

export class Downlink implements FeedListener {
  readonly feed: TrackFeed;
  readonly mid: string;
  readonly ssrc: number;
  readonly rtxSsrc: number | null;
  readonly #options: DownlinkOptions;
  readonly #writer: PacketWriter;
  readonly #rewriter = new RtpRewriter(randomInt(0, 0x8000));
  readonly #history: SendHistory;
  readonly #leave: () => void;
  /** Codec of the subscriber for each source stream; null where it has none for it. */
  readonly #codecs = new Map<PublishedStream, OfferedCodec | null>();
  #current: FeedLayer | null = null;
  #target: FeedLayer | null = null;
  #wanted: Size | null = null;
  #lastForwardedNs = 0n;
  #rtxSequence = randomInt(0, 0x8000);
  #packets = 0;
  #octets = 0;
  /** Bytes sent since it was last asked. */
  #sentBytes = 0;

  constructor(options: DownlinkOptions) {
    this.#options = options;
    this.feed = options.feed;
    this.mid = options.mid;
    this.ssrc = options.ssrc;
    this.rtxSsrc = options.rtxSsrc;
    this.#writer = new PacketWriter(options);
    this.#history = new SendHistory(options.feed.kind === 'video' ? VIDEO_HISTORY : AUDIO_HISTORY);
    this.#leave = options.feed.listen(this);
  }

  get paused(): boolean {
    return this.#wanted !== null && (this.#wanted.width === 0 || this.#wanted.height === 0);
  }

  stop(): void {
    this.#leave();
  }

  setView(wanted: Size): void {
    this.#wanted = wanted;
    // What was skipped is missing: it goes on with a keyframe.
    if (this.paused) this.#current = null;
  }

  takeSentBytes(): number {
    const bytes = this.#sentBytes;
    this.#sentBytes = 0;
    return bytes;
  }

  /** Live layers that the subscriber can decode, small to large, up to the one that fills its view. Empty: nothing to send. */
  wantedLayers(nowNs: bigint): FeedLayer[] {
    if (this.paused) return [];
    const usable = this.feed.layers.filter((layer) => this.#codecOf(layer.stream) !== null);
    const live = usable.filter((layer) => layer.meter.isLive(nowNs));
    const layers = live.length > 0 ? live : usable;
    const facts = layers.map(({ meter }) => ({ size: meter.size, bitrateBps: meter.bitrateBps }));
    const order = orderLayers(facts);
    const ordered = order.flatMap((index) => layers[index] ?? []);
    const orderedFacts = order.flatMap((index) => facts[index] ?? []);
    return ordered.slice(0, idealLayer(orderedFacts, this.#wanted) + 1);
  }

  /** The layer that is to be forwarded. Asks for the keyframe it takes. */
  aim(layer: FeedLayer | null): void {
    this.#target = layer;
    if (layer && layer !== this.#current) layer.stream.requestKeyframe();
  }

  /** The subscriber lost its picture. */
  requestKeyframe(): void {
    (this.#current ?? this.#target)?.stream.requestKeyframe();
  }

  onLayersChanged(): void {
    const { layers } = this.feed;
    if (this.#current && !layers.includes(this.#current)) this.#current = null;
    if (this.#target && !layers.includes(this.#target)) this.#target = null;
    for (const stream of this.#codecs.keys()) {
      if (!layers.some((layer) => layer.stream === stream)) this.#codecs.delete(stream);
    }
  }

  onPacket(layer: FeedLayer, packet: Buffer, view: RtpView, arrivalNs: bigint, keyframe: boolean): void {
    if (this.paused) return;
    const codec = this.#codecOf(layer.stream);
    if (!codec) return;
    const extended = extendSequence(layer.stream.extendedSequence ?? view.sequence, view.sequence);
    if (layer !== this.#current) {
      if (!this.#mayBegin(layer, keyframe, arrivalNs)) return;
      this.#begin(layer, extended, view.timestamp, arrivalNs);
    }
    const sequence = this.#rewriter.sequence(extended, view.timestamp);
    const { shift } = this.#rewriter;
    if (sequence < 0 || !shift) return;
    this.#lastForwardedNs = arrivalNs;
    const colourSpaceId = layer.stream.extensions[EXTENSION.colourSpace] ?? 0;
    const sent: SentPacket = {
      sequence,
      packet,
      payloadOffset: view.payloadOffset,
      payloadEnd: view.payloadEnd,
      colourSpaceAt: view.extensionOffset(colourSpaceId),
      colourSpaceBytes: view.extensionLength(colourSpaceId),
      codec: layer.stream.codec,
      payloadType: codec.payloadType,
      shift,
      repeatedNs: 0,
    };
    this.#history.add(sent);
    const out = this.#writer.write(
      {
        marker: view.marker,
        payloadType: codec.payloadType,
        sequence,
        timestamp: view.timestamp + shift.timestamp,
        ssrc: this.ssrc,
      },
      sent,
      Number(arrivalNs),
    );
    if (!out) return;
    this.#rewriter.rewritePayload(layer.stream.codec, out, this.#writer.payloadOffset, out.length);
    if (!this.#options.send(out)) return;
    this.#packets += 1;
    this.#octets += view.payloadLength;
    this.#sentBytes += out.length;
    this.#options.counters.rtp_packets_forwarded_total += 1;
    this.#options.counters.rtp_bytes_forwarded_total += out.length;
  }

  onSenderReport(layer: FeedLayer): void {
    if (layer === this.#current) this.#sendReport();
  }

  /** Sends again what a NACK asks for: as RTX where negotiated, else as it was. */
  repeat(sequences: readonly number[], nowNs: number): void {
    for (const sequence of sequences) {
      const sent = this.#history.find(sequence);
      if (sent && nowNs - sent.repeatedNs >= REPEAT_NS) this.#repeatOne(sent, nowNs);
    }
  }

  #repeatOne(sent: SentPacket, nowNs: number): void {
    sent.repeatedNs = nowNs;
    const { packet, shift } = sent;
    const rtxPayloadType = this.#options.codecs.find((each) => each.payloadType === sent.payloadType)?.rtxPayloadType;
    const asRtx = this.rtxSsrc !== null && typeof rtxPayloadType === 'number';
    if (asRtx) this.#rtxSequence += 1;
    const out = this.#writer.write(
      {
        marker: (packet.readUInt8(1) & 0x80) !== 0,
        payloadType: asRtx ? rtxPayloadType : sent.payloadType,
        sequence: asRtx ? this.#rtxSequence : sent.sequence,
        timestamp: packet.readUInt32BE(4) + shift.timestamp,
        ssrc: asRtx ? (this.rtxSsrc ?? 0) : this.ssrc,
      },
      sent,
      nowNs,
      asRtx ? sent.sequence : -1,
    );
    if (!out) return;
    this.#rewriter.repeatPayload(sent.codec, shift, out, this.#writer.payloadOffset, out.length);
    if (this.#options.send(out)) this.#options.counters.rtp_packets_retransmitted_total += 1;
  }

  #codecOf(stream: PublishedStream): OfferedCodec | null {
    const known = this.#codecs.get(stream);
    if (known !== undefined) return known;
    const codec = receivingCodec(stream, this.#options.codecs);
    this.#codecs.set(stream, codec);
    return codec;
  }

  #mayBegin(layer: FeedLayer, keyframe: boolean, nowNs: bigint): boolean {
    const free = !this.#current?.meter.isLive(nowNs);
    if (this.feed.kind === 'audio') return free || layer === this.#target;
    return keyframe && (free || layer === this.#target);
  }

  #begin(layer: FeedLayer, extended: number, timestamp: number, arrivalNs: bigint): void {
    const target = this.#expectedTimestamp(layer.stream, timestamp, arrivalNs);
    this.#current = layer;
    this.#rewriter.begin(extended, timestamp, target);
    this.#sendReport();
  }

  /**
   * Where a new source's packet lies on the forwarded time axis: by the sender's own clock where both sources have reported it and it
   * agrees with the arrival times, else by those.
   */
  #expectedTimestamp(stream: PublishedStream, timestamp: number, arrivalNs: bigint): number {
    const { shift, highestTimestamp } = this.#rewriter;
    const byArrival = (Number(arrivalNs - this.#lastForwardedNs) / NS_PER_S) * stream.clockRate;
    const before = this.#current?.stream.lastSenderReport?.packet;
    const after = stream.lastSenderReport?.packet;
    if (!before || !after || !shift) return highestTimestamp + byArrival;
    const sinceReport = (timestamp - after.readUInt32BE(16)) | 0;
    const ticks = ntpDifference(after, before) * stream.clockRate + sinceReport;
    const target = before.readUInt32BE(16) + shift.timestamp + ticks;
    const bySender = (target - highestTimestamp) | 0;
    return Math.abs(bySender - byArrival) < SAME_CLOCK_S * stream.clockRate ? target : highestTimestamp + byArrival;
  }

  /** The source's latest sender report, for the forwarded stream: same sender clock, our timestamps. */
  #sendReport(): void {
    const report = this.#current?.stream.lastSenderReport?.packet;
    const { shift } = this.#rewriter;
    if (!report || !shift) return;
    this.#options.send(
      buildSenderReport(
        {
          ssrc: this.ssrc,
          ntpSeconds: report.readUInt32BE(8),
          ntpFraction: report.readUInt32BE(12),
          rtpTimestamp: report.readUInt32BE(16) + shift.timestamp,
          packets: this.#packets,
          octets: this.#octets,
        },
        this.feed.participantId,
      ),
    );
  }
}

/** Seconds between the NTP times of two sender reports. */
const ntpDifference = (later: Buffer, earlier: Buffer): number =>
  ((later.readUInt32BE(8) - earlier.readUInt32BE(8)) | 0) +
  (later.readUInt32BE(12) - earlier.readUInt32BE(12)) / NTP_FRACTION;
