/**
 * Someone in a session: identity, tracks, and whatever connects it at the moment (a socket, a publishing connection, a subscribing
 * one), each of which comes and goes while the participant stays.
 */
import type { ParticipantInfo } from '../domain/events.ts';
import type { ParticipantId, TrackId } from '../domain/ids.ts';
import type { TrackSource } from '../domain/media.ts';
import type { SignsOfLife } from './presence.ts';
import type { ParticipantView, ServerMessage } from './protocol.ts';
import type { Publication } from './publication.ts';
import type { RoomTrack } from './room-track.ts';
import type { Subscription } from './subscription.ts';

/** The participant's socket, at the other end of the server process. */
export interface ParticipantSocket {
  send(message: ServerMessage): void;
  /** It is to be closed; nothing more is sent. */
  close(reason: string): void;
}

export interface ParticipantOptions {
  readonly participantId: ParticipantId;
  readonly name: string;
  readonly hidden: boolean;
  readonly joinedAtMs: number;
  readonly nowMs: number;
  /** The WHIP resource that this participant is; null for those who come through a socket. */
  readonly resourceId: string | null;
  /** It was there when another media process died, and has lost every connection. */
  readonly awaited?: boolean;
}

export class Participant {
  readonly participantId: ParticipantId;
  readonly name: string;
  readonly hidden: boolean;
  /** Wall clock, milliseconds since 1970. */
  readonly joinedAtMs: number;
  /** One track per source. */
  readonly tracks = new Map<TrackSource, RoomTrack>();
  /** How large each track is shown to this participant: said again to a new subscribing connection. */
  readonly views = new Map<TrackId, { readonly width: number; readonly height: number }>();
  resourceId: string | null;
  socket: ParticipantSocket | null = null;
  publication: Publication | null = null;
  subscription: Subscription | null = null;
  #seenMs: number;
  #socketLostWithServer: boolean;
  #awaited: boolean;

  constructor(options: ParticipantOptions) {
    this.participantId = options.participantId;
    this.name = options.name;
    this.hidden = options.hidden;
    this.joinedAtMs = options.joinedAtMs;
    this.resourceId = options.resourceId;
    this.#seenMs = options.nowMs;
    this.#awaited = options.awaited ?? false;
    this.#socketLostWithServer = this.#awaited;
  }

  /** It was there when another media process died, and has not come back since. */
  get awaited(): boolean {
    return this.#awaited;
  }

  /** It has come back to stay. */
  returned(): void {
    this.#awaited = false;
    this.#socketLostWithServer = false;
  }

  get info(): ParticipantInfo {
    return { participantId: this.participantId, name: this.name, hidden: this.hidden };
  }

  view(pinned: boolean): ParticipantView {
    return { participantId: this.participantId, name: this.name, pinned };
  }

  trackById(trackId: string): RoomTrack | undefined {
    for (const track of this.tracks.values()) if (track.trackId === trackId) return track;
    return undefined;
  }

  /** Something was heard of it, other than through a connection that is still up. */
  seen(atMs: number): void {
    this.#seenMs = Math.max(this.#seenMs, atMs);
  }

  /** Its socket is open (again). */
  attach(socket: ParticipantSocket, nowMs: number): void {
    this.socket = socket;
    this.returned();
    this.seen(nowMs);
  }

  /** Its socket has gone, alone or together with the server process. */
  detach(withServer: boolean): void {
    this.socket = null;
    this.#socketLostWithServer = withServer;
  }

  signsOfLife(): SignsOfLife {
    const published = this.publication?.lastSeenMs ?? null;
    const subscribed = this.subscription?.lastSeenMs ?? null;
    return {
      mediaMs: published === null ? subscribed : Math.max(published, subscribed ?? 0),
      publishes: this.publication?.sends ?? false,
      seenMs: this.#seenMs,
      socketLostWithServer: this.#socketLostWithServer,
      awaited: this.#awaited,
    };
  }

  /** Ends both connections. */
  disconnect(): void {
    this.publication?.close();
    this.subscription?.close();
    this.publication = null;
    this.subscription = null;
  }
}
