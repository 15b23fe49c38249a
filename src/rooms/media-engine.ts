/**
 * The media engine: one port, and the sessions on it. The only place where sessions are made; its clock ticks for all of them.
 * `close()` closes every session, then the port.
 */
import { randomUUID } from 'node:crypto';
import { RoomtapeError } from '../domain/errors.ts';
import { RateLimitedLog } from '../support/log.ts';
import { MediaCounters } from './media-counters.ts';
import type {
  MediaEngine,
  MediaEngineOptions,
  PublishRequest,
  PublishSession,
  SessionEnd,
  SubscribeRequest,
  SubscribeSession,
} from './media-session.ts';
import { Publisher } from './publish-session.ts';
import { chooseFeedback, publishLines } from './publishing/publish-line.ts';
import { type Offer, parseOffer } from './sdp/offer.ts';
import { requireKinds, Subscriber } from './subscribe-session.ts';
import { MediaPort } from './transport/media-port.ts';
import type { MediaTransport } from './transport/media-transport.ts';

/** Retransmissions are asked for, and layers reviewed, at this grain. */
const TICK_MS = 20;

/** What engine and session agree on beside what the room sees. */
interface Driven {
  attach(transport: MediaTransport): string;
  connected(): void;
  packet(packet: Buffer, arrivalNs: bigint): void;
  ended(reason: SessionEnd): void;
  tick(nowNs: bigint): void;
  close(): void;
}

class Engine implements MediaEngine {
  readonly #options: MediaEngineOptions;
  readonly #port: MediaPort;
  readonly #log: RateLimitedLog;
  readonly #counters = new MediaCounters();
  readonly #sessions = new Set<Driven>();
  #timer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: MediaEngineOptions, port: MediaPort) {
    this.#options = options;
    this.#port = port;
    this.#log = new RateLimitedLog(options.log);
  }

  async publish(request: PublishRequest): Promise<{ session: PublishSession; answer: string }> {
    const offer = parseOffer(request.offer);
    const session = new Publisher({
      id: randomUUID(),
      offer,
      lines: publishLines(offer, request.sources, new Map()),
      feedback: chooseFeedback(offer, this.#options.congestionFeedback),
      maxBitrateBps: this.#options.maxPublishBitrateBps,
      handlers: request.handlers,
      counters: this.#counters,
    });
    return { session, answer: await this.#connect(session, offer) };
  }

  async subscribe(request: SubscribeRequest): Promise<{ session: SubscribeSession; answer: string }> {
    const offer = parseOffer(request.offer);
    requireKinds(offer, request.feeds);
    const session = new Subscriber({
      id: randomUUID(),
      offer,
      feeds: request.feeds,
      handlers: request.handlers,
      counters: this.#counters,
    });
    return { session, answer: await this.#connect(session, offer) };
  }

  stats(): Record<string, number> {
    return { ...this.#counters, transports: this.#sessions.size, ice_tcp_connections: this.#port.tcpConnections };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #connect(session: Driven, offer: Offer): Promise<string> {
    if (this.#closing) throw new RoomtapeError('MEDIA_UNAVAILABLE', 'The media engine is shutting down.');
    this.#add(session);
    try {
      const transport = await this.#port.connect(offer.remote, {
        onConnected: () => session.connected(),
        onPacket: (packet, arrivalNs) => session.packet(packet, arrivalNs),
        onEnd: (reason) => this.#remove(session, reason),
      });
      this.#counters.transports_opened_total += 1;
      const answer = session.attach(transport);
      // Closed while the transport was being made.
      if (this.#closing || !this.#sessions.has(session)) transport.close();
      return answer;
    } catch (cause) {
      this.#remove(session, 'failed');
      throw new RoomtapeError('MEDIA_UNAVAILABLE', 'A media transport could not be opened.', { cause });
    }
  }

  #add(session: Driven): void {
    this.#sessions.add(session);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  #remove(session: Driven, reason: SessionEnd): void {
    if (!this.#sessions.delete(session)) return;
    if (this.#sessions.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    session.ended(reason);
  }

  #tick(): void {
    const nowNs = process.hrtime.bigint();
    for (const session of this.#sessions) {
      try {
        session.tick(nowNs);
      } catch (error) {
        this.#log.warn('A session could not do what was due.', { err: error });
      }
    }
  }

  async #close(): Promise<void> {
    for (const session of [...this.#sessions]) session.close();
    for (const session of [...this.#sessions]) this.#remove(session, 'closed');
    await this.#port.close();
  }
}

/** Takes the port and makes the engine. Rejects with a sentence where the port is taken or an announced address is none. */
export const openMediaEngine = async (
  options: MediaEngineOptions,
): Promise<MediaEngine & { readonly port: number }> => {
  const port = await MediaPort.open(options);
  return Object.assign(new Engine(options, port), { port: port.port });
};
