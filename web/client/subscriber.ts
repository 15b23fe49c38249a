/**
 * What we receive: one m-line per track of others on the subscribing connection. An m-line whose track is gone rests, and carries
 * another of its kind after an answer has seen it at rest: so no packet of the former track can appear as the new one.
 */
import type { ServerMessage, TrackView } from '../../src/rooms/protocol.ts';
import type { ConnectionPlan, OfferedTrack } from './media-connection.ts';
import { setOpusParameters } from './opus-parameters.ts';

interface Line {
  readonly kind: 'audio' | 'video';
  readonly transceiver: RTCRtpTransceiver;
  trackId: string | null;
  /** An answer has seen it without a track. */
  rested: boolean;
  /** The track whose stream was handed out. */
  announced: string | null;
}

export interface SubscriberOptions {
  readonly negotiate: () => void;
  /** A track can be played from `stream` now. */
  readonly onMedia: (trackId: string, stream: MediaStream) => void;
}

const kindOf = (track: TrackView): 'audio' | 'video' =>
  track.source === 'camera' || track.source === 'screen-video' ? 'video' : 'audio';

export class Subscriber implements ConnectionPlan {
  readonly #options: SubscriberOptions;
  #wanted = new Map<string, 'audio' | 'video'>();
  #lines: Line[] = [];

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  /** Receives exactly these tracks from now on. */
  want(tracks: readonly TrackView[]): void {
    const wanted = new Map(tracks.map((track) => [track.trackId, kindOf(track)]));
    const isSame =
      wanted.size === this.#wanted.size && [...wanted.keys()].every((trackId) => this.#wanted.has(trackId));
    if (isSame) return;
    this.#wanted = wanted;
    this.#options.negotiate();
  }

  forget(): void {
    this.#lines = [];
  }

  prepare(peer: RTCPeerConnection): boolean {
    const carried = new Set<string>();
    for (const line of this.#lines) {
      if (line.trackId !== null && !this.#wanted.has(line.trackId)) {
        line.trackId = null;
        line.rested = false;
        line.transceiver.direction = 'inactive';
      }
      if (line.trackId !== null) carried.add(line.trackId);
    }
    for (const [trackId, kind] of this.#wanted) {
      if (!carried.has(trackId)) this.#line(peer, kind).trackId = trackId;
    }
    return this.#wanted.size > 0;
  }

  describe(): OfferedTrack[] {
    const offered: OfferedTrack[] = [];
    for (const { trackId, transceiver } of this.#lines) {
      if (trackId !== null && transceiver.mid !== null) offered.push({ mid: transceiver.mid, trackId });
    }
    return offered;
  }

  answered(_tracks: Extract<ServerMessage, { type: 'answer' }>['tracks']): void {
    for (const line of this.#lines) {
      if (line.trackId === null) line.rested = true;
      if (line.announced === line.trackId) continue;
      line.announced = line.trackId;
      if (line.trackId !== null) {
        this.#options.onMedia(line.trackId, new MediaStream([line.transceiver.receiver.track]));
      }
    }
  }

  /** Stereo is decoded as stereo only where the receiver says so; speech in one channel is not harmed. */
  tuneOffer(sdp: string): string {
    return setOpusParameters(sdp, () => ({ stereo: 1 }));
  }

  tuneAnswer(sdp: string): string {
    return sdp;
  }

  #line(peer: RTCPeerConnection, kind: 'audio' | 'video'): Line {
    const resting = this.#lines.find((line) => line.kind === kind && line.trackId === null && line.rested);
    if (resting !== undefined) {
      resting.transceiver.direction = 'recvonly';
      return resting;
    }
    const line: Line = {
      kind,
      transceiver: peer.addTransceiver(kind, { direction: 'recvonly' }),
      trackId: null,
      rested: false,
      announced: null,
    };
    this.#lines.push(line);
    return line;
  }
}
