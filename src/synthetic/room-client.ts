/**
 * The room protocol as a client (`rooms/protocol.ts`): joins over a WebSocket, sends offers, mutes, pins, leaves. Requests that have
 * an answer are promises; everything the server says is also handed to `onMessage`.
 */
import WebSocket from 'ws';
import { type ClientMessage, ROOM_PROTOCOL_VERSION, type ServerMessage, serverMessage } from '../rooms/protocol.ts';

type Joined = Extract<ServerMessage, { type: 'joined' }>;
type Answer = Extract<ServerMessage, { type: 'answer' }>;

const ANSWER_TIMEOUT_MS = 15_000;
/** The protocol's own interval for a participant that sends no media. */
const PING_INTERVAL_MS = 2_000;

export interface RoomTarget {
  readonly url: string;
  readonly roomId: string;
  readonly token: string;
  readonly name: string;
  readonly resumeToken: string | null;
}

export interface RoomHandlers {
  readonly onMessage?: (message: ServerMessage) => void;
  /** The socket has closed, after it had joined, though nobody here closed it. */
  readonly onClosed?: () => void;
}

export class RoomClient {
  readonly #socket: WebSocket;
  readonly #waiting = new Set<{ accept: (message: ServerMessage) => boolean; reject: (error: Error) => void }>();
  readonly #onMessage: (message: ServerMessage) => void;
  readonly #onClosed: () => void;
  readonly #ping: NodeJS.Timeout;
  #requests = 0;
  #joined: Joined | undefined;
  #left = false;

  private constructor(socket: WebSocket, handlers: RoomHandlers) {
    this.#socket = socket;
    this.#onMessage = handlers.onMessage ?? (() => undefined);
    this.#onClosed = handlers.onClosed ?? (() => undefined);
    this.#ping = setInterval(() => this.#send({ type: 'ping' }), PING_INTERVAL_MS);
    socket.on('message', (data) => this.#receive(String(data)));
    socket.on('close', (code, reason) => this.#ended(`The room's socket was closed (${code} ${reason}).`));
    socket.on('error', (error) => this.#ended(error.message));
  }

  /** Connects and joins. Rejects with the server's refusal. */
  static async join(target: RoomTarget, handlers: RoomHandlers = {}): Promise<RoomClient> {
    const address = new URL(`/v1/rooms/${encodeURIComponent(target.roomId)}/socket`, target.url);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    address.searchParams.set('token', target.token);
    const socket = new WebSocket(address);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    const client = new RoomClient(socket, handlers);
    const joined = client.#await((message) => (message.type === 'joined' ? message : null), null);
    client.#send({
      type: 'join',
      protocol: ROOM_PROTOCOL_VERSION,
      name: target.name,
      ...(target.resumeToken ? { resumeToken: target.resumeToken } : {}),
    });
    client.#joined = await joined;
    return client;
  }

  get participantId(): string {
    return this.joined.participantId;
  }

  /** The socket has closed, or is about to. */
  get closed(): boolean {
    return this.#left || this.#socket.readyState !== WebSocket.OPEN;
  }

  get joined(): Joined {
    if (!this.#joined) throw new Error('Nobody has joined yet.');
    return this.#joined;
  }

  /** Negotiates the sending connection. `connection` names it: the same name renegotiates. */
  publish(
    connection: string,
    sdp: string,
    tracks: Extract<ClientMessage, { type: 'offer' }>['tracks'],
  ): Promise<Answer> {
    const requestId = `offer-${++this.#requests}`;
    const answer = this.#await(
      (message) => (message.type === 'answer' && message.requestId === requestId ? message : null),
      requestId,
    );
    this.#send({ type: 'offer', requestId, transport: 'publish', connection, sdp, tracks });
    return answer;
  }

  mute(trackId: string, muted: boolean): Promise<ServerMessage> {
    return this.#confirmed({ type: 'mute', trackId, muted }, (message) =>
      message.type === 'track-muted' && message.trackId === trackId && message.muted === muted ? message : null,
    );
  }

  unpublish(trackId: string): void {
    this.#send({ type: 'unpublish', trackId });
  }

  pin(participantId: string, pinned: boolean): Promise<ServerMessage> {
    return this.#confirmed({ type: 'pin', participantId, pinned }, (message) =>
      message.type === 'pinned' && message.participantId === participantId && message.pinned === pinned
        ? message
        : null,
    );
  }

  /** Says goodbye; the server closes the socket. Resolves when it is closed. */
  async leave(): Promise<void> {
    this.#left = true;
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#send({ type: 'leave' });
    const impatience = setTimeout(() => this.#socket.terminate(), ANSWER_TIMEOUT_MS);
    await closed;
    clearTimeout(impatience);
  }

  /** Drops the socket without a word. */
  drop(): void {
    this.#left = true;
    this.#socket.terminate();
  }

  #confirmed(message: ClientMessage, match: (message: ServerMessage) => ServerMessage | null): Promise<ServerMessage> {
    const confirmed = this.#await(match, null);
    this.#send(message);
    return confirmed;
  }

  #await<T extends ServerMessage>(match: (message: ServerMessage) => T | null, requestId: string | null): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        this.#waiting.delete(entry);
      };
      const fail = (error: Error) => {
        settle();
        reject(error);
      };
      const entry = {
        accept: (message: ServerMessage) => {
          if (message.type === 'error' && (message.requestId === undefined || message.requestId === requestId)) {
            fail(new Error(`The room refused (${message.code}): ${message.message}`));
            return true;
          }
          const found = match(message);
          if (!found) return false;
          settle();
          resolve(found);
          return true;
        },
        reject: fail,
      };
      const timer = setTimeout(
        () => fail(new Error(`The room did not answer within ${ANSWER_TIMEOUT_MS} ms.`)),
        ANSWER_TIMEOUT_MS,
      );
      this.#waiting.add(entry);
    });
  }

  #receive(text: string): void {
    const message = serverMessage.parse(JSON.parse(text));
    for (const entry of [...this.#waiting]) if (entry.accept(message)) break;
    this.#onMessage(message);
  }

  #send(message: ClientMessage): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #ended(reason: string): void {
    clearInterval(this.#ping);
    for (const entry of [...this.#waiting]) entry.reject(new Error(reason));
    if (!this.#joined || this.#left) return;
    this.#left = true;
    this.#onClosed();
  }
}
