/**
 * One sending connection of a participant: its streams become numbered streams of the session, its packets go to the journal and to
 * those who watch. It outlives nothing: the tracks belong to the participant, and the next connection goes on with them.
 *
 * Before `attach` (the offer is being answered) it belongs to nobody; nothing can arrive yet.
 */
import type { ParticipantId } from '../domain/ids.ts';
import type { TrackSource } from '../domain/media.ts';
import { NS_PER_MS } from '../domain/media-time.ts';
import type { PublishedStream, PublishHandlers, PublishSession } from './media-session.ts';
import type { RoomJournal } from './room-journal.ts';
import type { LiveStream, RoomTrack } from './room-track.ts';
import type { RtpView } from './rtp/rtp-packet.ts';

/** What a publication needs of its session. */
export interface PublicationRoom {
  readonly journal: RoomJournal;
  openStream(live: (stream: number) => LiveStream): LiveStream;
  closeStream(live: LiveStream): void;
  audioLevel(participantId: ParticipantId, level: number, atMs: number): void;
}

export class Publication implements PublishHandlers {
  /** The client's name for the connection: another one replaces it. */
  readonly connection: string;
  readonly #live = new Map<PublishedStream, LiveStream>();
  #session: PublishSession | null = null;
  #room: PublicationRoom | null = null;
  #tracks: ReadonlyMap<TrackSource, RoomTrack> = new Map();
  #connected = false;
  #ended = false;

  constructor(connection: string) {
    this.connection = connection;
  }

  get session(): PublishSession | null {
    return this.#session;
  }

  /** When the peer was last heard, monotonic milliseconds; null until it is connected. */
  get lastSeenMs(): number | null {
    return this.#session && this.#connected ? Number(this.#session.lastActivityNs / BigInt(NS_PER_MS)) : null;
  }

  /** True while packets are to be expected. */
  get sends(): boolean {
    return this.#live.size > 0;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get streams(): Iterable<LiveStream> {
    return this.#live.values();
  }

  adopt(session: PublishSession): void {
    this.#session = session;
  }

  /** From here on its streams are those of the participant's tracks. */
  attach(room: PublicationRoom, tracks: ReadonlyMap<TrackSource, RoomTrack>): void {
    this.#room = room;
    this.#tracks = tracks;
  }

  onConnected(): void {
    this.#connected = true;
  }

  onStreamOpened(stream: PublishedStream): void {
    const track = this.#tracks.get(stream.source);
    if (track) this.#open(stream, track);
  }

  onStreamClosed(stream: PublishedStream): void {
    const live = this.#live.get(stream);
    if (!live) return;
    this.#live.delete(stream);
    live.track.feed.closeStream(stream);
    this.#room?.closeStream(live);
  }

  onPacket(stream: PublishedStream, packet: Buffer, view: RtpView, arrivalNs: bigint, keyframe: boolean): void {
    const live = this.#live.get(stream);
    if (!live) return;
    const media = this.#room?.journal.media;
    if (media && !isWithheld(live, view.sequence)) media.rtp(live.info.stream, packet, arrivalNs, keyframe);
    live.track.feed.packet(stream, packet, view, arrivalNs, keyframe);
  }

  onSenderReport(stream: PublishedStream, report: Buffer, arrivalNs: bigint): void {
    const live = this.#live.get(stream);
    if (!live) return;
    this.#room?.journal.media?.senderReport(live.info.stream, report, arrivalNs);
    live.track.feed.senderReport(stream);
  }

  onAudioLevel(stream: PublishedStream, level: number, _voice: boolean, arrivalNs: bigint): void {
    const live = this.#live.get(stream);
    if (!live || live.track.muted || live.track.source !== 'microphone') return;
    this.#room?.audioLevel(live.track.participantId, level, Number(arrivalNs) / NS_PER_MS);
  }

  onEnd(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const stream of [...this.#live.keys()]) this.onStreamClosed(stream);
  }

  /** The track is no longer published, though its packets may go on coming for a moment. */
  drop(track: RoomTrack): void {
    for (const live of [...this.#live.values()]) if (live.track === track) this.onStreamClosed(live.stream);
  }

  /** The track is published (again) by a connection whose streams may be flowing already. */
  take(track: RoomTrack): void {
    for (const stream of this.#session?.streams ?? []) {
      if (stream.source === track.source && !this.#live.has(stream)) this.#open(stream, track);
    }
  }

  close(): void {
    this.#session?.close();
  }

  #open(stream: PublishedStream, track: RoomTrack): void {
    const session = this.#session;
    const live = this.#room?.openStream((number) => ({
      stream,
      track,
      withheldTo: Number.NEGATIVE_INFINITY,
      info: {
        stream: number,
        trackId: track.trackId,
        participantId: track.participantId,
        source: track.source,
        ssrc: stream.ssrc,
        payloadType: stream.payloadType,
        codec: stream.codec,
        clockRate: stream.clockRate,
        fmtp: stream.fmtp,
        rid: stream.rid,
        clockDomain: session?.id ?? '',
        extensions: stream.extensions,
      },
    }));
    if (!live) return;
    this.#live.set(stream, live);
    track.feed.openStream(stream);
  }
}

/** A packet is retransmitted up to seconds after it was sent: what belongs to a pause stays out when it comes behind it. */
const isWithheld = ({ stream, withheldTo }: LiveStream, sequence: number): boolean => {
  const highest = stream.extendedSequence;
  return highest !== null && highest + (((sequence - highest) << 16) >> 16) <= withheldTo;
};
