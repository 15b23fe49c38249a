/**
 * What a room sees of the media engine: connections that publish and connections that subscribe. Rooms, participants, signalling
 * and the journal are built on these types; transport, SDP and RTP stay behind them. `media-engine.ts` makes the engine.
 *
 * How a packet goes: `PublishSession` → `PublishHandlers.onPacket` (the room journals it) → `TrackFeed.packet` → every
 * `SubscribeSession` that carries the feed. All calls are synchronous, on one thread, in arrival order. Handlers must not throw;
 * what they throw is logged and counted, never passed into the transport.
 */
import type { TrackId } from '../domain/ids.ts';
import type { MediaKind, TrackSource } from '../domain/media.ts';
import type { Logger } from '../support/log.ts';
import type { TrackFeed } from './forwarding/track-feed.ts';
import type { PublishedStream } from './published-stream.ts';
import type { RtpView } from './rtp/rtp-packet.ts';

export type { PublishedStream } from './published-stream.ts';

export interface MediaEngineOptions {
  /** Address the UDP and TCP sockets are bound to; `0.0.0.0` is every IPv4 interface. */
  readonly bindAddress: string;
  /** One port number, for UDP and for ICE-TCP. */
  readonly port: number;
  /** Addresses written into answers. Empty: the bind address, or those of the machine's interfaces where that is a wildcard. */
  readonly announcedAddresses: readonly string[];
  /** Accept ICE-TCP on the same port number and announce it. */
  readonly tcp: boolean;
  /** What publishers adapt their bitrate by. */
  readonly congestionFeedback: 'transport-cc' | 'remb';
  /** Most that one publisher is asked to send, all its video together, where `congestionFeedback` is `remb`. Bits per second. */
  readonly maxPublishBitrateBps: number;
  readonly log: Logger;
}

/** Owns the port. Everything it made is closed with it. */
export interface MediaEngine {
  /** Answers an offer of a connection that sends to us. Throws `RoomtapeError('INVALID_SDP')`. */
  publish(request: PublishRequest): Promise<{ readonly session: PublishSession; readonly answer: string }>;
  /** Answers an offer of a connection that receives from us. Throws `RoomtapeError('INVALID_SDP')`. */
  subscribe(request: SubscribeRequest): Promise<{ readonly session: SubscribeSession; readonly answer: string }>;
  /** Prometheus-shaped counters (`rtp_packets_received_total`, …) summed over live and past sessions, and gauges. */
  stats(): Record<string, number>;
  /** Closes all sessions and the port. Idempotent. */
  close(): Promise<void>;
}

/** Why a session ended: `closed` by us, `gone` when the peer ended DTLS or ICE failed, `failed` when it never connected (15 s). */
export type SessionEnd = 'closed' | 'gone' | 'failed';

export interface PublishRequest {
  readonly offer: string;
  /** Source of each sending m-line by mid. Null (WHIP): first audio is the microphone, first video the camera, seconds the screen. */
  readonly sources: ReadonlyMap<string, TrackSource> | null;
  readonly handlers: PublishHandlers;
}

export interface PublishHandlers {
  /** DTLS is up. Once. */
  onConnected?(): void;
  /** A stream's first packet is about to be handed to `onPacket`. */
  onStreamOpened(stream: PublishedStream): void;
  /** BYE, a changed SSRC or codec, an m-line that stopped sending, or the end of the session (before `onEnd`). */
  onStreamClosed(stream: PublishedStream): void;
  /**
   * One RTP packet: RTX undone, no duplicates, in arrival order (a retransmitted packet comes when it comes). Padding-only packets
   * come too: they occupy their sequence number. `view` is valid during the call only; the packet's bytes must not be changed.
   * `keyframe`: this packet begins a keyframe (never for audio).
   */
  onPacket(stream: PublishedStream, packet: Buffer, view: RtpView, arrivalNs: bigint, keyframe: boolean): void;
  /** The first 28 bytes of a sender report of this stream. Valid during the call only. */
  onSenderReport(stream: PublishedStream, report: Buffer, arrivalNs: bigint): void;
  /** RFC 6464 level of an audio packet: 0 (loudest) to 127 (silence), −dBov, and the sender's own voice flag. */
  onAudioLevel?(stream: PublishedStream, level: number, voice: boolean, arrivalNs: bigint): void;
  /** The session is over, whoever ended it. Once, last of all calls. */
  onEnd(reason: SessionEnd): void;
}

/** One m-line of a publishing connection. */
export interface PublishedMedia {
  readonly mid: string;
  readonly kind: MediaKind;
  readonly source: TrackSource;
  /** False: offered inactive, or removed. Its streams are closed. */
  readonly sending: boolean;
}

export interface PublishSession {
  /** Unique among all sessions of this process: the streams of one connection share the sender's clock (`StreamInfo.clockDomain`). */
  readonly id: string;
  readonly media: readonly PublishedMedia[];
  readonly streams: readonly PublishedStream[];
  /** When anything last came from the peer (RTP or RTCP), monotonic ns; at first when the session was made. */
  readonly lastActivityNs: bigint;
  /** Answers a later offer of the same connection. Throws `RoomtapeError('INVALID_SDP')`, also where ICE was restarted. */
  renegotiate(offer: string, sources: ReadonlyMap<string, TrackSource> | null): string;
  /** By SSRC; unknown ones are ignored. Same throttle as `PublishedStream.requestKeyframe`. */
  requestKeyframe(ssrc: number): void;
  close(): void;
}

export interface SubscribeRequest {
  readonly offer: string;
  /** What each receiving m-line is to carry, by mid. An m-line without a feed is answered inactive. Kinds must agree. */
  readonly feeds: ReadonlyMap<string, TrackFeed>;
  readonly handlers: SubscribeHandlers;
}

export interface SubscribeHandlers {
  onConnected?(): void;
  /** Once, last of all calls. */
  onEnd(reason: SessionEnd): void;
}

/** One m-line of a subscribing connection. */
export interface SubscribedMedia {
  readonly mid: string;
  readonly kind: MediaKind;
  readonly trackId: TrackId | null;
  /** Null: it carries its track. Otherwise the m-line was answered inactive. */
  readonly inactive: 'no-track' | 'not-receiving' | 'codec-not-supported' | null;
}

export interface SubscribeSession {
  readonly id: string;
  readonly media: readonly SubscribedMedia[];
  readonly lastActivityNs: bigint;
  /** As for publishing. M-lines may be reused for another feed. */
  renegotiate(offer: string, feeds: ReadonlyMap<string, TrackFeed>): string;
  /** Largest size at which the track is shown, in pixels; 0×0 pauses it. Until said: the largest layer. Unknown tracks: remembered. */
  setView(trackId: TrackId, width: number, height: number): void;
  close(): void;
}
