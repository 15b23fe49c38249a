/** One receiving connection of a participant, or of a WHEP watcher. */
import type { SubscribeHandlers, SubscribeSession } from './media-session.ts';

const NS_PER_MS = 1_000_000n;

export class Subscription implements SubscribeHandlers {
  /** The client's name for the connection: another one replaces it. */
  readonly connection: string;
  #session: SubscribeSession | null = null;
  #connected = false;
  #ended = false;

  constructor(connection: string) {
    this.connection = connection;
  }

  get session(): SubscribeSession | null {
    return this.#session;
  }

  /** When the peer was last heard, monotonic milliseconds; null until it is connected. */
  get lastSeenMs(): number | null {
    return this.#session && this.#connected ? Number(this.#session.lastActivityNs / NS_PER_MS) : null;
  }

  get ended(): boolean {
    return this.#ended;
  }

  adopt(session: SubscribeSession): void {
    this.#session = session;
  }

  onConnected(): void {
    this.#connected = true;
  }

  onEnd(): void {
    this.#ended = true;
  }

  close(): void {
    this.#session?.close();
  }
}
