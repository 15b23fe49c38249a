/**
 * What we send: one m-line per source on the publishing connection. A source keeps its track id when its device changes, when it is
 * muted, and when the connection is replaced; `unpublish` ends it.
 */
import type { ClientMessage, ServerMessage } from '../../src/rooms/protocol.ts';
import { cameraEncodings, orderCodecs, screenEncodings, type VideoCodec } from './encodings.ts';
import type { ConnectionPlan, OfferedTrack } from './media-connection.ts';
import { type OpusParameters, setOpusParameters } from './opus-parameters.ts';

export type TrackSource = OfferedTrack['source'] & string;

interface Sending {
  readonly source: TrackSource;
  track: MediaStreamTrack | null;
  muted: boolean;
  /** Given by the server's answer; null before. */
  trackId: string | null;
  transceiver: RTCRtpTransceiver | null;
}

const SPEECH: OpusParameters = { minptime: 10, useinbandfec: 1, usedtx: 1 };
/** Music and films. DTX would cut their quiet ends. */
const SCREEN_SOUND: OpusParameters = { minptime: 10, useinbandfec: 1, stereo: 1, maxaveragebitrate: 128_000 };

const kindOf = (source: TrackSource): 'audio' | 'video' =>
  source === 'camera' || source === 'screen-video' ? 'video' : 'audio';

export interface PublisherOptions {
  readonly videoCodec: VideoCodec;
  readonly send: (message: ClientMessage) => boolean;
  /** Something is to be negotiated. */
  readonly negotiate: () => void;
}

export class Publisher implements ConnectionPlan {
  readonly #options: PublisherOptions;
  readonly #sending = new Map<TrackSource, Sending>();
  /** M-lines of sources that are no longer published, taken up again when they are. */
  readonly #parked = new Map<TrackSource, RTCRtpTransceiver>();
  /** Pictures of one participant are shown in step with its sound where they share a stream. */
  #streams = { person: new MediaStream(), screen: new MediaStream() };

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** Sends `track` from now on: as a new track, or in place of the one that this source sent before. */
  publish(source: TrackSource, track: MediaStreamTrack | null, muted: boolean): void {
    const sending = this.#sending.get(source);
    if (sending === undefined) {
      if (track === null) return;
      this.#sending.set(source, { source, track, muted, trackId: null, transceiver: null });
      this.#options.negotiate();
      return;
    }
    if (sending.track !== track) {
      sending.track = track;
      void sending.transceiver?.sender.replaceTrack(track).catch((error: unknown) => {
        // A closed connection refuses; the next one is built with the new track.
        if (!(error instanceof DOMException && error.name === 'InvalidStateError')) throw error;
      });
    }
    if (sending.muted !== muted) {
      sending.muted = muted;
      this.#tellMuted(sending);
    }
  }

  unpublish(source: TrackSource): void {
    const sending = this.#sending.get(source);
    if (sending === undefined) return;
    this.#sending.delete(source);
    if (sending.transceiver !== null) {
      sending.transceiver.direction = 'inactive';
      this.#parked.set(source, sending.transceiver);
      void sending.transceiver.sender.replaceTrack(null);
    }
    if (sending.trackId !== null) this.#options.send({ type: 'unpublish', trackId: sending.trackId });
    this.#options.negotiate();
  }

  /**
   * After `joined`: what the server holds of ours is brought in line with what we send.
   * @param own Our tracks as the server lists them; empty for a participant that it did not know.
   */
  reconcile(own: Extract<ServerMessage, { type: 'joined' }>['tracks']): void {
    for (const sending of this.#sending.values()) {
      const listed = own.find((track) => track.source === sending.source);
      sending.trackId = listed?.trackId ?? null;
      if (listed !== undefined && listed.muted !== sending.muted) this.#tellMuted(sending);
    }
    for (const track of own) {
      if (!this.#sending.has(track.source)) this.#options.send({ type: 'unpublish', trackId: track.trackId });
    }
  }

  forget(): void {
    for (const sending of this.#sending.values()) sending.transceiver = null;
    this.#parked.clear();
    this.#streams = { person: new MediaStream(), screen: new MediaStream() };
  }

  prepare(peer: RTCPeerConnection): boolean {
    for (const sending of this.#sending.values())
      sending.transceiver ??= this.#unpark(sending) ?? this.#add(peer, sending);
    return this.#sending.size > 0;
  }

  describe(): OfferedTrack[] {
    const offered: OfferedTrack[] = [];
    for (const { source, trackId, transceiver } of this.#sending.values()) {
      const mid = transceiver?.mid;
      if (typeof mid === 'string') offered.push({ mid, source, ...(trackId === null ? {} : { trackId }) });
    }
    return offered;
  }

  answered(tracks: Extract<ServerMessage, { type: 'answer' }>['tracks']): void {
    for (const { mid, trackId } of tracks) {
      const sending = [...this.#sending.values()].find(({ transceiver }) => transceiver?.mid === mid);
      if (sending === undefined || sending.trackId === trackId) continue;
      sending.trackId = trackId;
      if (sending.muted) this.#tellMuted(sending);
    }
  }

  tuneOffer(sdp: string): string {
    return sdp;
  }

  tuneAnswer(sdp: string): string {
    const bySource = new Map([...this.#sending.values()].map(({ transceiver, source }) => [transceiver?.mid, source]));
    return setOpusParameters(sdp, (mid) => (bySource.get(mid) === 'screen-audio' ? SCREEN_SOUND : SPEECH));
  }

  #tellMuted({ trackId, muted }: Sending): void {
    if (trackId !== null) this.#options.send({ type: 'mute', trackId, muted });
  }

  #unpark({ source, track }: Sending): RTCRtpTransceiver | null {
    const transceiver = this.#parked.get(source);
    if (transceiver === undefined) return null;
    this.#parked.delete(source);
    transceiver.direction = 'sendonly';
    void transceiver.sender.replaceTrack(track);
    return transceiver;
  }

  #add(peer: RTCPeerConnection, { source, track }: Sending): RTCRtpTransceiver {
    const kind = kindOf(source);
    const stream = source === 'camera' || source === 'microphone' ? this.#streams.person : this.#streams.screen;
    const transceiver = peer.addTransceiver(track ?? kind, {
      direction: 'sendonly',
      streams: [stream],
      ...(kind === 'video' ? { sendEncodings: this.#encodings(source, track) } : {}),
    });
    const { videoCodec } = this.#options;
    const codecs = RTCRtpSender.getCapabilities(kind)?.codecs ?? [];
    transceiver.setCodecPreferences(orderCodecs(codecs, kind === 'video' ? `video/${videoCodec}` : 'audio/opus'));
    return transceiver;
  }

  #encodings(source: TrackSource, track: MediaStreamTrack | null): RTCRtpEncodingParameters[] {
    const { videoCodec } = this.#options;
    if (source === 'screen-video') return screenEncodings(videoCodec);
    // A camera that is off while its connection is replaced comes back at the size it is asked for.
    const { width = 1280, height = 720 } = track?.getSettings() ?? {};
    return cameraEncodings(width, height, videoCodec);
  }
}
