/**
 * One published track as those who watch it see it: the junction between a publisher's streams and any number of subscribers.
 * The room owns it for as long as the track exists; a reconnecting publisher closes streams and opens others on the same feed.
 */
import type { ParticipantId, TrackId } from '../../domain/ids.ts';
import type { MediaKind } from '../../domain/media.ts';
import type { PublishedStream } from '../published-stream.ts';
import type { RtpView } from '../rtp/rtp-packet.ts';
import { LayerMeter } from './layer-meter.ts';

/** What a subscriber hears from a feed. Buffers and views are valid during the call only. */
export interface FeedListener {
  onPacket(layer: FeedLayer, packet: Buffer, view: RtpView, arrivalNs: bigint, keyframe: boolean): void;
  onSenderReport(layer: FeedLayer): void;
  onLayersChanged(): void;
}

/** One stream of the feed with what is measured of it. */
export interface FeedLayer {
  readonly stream: PublishedStream;
  readonly meter: LayerMeter;
}

export class TrackFeed {
  readonly trackId: TrackId;
  /** Tracks of one participant are played in sync. */
  readonly participantId: ParticipantId;
  readonly kind: MediaKind;
  readonly #layers = new Map<PublishedStream, FeedLayer>();
  readonly #listeners = new Set<FeedListener>();

  constructor(options: { readonly trackId: TrackId; readonly participantId: ParticipantId; readonly kind: MediaKind }) {
    this.trackId = options.trackId;
    this.participantId = options.participantId;
    this.kind = options.kind;
  }

  get layers(): readonly FeedLayer[] {
    return [...this.#layers.values()];
  }

  openStream(stream: PublishedStream): void {
    this.#layers.set(stream, { stream, meter: new LayerMeter() });
    for (const listener of this.#listeners) listener.onLayersChanged();
  }

  closeStream(stream: PublishedStream): void {
    if (!this.#layers.delete(stream)) return;
    for (const listener of this.#listeners) listener.onLayersChanged();
  }

  /**
   * Hands one packet to every subscriber. Same arguments as `PublishHandlers.onPacket`. The packet is kept for retransmission: its bytes
   * must not change afterwards.
   */
  packet(stream: PublishedStream, packet: Buffer, view: RtpView, arrivalNs: bigint, keyframe: boolean): void {
    const layer = this.#layers.get(stream);
    if (!layer) return;
    layer.meter.packet(stream.codec, packet, view, arrivalNs, keyframe);
    for (const listener of this.#listeners) listener.onPacket(layer, packet, view, arrivalNs, keyframe);
  }

  /** A sender report of the stream has come (it is `stream.lastSenderReport`). */
  senderReport(stream: PublishedStream): void {
    const layer = this.#layers.get(stream);
    if (!layer) return;
    for (const listener of this.#listeners) listener.onSenderReport(layer);
  }

  /** Used by subscribe sessions. Returns how to leave. */
  listen(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
