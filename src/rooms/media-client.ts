/**
 * The server process's end of the media process's socket: connects, reconnects for ever, says hello each time, delivers what the media
 * process says.
 *
 * States: `away ⇄ connected`, then `closed`. While away every request is refused with MEDIA_UNAVAILABLE. Durable events reach their
 * handler one at a time, in order, and are acknowledged when its promise has resolved; one whose handler fails is handed over again
 * after a pause, so nothing behind it is acknowledged before it. Where something is away (DATABASE_UNAVAILABLE, MEDIA_UNAVAILABLE) or
 * the database's disk is full, that goes on until it is
 * back; an event that fails for any other reason is given up in the end: one that can't be handled must not keep all others of all
 * rooms from being handled. A handler may see an event twice (we died before the acknowledgement).
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { z } from 'zod';
import { type ErrorCode, isErrorCode, RoomtapeError } from '../domain/errors.ts';
import { dial, type Peer, RemoteError } from '../support/ipc.ts';
import type { Logger } from '../support/log.ts';
import { newHexId } from '../support/new-id.ts';
import {
  CONTROL_VERSION,
  type ControlMethod,
  controlEvent,
  controlMethods,
  type DurableEvent,
  type ParticipantClaims,
} from './control.ts';
import { clientMessage, type ServerMessage } from './protocol.ts';

type Params<M extends ControlMethod> = z.input<(typeof controlMethods)[M]['params']>;
type Result<M extends ControlMethod> = z.output<(typeof controlMethods)[M]['result']>;
export type HelloState = Result<'hello'>;
export type MediaClientState = 'away' | 'connected' | 'closed';

/** A try costs a system call; a media process that was restarted answers within about this. */
const RECONNECT_PAUSE_MS = 200;
/** The other process speaks another version, or is not what we think: asking faster changes nothing. */
const REFUSED_PAUSE_MS = 5000;
/** A handler that fails mostly misses the database, which is back in seconds. */
const REDELIVERY_PAUSE_MS = 500;
/** Ten seconds: longer than a deadlock or a failover that does not call itself one; then it is the event that is wrong. */
const MOST_DELIVERIES = 20;
/** While something is away, every so many tries in vain are logged: about one a half minute. */
const LOGGED_EVERY = 60;

export interface MediaClientOptions {
  readonly path: string;
  readonly log: Logger;
  /** Each connection begins with the media process's present state, before any durable event of that connection. */
  readonly onHello?: (state: HelloState) => Promise<void>;
  readonly onDurable: (event: DurableEvent) => Promise<void>;
  /** Before an event whose handler failed is handed over again. Default 500. */
  readonly redeliveryPauseMs?: number;
}

/** One room socket, as it is relayed. */
export interface RelayedChannel {
  /** A message of the client: parsed JSON, not yet validated. Refusals are sent to it. Resolves when it has been taken; never rejects. */
  receive(message: unknown): Promise<void>;
  /** The client's socket has closed. */
  closed(): void;
}

export interface ChannelHandlers {
  send(message: ServerMessage): void;
  /** The media process is done with it (`left`, `removed`, …), or has gone itself (`media-unavailable`). */
  close(reason: string): void;
}

export class MediaClient {
  readonly #options: MediaClientOptions;
  readonly #channels = new Map<string, ChannelHandlers>();
  readonly #listeners = new Set<(state: MediaClientState) => void>();
  readonly #closing = new AbortController();
  #state: MediaClientState = 'away';
  #peer: Peer | null = null;
  #running: Promise<void> | null = null;
  /** Which life of the media process the sequence numbers belong to. */
  #bootId = '';
  #lastQueued = 0;
  #lastHandled = 0;
  /** What this connection said before its `hello` was answered here; null afterwards. */
  #early: unknown[] | null = null;
  #deliveries: Promise<void> = Promise.resolve();

  constructor(options: MediaClientOptions) {
    this.#options = options;
  }

  get state(): MediaClientState {
    return this.#state;
  }

  /** Begins to connect. Never rejects: a media process that is not there yet is waited for. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Tells of every change of state. Returns how to stop listening. */
  onState(listener: (state: MediaClientState) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Resolves when connected. Rejects with TimeoutError, or MEDIA_UNAVAILABLE once closed. */
  async connected(timeoutMs: number): Promise<void> {
    if (this.#state === 'connected') return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const forget = this.onState((state) => {
      if (state === 'connected') resolve();
      if (state === 'closed') reject(new RoomtapeError('MEDIA_UNAVAILABLE', 'The connection was closed.'));
    });
    const limit = setTimeout(() => {
      reject(new DOMException(`The media process did not answer within ${timeoutMs} ms.`, 'TimeoutError'));
    }, timeoutMs);
    try {
      await promise;
    } finally {
      clearTimeout(limit);
      forget();
    }
  }

  /** Asks the media process. Throws RoomtapeError: the refusal's own code, or MEDIA_UNAVAILABLE when it is away or does not answer. */
  async request<M extends ControlMethod>(method: M, params: Params<M>, timeoutMs = 10_000): Promise<Result<M>> {
    const peer = this.#peer;
    if (!peer || this.#state !== 'connected') {
      throw new RoomtapeError('MEDIA_UNAVAILABLE', 'The media process is being restarted: try again in a moment.');
    }
    return ask(peer, method, params, timeoutMs);
  }

  /**
   * Hands the media process's present state to `onHello` once more, behind everything that is being delivered. Where it is away, the next
   * connection does so.
   */
  refresh(): void {
    const { onHello, log } = this.#options;
    const peer = this.#peer;
    if (!onHello || !peer || this.#state !== 'connected') return;
    this.#deliver('refresh', async () => {
      if (peer.closed) return;
      await onHello(await ask(peer, 'hello', { version: CONTROL_VERSION }, 10_000));
      log.info('What is recorded was held against the catalog once more.');
    });
  }

  /** Relays one room socket. Throws as `request` does. */
  async openChannel(claims: ParticipantClaims, handlers: ChannelHandlers): Promise<RelayedChannel> {
    const channelId = newHexId<string>();
    const peer = this.#peer;
    await this.request('channel.open', { channelId, claims });
    if (this.#peer !== peer) throw new RoomtapeError('MEDIA_UNAVAILABLE', 'The media process is being restarted.');
    this.#channels.set(channelId, handlers);
    return {
      receive: (message) => this.#relay(channelId, handlers, message),
      closed: () => {
        if (!this.#channels.delete(channelId)) return;
        this.#tell('channel.close', { channelId });
      },
    };
  }

  /** Ends the connection; the event that is being handled is waited for. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#peer?.close();
    await this.#running;
    await this.#deliveries;
    this.#become('closed');
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const pauseMs = await this.#connection();
      await pause(pauseMs, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
    }
  }

  /** One connection, from dialling to its end. Resolves with how long to wait before the next. */
  async #connection(): Promise<number> {
    const ended = Promise.withResolvers<void>();
    let peer: Peer;
    this.#early = [];
    try {
      peer = await dial(this.#options.path, {
        onEvent: (event) => this.#receive(event),
        onClose: () => ended.resolve(),
      });
    } catch {
      return RECONNECT_PAUSE_MS; // nobody listens yet
    }
    this.#peer = peer;
    if (this.#closing.signal.aborted) peer.close();
    try {
      const hello = await ask(peer, 'hello', { version: CONTROL_VERSION }, 10_000);
      this.#greeted(hello);
      await ended.promise;
      return RECONNECT_PAUSE_MS;
    } catch (error) {
      if (peer.closed) return RECONNECT_PAUSE_MS;
      this.#options.log.error({ err: error }, 'The media process refused our hello.');
      peer.close();
      return REFUSED_PAUSE_MS;
    } finally {
      this.#peer = null;
      this.#lost();
    }
  }

  #greeted(hello: HelloState): void {
    if (hello.bootId !== this.#bootId) {
      this.#lastQueued = 0;
      this.#lastHandled = 0;
    }
    this.#bootId = hello.bootId;
    const { onHello } = this.#options;
    if (onHello) this.#deliver('hello', () => onHello(hello));
    this.#become('connected');
    const early = this.#early ?? [];
    this.#early = null;
    for (const event of early) this.#receive(event);
  }

  #lost(): void {
    const channels = [...this.#channels.values()];
    this.#channels.clear();
    if (this.#state === 'connected') this.#become('away');
    for (const handlers of channels) handlers.close('media-unavailable');
  }

  #become(state: MediaClientState): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }

  #receive(received: unknown): void {
    if (this.#early) {
      this.#early.push(received);
      return;
    }
    const parsed = controlEvent.safeParse(received);
    if (!parsed.success) {
      this.#options.log.error(
        { err: parsed.error },
        'The media process said something that this version does not know.',
      );
      return;
    }
    const event = parsed.data;
    if (event.type === 'durable') this.#queue(event.sequence, event.event);
    else if (event.type === 'channel.message') this.#channels.get(event.channelId)?.send(event.message);
    else {
      const handlers = this.#channels.get(event.channelId);
      this.#channels.delete(event.channelId);
      handlers?.close(event.reason);
    }
  }

  /** What is sent again after a reconnect may be handled already (its acknowledgement was lost), or still wait for its turn. */
  #queue(sequence: number, event: DurableEvent): void {
    const bootId = this.#bootId;
    if (sequence <= this.#lastHandled) this.#acknowledge(bootId, sequence);
    if (sequence <= this.#lastQueued) return;
    this.#lastQueued = sequence;
    const done = (): void => {
      if (bootId === this.#bootId) this.#lastHandled = sequence;
      this.#acknowledge(bootId, sequence);
    };
    const handle = async (): Promise<void> => {
      await this.#options.onDurable(event);
      done();
    };
    this.#deliver(event.type, handle, done);
  }

  /** Hands over in order, again and again until it is taken, given up or we close. */
  #deliver(name: string, handOver: () => Promise<void>, giveUp?: () => void): void {
    const { signal } = this.#closing;
    this.#deliveries = this.#deliveries.then(async () => {
      for (let failures = 0, tries = 0; !signal.aborted; ) {
        try {
          await handOver();
          return;
        } catch (error) {
          const isAway = error instanceof RoomtapeError && (error.status === 503 || error.code === 'DISK_FULL');
          if (!isAway) failures += 1;
          if (!isAway || tries % LOGGED_EVERY === 0) {
            this.#options.log.error({ err: error, event: name }, 'An event of the media process could not be handled.');
          }
          tries += 1;
          if (failures >= MOST_DELIVERIES) {
            this.#options.log.fatal({ err: error, event: name }, 'An event of the media process was given up.');
            giveUp?.();
            return;
          }
          await pause(this.#options.redeliveryPauseMs ?? REDELIVERY_PAUSE_MS, undefined, { signal }).catch(
            () => undefined,
          ); // aborted: the loop ends
        }
      }
    });
  }

  #acknowledge(bootId: string, sequence: number): void {
    if (bootId === this.#bootId) this.#tell('events.ack', { sequence });
  }

  async #relay(channelId: string, handlers: ChannelHandlers, message: unknown): Promise<void> {
    const parsed = clientMessage.safeParse(message);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const where = issue && issue.path.length > 0 ? `"${issue.path.join('.')}": ` : '';
      const text = `The message is not one of room protocol version 1. ${where}${issue?.message ?? ''}`;
      handlers.send(refusal('INVALID_REQUEST', text, message));
      return;
    }
    if (!this.#channels.has(channelId)) return;
    try {
      await this.request('channel.message', { channelId, message: parsed.data });
    } catch (error) {
      if (!this.#channels.has(channelId)) return; // it was closed with the media process, and told so
      const known = error instanceof RoomtapeError ? error : null;
      if (!known) this.#options.log.error({ err: error }, 'A message of a room socket could not be relayed.');
      handlers.send(refusal(known?.code ?? 'INTERNAL', known?.message ?? 'Something went wrong on our side.', message));
    }
  }

  /** Says something whose answer changes nothing: if the media process is away, it learns it at the next hello. */
  #tell<M extends ControlMethod>(method: M, params: Params<M>): void {
    if (this.#state !== 'connected') return;
    this.request(method, params).catch((error: unknown) => {
      if (this.#state === 'connected')
        this.#options.log.warn({ err: error, method }, 'The media process did not take this.');
    });
  }
}

const ask = async <M extends ControlMethod>(
  peer: Peer,
  method: M,
  params: Params<M>,
  timeoutMs: number,
): Promise<Result<M>> => {
  let answer: unknown;
  try {
    answer = await peer.request(method, params, timeoutMs);
  } catch (error) {
    if (error instanceof RemoteError && isErrorCode(error.code)) {
      throw new RoomtapeError(error.code, error.message, { cause: error });
    }
    const detail = error instanceof Error ? error.message : String(error);
    throw new RoomtapeError('MEDIA_UNAVAILABLE', detail, { cause: error });
  }
  return controlMethods[method].result.parse(answer) as Result<M>;
};

const refusal = (code: ErrorCode, text: string, message: unknown): ServerMessage => {
  const requestId =
    typeof message === 'object' && message !== null && 'requestId' in message && typeof message.requestId === 'string'
      ? message.requestId
      : undefined;
  return { type: 'error', ...(requestId === undefined ? {} : { requestId }), code, message: text };
};
