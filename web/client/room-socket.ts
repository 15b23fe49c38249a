/**
 * The room's WebSocket: opened, joined, watched and opened again. What happens when is decided by `reconnection.ts`; this acts on it.
 * Failures: an HTTP refusal of the upgrade is invisible to a page, so the server is asked over HTTP what is wrong before retrying.
 */
import type { ClientMessage, ServerMessage } from '../../src/rooms/protocol.ts';
import { type LinkEvent, type LinkState, nextLink } from './reconnection.ts';
import { endOfBye, endOfClosing, endOfErrorCode, endOfHttpAnswer, type RoomEnd } from './room-end.ts';

export interface RoomSocketOptions {
  /** Address of the server, `https://host[:port]`. */
  readonly serverUrl: string;
  readonly roomId: string;
  readonly token: string;
  /** The first message on every new socket. */
  readonly hello: () => ClientMessage;
  /** Every message but `pong`; `joined` after the state is `joined`. */
  readonly onMessage: (message: ServerMessage) => void;
  readonly onState: (state: LinkState) => void;
}

/** The protocol asks for a ping every 2 s; it keeps a participant with no media in the room. */
const PING_MS = 2000;
/** Three pings without any sound from the server: the network is gone, though the browser may take minutes to notice. */
const SILENCE_MS = 6500;

export class RoomSocket {
  readonly #options: RoomSocketOptions;
  #state: LinkState = { status: 'idle' };
  #socket: WebSocket | null = null;
  #retryTimer: ReturnType<typeof setTimeout> | null = null;
  #pingTimer: ReturnType<typeof setInterval> | null = null;
  #heardAtMs = 0;

  constructor(options: RoomSocketOptions) {
    this.#options = options;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Opens the socket and joins. Every later change is told by `onState`. */
  start(): void {
    addEventListener('online', this.#retryNow);
    this.#handle({ type: 'start' });
  }

  /** Sends if joined; says whether it did. What cannot be sent now must be said again after the next `joined`. */
  send(message: ClientMessage): boolean {
    if (this.#state.status !== 'joined' || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Ends for good, for this reason. Idempotent. */
  end(end: RoomEnd): void {
    this.#handle({ type: 'ended', end });
  }

  #handle(event: LinkEvent): void {
    const former = this.#state;
    const state = nextLink(former, event, performance.now());
    if (state === former) return;
    this.#state = state;
    if (state.status === 'opening') this.#open();
    if (state.status === 'waiting') {
      this.#drop();
      this.#retryTimer = setTimeout(this.#retryNow, state.retryInMs);
    }
    if (state.status === 'over') {
      removeEventListener('online', this.#retryNow);
      this.#drop();
    }
    this.#options.onState(state);
  }

  readonly #retryNow = (): void => {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    this.#handle({ type: 'retry' });
  };

  #open(): void {
    const address = this.#address();
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(address);
    this.#socket = socket;
    this.#heardAtMs = performance.now();
    this.#pingTimer = setInterval(() => this.#beat(), PING_MS);
    socket.onopen = () => {
      this.#handle({ type: 'opened' });
      socket.send(JSON.stringify(this.#options.hello()));
    };
    socket.onmessage = ({ data }) => {
      this.#heardAtMs = performance.now();
      const message = readMessage(data);
      if (message !== null) this.#receive(message);
    };
    socket.onclose = (event) => void this.#closed(socket, event.reason);
  }

  #beat(): void {
    if (performance.now() - this.#heardAtMs > SILENCE_MS) this.#handle({ type: 'lost', spread: Math.random() });
    else this.send({ type: 'ping' });
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case 'pong':
        return;
      case 'joined':
        this.#handle({ type: 'joined' });
        break;
      case 'bye':
        this.#handle({ type: 'ended', end: endOfBye(message.reason) });
        break;
      case 'error':
        if (this.#state.status !== 'joined') this.#refused(message.code, message.message);
        break;
    }
    this.#options.onMessage(message);
  }

  #refused(code: string, detail: string): void {
    const end = endOfErrorCode(code, detail);
    this.#handle(end === null ? { type: 'lost', spread: Math.random() } : { type: 'ended', end });
  }

  async #closed(socket: WebSocket, reason: string): Promise<void> {
    if (socket !== this.#socket) return;
    this.#socket = null;
    const named = endOfClosing(reason);
    const wasJoined = this.#state.status === 'joined';
    const end = named ?? (wasJoined ? null : await this.#diagnose());
    if (this.#socket !== null) return;
    this.#handle(end === null ? { type: 'lost', spread: Math.random() } : { type: 'ended', end });
  }

  /** Asks the socket's address over plain HTTP what it has against us. Null: no answer, or none that explains it. */
  async #diagnose(): Promise<RoomEnd | null> {
    try {
      const answer = await fetch(this.#address(), { signal: AbortSignal.timeout(SILENCE_MS) });
      const body: unknown = await answer.json();
      return endOfHttpAnswer(body);
    } catch (error) {
      // Unreachable, too slow, or something between us that speaks no JSON: the retry will tell.
      if (error instanceof TypeError || error instanceof SyntaxError || error instanceof DOMException) return null;
      throw error;
    }
  }

  #address(): URL {
    const { serverUrl, roomId, token } = this.#options;
    const address = new URL(`/v1/rooms/${encodeURIComponent(roomId)}/socket`, serverUrl);
    address.searchParams.set('token', token);
    return address;
  }

  #drop(): void {
    if (this.#pingTimer !== null) clearInterval(this.#pingTimer);
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#pingTimer = null;
    this.#retryTimer = null;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}

/** A message of the protocol. Our own server sent it: its shape is trusted; kinds of a newer server fall through every switch. */
const readMessage = (data: unknown): ServerMessage | null => {
  if (typeof data !== 'string') return null;
  const message: ServerMessage = JSON.parse(data);
  return message;
};
