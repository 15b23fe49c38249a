/**
 * WHIP and WHEP: connections without a room socket, each a resource that DELETE ends (RFC 9725 §4.2).
 *
 * A WHIP publisher is a participant like any other: tiles, presence, journal. A WHEP watcher is nobody: it sees one participant's camera
 * (or screen) and microphone, keeps no session alive, and dies when it has been silent for a while, or with whom it watches.
 */
import { RoomtapeError } from '../domain/errors.ts';
import type { TrackSource } from '../domain/media.ts';
import { newHexId, newParticipantId } from '../support/new-id.ts';
import { type Clock, monotonicMs } from './clock.ts';
import type { ParticipantClaims } from './control.ts';
import type { TrackFeed } from './forwarding/track-feed.ts';
import { claimedId, enter, isHidden, nameOf } from './joining.ts';
import type { MediaEngine } from './media-session.ts';
import { openPublication, openSubscription, takePublication } from './negotiation.ts';
import type { Participant } from './participant.ts';
import type { RoomSession } from './room-session.ts';
import { parseOffer } from './sdp/offer.ts';
import type { SessionDirectory } from './session-directory.ts';
import type { Stalls } from './stalls.ts';
import type { Subscription } from './subscription.ts';

/** Receivers' reports come at least every 5 s (RFC 3550 §6.2) while anything is sent, and a player may pause longer than a person may. */
export const WATCHER_INACTIVITY_MS = 15_000;

interface Watcher {
  readonly session: RoomSession;
  readonly watched: Participant;
  readonly subscription: Subscription;
  readonly sinceMs: number;
}

export class Resources {
  readonly #sessions: SessionDirectory;
  readonly #engine: MediaEngine;
  readonly #clock: Clock;
  readonly #watchers = new Map<string, Watcher>();

  constructor(options: { sessions: SessionDirectory; engine: MediaEngine; clock: Clock }) {
    this.#sessions = options.sessions;
    this.#engine = options.engine;
    this.#clock = options.clock;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /**
   * Publishes without a socket. A participant of the same id is replaced; a WHIP publisher that comes again under the same name goes on with
   * its tracks. Throws RoomtapeError: INVALID_SDP, NOT_PERMITTED, ROOM_FULL.
   */
  async publish(
    claims: ParticipantClaims,
    offer: string,
  ): Promise<{ resourceId: string; participantId: string; sessionId: string; answer: string }> {
    if (claims.hidden)
      throw new RoomtapeError('NOT_PERMITTED', 'The token of a hidden participant does not allow it to publish.');
    const participantId = claimedId(claims) ?? newParticipantId();
    const resourceId = newHexId<string>();
    const { publication, answer } = await openPublication(this.#engine, {
      connection: resourceId,
      offer,
      sources: null,
    });
    try {
      const name = nameOf(claims);
      const running = this.#sessions.find(claims.roomId);
      if (isHidden(running, claims, participantId)) {
        throw new RoomtapeError('NOT_PERMITTED', `"${participantId}" is the page of a recording, which only watches.`);
      }
      const present = running?.participant(participantId);
      const mayGoOn = present && (present.resourceId !== null || present.awaited);
      const again = mayGoOn && present.name === name && !present.hidden;
      const { session, participant } = again
        ? { session: this.#sessions.findOrOpen(claims.roomId), participant: present }
        : enter(this.#sessions, claims, { participantId, name, resume: null });
      participant.resourceId = resourceId;
      participant.returned();
      participant.seen(monotonicMs(this.#clock));
      takePublication(session, participant, publication);
      return { resourceId, participantId, sessionId: session.sessionId, answer };
    } catch (error) {
      publication.close();
      throw error;
    }
  }

  /** Watches one participant. Throws RoomtapeError: NOT_PERMITTED (a page joins by its socket, and is seen out there), PARTICIPANT_NOT_FOUND, TRACK_NOT_FOUND (it publishes nothing yet), INVALID_SDP. */
  async watch(
    claims: ParticipantClaims,
    participantId: string,
    offer: string,
  ): Promise<{ resourceId: string; answer: string }> {
    if (claims.hidden)
      throw new RoomtapeError('NOT_PERMITTED', 'The page of a recording watches by the room socket only.');
    const session = this.#sessions.find(claims.roomId);
    const watched = session?.participant(participantId);
    if (!session || !watched || watched.hidden) {
      throw new RoomtapeError('PARTICIPANT_NOT_FOUND', `There is no participant "${participantId}" in this room now.`);
    }
    const feeds = watchedFeeds(watched, offer);
    const resourceId = newHexId<string>();
    const { subscription, answer } = await openSubscription(this.#engine, { connection: resourceId, offer, feeds });
    try {
      requireSomething(subscription);
      if (session.participant(participantId) !== watched) {
        throw new RoomtapeError(
          'PARTICIPANT_NOT_FOUND',
          `Participant "${participantId}" left before the offer was answered.`,
        );
      }
    } catch (error) {
      subscription.close();
      throw error;
    }
    this.#watchers.set(resourceId, { session, watched, subscription, sinceMs: monotonicMs(this.#clock) });
    return { resourceId, answer };
  }

  /** Ends a resource of this room; false if there is none. */
  delete(roomId: string, resourceId: string): boolean {
    const watcher = this.#watchers.get(resourceId);
    if (watcher) {
      if (watcher.session.roomId !== roomId) return false;
      this.#end(resourceId, watcher);
      return true;
    }
    const session = this.#sessions.find(roomId);
    const publisher = session?.participants.find((participant) => participant.resourceId === resourceId);
    if (!session || !publisher) return false;
    session.leave(publisher, 'left');
    return true;
  }

  /** Ends watchers that are silent, or whose participant has gone. */
  tick(stalls: Stalls): void {
    const nowMs = monotonicMs(this.#clock);
    for (const [resourceId, watcher] of this.#watchers) {
      const { session, watched, subscription, sinceMs } = watcher;
      const silentMs = stalls.awakeMs(subscription.lastSeenMs ?? sinceMs, nowMs);
      const alone = session.participant(watched.participantId) !== watched;
      if (alone || subscription.ended || silentMs >= WATCHER_INACTIVITY_MS) this.#end(resourceId, watcher);
    }
  }

  close(): void {
    for (const [resourceId, watcher] of this.#watchers) this.#end(resourceId, watcher);
  }

  #end(resourceId: string, watcher: Watcher): void {
    this.#watchers.delete(resourceId);
    watcher.subscription.close();
  }
}

/**
 * What a WHEP offer's m-lines carry: the first video that is to be received the camera, or the screen where there is no camera, the first
 * audio the microphone, or the screen's sound where there is no microphone. INVALID_SDP, TRACK_NOT_FOUND.
 */
const watchedFeeds = (watched: Participant, offer: string): ReadonlyMap<string, TrackFeed> => {
  const pick = (...sources: TrackSource[]): TrackFeed | undefined =>
    sources.map((source) => watched.tracks.get(source)?.feed).find((feed) => feed !== undefined);
  const published = { video: pick('camera', 'screen-video'), audio: pick('microphone', 'screen-audio') };
  const usable = parseOffer(offer).lines.flatMap((line) => (line.refused ? [] : [line.media]));
  const receiving = usable.filter(({ direction }) => direction === 'recvonly' || direction === 'sendrecv');
  if (receiving.length === 0) {
    throw new RoomtapeError(
      'INVALID_SDP',
      usable.length > 0
        ? 'The offer receives nothing: no m-line says "a=recvonly" or "a=sendrecv".'
        : 'The offer has no m-line that can be watched: audio has to offer Opus, video VP8, VP9, H.264 (packetization-mode=1) or AV1.',
    );
  }
  const feeds = new Map<string, TrackFeed>();
  for (const kind of ['video', 'audio'] as const) {
    const feed = published[kind];
    const line = receiving.find((media) => media.kind === kind);
    if (feed && line) feeds.set(line.mid, feed);
  }
  if (feeds.size > 0) return feeds;
  const wanted = [...new Set(receiving.map(({ kind }) => kind))].join(' and ');
  throw new RoomtapeError(
    'TRACK_NOT_FOUND',
    `Participant "${watched.participantId}" publishes no ${wanted} yet: try again.`,
  );
};

/** Connected, such a watcher would see and hear nothing for ever. INVALID_SDP. */
const requireSomething = ({ session }: Subscription): void => {
  if (session?.media.some(({ inactive }) => inactive === null)) return;
  throw new RoomtapeError(
    'INVALID_SDP',
    'The offer names none of the codecs that this participant sends: offer Opus, VP8, VP9, H.264 and AV1 where you can.',
  );
};
