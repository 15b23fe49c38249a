/**
 * `MediaTransport` by node-datachannel, used as a raw ICE + DTLS + SRTP pipe.
 *
 * Invariants, each of which cost a crash or a lost connection when it did not hold:
 * 1. An exception inside a callback of the library aborts the process: every callback goes through `#guard`.
 * 2. Sending throws (closed track, sequence number behind the SRTP window): `send` turns that into false.
 * 3. The peer's candidates are not added and we are DTLS-passive: connectivity is learnt from its checks.
 * 4. Callbacks may still come after `close()`: they are ignored once the state is `ended`.
 */
import { PeerConnection as NativePeerConnection, type PeerConnection, type Track } from 'node-datachannel';
import type { RateLimitedLog } from '../../support/log.ts';
import type {
  LocalParameters,
  MediaTransport,
  RemoteParameters,
  TransportEnd,
  TransportHandlers,
} from './media-transport.ts';
import { pipeCredentials, pipeOffer } from './pipe-description.ts';

/** ICE and DTLS take under a second; a browser behind a slow network up to ten. */
const CONNECT_LIMIT_MS = 15_000;
/** Gathering has nothing to ask of anybody: it is done at once, or the port is unusable. */
const GATHER_LIMIT_MS = 5_000;
const MTU = 1_500;

export interface PipeOptions {
  readonly bindAddress: string;
  readonly port: number;
  readonly candidates: readonly string[];
  readonly log: RateLimitedLog;
}

class PipeTransport implements MediaTransport {
  readonly local: LocalParameters;
  readonly #connection: PeerConnection;
  readonly #handlers: TransportHandlers;
  readonly #log: RateLimitedLog;
  readonly #connectTimer: NodeJS.Timeout;
  #state: MediaTransport['state'] = 'connecting';
  #track: Track | undefined;

  constructor(connection: PeerConnection, local: LocalParameters, handlers: TransportHandlers, log: RateLimitedLog) {
    this.#connection = connection;
    this.local = local;
    this.#handlers = handlers;
    this.#log = log;
    this.#connectTimer = setTimeout(() => this.#end('failed'), CONNECT_LIMIT_MS);
    this.#connectTimer.unref();
    connection.onStateChange(
      this.#guard((state: string) => {
        if (state === 'failed' || state === 'closed') this.#end(this.#state === 'connecting' ? 'failed' : 'gone');
      }),
    );
  }

  get state(): MediaTransport['state'] {
    return this.#state;
  }

  /** The library's track, as soon as it exists. */
  attach(track: Track): void {
    this.#track = track;
    track.onOpen(this.#guard(() => this.#connected()));
    track.onClosed(this.#guard(() => this.#end('gone')));
    track.onError(this.#guard((error: string) => this.#log.warn('The transport reported an error.', { error })));
    track.onMessage((packet) => {
      const arrivalNs = process.hrtime.bigint();
      if (this.#state === 'ended') return;
      try {
        this.#handlers.onPacket(packet, arrivalNs);
      } catch (error) {
        this.#log.warn('A received packet could not be handled.', { err: error });
      }
    });
    if (track.isOpen()) this.#connected();
  }

  send(packet: Buffer): boolean {
    if (this.#state !== 'connected' || !this.#track) return false;
    try {
      return this.#track.sendMessageBinary(packet);
    } catch (error) {
      this.#log.warn('A packet could not be sent.', { err: error });
      return false;
    }
  }

  close(): void {
    this.#end('closed');
  }

  #connected(): void {
    if (this.#state !== 'connecting') return;
    clearTimeout(this.#connectTimer);
    this.#state = 'connected';
    this.#handlers.onConnected();
  }

  #end(reason: TransportEnd): void {
    if (this.#state === 'ended') return;
    clearTimeout(this.#connectTimer);
    this.#state = 'ended';
    closeNative(this.#connection, this.#track, this.#log);
    this.#track = undefined;
    this.#handlers.onEnd(reason);
  }

  #guard<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void {
    return (...args) => {
      if (this.#state === 'ended') return;
      try {
        callback(...args);
      } catch (error) {
        this.#log.warn('A transport callback failed.', { err: error });
      }
    };
  }
}

const closeNative = (connection: PeerConnection, track: Track | undefined, log: RateLimitedLog): void => {
  try {
    track?.close();
    connection.close();
  } catch (error) {
    log.warn('A transport could not be closed.', { err: error });
  }
};

/**
 * Opens the pipe for a peer that has offered `remote`; resolves with our side's parameters known, before anything is connected.
 * Rejects with an `Error` where the library refuses the parameters or the port.
 */
export const openPipe = async (
  options: PipeOptions,
  remote: RemoteParameters,
  handlers: TransportHandlers,
): Promise<MediaTransport> => {
  const { log } = options;
  const connection = new NativePeerConnection('pipe', {
    iceServers: [],
    bindAddress: options.bindAddress,
    enableIceUdpMux: true,
    portRangeBegin: options.port,
    portRangeEnd: options.port,
    forceMediaTransport: true,
    disableAutoNegotiation: true,
    mtu: MTU,
  });
  let track: Track | undefined;
  let transport: PipeTransport | undefined;
  connection.onTrack((opened) => {
    track = opened;
    transport?.attach(opened);
  });
  try {
    const gathered = new Promise<void>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error('The transport did not become ready.')), GATHER_LIMIT_MS);
      connection.onGatheringStateChange((state) => {
        if (state !== 'complete') return;
        clearTimeout(limit);
        resolve();
      });
    });
    // Awaited below; this keeps a throw in between from leaving an unhandled rejection.
    gathered.catch(() => undefined);
    connection.setRemoteDescription(pipeOffer(remote), 'offer');
    connection.setLocalDescription('answer');
    await gathered;
    const description = connection.localDescription();
    if (!description) throw new Error('The transport has no description of its own.');
    const local = { ...pipeCredentials(description.sdp), candidates: options.candidates };
    transport = new PipeTransport(connection, local, handlers, log);
    if (track) transport.attach(track);
    return transport;
  } catch (error) {
    closeNative(connection, track, log);
    throw error;
  }
};
