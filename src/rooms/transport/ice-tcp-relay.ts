/**
 * Passive ICE-TCP (RFC 6544) for an ICE agent that only speaks UDP: every TCP connection gets a UDP socket of its own towards the
 * agent's port, frames (RFC 4571: 16-bit length, then a packet) become datagrams and back. The agent sees one more UDP peer.
 *
 * Anybody may connect, so everything is bounded: the number of connections, the size of a frame, what waits to be written to a
 * slow peer (packets are dropped, as UDP would), and silence. What does not begin with a STUN request is cut off.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, isIPv6, type Server, type Socket as TcpSocket } from 'node:net';

const MAX_CONNECTIONS = 512;
/** WebRTC packets fit a 1500-byte MTU; twice that is no peer of ours. */
const MAX_FRAME_BYTES = 3_000;
/** About two seconds of 4 Mbps: later than that, media is useless. */
const MAX_QUEUED_BYTES = 1_000_000;
/** The first complete STUN request has to come within this. */
const HANDSHAKE_LIMIT_MS = 10_000;
/** ICE consent checks come every 5 s at least (RFC 7675 §5.1). */
const IDLE_LIMIT_MS = 30_000;
const STUN_MAGIC = 0x2112a442;
const STUN_BINDING_REQUEST = 0x0001;

export interface IceTcpRelayOptions {
  readonly bindAddress: string;
  readonly port: number;
}

const isBindingRequest = (frame: Buffer): boolean =>
  frame.length >= 20 && frame.readUInt16BE(0) === STUN_BINDING_REQUEST && frame.readUInt32BE(4) === STUN_MAGIC;

/** One TCP connection and its UDP socket; whichever fails takes the other with it. */
class Relayed {
  readonly #tcp: TcpSocket;
  readonly #udp: UdpSocket;
  readonly #target: { readonly address: string; readonly port: number };
  readonly #onEnd: () => void;
  #pending: Buffer = Buffer.alloc(0);
  #verified = false;
  #ended = false;
  dropped = 0;

  constructor(tcp: TcpSocket, target: { address: string; port: number }, onEnd: () => void) {
    this.#tcp = tcp;
    this.#target = target;
    this.#onEnd = onEnd;
    this.#udp = createSocket(isIPv6(target.address) ? 'udp6' : 'udp4');
    this.#udp.on('message', (packet) => this.#toPeer(packet));
    this.#udp.on('error', () => this.end());
    this.#udp.bind(0, target.address);
    tcp.setNoDelay(true);
    tcp.setTimeout(HANDSHAKE_LIMIT_MS);
    tcp.on('timeout', () => this.end());
    tcp.on('data', (chunk) => this.#fromPeer(chunk));
    tcp.on('error', () => this.end());
    tcp.on('close', () => this.end());
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#tcp.destroy();
    this.#udp.close();
    this.#onEnd();
  }

  #fromPeer(chunk: Buffer): void {
    let data = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (data.length >= 2 && !this.#ended) {
      const length = data.readUInt16BE(0);
      if (length > MAX_FRAME_BYTES) {
        this.end();
        return;
      }
      if (data.length < 2 + length) break;
      this.#toAgent(data.subarray(2, 2 + length));
      data = data.subarray(2 + length);
    }
    // A copy: the rest is small, the chunk it lies in is not.
    this.#pending = Buffer.from(data);
  }

  #toAgent(frame: Buffer): void {
    if (!this.#verified) {
      if (!isBindingRequest(frame)) {
        this.end();
        return;
      }
      this.#verified = true;
      this.#tcp.setTimeout(IDLE_LIMIT_MS);
    }
    if (frame.length > 0) this.#udp.send(frame, this.#target.port, this.#target.address);
  }

  #toPeer(packet: Buffer): void {
    if (this.#tcp.writableLength > MAX_QUEUED_BYTES) {
      this.dropped += 1;
      return;
    }
    const head = Buffer.allocUnsafe(2);
    head.writeUInt16BE(packet.length);
    this.#tcp.cork();
    this.#tcp.write(head);
    this.#tcp.write(packet);
    this.#tcp.uncork();
  }
}

export class IceTcpRelay {
  readonly #server: Server;
  readonly #connections = new Set<Relayed>();
  #closing: Promise<void> | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens. Rejects where the port is taken. */
  static async listen(options: IceTcpRelayOptions): Promise<IceTcpRelay> {
    const server = createServer();
    server.maxConnections = MAX_CONNECTIONS;
    const relay = new IceTcpRelay(server);
    const wildcard = options.bindAddress === '0.0.0.0' || options.bindAddress === '::';
    const target = { address: wildcard ? '127.0.0.1' : options.bindAddress, port: options.port };
    server.on('connection', (socket) => {
      const relayed = new Relayed(socket, target, () => relay.#connections.delete(relayed));
      relay.#connections.add(relayed);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port, options.bindAddress, () => {
        server.off('error', reject);
        resolve();
      });
    });
    return relay;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Ends all connections and stops listening. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const relayed of [...this.#connections]) relayed.end();
    });
    return this.#closing;
  }
}
