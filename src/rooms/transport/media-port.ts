/**
 * The one port of the media process: UDP shared by all connections (ICE UDP mux), and ICE-TCP on the same number. Held from start to
 * end, so that a taken port is told at start and nobody else gets it while no peer is connected. The library lets go of the UDP port
 * only with the process.
 */
import { createSocket } from 'node:dgram';
import { IceUdpMuxListener } from 'node-datachannel';
import { type Logger, RateLimitedLog } from '../../support/log.ts';
import { announcedCandidates } from './candidates.ts';
import { IceTcpRelay } from './ice-tcp-relay.ts';
import type { MediaTransport, RemoteParameters, TransportHandlers } from './media-transport.ts';
import { openPipe } from './pipe-transport.ts';

export interface MediaPortOptions {
  readonly bindAddress: string;
  /** 0: any free one. */
  readonly port: number;
  readonly announcedAddresses: readonly string[];
  readonly tcp: boolean;
  readonly log: Logger;
}

/** Binds and lets go: says whether the port is free before the library takes it, and finds one where none is named. */
const probeUdpPort = (address: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', (cause) => {
      socket.close();
      reject(unusable('UDP', port, address, cause));
    });
    socket.bind({ port, address, exclusive: true }, () => {
      const bound = socket.address().port;
      socket.close(() => resolve(bound));
    });
  });

const unusable = (protocol: 'UDP' | 'TCP', port: number, address: string, cause: unknown): Error => {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const advice = 'Stop what uses it, or set ROOMTAPE_RTC_PORT or ROOMTAPE_RTC_BIND_ADDRESS.';
  return new Error(`${protocol} port ${port} on ${address} cannot be used for media: ${reason}. ${advice}`, { cause });
};

export class MediaPort {
  readonly port: number;
  readonly candidates: readonly string[];
  readonly #bindAddress: string;
  readonly #listener: IceUdpMuxListener;
  readonly #relay: IceTcpRelay | undefined;
  readonly #log: RateLimitedLog;
  #closing: Promise<void> | undefined;

  private constructor(
    options: MediaPortOptions & { readonly listener: IceUdpMuxListener; readonly relay: IceTcpRelay | undefined },
  ) {
    this.port = options.port;
    this.candidates = announcedCandidates(options);
    this.#bindAddress = options.bindAddress;
    this.#listener = options.listener;
    this.#relay = options.relay;
    this.#log = new RateLimitedLog(options.log);
  }

  /** Takes the port. Rejects with a sentence where it is taken, or where an announced address is none. */
  static async open(options: MediaPortOptions): Promise<MediaPort> {
    const port = await probeUdpPort(options.bindAddress, options.port);
    announcedCandidates({ ...options, port });
    const relay = options.tcp ? await openRelay(options.bindAddress, port) : undefined;
    try {
      const listener = new IceUdpMuxListener(port, options.bindAddress);
      // Requests for unknown users are other people's, or late ones: nothing to do, but the library wants somebody to tell.
      listener.onUnhandledStunRequest(() => undefined);
      return new MediaPort({ ...options, port, listener, relay });
    } catch (cause) {
      await relay?.close();
      throw unusable('UDP', port, options.bindAddress, cause);
    }
  }

  get tcpConnections(): number {
    return this.#relay?.connections ?? 0;
  }

  /** A transport for a peer that has offered. */
  connect(remote: RemoteParameters, handlers: TransportHandlers): Promise<MediaTransport> {
    const options = {
      bindAddress: this.#bindAddress,
      port: this.port,
      candidates: this.candidates,
      log: this.#log,
    };
    return openPipe(options, remote, handlers);
  }

  /** Stops listening. Transports are closed by whoever opened them. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#relay?.close();
    this.#listener.stop();
  }
}

const openRelay = async (bindAddress: string, port: number): Promise<IceTcpRelay> => {
  try {
    return await IceTcpRelay.listen({ bindAddress, port });
  } catch (cause) {
    throw unusable('TCP', port, bindAddress, cause);
  }
};
