/** An HTTP endpoint on this machine that takes down what it is sent, and answers as a test says. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { z } from 'zod';

export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly id: string;
  readonly raw: string;
  readonly webhookType: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const told = z.object({ webhookType: z.string(), data: z.record(z.string(), z.unknown()) });

/** Answers; one that does neither ends the answer nor the connection hangs. */
export type Behaviour = (received: Received, response: ServerResponse) => void;

export const status =
  (code: number, headers: Record<string, string> = {}): Behaviour =>
  (_received, response) => {
    response.writeHead(code, headers).end('so be it');
  };
export const hang: Behaviour = () => undefined;

export class Receiver {
  readonly received: Received[] = [];
  /** What it does with whatever comes; a test may change it at any time. */
  behave: Behaviour = status(200);
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on('request', (request, response) => void receiver.#take(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // Somebody whose rounds fail half-way ends all the same.
    server.unref();
    return receiver;
  }

  /** `http://127.0.0.1:port/path`. */
  url(path = '/hook'): string {
    const address = this.#server.address();
    if (typeof address !== 'object' || !address) throw new Error('The receiver does not listen.');
    return `http://127.0.0.1:${address.port}${path}`;
  }

  get types(): string[] {
    return this.received.map(({ webhookType }) => webhookType);
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const raw = Buffer.concat(parts).toString('utf8');
    const { webhookType, data } = told.parse(JSON.parse(raw));
    const { url = '', headers } = request;
    const received = { path: url, headers, id: String(headers['webhook-id']), raw, webhookType, data };
    this.received.push(received);
    this.behave(received, response);
  }
}
