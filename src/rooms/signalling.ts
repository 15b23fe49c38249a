/**
 * The room protocol, answered: what each message of a participant's socket does (docs/room-protocol.md). The sockets themselves end in
 * the server process; here a channel is a name and the claims of a verified token.
 *
 * A channel is `waiting` until its `join`, at most 30 s, then speaks for one participant until it is closed. Offers of one direction are answered one
 * after the other; everything else takes effect at once.
 */
import { RoomtapeError } from '../domain/errors.ts';
import { isParticipantId, type ParticipantId } from '../domain/ids.ts';
import type { Logger } from '../support/log.ts';
import { newParticipantId } from '../support/new-id.ts';
import { type Clock, monotonicMs } from './clock.ts';
import type { ParticipantClaims } from './control.ts';
import { claimedId, enter, nameOf } from './joining.ts';
import type { MediaEngine } from './media-session.ts';
import { answerPublish, answerSubscribe } from './negotiation.ts';
import type { Participant, ParticipantSocket } from './participant.ts';
import { type ClientMessage, ROOM_PROTOCOL_VERSION, type ServerMessage } from './protocol.ts';
import { RateLimit } from './rate-limit.ts';
import { changeLayouts, RECORDING_LAYOUT_TOPIC } from './recording-layout.ts';
import { issueResumeToken, type ResumeClaims, readResumeToken } from './resume-token.ts';
import type { RoomSession } from './room-session.ts';
import { trackInfo } from './room-track.ts';
import type { SessionDirectory } from './session-directory.ts';

/** Messages to the whole room are multiplied by its size: a chat needs a few, a cursor or a reaction up to this. */
const SENDS_PER_SECOND = 20;
/** Everything else a client says while it joins a large room, twice over. */
const MESSAGES_PER_SECOND = 100;
const MESSAGES_AT_ONCE = 400;
/** A client joins as soon as its socket is open; one that has not after this holds a place for nothing. */
export const JOIN_LIMIT_MS = 30_000;

export type IceServer = Extract<ServerMessage, { type: 'joined' }>['iceServers'][number];

export interface SignallingOptions {
  readonly sessions: SessionDirectory;
  readonly engine: MediaEngine;
  readonly clock: Clock;
  readonly log: Logger;
  readonly resumeSecret: Buffer;
  readonly iceServers: readonly IceServer[];
  readonly toChannel: (channelId: string, message: ServerMessage) => void;
  readonly channelClosed: (channelId: string, reason: string) => void;
}

interface Place {
  readonly session: RoomSession;
  readonly participant: Participant;
}

interface Channel extends ParticipantSocket {
  readonly claims: ParticipantClaims;
  readonly openedMs: number;
  readonly messages: RateLimit;
  readonly sends: RateLimit;
  /** Null before `join` and after the participant has gone. */
  place: Place | null;
  /** The offer that is being answered, by direction. */
  readonly offers: { publish: Promise<void>; subscribe: Promise<void> };
}

export class Signalling {
  readonly #options: SignallingOptions;
  readonly #channels = new Map<string, Channel>();

  constructor(options: SignallingOptions) {
    this.#options = options;
  }

  get channelCount(): number {
    return this.#channels.size;
  }

  /** A socket was opened. */
  open(channelId: string, claims: ParticipantClaims): void {
    const { clock, toChannel, channelClosed } = this.#options;
    const nowMs = monotonicMs(clock);
    const channel: Channel = {
      claims,
      openedMs: nowMs,
      messages: new RateLimit(MESSAGES_PER_SECOND, MESSAGES_AT_ONCE, nowMs),
      sends: new RateLimit(SENDS_PER_SECOND, SENDS_PER_SECOND, nowMs),
      place: null,
      offers: { publish: Promise.resolve(), subscribe: Promise.resolve() },
      send: (message) => {
        if (this.#channels.get(channelId) === channel) toChannel(channelId, message);
      },
      close: (reason) => {
        if (this.#channels.delete(channelId)) channelClosed(channelId, reason);
      },
    };
    this.#channels.set(channelId, channel);
  }

  /** The socket has gone. Its participant stays for as long as presence says. */
  close(channelId: string): void {
    const channel = this.#channels.get(channelId);
    this.#channels.delete(channelId);
    if (channel) letGo(channel, false);
  }

  /** Time has passed: sockets that still have not joined are closed. */
  tick(): void {
    const nowMs = monotonicMs(this.#options.clock);
    for (const channel of this.#channels.values()) {
      if (!channel.place && nowMs - channel.openedMs >= JOIN_LIMIT_MS) channel.close('timeout');
    }
  }

  /** Nobody may join this room any more: neither may those who were let in but have not joined yet. */
  turnAway(roomId: string): void {
    for (const channel of this.#channels.values()) {
      if (!channel.place && channel.claims.roomId === roomId) channel.close('room-closed');
    }
  }

  /** All sockets have gone with the server process. */
  serverLeft(): void {
    for (const channel of this.#channels.values()) letGo(channel, true);
    this.#channels.clear();
  }

  /** A message of a socket. Refusals go back to it as `error` messages. Resolves when it has taken effect. */
  async receive(channelId: string, message: ClientMessage): Promise<void> {
    const channel = this.#channels.get(channelId);
    if (!channel) return; // it was closed while the message was under way
    const nowMs = monotonicMs(this.#options.clock);
    channel.place?.participant.seen(nowMs);
    try {
      if (message.type === 'ping') {
        channel.send({ type: 'pong' });
        return;
      }
      if (!channel.messages.take(nowMs)) {
        throw new RoomtapeError('TOO_MANY_REQUESTS', `More than ${MESSAGES_PER_SECOND} messages a second were sent.`);
      }
      if (message.type === 'join') this.#join(channel, message);
      else await this.#act(channel, message, nowMs);
    } catch (error) {
      this.#refuse(channel, error, 'requestId' in message ? message.requestId : undefined);
    }
  }

  #join(channel: Channel, message: Extract<ClientMessage, { type: 'join' }>): void {
    if (channel.place) throw new RoomtapeError('INVALID_REQUEST', 'This socket has joined already.');
    const { sessions, clock } = this.#options;
    const { claims } = channel;
    const resume = this.#resumeClaims(claims, message.resumeToken);
    const participantId =
      claimedId(claims) ?? resume?.participantId ?? this.#pageId(claims, message.participantId) ?? newParticipantId();
    const name = nameOf(claims, message.name);
    const { session, participant, resumed } = enter(sessions, claims, { participantId, name, resume });
    const former = participant.socket;
    channel.place = { session, participant };
    participant.attach(channel, monotonicMs(clock));
    participant.resourceId = null;
    former?.send({ type: 'bye', reason: 'replaced' });
    former?.close('replaced');
    channel.send(this.#joined(session, participant, resumed, claims));
    if (session.speaker !== null) channel.send({ type: 'active-speaker', participantId: session.speaker });
  }

  /** The id that a page asks for, where a running recording's page is to have it. Nobody else may choose his own. */
  #pageId({ roomId }: ParticipantClaims, asked: string | undefined): ParticipantId | undefined {
    if (asked === undefined || !isParticipantId(asked)) return undefined;
    return this.#options.sessions.find(roomId)?.recordings.pageOf(asked) === undefined ? undefined : asked;
  }

  /** The token's claims where they hold for this room and this token's participant; else null, and it joins as anybody would. */
  #resumeClaims(claims: ParticipantClaims, token: string | undefined): ResumeClaims | null {
    if (token === undefined) return null;
    const { resumeSecret, clock } = this.#options;
    const resume = readResumeToken(resumeSecret, token, clock.wallMs());
    if (!resume || resume.roomId !== claims.roomId) return null;
    return claims.participantId === undefined || claims.participantId === resume.participantId ? resume : null;
  }

  #joined(
    session: RoomSession,
    participant: Participant,
    resumed: boolean,
    claims: ParticipantClaims,
  ): Extract<ServerMessage, { type: 'joined' }> {
    const { clock, resumeSecret, iceServers } = this.#options;
    const { sessionId, roomId } = session;
    const { participantId, name } = participant;
    const visible = session.participants.filter((other) => !other.hidden);
    return {
      type: 'joined',
      protocol: ROOM_PROTOCOL_VERSION,
      participantId,
      sessionId,
      roomId,
      name,
      resumeToken: issueResumeToken(resumeSecret, { roomId, sessionId, participantId, issued: clock.wallMs() }),
      resumed,
      permissions: claims.canModerate && !participant.hidden ? ['allow_join', 'allow_mod'] : ['allow_join'],
      participants: visible.map((other) => other.view(session.pins.includes(other.participantId))),
      tracks: visible.flatMap((other) => [...other.tracks.values()].map(trackInfo)),
      iceServers: [...iceServers],
      ...recordingState(session, clock.wallMs()),
      messages: session.board.all(),
    };
  }

  async #act(
    channel: Channel,
    message: Exclude<ClientMessage, { type: 'join' | 'ping' }>,
    nowMs: number,
  ): Promise<void> {
    const { place } = channel;
    if (!place) throw new RoomtapeError('NOT_JOINED', `"${message.type}" was sent before "join".`);
    const { session, participant } = place;
    if (participant.hidden && (message.type === 'send' || message.type === 'pin')) {
      throw new RoomtapeError('NOT_PERMITTED', `A hidden participant only watches: "${message.type}" is not for it.`);
    }
    switch (message.type) {
      case 'leave':
        session.leave(participant, 'left');
        return;
      case 'offer':
        await this.#offer(channel, place, message);
        return;
      case 'unpublish':
        session.unpublish(participant, ownTrack(place, message.trackId));
        return;
      case 'mute':
        mute(channel, place, message);
        return;
      case 'pin':
        pin(channel, session, message);
        return;
      case 'view':
        view(place, message);
        return;
      case 'send':
        if (!channel.sends.take(nowMs)) {
          throw new RoomtapeError(
            'TOO_MANY_REQUESTS',
            `More than ${SENDS_PER_SECOND} "send" messages a second were sent.`,
          );
        }
        if (message.topic === RECORDING_LAYOUT_TOPIC) {
          await changeLayouts(session, channel.claims.canModerate, message.payload);
        }
        this.#send(place, message);
        session.recordings.said(place.participant.participantId, message.topic, message.payload);
    }
  }

  #offer(channel: Channel, place: Place, message: Extract<ClientMessage, { type: 'offer' }>): Promise<void> {
    const { transport } = message;
    const answered = channel.offers[transport].then(async () => {
      try {
        const answer = transport === 'publish' ? answerPublish : answerSubscribe;
        const { session, participant } = place;
        const { requestId, connection, sdp, tracks } = message;
        const result = await answer(this.#options.engine, session, participant, { connection, offer: sdp, tracks });
        channel.send({ type: 'answer', requestId, transport, sdp: result.answer, tracks: result.tracks });
      } catch (error) {
        this.#refuse(channel, error, message.requestId);
      }
    });
    channel.offers[transport] = answered;
    return answered;
  }

  #send({ session, participant }: Place, message: Extract<ClientMessage, { type: 'send' }>): void {
    const { topic, payload, persist } = message;
    const at = new Date(this.#options.clock.wallMs()).toISOString();
    const sent = { topic, payload, participantId: participant.participantId, at };
    if (persist) session.board.keep(sent);
    session.tell({ type: 'message', ...sent });
  }

  #refuse(channel: Channel, error: unknown, requestId: string | undefined): void {
    if (!(error instanceof RoomtapeError)) this.#options.log.error({ err: error }, 'A message of a socket met a bug.');
    const refusal =
      error instanceof RoomtapeError
        ? { code: error.code, message: error.message }
        : { code: 'INTERNAL', message: 'Something went wrong on our side; it has been logged.' };
    channel.send({ type: 'error', ...(requestId === undefined ? {} : { requestId }), ...refusal });
  }
}

/** For the indicator that everybody sees. */
const recordingState = ({ recordings }: RoomSession, wallMs: number) => {
  const recordingForMs = recordings.recordedMs(wallMs);
  if (recordingForMs === null) return { recording: false };
  return { recording: true, recordingForMs, ...(recordings.paused ? { recordingPaused: true } : {}) };
};

/** A socket that another has taken the place of says nothing about its participant any more. */
const letGo = (channel: Channel, withServer: boolean): void => {
  const participant = channel.place?.participant;
  if (participant?.socket === channel) participant.detach(withServer);
};

const ownTrack = ({ session, participant }: Place, trackId: string) => {
  const track = participant.trackById(trackId);
  if (track) return track;
  if (session.track(trackId))
    throw new RoomtapeError('NOT_PERMITTED', `Track "${trackId}" belongs to another participant.`);
  throw new RoomtapeError('TRACK_NOT_FOUND', `There is no track "${trackId}" in this session.`);
};

/** Who asks is always told how it is: the answer to "mute" is `track-muted`, also where nothing had to change. */
const mute = (channel: Channel, place: Place, message: Extract<ClientMessage, { type: 'mute' }>): void => {
  const { trackId, muted } = message;
  if (!place.session.mute(ownTrack(place, trackId), muted)) channel.send({ type: 'track-muted', trackId, muted });
};

const pin = (channel: Channel, session: RoomSession, message: Extract<ClientMessage, { type: 'pin' }>): void => {
  const { participantId, pinned } = message;
  if (!channel.claims.canModerate) {
    throw new RoomtapeError('NOT_PERMITTED', 'Pinning for everybody needs a token with the permission "allow_mod".');
  }
  const pinnee = session.participant(participantId);
  if (!pinnee || pinnee.hidden) {
    throw new RoomtapeError('PARTICIPANT_NOT_FOUND', `There is no participant "${participantId}" in this session.`);
  }
  if (!session.pin(pinnee.participantId, pinned)) channel.send({ type: 'pinned', participantId, pinned });
};

/** A track that ended while the message was under way is no mistake of the client's. */
const view = ({ session, participant }: Place, message: Extract<ClientMessage, { type: 'view' }>): void => {
  const track = session.track(message.trackId);
  if (!track) return;
  const { width, height } = message;
  participant.views.set(track.trackId, { width, height });
  participant.subscription?.session?.setView(track.trackId, width, height);
};
