/**
 * A TCP proxy in front of a real server that fails as networks and servers do: answers 503, takes everything and says nothing, cuts in the
 * middle of an upload, changes a byte. What it does holds for connections that begin after it was set, and for requests on open ones.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export type Fault =
  | { readonly kind: 'none' }
  /** Every connection is answered 503 and closed. */
  | { readonly kind: '503' }
  /** Takes bytes, passes nothing on, never answers. */
  | { readonly kind: 'hang' }
  /** Ends the connection that brings the bytes towards the server, of all since it was set, above so many, and every one that begins later. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** Changes this byte on the way to the server, counted in all, since it was set. */
  | { readonly kind: 'flip'; readonly atByte: number };

const REFUSAL =
  '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message><AWSAccessKeyId>secret-id</AWSAccessKeyId></Error>';
const ANSWER_503 = `HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nContent-Length: ${REFUSAL.length}\r\nConnection: close\r\n\r\n${REFUSAL}`;

const INTERIM = Buffer.from('HTTP/1.1 100');

export class FaultProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Connections, and whether one is in the middle of a request. */
  readonly #pairs = new Set<{ readonly client: Socket; asks: boolean }>();
  #fault: Fault = { kind: 'none' };
  #passed = 0;
  #connections = 0;

  private constructor(target: number) {
    this.#server = createServer((socket) => this.#accept(socket, target));
  }

  static async start(target: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }
  /** Towards the server, since the fault was set. */
  get passedBytes(): number {
    return this.#passed;
  }
  /** Since the fault was set. */
  get connections(): number {
    return this.#connections;
  }

  /** From now on; connections that are open are ended. */
  set(fault: Fault): void {
    this.#fault = fault;
    this.#passed = 0;
    this.#connections = 0;
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket, target: number): void {
    this.#connections += 1;
    this.#own(client);
    const fault = this.#fault;
    if (fault.kind === 'hang') {
      client.resume();
      return;
    }
    if (fault.kind === 'cut' && this.#passed > fault.afterBytes) {
      client.destroy();
      return;
    }
    if (fault.kind === '503') {
      client.once('data', () => client.end(ANSWER_503));
      return;
    }
    const server = this.#own(connect(target, '127.0.0.1'));
    const pair = { client, asks: false };
    this.#pairs.add(pair);
    client.on('close', () => this.#pairs.delete(pair));
    server.on('data', (chunk: Buffer) => {
      // RFC 9110 §15.2: an interim answer, go on with the body.
      const isInterim = chunk.subarray(0, INTERIM.length).equals(INTERIM);
      if (!isInterim) pair.asks = false;
      // What was under way elsewhere when another was cut is brought to its end; nothing new begins.
      const isLast = !isInterim && fault.kind === 'cut' && this.#passed > fault.afterBytes;
      client.write(chunk, () => isLast && client.destroy());
    });
    client.on('data', (chunk: Buffer) => {
      const from = this.#passed;
      this.#passed += chunk.length;
      pair.asks = true;
      if (fault.kind === 'cut' && from <= fault.afterBytes && this.#passed > fault.afterBytes) {
        for (const other of this.#pairs) if (other === pair || !other.asks) other.client.destroy();
        return;
      }
      if (fault.kind === 'flip' && from <= fault.atByte && fault.atByte < this.#passed) {
        chunk.writeUInt8(chunk.readUInt8(fault.atByte - from) ^ 1, fault.atByte - from);
      }
      if (!server.write(chunk)) {
        client.pause();
        server.once('drain', () => client.resume());
      }
    });
    client.on('end', () => server.end());
    client.on('close', () => server.destroy());
    server.on('close', () => client.end());
  }

  #own(socket: Socket): Socket {
    this.#sockets.add(socket);
    // What befalls a connection is what is being tested; both ends see it themselves.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    return socket;
  }
}
