/**
 * Typed messages between our processes over a Unix socket: 4-byte big-endian length, then UTF-8 JSON. Never over fork channels, so
 * that each side can die and come back alone. A peer carries requests, their responses and one-way events, in order.
 *
 * `Peer` knows nothing of the meaning: callers validate what they receive with zod (`parse` arguments below).
 */
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A frame above this is a bug or an attack; the connection is closed. */
const MAX_FRAME_BYTES = 4 * 1024 * 1024;

type Frame =
  | { readonly kind: 'request'; readonly id: number; readonly method: string; readonly params: unknown }
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly code: string; readonly message: string }
  | { readonly kind: 'event'; readonly event: unknown };

/** A request that the other side refused: `code` is a key of the error catalogue. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The other process went away before it answered. */
export class PeerClosedError extends Error {
  override readonly name = 'PeerClosedError';
}

export interface PeerHandlers {
  /** Answers a request; a thrown error with a `code` property is passed on as a refusal, others as `INTERNAL`. */
  onRequest?: (method: string, params: unknown) => unknown;
  onEvent?: (event: unknown) => void;
  /** Called once, however the connection ends. */
  onClose?: (error: Error | undefined) => void;
}

/** One connection. */
export class Peer {
  readonly #socket: Socket;
  readonly #handlers: PeerHandlers;
  readonly #pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #nextId = 1;
  #buffer: Buffer = Buffer.alloc(0);
  #closed = false;

  constructor(socket: Socket, handlers: PeerHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    let failure: Error | undefined;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', () => this.#ended(failure));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Asks and waits. Rejects with `RemoteError` (refused), `PeerClosedError` (gone) or `TimeoutError`. */
  async request(method: string, params: unknown, timeoutMs = 10_000): Promise<unknown> {
    if (this.#closed) throw new PeerClosedError(`"${method}" could not be asked: the other process is gone.`);
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#pending.set(id, { resolve, reject });
    const limit = setTimeout(() => {
      reject(new DOMException(`"${method}" was not answered within ${timeoutMs} ms.`, 'TimeoutError'));
    }, timeoutMs);
    try {
      this.#send({ kind: 'request', id, method, params });
      return await promise;
    } finally {
      clearTimeout(limit);
      this.#pending.delete(id);
    }
  }

  /** Says without waiting. Lost if the other side is gone. */
  emit(event: unknown): void {
    if (!this.#closed) this.#send({ kind: 'event', event });
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(frame: Frame): void {
    const body = Buffer.from(JSON.stringify(frame));
    const head = Buffer.allocUnsafe(4);
    head.writeUInt32BE(body.length);
    this.#socket.cork();
    this.#socket.write(head);
    this.#socket.write(body);
    this.#socket.uncork();
  }

  #receive(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    while (this.#buffer.length >= 4) {
      const length = this.#buffer.readUInt32BE(0);
      if (length > MAX_FRAME_BYTES) {
        this.#socket.destroy(new Error(`A frame of ${length} bytes was announced; ${MAX_FRAME_BYTES} is the most.`));
        return;
      }
      if (this.#buffer.length < 4 + length) return;
      const body = this.#buffer.subarray(4, 4 + length);
      this.#buffer = this.#buffer.subarray(4 + length);
      let frame: Frame;
      try {
        const received: unknown = JSON.parse(body.toString('utf8'));
        if (typeof received !== 'object' || received === null) throw new Error('It is no object.');
        frame = received as Frame;
      } catch (cause) {
        this.#socket.destroy(new Error('A frame is not a JSON object.', { cause }));
        return;
      }
      this.#dispatch(frame);
    }
  }

  #dispatch(frame: Frame): void {
    switch (frame.kind) {
      case 'request':
        void this.#answer(frame.id, frame.method, frame.params);
        return;
      case 'result':
        this.#pending.get(frame.id)?.resolve(frame.result);
        return;
      case 'error':
        this.#pending.get(frame.id)?.reject(new RemoteError(frame.code, frame.message));
        return;
      case 'event':
        this.#handlers.onEvent?.(frame.event);
    }
  }

  async #answer(id: number, method: string, params: unknown): Promise<void> {
    try {
      const result = (await this.#handlers.onRequest?.(method, params)) ?? {};
      if (!this.#closed) this.#send({ kind: 'result', id, result });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const code =
        error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'INTERNAL';
      if (!this.#closed) this.#send({ kind: 'error', id, code, message });
    }
  }

  #ended(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { reject } of this.#pending.values()) {
      reject(new PeerClosedError('The other process went away before it answered.'));
    }
    this.#pending.clear();
    this.#handlers.onClose?.(error);
  }
}

/**
 * Listens on a Unix socket that only this user may enter (0600). A stale socket file is removed: the caller has made sure that
 * nobody listens on it.
 */
export const listen = async (path: string, onPeer: (socket: Socket) => void): Promise<Server> => {
  await rm(path, { force: true });
  const server = createServer(onPeer);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
  await chmod(path, 0o600);
  return server;
};

/** Connects, or rejects at once when nobody listens. */
export const dial = (path: string, handlers: PeerHandlers): Promise<Peer> =>
  new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(new Peer(socket, handlers));
    });
  });
