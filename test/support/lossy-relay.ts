/**
 * A bad network on loopback: a UDP relay that stands between a participant and the server, and loses, delays and reorders packets in
 * both directions, the same ones for a seed as far as the order of packets is the same.
 */
import { createSocket, type Socket } from 'node:dgram';
import { type Impairment, impair } from '../../src/synthetic/impairment.ts';

interface Flow {
  readonly upstream: Socket;
  readonly toServer: (packet: Buffer) => void;
}

const bind = (socket: Socket): Promise<number> =>
  new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => resolve(socket.address().port));
  });

export class LossyRelay {
  readonly port: number;
  /** Packets that came in and that went out, both directions together. */
  readonly counts = { received: 0, passed: 0 };
  readonly #socket: Socket;
  readonly #serverPort: number;
  readonly #impairment: Impairment;
  readonly #flows = new Map<string, Flow>();
  #closed = false;

  private constructor(socket: Socket, port: number, serverPort: number, impairment: Impairment) {
    this.#socket = socket;
    this.port = port;
    this.#serverPort = serverPort;
    this.#impairment = impairment;
    socket.on('message', (packet, { port: from }) => this.#flow(from).toServer(this.#counted(packet)));
  }

  static async open(serverPort: number, impairment: Impairment): Promise<LossyRelay> {
    const socket = createSocket('udp4');
    return new LossyRelay(socket, await bind(socket), serverPort, impairment);
  }

  /** Where a participant sends instead of to the server. */
  get detour(): { host: string; port: number } {
    return { host: '127.0.0.1', port: this.port };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const sockets = [this.#socket, ...[...this.#flows.values()].map(({ upstream }) => upstream)];
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
  }

  #counted(packet: Buffer): Buffer {
    this.counts.received += 1;
    return packet;
  }

  /** A participant's port has a socket of its own towards the server, as behind a NAT. */
  #flow(clientPort: number): Flow {
    const key = String(clientPort);
    const known = this.#flows.get(key);
    if (known) return known;
    const upstream = createSocket('udp4');
    const send = (socket: Socket, port: number) => (packet: Buffer) => {
      if (this.#closed) return;
      this.counts.passed += 1;
      socket.send(packet, port, '127.0.0.1');
    };
    const toClient = impair({ ...this.#impairment, seed: this.#impairment.seed + 1 }, send(this.#socket, clientPort));
    upstream.on('message', (packet) => toClient(this.#counted(packet)));
    const flow = { upstream, toServer: impair(this.#impairment, send(upstream, this.#serverPort)) };
    this.#flows.set(key, flow);
    return flow;
  }
}
