/**
 * The media process's Unix socket: answers the server process (`control.ts`), and carries what rooms say by themselves.
 *
 * Of any number of connections the one that said `hello` last is the server process; the one before is closed, and its sockets count as
 * gone. Others may only ask for `stats` (or stay silent: the supervisor notices our end by its connection).
 */
import type { Server, Socket } from 'node:net';
import type { z } from 'zod';
import { RoomtapeError } from '../domain/errors.ts';
import type { ParticipantId, RecordingId } from '../domain/ids.ts';
import { listen, Peer } from '../support/ipc.ts';
import type { Logger } from '../support/log.ts';
import { RateLimitedLog } from '../support/log.ts';
import { newHexId } from '../support/new-id.ts';
import {
  CONTROL_VERSION,
  type ControlEvent,
  type ControlMethod,
  controlMethods,
  type DurableEvent,
} from './control.ts';
import { DurableOutbox } from './durable-outbox.ts';
import type { ServerMessage } from './protocol.ts';
import type { Rooms, RoomsOutput } from './rooms.ts';

type Params<M extends ControlMethod> = z.output<(typeof controlMethods)[M]['params']>;
type Result<M extends ControlMethod> = z.input<(typeof controlMethods)[M]['result']>;
type Methods = { readonly [M in ControlMethod]: (params: Params<M>) => Result<M> | Promise<Result<M>> };

/**
 * A server process that has not read so much hangs: it is let go before its share of our memory hurts the rooms. Durable events are kept
 * elsewhere. 64 MiB are hours of joins and speakers, or a thousand rooms' chats at once.
 */
const MOST_UNREAD_BYTES = 64 * 1024 * 1024;

export interface ControlServerOptions {
  readonly path: string;
  readonly log: Logger;
  /** The server process asks us to end. */
  readonly onShutdown: (graceMs: number) => void;
}

export class ControlServer implements RoomsOutput {
  readonly #options: ControlServerOptions;
  readonly #outbox: DurableOutbox;
  readonly #bootId = newHexId<string>();
  readonly #peers = new Map<Peer, Socket>();
  #methods: Methods | null = null;
  #rooms: Rooms | null = null;
  /** The server process: the last that said hello. */
  #server: Peer | null = null;
  /** It has been sent what it missed. */
  #caughtUp = false;
  #listener: Server | null = null;
  #onDrained: (() => void) | null = null;

  constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#outbox = new DurableOutbox(new RateLimitedLog(options.log));
  }

  /** Listens for the server process of these rooms. Rejects if the socket cannot be made. */
  async start(rooms: Rooms): Promise<void> {
    this.#rooms = rooms;
    this.#methods = this.#methodsOf(rooms);
    this.#listener = await listen(this.#options.path, (socket) => this.#accept(socket));
  }

  durable(event: DurableEvent): void {
    const { sequence } = this.#outbox.push(event);
    if (this.#caughtUp) this.#emit({ type: 'durable', sequence, event });
  }

  toChannel(channelId: string, message: ServerMessage): void {
    this.#emit({ type: 'channel.message', channelId, message });
  }

  channelClosed(channelId: string, reason: string): void {
    this.#emit({ type: 'channel.closed', channelId, reason });
  }

  /** Resolves when the server process has acknowledged everything, has gone, or `limitMs` is over. */
  async drained(limitMs: number): Promise<void> {
    if (!this.#server || this.#outbox.pending().length === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onDrained = resolve;
    const limit = setTimeout(resolve, limitMs);
    await promise;
    clearTimeout(limit);
  }

  /** Stops listening and closes every connection. Idempotent. */
  async close(): Promise<void> {
    const listener = this.#listener;
    this.#listener = null;
    for (const peer of this.#peers.keys()) peer.close();
    if (listener) await new Promise<void>((resolve) => listener.close(() => resolve()));
  }

  #emit(event: ControlEvent): void {
    const server = this.#server;
    if (!server) return;
    server.emit(event);
    const unread = this.#peers.get(server)?.writableLength ?? 0;
    if (unread <= MOST_UNREAD_BYTES) return;
    this.#options.log.error({ unread }, 'The server process reads nothing any more; it is let go.');
    server.close();
  }

  #accept(socket: Socket): void {
    const peer: Peer = new Peer(socket, {
      onRequest: (method, params) => this.#answer(peer, method, params),
      onClose: (error) => this.#closed(peer, error),
    });
    this.#peers.set(peer, socket);
  }

  #closed(peer: Peer, error: Error | undefined): void {
    this.#peers.delete(peer);
    if (error) this.#options.log.warn({ err: error }, 'A control connection ended badly.');
    if (this.#server !== peer) return;
    this.#server = null;
    this.#caughtUp = false;
    this.#onDrained?.();
    this.#options.log.info('The server process is gone; rooms and recordings go on.');
    this.#rooms?.serverLeft();
  }

  #answer(peer: Peer, method: string, params: unknown): unknown {
    if (!this.#methods || !isControlMethod(method)) {
      throw new RoomtapeError('NOT_IMPLEMENTED', `The media process knows no method "${method}".`);
    }
    const parsed = controlMethods[method].params.safeParse(params);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw new RoomtapeError('INVALID_REQUEST', `"${method}": ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
    }
    if (method === 'hello') this.#greet(peer);
    else if (method !== 'stats' && peer !== this.#server) {
      throw new RoomtapeError(
        'NOT_PERMITTED',
        `"${method}" was asked by a process that is not (or no longer) the server.`,
      );
    }
    const run: (params: never) => unknown = this.#methods[method];
    return run(parsed.data as never);
  }

  /** Makes this peer the server. What it missed follows its answer, and only then what is new. */
  #greet(peer: Peer): void {
    const former = this.#server;
    this.#server = peer;
    this.#caughtUp = false;
    if (former && former !== peer) {
      this.#options.log.warn('Another server process said hello; the former one is let go.');
      this.#rooms?.serverLeft();
      former.close();
    }
    this.#rooms?.serverCame();
    // The answer to hello is written in this turn's microtasks; the events must come after it.
    setImmediate(() => {
      if (this.#server !== peer) return;
      this.#caughtUp = true;
      for (const { sequence, event } of this.#outbox.pending()) this.#emit({ type: 'durable', sequence, event });
    });
  }

  #methodsOf(rooms: Rooms): Methods {
    return {
      hello: () => ({
        version: CONTROL_VERSION,
        pid: process.pid,
        bootId: this.#bootId,
        sessions: rooms.sessions(),
        recordings: rooms.recordings(),
      }),
      'channel.open': ({ channelId, claims }) => {
        rooms.openChannel(channelId, claims);
        return {};
      },
      'channel.message': async ({ channelId, message }) => {
        await rooms.receive(channelId, message);
        return {};
      },
      'channel.close': ({ channelId }) => {
        rooms.closeChannel(channelId);
        return {};
      },
      'whip.publish': ({ claims, offer }) => rooms.publish(claims, offer),
      'whep.subscribe': ({ claims, participantId, offer }) => rooms.watch(claims, participantId, offer),
      'resource.delete': ({ roomId, resourceId }) => ({ deleted: rooms.deleteResource(roomId, resourceId) }),
      'recording.start': ({ recordingId, roomId, layout, participantId, topics, pageParticipantId }) =>
        rooms.startRecording(recordingId as RecordingId, roomId, layout, {
          participantId: participantId as ParticipantId | null,
          topics,
          pageParticipantId: pageParticipantId as ParticipantId | null,
        }),
      'recording.stop': async ({ recordingId, reason }) => {
        const { stoppedNs, stoppedAtMs } = await rooms.stopRecording(recordingId as RecordingId, reason);
        return { stoppedNs, stoppedAtMs };
      },
      'recording.layout': ({ recordingId, change }) => rooms.changeLayout(recordingId as RecordingId, change),
      'recording.pause': ({ recordingId }) => rooms.pauseRecording(recordingId as RecordingId),
      'recording.resume': ({ recordingId }) => rooms.resumeRecording(recordingId as RecordingId),
      'session.of': ({ roomId }) => ({ session: rooms.sessionOf(roomId) }),
      'session.end': async ({ roomId, reason }) => ({ ended: await rooms.endSession(roomId, reason) }),
      'participant.remove': ({ roomId, participantId }) => ({
        removed: rooms.removeParticipant(roomId, participantId),
      }),
      'events.ack': ({ sequence }) => {
        this.#outbox.acknowledge(sequence);
        if (this.#outbox.pending().length === 0) this.#onDrained?.();
        return {};
      },
      stats: () => ({
        ...rooms.stats(),
        control_version: CONTROL_VERSION,
        control_events_pending: this.#outbox.pending().length,
        control_events_dropped_total: this.#outbox.dropped,
      }),
      shutdown: ({ graceMs }) => {
        setImmediate(() => this.#options.onShutdown(graceMs));
        return {};
      },
    };
  }
}

const isControlMethod = (method: string): method is ControlMethod => Object.hasOwn(controlMethods, method);
