/**
 * Offers of participants, answered: what they publish becomes tracks of the session, what they subscribe to is carried to them.
 *
 * One sending and one receiving connection per participant. A new connection takes the place of the former only once its offer has been
 * answered, so that a bad offer costs nothing. After an offer to publish, the participant's tracks are exactly those it names: tracks
 * are known by their source, so a reconnecting participant's camera goes on as the same track.
 */
import { RoomtapeError } from '../domain/errors.ts';
import type { TrackSource } from '../domain/media.ts';
import type { TrackFeed } from './forwarding/track-feed.ts';
import type { MediaEngine, PublishSession } from './media-session.ts';
import type { Participant } from './participant.ts';
import { Publication } from './publication.ts';
import type { RoomSession } from './room-session.ts';
import type { RoomTrack } from './room-track.ts';
import { Subscription } from './subscription.ts';

export interface OfferedTrack {
  readonly mid: string;
  readonly source?: TrackSource | undefined;
  readonly trackId?: string | undefined;
}

export interface Answered {
  readonly answer: string;
  readonly tracks: { mid: string; trackId: string }[];
}

/**
 * Which source each m-line sends: as named, or that of the track that it goes on with. INVALID_REQUEST where that is contradictory,
 * NOT_PERMITTED where the track is somebody else's.
 */
export const offeredSources = (
  session: RoomSession,
  participant: Participant,
  offered: readonly OfferedTrack[],
): ReadonlyMap<string, TrackSource> => {
  const sources = new Map<string, TrackSource>();
  for (const { mid, source, trackId } of offered) {
    const track = trackId === undefined ? undefined : session.track(trackId);
    if (track && track.participantId !== participant.participantId) {
      throw new RoomtapeError('NOT_PERMITTED', `Track "${trackId}" belongs to another participant.`);
    }
    const resolved = source ?? track?.source;
    if (resolved === undefined) {
      throw new RoomtapeError('INVALID_REQUEST', `M-line "${mid}" names neither a source nor one of your tracks.`);
    }
    if (track && track.source !== resolved) {
      throw new RoomtapeError('INVALID_REQUEST', `Track "${trackId}" is your ${track.source}, not your ${resolved}.`);
    }
    if (sources.has(mid) || [...sources.values()].includes(resolved)) {
      throw new RoomtapeError('INVALID_REQUEST', `The offer names m-line "${mid}" or its source "${resolved}" twice.`);
    }
    sources.set(mid, resolved);
  }
  return sources;
};

/** Answers an offer of a connection that nobody owns yet: a WHIP client's, before it is known to be worth a participant. */
export const openPublication = async (
  engine: MediaEngine,
  request: { connection: string; offer: string; sources: ReadonlyMap<string, TrackSource> | null },
): Promise<{ publication: Publication; answer: string }> => {
  const publication = new Publication(request.connection);
  const { offer, sources } = request;
  const { session, answer } = await engine.publish({ offer, sources, handlers: publication });
  publication.adopt(session);
  return { publication, answer };
};

/** Gives the participant this connection in place of its former one, and the tracks that the connection sends. */
export const takePublication = (
  session: RoomSession,
  participant: Participant,
  publication: Publication,
): RoomTrack[] => {
  const former = participant.publication;
  participant.publication = publication;
  publication.attach(session, participant.tracks);
  if (former !== publication) former?.close();
  return publishMedia(session, participant, publication.session);
};

/** Answers a participant's offer to publish. Throws RoomtapeError (INVALID_SDP, INVALID_REQUEST, NOT_PERMITTED, NOT_JOINED). */
export const answerPublish = async (
  engine: MediaEngine,
  session: RoomSession,
  participant: Participant,
  request: { connection: string; offer: string; tracks: readonly OfferedTrack[] },
): Promise<Answered> => {
  if (participant.hidden) {
    throw new RoomtapeError(
      'NOT_PERMITTED',
      'A hidden participant only watches: its token does not allow it to publish.',
    );
  }
  const sources = offeredSources(session, participant, request.tracks);
  const { connection, offer } = request;
  const present = participant.publication;
  let answer: string;
  if (present?.session && present.connection === connection && !present.ended) {
    answer = present.session.renegotiate(offer, sources);
    publishMedia(session, participant, present.session);
  } else {
    const opened = await openPublication(engine, { connection, offer, sources });
    if (session.participant(participant.participantId) !== participant) {
      opened.publication.close();
      throw new RoomtapeError('NOT_JOINED', 'The participant left before its offer was answered.');
    }
    answer = opened.answer;
    takePublication(session, participant, opened.publication);
  }
  const tracks = [...sources].flatMap(([mid, source]) => {
    const track = participant.tracks.get(source);
    return track ? [{ mid, trackId: track.trackId }] : [];
  });
  return { answer, tracks };
};

/** Answers a participant's offer to receive. Tracks that have ended meanwhile are answered inactive. Throws RoomtapeError (INVALID_SDP, NOT_JOINED). */
export const answerSubscribe = async (
  engine: MediaEngine,
  session: RoomSession,
  participant: Participant,
  request: { connection: string; offer: string; tracks: readonly OfferedTrack[] },
): Promise<Answered> => {
  const { connection, offer } = request;
  const feeds = new Map<string, TrackFeed>();
  for (const { mid, trackId } of request.tracks) {
    const track = trackId === undefined ? undefined : session.track(trackId);
    if (track) feeds.set(mid, track.feed);
  }
  const present = participant.subscription;
  let answer: string;
  if (present?.session && present.connection === connection && !present.ended) {
    answer = present.session.renegotiate(offer, feeds);
  } else {
    const opened = await openSubscription(engine, { connection, offer, feeds });
    if (session.participant(participant.participantId) !== participant) {
      opened.subscription.close();
      throw new RoomtapeError('NOT_JOINED', 'The participant left before its offer was answered.');
    }
    answer = opened.answer;
    participant.subscription = opened.subscription;
    present?.close();
    for (const [trackId, { width, height }] of participant.views) {
      opened.subscription.session?.setView(trackId, width, height);
    }
  }
  const tracks = (participant.subscription?.session?.media ?? []).flatMap(({ mid, trackId, inactive }) =>
    trackId !== null && inactive === null ? [{ mid, trackId }] : [],
  );
  return { answer, tracks };
};

export const openSubscription = async (
  engine: MediaEngine,
  request: { connection: string; offer: string; feeds: ReadonlyMap<string, TrackFeed> },
): Promise<{ subscription: Subscription; answer: string }> => {
  const subscription = new Subscription(request.connection);
  const { offer, feeds } = request;
  const { session, answer } = await engine.subscribe({ offer, feeds, handlers: subscription });
  subscription.adopt(session);
  return { subscription, answer };
};

/** Brings the participant's tracks in line with what its connection sends. */
const publishMedia = (session: RoomSession, participant: Participant, sending: PublishSession | null): RoomTrack[] => {
  const sources = new Set((sending?.media ?? []).filter((media) => media.sending).map((media) => media.source));
  for (const track of [...participant.tracks.values()]) {
    if (!sources.has(track.source)) session.unpublish(participant, track);
  }
  return [...sources].map((source) => {
    const track = session.publish(participant, source);
    participant.publication?.take(track);
    return track;
  });
};
