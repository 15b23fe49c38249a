/**
 * One stream on its way through the timeline: packets → order → clock → media.
 *
 * States: *held* until its clock can be trusted (packets are kept, so that the first second is as exact as the rest), then *placed*;
 * *closed* at its end, when everything held is released. How long it is held is journal time, never wall-clock time.
 */
import type { StreamInfo } from '../domain/events.ts';
import type { SessionTimeNs } from '../domain/media-time.ts';
import { AudioMedia } from './audio-media.ts';
import type { DomainClock } from './clock/domain-clock.ts';
import { parseSenderReport } from './clock/sender-report.ts';
import { StreamClock } from './clock/stream-clock.ts';
import { COLOUR_EXTENSION } from './colour.ts';
import { createDepacketizer } from './depacketize/create.ts';
import { Reorder } from './reorder.ts';
import { parseRtp, type RtpPacket } from './rtp-packet.ts';
import type { TimelineStream } from './types.ts';
import { VideoMedia } from './video-media.ts';

/**
 * Senders report every 1–5 s, the first time after half of it; who has not reported by then has no clock to tell. Costs latency once,
 * when somebody begins to send, and no exactness.
 */
export const REPORT_WAIT_NS = 6_000_000_000;

/** When streams that belong together (of one track, of one connection) last sent anything. */
export interface Activity {
  lastArrivalNs: SessionTimeNs;
}

type Held = { readonly packet: RtpPacket; readonly ticks: number } | 'lost';

const mediaOf = (info: StreamInfo, clock: StreamClock, settledNs: () => SessionTimeNs): AudioMedia | VideoMedia =>
  info.codec === 'opus'
    ? new AudioMedia(info, clock, settledNs)
    : new VideoMedia(info.stream, clock, createDepacketizer(info.codec, info.fmtp), settledNs);

export class Stream {
  readonly info: StreamInfo;
  readonly media: AudioMedia | VideoMedia;
  /** Of all streams of its track, and of its connection. */
  readonly track: Activity;
  readonly connection: Activity;
  readonly #clock: StreamClock;
  readonly #domain: DomainClock;
  readonly #reorder: Reorder;
  readonly #openedNs: SessionTimeNs;
  /** Id of the header extension that tells colours, 0 where it is not negotiated. */
  readonly #colourId: number;
  #held: Held[] | null = [];
  #firstArrivalNs: SessionTimeNs | null = null;
  #view: TimelineStream;
  lastArrivalNs: SessionTimeNs;
  /** When its track ceased to be published: nobody asks for its pictures at a later time. Infinity while it is. */
  goneNs: SessionTimeNs = Number.POSITIVE_INFINITY;
  /** Packets that are no RTP, or of a payload type that was not negotiated for it. */
  malformed = 0;

  /** @param extendedSequence from a snapshot: the stream has been sending before; null for one that begins. */
  constructor(
    info: StreamInfo,
    openedNs: SessionTimeNs,
    extendedSequence: number | null,
    shared: { readonly domain: DomainClock; readonly track: Activity; readonly connection: Activity },
    settledNs: () => SessionTimeNs,
  ) {
    this.info = info;
    this.track = shared.track;
    this.connection = shared.connection;
    this.#domain = shared.domain;
    this.#clock = new StreamClock(info.clockRate, shared.domain);
    this.#reorder = new Reorder(
      { packet: (packet, arrivalNs) => this.#ordered(packet, arrivalNs), lost: () => this.#lost() },
      extendedSequence,
    );
    this.#openedNs = openedNs;
    this.#colourId = info.extensions[COLOUR_EXTENSION] ?? 0;
    this.lastArrivalNs = extendedSequence === null ? Number.NEGATIVE_INFINITY : openedNs;
    this.media = mediaOf(info, this.#clock, settledNs);
    const { stream, trackId, participantId, source, codec, rid } = info;
    this.#view = { stream, trackId, participantId, source, codec, rid, openedNs, closedNs: null };
  }

  /** How readers see it. */
  get view(): TimelineStream {
    return this.#view;
  }

  get closed(): boolean {
    return this.#view.closedNs !== null;
  }

  /** Its first packets are being kept until its clock can be trusted: for a bounded time. */
  get held(): boolean {
    return this.#held !== null && this.#firstArrivalNs !== null;
  }

  /** A packet is missing that may still come. */
  get waiting(): boolean {
    return this.#reorder.waiting;
  }

  /** True if it ended before this time, and nothing of it can be shown later: its track has gone too, or it is sound, or has no picture. */
  isForgettable(ns: SessionTimeNs): boolean {
    if (!this.endedBefore(ns)) return false;
    return this.goneNs < ns || this.media instanceof AudioMedia || !this.media.hasPicture;
  }

  endedBefore(ns: SessionTimeNs): boolean {
    return this.#view.closedNs !== null && this.#view.closedNs < ns;
  }

  /** Arrival of its first packet; before that, when it opened. */
  get beganNs(): SessionTimeNs {
    return this.#firstArrivalNs ?? this.#openedNs;
  }

  rtp(bytes: Buffer, arrivalNs: SessionTimeNs): void {
    const packet = parseRtp(bytes, this.#colourId);
    const foreign = packet !== null && this.info.codec !== 'opus' && packet.payloadType !== this.info.payloadType;
    if (packet === null || this.closed) {
      this.malformed += 1;
      return;
    }
    if (foreign) this.malformed += 1;
    else if (packet.payload.length > 0) this.#noteMedia(arrivalNs);
    this.#reorder.push(foreign ? { ...packet, payload: packet.payload.subarray(0, 0) } : packet, arrivalNs);
  }

  senderReport(bytes: Buffer, arrivalNs: SessionTimeNs): void {
    const report = parseSenderReport(bytes);
    if (report === null) this.malformed += 1;
    else this.#clock.report(report, arrivalNs);
  }

  /**
   * Goes on after a gap in the journal, behind this extended sequence number: what was sent meanwhile is neither missing nor waited for.
   * A decoder has to begin anew; the clock goes on, unless what comes next says that it stood still.
   */
  resume(extendedSequence: number, atNs: SessionTimeNs): void {
    if (this.closed) return;
    this.#reorder.resume(extendedSequence);
    this.#lost();
    this.#clock.resumed(atNs);
    this.lastArrivalNs = atNs;
  }

  /** Its track was muted or unmuted. */
  muted(muted: boolean, atNs: SessionTimeNs): void {
    this.#clock.muted(muted, atNs);
  }

  /** Lets journal time pass: gaps expire, the clock moves, what is held is released once the clock can be trusted. */
  advance(nowNs: SessionTimeNs): void {
    if (this.closed) return;
    if (this.#reorder.deadlineNs <= nowNs) this.#reorder.expire(nowNs);
    this.#clock.advance(nowNs, this.#held !== null);
    if (this.#held === null || this.#firstArrivalNs === null) return;
    const waited = nowNs - this.#firstArrivalNs >= REPORT_WAIT_NS;
    if (this.#held.length > 0 && (waited || this.#clock.synchronised)) this.#release();
  }

  /** Nothing more will come. Idempotent. */
  close(nowNs: SessionTimeNs): void {
    if (this.closed) return;
    this.#reorder.flush();
    this.#domain.advance(nowNs, true);
    this.#clock.advance(nowNs);
    this.#release();
    if (this.media instanceof VideoMedia) this.media.flush();
    this.#clock.close();
    this.#view = { ...this.#view, closedNs: nowNs };
  }

  /** Padding, which probes the network, is not what anybody waits for. */
  #noteMedia(arrivalNs: SessionTimeNs): void {
    this.#firstArrivalNs ??= arrivalNs;
    this.lastArrivalNs = arrivalNs;
    this.track.lastArrivalNs = arrivalNs;
    this.connection.lastArrivalNs = arrivalNs;
  }

  #ordered(packet: RtpPacket, arrivalNs: SessionTimeNs): void {
    if (packet.payload.length === 0) return;
    const ticks = this.#clock.observe(packet.timestamp, arrivalNs);
    if (this.#held === null) this.media.packet(packet, ticks);
    else this.#held.push({ packet: { ...packet, payload: Buffer.from(packet.payload) }, ticks });
  }

  #lost(): void {
    if (this.#held === null) this.media.lost();
    else this.#held.push('lost');
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const item of held) {
      if (item === 'lost') this.media.lost();
      else this.media.packet(item.packet, item.ticks);
    }
  }
}
