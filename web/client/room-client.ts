/**
 * A participant in a browser: joins a room, sends camera, microphone and screen, receives everybody else's, and stays in through
 * dropped sockets and dead networks. No framework and no dependency; room page and template pages use it alike.
 *
 *     const client = new RoomClient({ roomId, token });
 *     client.on('changed', (snapshot) => draw(snapshot));
 *     await client.openDevices();
 *     await client.join({ name: 'Ada' });
 *
 * States (`snapshot.phase`): `idle → joining → joined ⇄ reconnecting → over`; `over` can be joined again.
 * Failures: `join` rejects with the reason; later ends arrive as `ended`; device trouble is in `snapshot.local`, never thrown.
 */
import type { ServerMessage, TrackView } from '../../src/rooms/protocol.ts';
import type { VideoCodec } from './encodings.ts';
import { LocalMedia } from './local-media.ts';
import { MediaConnection, type MediaHealth } from './media-connection.ts';
import { PinWishes } from './pin-wishes.ts';
import { Publisher } from './publisher.ts';
import type { LinkState } from './reconnection.ts';
import { type ResumeMemory, resumeMemory } from './resume-memory.ts';
import type { RoomEnd } from './room-end.ts';
import { composeSnapshot, type RoomSnapshot } from './room-snapshot.ts';
import { RoomSocket } from './room-socket.ts';
import { EMPTY_ROOM, type RoomMessage, type RoomState, reduceRoom } from './room-state.ts';
import { Subscriber } from './subscriber.ts';
import { TypedEvents } from './typed-events.ts';
import { ViewSizes } from './view-sizes.ts';

export interface RoomClientOptions {
  readonly roomId: string;
  /** Participant token. */
  readonly token: string;
  /** `https://host[:port]` of the server; default: where this page came from. */
  readonly serverUrl?: string;
  /** Codec of what we send; where the browser lacks it, its next. Default `vp8`. */
  readonly videoCodec?: VideoCodec;
  /** For the page of a recording, whose token may name nobody: who it is. Of others the server ignores it. */
  readonly participantId?: string;
}

export interface RoomClientEvents {
  /** Something in `snapshot` changed. At most one per task. */
  changed: RoomSnapshot;
  /** A message arrived (those of `joined` are in the snapshot only). */
  message: RoomMessage;
  /** The room is over for us; `snapshot.end` says the same. */
  ended: RoomEnd;
  /** The server refused something that we asked for in the room. */
  refused: { readonly code: string; readonly message: string };
}

/** `join` was answered by an end. */
export class JoinError extends Error {
  override readonly name = 'JoinError';
  readonly end: RoomEnd;

  constructor(end: RoomEnd) {
    super(`The room could not be joined: ${end.reason}${end.detail === '' ? '' : ` (${end.detail})`}.`);
    this.end = end;
  }
}

export class RoomClient {
  readonly #options: RoomClientOptions;
  readonly #events = new TypedEvents<RoomClientEvents>();
  readonly #memory: ResumeMemory;
  readonly #local: LocalMedia;
  readonly #publisher: Publisher;
  readonly #subscriber: Subscriber;
  readonly #publishing: MediaConnection;
  readonly #subscribing: MediaConnection;
  readonly #views: ViewSizes;
  readonly #pins: PinWishes;
  readonly #streams = new Map<string, MediaStream>();
  readonly #health: { publish: MediaHealth; subscribe: MediaHealth } = { publish: 'idle', subscribe: 'idle' };
  #socket: RoomSocket | null = null;
  #link: LinkState = { status: 'idle' };
  #room: RoomState = EMPTY_ROOM;
  #name: string | undefined;
  #iceServers: RTCIceServer[] = [];
  #wasJoined = false;
  #joining: { resolve: () => void; reject: (error: Error) => void } | null = null;
  #snapshot: RoomSnapshot;
  #isStale = false;
  #isTelling = false;

  constructor(options: RoomClientOptions) {
    this.#options = options;
    this.#memory = resumeMemory(options.roomId);
    this.#local = new LocalMedia((source) => this.#localChanged(source));
    this.#publisher = new Publisher({
      videoCodec: options.videoCodec ?? 'vp8',
      send: (message) => this.#send(message),
      negotiate: () => this.#publishing.negotiate(),
    });
    this.#subscriber = new Subscriber({
      negotiate: () => this.#subscribing.negotiate(),
      onMedia: (trackId, stream) => {
        this.#streams.set(trackId, stream);
        this.#changed();
      },
    });
    this.#publishing = this.#connection('publish');
    this.#subscribing = this.#connection('subscribe');
    this.#views = new ViewSizes((trackId, { width, height }) => {
      this.#send({ type: 'view', trackId, width, height });
    });
    this.#pins = new PinWishes((participantId, pinned) => {
      this.#send({ type: 'pin', participantId, pinned });
    });
    this.#snapshot = this.#compose();
  }

  /** The room as it is now. A new object whenever something changed, the same one otherwise. */
  get snapshot(): RoomSnapshot {
    if (this.#isStale) {
      this.#isStale = false;
      this.#snapshot = this.#compose();
    }
    return this.#snapshot;
  }

  /** Calls `listener` on every such event until the returned function is called. */
  on<Name extends keyof RoomClientEvents>(name: Name, listener: (payload: RoomClientEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * Joins, with whatever camera and microphone are open; what is opened later is sent later. Resolves in the room.
   * @param options.name Shown to others; ignored where the token names the participant.
   * @throws {JoinError} Refused, or the server cannot be reached within 6 s.
   */
  join(options: { readonly name?: string } = {}): Promise<void> {
    if (this.#link.status !== 'idle' && this.#link.status !== 'over') {
      throw new Error(`join was called while the room is ${this.#link.status}: leave first.`);
    }
    this.#name = options.name;
    this.#wasJoined = false;
    this.#room = EMPTY_ROOM;
    const { roomId, token, serverUrl } = this.#options;
    const socket = new RoomSocket({
      serverUrl: serverUrl ?? location.origin,
      roomId,
      token,
      hello: () => ({
        type: 'join',
        protocol: 1,
        name: this.#name,
        participantId: this.#options.participantId,
        resumeToken: this.#memory.read(),
      }),
      onMessage: (message) => this.#receive(message),
      onState: (state) => this.#linkChanged(state),
    });
    this.#socket = socket;
    const joined = new Promise<void>((resolve, reject) => {
      this.#joining = { resolve, reject };
    });
    socket.start();
    return joined;
  }

  /** Leaves the room and closes every device, as every other end does. Idempotent. */
  leave(): void {
    this.#send({ type: 'leave' });
    this.#socket?.end({ reason: 'left', detail: '' });
    this.#local.close();
  }

  /** Opens camera and microphone with one question to the person. Trouble is in `snapshot.local`. */
  openDevices(): Promise<void> {
    return this.#local.openBoth();
  }

  /** Camera on (with another device where one is named), or off with its light out. */
  setCamera(on: boolean, deviceId?: string): Promise<void> {
    return this.#local.setCamera(on, deviceId);
  }

  /** Microphone on (with another device where one is named), or muted. */
  setMicrophone(on: boolean, deviceId?: string): Promise<void> {
    return this.#local.setMicrophone(on, deviceId);
  }

  /** Asks for a screen, window or tab and shares it with its sound. False: none was shared. */
  startScreenShare(): Promise<boolean> {
    return this.#local.startScreen();
  }

  stopScreenShare(): void {
    this.#local.stopScreen();
  }

  /** Pins a participant for everybody and the recording, now or when the room is back. Needs `allow_mod`: without it a `refused` event follows. */
  pin(participantId: string, pinned: boolean): void {
    this.#pins.ask(participantId, pinned);
  }

  /**
   * Sends a message to everybody, oneself included. `persist`: those who join later get it, too.
   * @returns False while the room is not connected; nothing was sent.
   */
  sendMessage(topic: string, payload: string, options: { readonly persist?: boolean } = {}): boolean {
    return this.#send({ type: 'send', topic, payload, persist: options.persist ?? false });
  }

  /** Tells the server how large a track is shown by `element`, as long as the returned function is not called. */
  watchSize(trackId: string, element: Element): () => void {
    return this.#views.watch(trackId, element);
  }

  /** Statistics of both connections (W3C webrtc-stats); null where a connection does not exist. */
  async stats(): Promise<{ publish: RTCStatsReport | null; subscribe: RTCStatsReport | null }> {
    return {
      publish: (await this.#publishing.peer?.getStats()) ?? null,
      subscribe: (await this.#subscribing.peer?.getStats()) ?? null,
    };
  }

  #connection(transport: 'publish' | 'subscribe'): MediaConnection {
    return new MediaConnection({
      transport,
      plan: transport === 'publish' ? this.#publisher : this.#subscriber,
      iceServers: () => this.#iceServers,
      send: (message) => this.#send(message),
      onHealth: (health) => {
        this.#health[transport] = health;
        this.#changed();
      },
    });
  }

  #send(message: Parameters<RoomSocket['send']>[0]): boolean {
    return this.#socket?.send(message) ?? false;
  }

  #linkChanged(state: LinkState): void {
    const former = this.#link;
    this.#link = state;
    if (former.status === 'joined') {
      this.#publishing.socketLost();
      this.#subscribing.socketLost();
    }
    if (state.status === 'over') this.#ended(state.end);
    this.#changed();
  }

  #receive(message: ServerMessage): void {
    const room = reduceRoom(this.#room, message, Date.now());
    const isChanged = room !== this.#room;
    this.#room = room;
    if (isChanged) this.#subscribeToOthers();
    this.#pins.heard(message);
    switch (message.type) {
      case 'joined':
        this.#joined(message);
        break;
      case 'answer':
        this.#connectionOf(message.transport).receive(message);
        break;
      case 'error':
        this.#publishing.receive(message);
        this.#subscribing.receive(message);
        if (message.requestId === undefined && this.#link.status === 'joined') this.#events.emit('refused', message);
        break;
      case 'message':
        this.#events.emit('message', message);
        break;
      case 'track-unpublished':
        this.#views.forget(message.trackId);
        break;
    }
    if (isChanged) this.#changed();
  }

  #connectionOf(transport: 'publish' | 'subscribe'): MediaConnection {
    return transport === 'publish' ? this.#publishing : this.#subscribing;
  }

  #joined(message: Extract<ServerMessage, { type: 'joined' }>): void {
    this.#memory.write(message.resumeToken);
    this.#iceServers = message.iceServers.map(({ urls, username, credential }) => ({
      urls,
      ...(username === undefined ? {} : { username }),
      ...(credential === undefined ? {} : { credential }),
    }));
    const own = message.tracks.filter((track) => track.participantId === message.participantId);
    this.#publisher.reconcile(own);
    for (const connection of [this.#publishing, this.#subscribing]) {
      if (message.resumed) connection.resume();
      else connection.restart();
    }
    this.#views.repeat();
    this.#wasJoined = true;
    if (this.#joining !== null) for (const source of ['camera', 'microphone', 'screen'] as const) this.#publish(source);
    this.#joining?.resolve();
    this.#joining = null;
  }

  #subscribeToOthers(): void {
    const selfId = this.#room.self?.participantId;
    const others: TrackView[] = this.#room.tracks.filter((track) => track.participantId !== selfId);
    this.#subscriber.want(others);
    for (const trackId of [...this.#streams.keys()]) {
      if (!others.some((track) => track.trackId === trackId)) this.#streams.delete(trackId);
    }
  }

  #localChanged(source: 'camera' | 'microphone' | 'screen'): void {
    if (this.#wasJoined && this.#link.status !== 'over') this.#publish(source);
    this.#changed();
  }

  #publish(source: 'camera' | 'microphone' | 'screen'): void {
    const { status } = this.#local.state[source];
    // While one device gives way to another, the others keep the last picture: that is not muting.
    if (status === 'starting') return;
    if (source !== 'screen') {
      const track = this.#local.track(source, source === 'camera' ? 'video' : 'audio');
      this.#publisher.publish(source, track, status !== 'on');
      return;
    }
    for (const kind of ['video', 'audio'] as const) {
      const track = this.#local.track('screen', kind);
      if (track === null) this.#publisher.unpublish(`screen-${kind}`);
      else this.#publisher.publish(`screen-${kind}`, track, false);
    }
  }

  #ended(end: RoomEnd): void {
    // A reload after losing the network is to be the same participant; after any other end it is to be a new one.
    if (end.reason !== 'unreachable') this.#memory.clear();
    for (const source of ['camera', 'microphone', 'screen-video', 'screen-audio'] as const) {
      this.#publisher.unpublish(source);
    }
    this.#publishing.stop();
    this.#subscriber.want([]);
    this.#subscribing.stop();
    this.#streams.clear();
    this.#views.clear();
    this.#pins.clear();
    this.#health.publish = 'idle';
    this.#health.subscribe = 'idle';
    this.#wasJoined = false;
    this.#local.close();
    this.#joining?.reject(new JoinError(end));
    this.#joining = null;
    this.#events.emit('ended', end);
  }

  #compose(): RoomSnapshot {
    return composeSnapshot({
      link: this.#link,
      wasJoined: this.#wasJoined,
      health: [this.#health.publish, this.#health.subscribe],
      room: this.#room,
      local: this.#local.state,
      streams: this.#streams,
    });
  }

  /** Many changes of one moment are one event: drawn once. */
  #changed(): void {
    this.#isStale = true;
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.#events.emit('changed', this.snapshot);
    });
  }
}
