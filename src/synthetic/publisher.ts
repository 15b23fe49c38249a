/**
 * A synthetic participant inside this process: joins by WHIP or by the room protocol, sends pre-encoded tracks, mutes, shares a
 * screen, leaves. `participant.ts` runs one in a process of its own; a bench may run many here.
 *
 * States: `joining → joined → left`. After a reconnect the tracks go on under their ids on a new connection.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { TrackSource } from '../domain/media.ts';
import { mediaKindOf } from '../domain/media.ts';
import { ClientPipe } from './client-pipe.ts';
import { type EncodedFrame, type EncodedTrack, loadTrack } from './encoded-track.ts';
import { FLASH_MS, isTurn, type Turn } from './identity.ts';
import { type Impairment, impair } from './impairment.ts';
import { type MediaClock, MediaSender, type StreamParameters } from './media-sender.ts';
import {
  type AnsweredStream,
  type OfferedStream,
  readAnswer,
  type TransportParameters,
  writeOffer,
} from './offer-sdp.ts';
import { Pacer } from './pacer.ts';
import { RoomClient } from './room-client.ts';
import { isRtcp, readFeedback, writeBye } from './rtcp-messages.ts';
import { whipDelete, whipPublish } from './whip-client.ts';

/** A flash or a beep that went out. */
export interface SentMark {
  readonly kind: 'flash' | 'beep';
  readonly source: TrackSource;
  /** Second of media time in which it begins. */
  readonly second: number;
  /** Monotonic time at which it was due: media time on the clock that all processes of this machine share. */
  readonly dueNs: bigint;
  /** When its first packet was handed to the transport. */
  readonly sentNs: bigint;
}

export interface PublisherOptions {
  readonly url: string;
  readonly roomId: string;
  readonly token: string;
  readonly name: string;
  readonly via: 'whip' | 'room';
  readonly turn: Turn;
  /** Monotonic time of media time zero; participants that take turns share it. */
  readonly epochNs: bigint;
  /** The sender's wall clock is wrong by this much. */
  readonly wallOffsetMs: number;
  /** Track files of the camera, smallest layer first; more than one: simulcast. Empty: no camera. */
  readonly camera: readonly string[];
  /** Track file of the microphone, or null: none. */
  readonly microphone: string | null;
  readonly firstFrame: 'keyframe' | 'between-keyframes';
  readonly impairment: Impairment | null;
  /** Sent to this address instead of the server's own: a relay that stands between. */
  readonly detour: { readonly host: string; readonly port: number } | null;
  /** Of the room protocol: comes back, as browsers do, when its socket closes, and publishes anew where its connections are gone. */
  readonly stays?: boolean;
  readonly onMark: (mark: SentMark) => void;
  readonly onLost: (reason: string) => void;
  /** It was away, and is there again, sending. */
  readonly onBack?: () => void;
}

/** One m-line with what sends on it. */
interface Publication {
  readonly mid: string;
  readonly source: TrackSource;
  readonly tracks: readonly EncodedTrack[];
  readonly ssrcs: readonly number[];
  readonly rtxSsrcs: readonly number[];
  senders: MediaSender[];
  trackId: string | null;
  active: boolean;
  muted: boolean;
}

const RIDS = ['q', 'h', 'f'];
const NS_PER_MS = 1_000_000;
/** A browser's first pauses are as long. */
const COME_BACK_PAUSE_MS = 250;

const isLoopback = (url: string): boolean => ['127.0.0.1', 'localhost'].includes(new URL(url).hostname);

/** `candidate` values with the server's address replaced: UDP only, a relay forwards nothing else. */
const detoured = (remote: TransportParameters, detour: { host: string; port: number }): TransportParameters => ({
  ...remote,
  candidates: [`1 1 UDP 2122317823 ${detour.host} ${detour.port} typ host`],
});

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #clock: MediaClock;
  readonly #cname: string;
  readonly #pacer = new Pacer();
  readonly #publications: Publication[] = [];
  #pipe: ClientPipe | undefined;
  #local: TransportParameters | undefined;
  #room: RoomClient | undefined;
  #whip: string | undefined;
  #connection = 0;
  #version = 0;
  #transportSequence = 0;
  #isComingBack = false;
  #left: Promise<void> | undefined;

  private constructor(options: PublisherOptions) {
    this.#options = options;
    const nowNs = process.hrtime.bigint();
    const epochWallMs = Date.now() + options.wallOffsetMs - Number(nowNs - options.epochNs) / NS_PER_MS;
    this.#clock = { epochNs: options.epochNs, epochWallMs };
    this.#cname = `synthetic-${options.turn.index}`;
  }

  /** Joins and sends. Rejects with what the server answered, or when no connection comes about. */
  static async join(options: PublisherOptions): Promise<Publisher> {
    const publisher = new Publisher(options);
    try {
      await publisher.#join();
    } catch (error) {
      publisher.close();
      throw error;
    }
    return publisher;
  }

  /** Null where WHIP was used: the server does not tell. */
  get participantId(): string | null {
    return this.#room?.participantId ?? null;
  }

  /** Packets sent, sent again, keyframe requests, over all streams. */
  get statistics(): { packets: number; retransmitted: number; keyframesAsked: number; refused: number } {
    const total = { packets: 0, retransmitted: 0, keyframesAsked: 0, refused: this.#pipe?.refused ?? 0 };
    for (const { senders } of this.#publications) {
      for (const { statistics } of senders) {
        total.packets += statistics.packets;
        total.retransmitted += statistics.retransmitted;
        total.keyframesAsked += statistics.keyframesAsked;
      }
    }
    return total;
  }

  async #join(): Promise<void> {
    const { camera, microphone, via } = this.#options;
    if (microphone) await this.#prepare('microphone', [microphone]);
    if (camera.length > 0) await this.#prepare('camera', camera);
    if (via === 'room') this.#room = await this.#enter(null);
    if (this.#publications.length > 0) await this.#connect();
  }

  /** Silences the microphone or darkens the camera, or undoes it, and tells the room. WHIP has no word for it: it only stops sending. */
  async setMuted(source: TrackSource, muted: boolean): Promise<void> {
    const publication = this.#publicationOf(source);
    publication.muted = muted;
    for (const sender of publication.senders) sender.muted = muted;
    if (this.#room && publication.trackId) await this.#room.mute(publication.trackId, muted);
  }

  /** Publishes another track over the same connection: a screen, with its sound if there is one. */
  async publish(source: TrackSource, file: string): Promise<void> {
    const publication = await this.#prepare(source, [file]);
    if (this.#pipe) await this.#renegotiate(publication);
    else await this.#connect();
  }

  async unpublish(source: TrackSource): Promise<void> {
    const publication = this.#publicationOf(source);
    this.#stop(publication);
    publication.active = false;
    if (publication.trackId) this.#room?.unpublish(publication.trackId);
    await this.#negotiate();
  }

  /** Goes on with another encoding of a track from the next keyframe on. */
  async replace(source: TrackSource, file: string): Promise<void> {
    const [sender] = this.#publicationOf(source).senders;
    sender?.replaceTrack(await loadTrack(file));
  }

  async pin(participantId: string, pinned: boolean): Promise<void> {
    await this.#room?.pin(participantId, pinned);
  }

  /** Loses socket and connection, comes back with the resume token: same participant, same tracks, another transport. */
  async reconnect(): Promise<void> {
    const resumeToken = this.#room?.joined.resumeToken;
    if (!resumeToken) throw new Error('Only a participant of the room protocol can come back.');
    this.#room?.drop();
    this.#room = await this.#enter(resumeToken);
    await this.#connectAnew();
  }

  #enter(resumeToken: string | null): Promise<RoomClient> {
    const onClosed = () => void this.#comeBack();
    return RoomClient.join({ ...this.#options, resumeToken }, this.#options.stays ? { onClosed } : {});
  }

  /** Tries until it is in the room again, with the connection that it had where the room still has it, else with a new one. */
  async #comeBack(): Promise<void> {
    if (this.#isComingBack) return;
    this.#isComingBack = true;
    for (let isConnected = true; !this.#left; ) {
      try {
        this.#room = await this.#enter(this.#room?.joined.resumeToken ?? null);
        if (this.#left) this.#room.drop();
        isConnected &&= this.#room.joined.resumed;
        if (!isConnected) await this.#connectAnew();
        isConnected = true;
        if (!this.#room.closed) break;
      } catch {
        this.#room?.drop();
        await delay(COME_BACK_PAUSE_MS); // whatever it was: the room is not there yet
      }
    }
    this.#isComingBack = false;
    this.#options.onBack?.();
  }

  #connectAnew(): Promise<void> {
    this.#pipe?.close();
    this.#pipe = undefined;
    for (const publication of this.#publications) this.#stop(publication);
    return this.#connect();
  }

  /** Says goodbye and stops. Idempotent. */
  leave(): Promise<void> {
    this.#left ??= this.#leave();
    return this.#left;
  }

  async #leave(): Promise<void> {
    // Whoever sends on after a BYE begins again (RFC 3550 §6.3.4).
    this.#pacer.close();
    try {
      this.#pipe?.send(writeBye(this.#publications.flatMap(({ ssrcs }) => ssrcs)));
      if (this.#whip) await whipDelete(this.#whip, this.#options.token);
      await this.#room?.leave();
    } finally {
      this.close();
    }
  }

  /** Stops sending and drops everything at once. */
  close(): void {
    this.#pacer.close();
    this.#room?.drop();
    this.#pipe?.close();
  }

  async #prepare(source: TrackSource, files: readonly string[]): Promise<Publication> {
    const tracks = await Promise.all(files.map((file) => loadTrack(file)));
    const base = randomInt(1, 2 ** 30) * 2;
    const publication: Publication = {
      mid: String(this.#publications.length),
      source,
      tracks,
      ssrcs: tracks.map((_, layer) => base + layer),
      rtxSsrcs: mediaKindOf(source) === 'video' ? tracks.map((_, layer) => base + 1000 + layer) : [],
      senders: [],
      trackId: null,
      active: true,
      muted: false,
    };
    this.#publications.push(publication);
    return publication;
  }

  /** Opens a connection and starts every publication on it. */
  async #connect(): Promise<void> {
    const pipe = new ClientPipe(this.#cname, isLoopback(this.#options.url) ? '127.0.0.1' : null, {
      onPacket: (packet) => this.#feedback(packet),
      // The other side may close the connection before we do: that is how it takes leave.
      onLost: (reason) => {
        if (!this.#left && !this.#options.stays) this.#options.onLost(reason);
      },
    });
    this.#pipe = pipe;
    this.#connection += 1;
    this.#version = 0;
    this.#local = await pipe.offer();
    const { transport, streams } = await this.#negotiate();
    await pipe.accept(this.#options.detour ? detoured(transport, this.#options.detour) : transport);
    for (const publication of this.#publications) this.#start(publication, streams);
  }

  async #renegotiate(added: Publication): Promise<void> {
    const { streams } = await this.#negotiate();
    this.#start(added, streams);
  }

  async #negotiate(): Promise<ReturnType<typeof readAnswer>> {
    if (!this.#local) throw new Error('There is no connection to negotiate.');
    this.#version += 1;
    const offer = writeOffer(this.#local, this.#publications.map(offeredStream), this.#cname, this.#version);
    if (this.#options.via === 'whip') {
      if (this.#version > 1) throw new Error('WHIP offers once: publish everything at the start.');
      const { answer, resource } = await whipPublish(this.#options, offer);
      this.#whip = resource;
      return readAnswer(answer);
    }
    const room = this.#room;
    if (!room) throw new Error('Nobody has joined the room.');
    const active = this.#publications.filter((publication) => publication.active);
    const answer = await room.publish(
      `synthetic-${this.#connection}`,
      offer,
      active.map(({ mid, source, trackId }) => ({ mid, source, ...(trackId ? { trackId } : {}) })),
    );
    for (const { mid, trackId } of answer.tracks) {
      const publication = this.#publications.find((candidate) => candidate.mid === mid);
      if (publication) publication.trackId = trackId;
    }
    return readAnswer(answer.sdp);
  }

  #start(publication: Publication, answered: readonly AnsweredStream[]): void {
    const answer = answered.find(({ mid }) => mid === publication.mid);
    if (!publication.active) return;
    if (!answer?.accepted) throw new Error(`The server did not take the ${publication.source}.`);
    publication.senders = publication.tracks.map((track, layer) => this.#senderOf(publication, track, layer, answer));
    for (const sender of publication.senders) {
      sender.muted = publication.muted;
      this.#pacer.add(sender);
    }
  }

  #senderOf(publication: Publication, track: EncodedTrack, layer: number, answer: AnsweredStream): MediaSender {
    const rtxSsrc = publication.rtxSsrcs[layer];
    const stream: StreamParameters = {
      ssrc: publication.ssrcs[layer] ?? 0,
      payloadType: answer.payloadType,
      rtx:
        answer.rtxPayloadType !== null && rtxSsrc !== undefined
          ? { ssrc: rtxSsrc, payloadType: answer.rtxPayloadType }
          : null,
      mid: publication.mid,
      rid: publication.tracks.length > 1 ? (RIDS[layer] ?? null) : null,
      cname: this.#cname,
      firstSequence: randomInt(0, 2 ** 15),
      firstTimestamp: randomInt(0, 2 ** 32),
      extensions: answer.extensions,
    };
    const pipe = this.#pipe;
    const direct = (packet: Buffer) => pipe?.send(packet);
    const { impairment, firstFrame } = this.#options;
    const hooks = {
      send: impairment ? impair({ ...impairment, seed: impairment.seed + stream.ssrc }, direct) : direct,
      nextTransportSequence: () => this.#transportSequence++,
      onFrame: (frame: EncodedFrame, round: number, atNs: bigint) => {
        if (layer === 0 && !publication.muted) this.#mark(publication.source, track, frame, round, atNs);
      },
    };
    const from = track.codec === 'opus' ? 'keyframe' : firstFrame;
    return new MediaSender(track, this.#clock, stream, hooks, process.hrtime.bigint(), from);
  }

  /** Notes the frame or packet in which a flash or a beep begins. */
  #mark(source: TrackSource, track: EncodedTrack, frame: EncodedFrame, round: number, sentNs: bigint): void {
    const second = Math.ceil(frame.time / track.clockRate);
    const first = track.frames[0];
    const next = track.frames[1];
    const interval = (next?.time ?? 0) - (first?.time ?? 0);
    const begins = frame.time + interval > second * track.clockRate;
    if (!begins || second < 0 || !isTurn(this.#options.turn, second)) return;
    const absolute = second + (round * track.duration) / track.clockRate;
    this.#options.onMark({
      kind: mediaKindOf(source) === 'video' ? 'flash' : 'beep',
      source,
      second: absolute,
      dueNs: this.#clock.epochNs + BigInt(Math.round(absolute * 1000 * NS_PER_MS)),
      sentNs,
    });
  }

  #stop(publication: Publication): void {
    for (const sender of publication.senders) this.#pacer.remove(sender);
    publication.senders = [];
  }

  #feedback(packet: Buffer): void {
    if (!isRtcp(packet)) return;
    for (const feedback of readFeedback(packet)) {
      for (const { senders } of this.#publications) for (const sender of senders) sender.feedback(feedback);
    }
  }

  #publicationOf(source: TrackSource): Publication {
    const found = this.#publications.findLast((publication) => publication.source === source && publication.active);
    if (!found) throw new Error(`No ${source} is published.`);
    return found;
  }
}

const offeredStream = (publication: Publication): OfferedStream => {
  const simulcast = publication.tracks.length > 1;
  return {
    mid: publication.mid,
    codec: publication.tracks[0]?.codec ?? 'vp8',
    active: publication.active,
    ssrc: simulcast ? null : (publication.ssrcs[0] ?? null),
    rtxSsrc: simulcast ? null : (publication.rtxSsrcs[0] ?? null),
    rids: simulcast ? RIDS.slice(0, publication.tracks.length) : [],
  };
};

/** How long a flash or beep lasts, in nanoseconds: a mark whose whole span was recorded can be asked for. */
export const MARK_NS = BigInt(FLASH_MS * NS_PER_MS);
