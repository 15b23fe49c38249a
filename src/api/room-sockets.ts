/**
 * Room sockets: `GET /v1/rooms/{roomId}/socket?token=…` (WebSocket). The token is checked before the upgrade, so refusals are plain
 * HTTP answers. Afterwards this only relays: JSON objects in, JSON objects out; what they mean is the media process's.
 *
 * Close codes (docs/api.md): 1000 the participant left; 1001 this server stops, connect again; 1009 message above 256 KiB;
 * 4000 + HTTP status with the error's code as reason (4400 not a JSON object, 4503 media process away); 4408 the client reads too
 * slowly; 4000 with the media process's reason (`removed`, `replaced`, `room-closed`).
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { RoomtapeError } from '../domain/errors.ts';
import type { ApiContext } from './api-context.ts';
import { envelopeOf, headersOf, internalError, refusalOf } from './error-envelope.ts';
import type { HttpMetrics } from './http-metrics.ts';
import type { ParticipantClaims } from './ports.ts';
import { clientAddress } from './rate-limits.ts';
import { refuseNulInUrl } from './text.ts';

const PATH = /^\/v1\/rooms\/([^/]+)\/socket\/?$/;
const LARGEST_MESSAGE = 256 * 1024;
/** Unsent bytes above which a client reads too slowly to be in a conversation. */
const MOST_UNSENT = 4 * 1024 * 1024;
/** Messages of one client that are being handled; a faster one is not read until they are, so that a flood stays in its own network. */
const MOST_UNDER_WAY = 64;
/** A network that is gone is noticed after at most two of these. Media has its own, shorter watch. */
const PING_MS = 15_000;
const CLOSE_ENDED = 1000;
const CLOSE_GOING_AWAY = 1001;
const CLOSE_BY_MEDIA = 4000;
const CLOSE_TOO_SLOW = 4408;
/** RFC 6455 §5.5: 125 bytes of payload, two of which are the code. */
const LONGEST_REASON = 123;

type Channel = Awaited<ReturnType<ApiContext['ports']['media']['openChannel']>>;

export class RoomSockets {
  readonly #context: ApiContext;
  readonly #metrics: HttpMetrics;
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE, perMessageDeflate: false });
  readonly #alive = new Map<WebSocket, boolean>();
  readonly #pinger: NodeJS.Timeout;
  #closing: Promise<void> | undefined;

  constructor(context: ApiContext, metrics: HttpMetrics) {
    this.#context = context;
    this.#metrics = metrics;
    this.#pinger = setInterval(() => this.#ping(), PING_MS).unref();
  }

  /** Takes the upgrades of this server. */
  attach(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // Until `ws` takes it over, a reset connection would be an unhandled error.
      const onError = (error: Error): void =>
        this.#context.log.debug({ err: error }, 'A socket broke before its upgrade.');
      socket.on('error', onError);
      this.#admit(request).then(
        (claims) => {
          socket.off('error', onError);
          this.#server.handleUpgrade(request, socket, head, (webSocket) => void this.#open(webSocket, claims));
        },
        (error: unknown) => this.#refuse(socket, error, request),
      );
    });
  }

  /** Whether the bearer of this token may open a socket of this room; throws the refusal. Answers a plain GET, too. */
  async claims(roomId: string, token: string | undefined): Promise<ParticipantClaims> {
    const { tokens, access, limits } = this.#context;
    const joiner = await tokens.forJoin(token);
    limits.join(joiner);
    return access.admit(joiner, roomId);
  }

  /** Says goodbye to all; cuts those that don't answer within `graceMs`. Idempotent. */
  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #admit(request: IncomingMessage): Promise<ParticipantClaims> {
    if (this.#closing) throw new RoomtapeError('MEDIA_UNAVAILABLE', 'The server is stopping. Connect again.');
    refuseNulInUrl(request.url ?? '');
    const url = URL.parse(request.url ?? '', 'http://localhost');
    const room = url && PATH.exec(url.pathname)?.[1];
    if (!url || !room) {
      throw new RoomtapeError(
        'NOT_FOUND',
        'There is no WebSocket here. Rooms have theirs at /v1/rooms/{roomId}/socket.',
      );
    }
    return this.claims(decodePath(room), url.searchParams.get('token') ?? undefined);
  }

  #refuse(socket: Duplex, error: unknown, request: IncomingMessage): void {
    const { limits, config } = this.#context;
    const answer = limits.judge(this.#answerTo(error), clientAddress(request, config.trustProxy));
    const body = JSON.stringify(envelopeOf(answer));
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      connection: 'close',
      ...headersOf(answer),
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    // A peer that never closes its side must not keep ours.
    socket.once('finish', () => socket.destroy());
    socket.end(
      `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${body}`,
    );
  }

  async #open(webSocket: WebSocket, claims: ParticipantClaims): Promise<void> {
    if (this.#closing) {
      webSocket.terminate(); // Admitted while the server began to stop: nobody would say goodbye to it.
      return;
    }
    const { log, ports } = this.#context;
    this.#count(webSocket, true);
    // Nothing is read before there is somebody to hand it to.
    webSocket.pause();
    webSocket.on('pong', () => this.#alive.set(webSocket, true));
    webSocket.on('error', (error) => log.debug({ err: error, roomId: claims.roomId }, 'A room socket failed.'));
    const ended = new Promise<void>((resolve) => webSocket.once('close', () => resolve()));
    void ended.then(() => this.#count(webSocket, false));
    try {
      const channel = await ports.media.openChannel(claims, {
        send: (message) => this.#send(webSocket, message),
        close: (reason) => webSocket.close(reason === 'left' ? CLOSE_ENDED : CLOSE_BY_MEDIA, cut(reason)),
      });
      void ended.then(() => channel.closed());
      let underWay = 0;
      webSocket.on('message', async (data, isBinary) => {
        underWay += 1;
        if (underWay >= MOST_UNDER_WAY) webSocket.pause();
        await this.#receive(webSocket, channel, data, isBinary);
        underWay -= 1;
        if (underWay < MOST_UNDER_WAY) webSocket.resume();
      });
    } catch (error) {
      this.#closeWith(webSocket, this.#answerTo(error));
    } finally {
      webSocket.resume();
    }
  }

  #answerTo(error: unknown): RoomtapeError {
    const refusal = refusalOf(error);
    if (refusal) return refusal;
    const requestId = randomUUID();
    this.#context.log.error({ err: error, requestId }, 'A room socket could not be opened.');
    return internalError(requestId);
  }

  async #receive(webSocket: WebSocket, channel: Channel, data: RawData, isBinary: boolean): Promise<void> {
    const message = isBinary ? undefined : parseObject(String(data));
    if (message) await channel.receive(message);
    else this.#closeWith(webSocket, new RoomtapeError('INVALID_REQUEST', 'A message is not a JSON object.'));
  }

  #send(webSocket: WebSocket, message: unknown): void {
    if (webSocket.readyState !== webSocket.OPEN) return;
    if (webSocket.bufferedAmount > MOST_UNSENT) {
      this.#context.log.warn(
        { unsent: webSocket.bufferedAmount },
        'A room socket is closed: its client reads too slowly.',
      );
      webSocket.close(CLOSE_TOO_SLOW, 'too slow');
      return;
    }
    webSocket.send(JSON.stringify(message));
  }

  #closeWith(webSocket: WebSocket, refusal: RoomtapeError): void {
    webSocket.close(4000 + refusal.status, cut(refusal.code));
  }

  #count(webSocket: WebSocket, open: boolean): void {
    if (open) this.#alive.set(webSocket, true);
    else this.#alive.delete(webSocket);
    this.#metrics.sockets(this.#alive.size);
  }

  #ping(): void {
    for (const [webSocket, alive] of this.#alive) {
      if (!alive) webSocket.terminate();
      else {
        this.#alive.set(webSocket, false);
        webSocket.ping();
      }
    }
  }

  async #close(graceMs: number): Promise<void> {
    clearInterval(this.#pinger);
    const open = [...this.#alive.keys()];
    const closed = open.map((webSocket) => new Promise<void>((resolve) => webSocket.once('close', () => resolve())));
    for (const webSocket of open) webSocket.close(CLOSE_GOING_AWAY, 'server stops');
    const insist = setTimeout(() => {
      for (const webSocket of open) webSocket.terminate();
    }, graceMs);
    await Promise.all(closed);
    clearTimeout(insist);
    this.#server.close();
  }
}

const cut = (reason: string): string => Buffer.from(reason).subarray(0, LONGEST_REASON).toString('utf8');

const decodePath = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new RoomtapeError('INVALID_REQUEST', 'The room id in the path is not URL-encoded.', { cause });
  }
};

/** The object that a text is in JSON, or undefined. */
const parseObject = (text: string): object | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined; // Not JSON: the caller closes the socket and says so.
  }
};
