/**
 * One ICE+DTLS+SRTP connection of a synthetic participant, as a pipe for RTP and RTCP packets of any SSRC.
 *
 * The library sorts packets by the SSRCs it knows from SDP as soon as there are several m-lines; given one m-line, everything
 * passes. So it sees a description of one m-line, and the real offer and answer are ours (`offer-sdp.ts`).
 *
 * States: `gathering → offered → open → closed`. Exceptions inside the library's callbacks would abort the process: none escape.
 */
import { PeerConnection, type Track, Video } from 'node-datachannel';
import type { TransportParameters } from './offer-sdp.ts';

const CONNECT_TIMEOUT_MS = 15_000;

export interface PipeHandlers {
  readonly onPacket: (packet: Buffer) => void;
  /** The connection ended though nobody closed it. */
  readonly onLost: (reason: string) => void;
}

const attribute = (sdp: string, name: string): string => {
  const value = new RegExp(`^a=${name}:(.*?)\\r?$`, 'm').exec(sdp)?.[1];
  if (!value) throw new Error(`The transport's description names no ${name}.`);
  return value;
};

const candidatesOf = (sdp: string): string[] =>
  [...sdp.matchAll(/^a=candidate:(.*?)\r?$/gm)].map(([, candidate]) => candidate ?? '');

export class ClientPipe {
  readonly #connection: PeerConnection;
  readonly #track: Track;
  readonly #handlers: PipeHandlers;
  #closed = false;
  #refused = 0;

  constructor(name: string, bindAddress: string | null, handlers: PipeHandlers) {
    this.#handlers = handlers;
    this.#connection = new PeerConnection(name, {
      iceServers: [],
      disableAutoNegotiation: true,
      forceMediaTransport: true,
      ...(bindAddress ? { bindAddress } : {}),
    });
    const line = new Video('0', 'SendRecv');
    line.addVP8Codec(96);
    this.#track = this.#connection.addTrack(line);
    this.#track.onMessage((packet) => this.#guard(() => handlers.onPacket(packet)));
    this.#connection.onStateChange((state) => {
      if (state === 'failed' || state === 'closed' || state === 'disconnected') this.#guard(() => this.#lost(state));
    });
  }

  /** Packets that the library would not send: older than the replay window, or the connection was closing. */
  get refused(): number {
    return this.#refused;
  }

  /** Makes the local side, candidates gathered. */
  async offer(): Promise<TransportParameters> {
    const gathered = new Promise<void>((resolve) => {
      this.#connection.onGatheringStateChange((state) => {
        if (state === 'complete') resolve();
      });
    });
    this.#connection.setLocalDescription('offer');
    await gathered;
    const sdp = this.#connection.localDescription()?.sdp ?? '';
    return {
      ufrag: attribute(sdp, 'ice-ufrag'),
      pwd: attribute(sdp, 'ice-pwd'),
      fingerprint: attribute(sdp, 'fingerprint'),
      candidates: candidatesOf(sdp),
    };
  }

  /** Connects to the other side. Rejects if that takes longer than 15 s. */
  async accept(remote: TransportParameters): Promise<void> {
    const opened = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`No connection after ${CONNECT_TIMEOUT_MS} ms: ICE is ${this.#connection.iceState()}.`)),
        CONNECT_TIMEOUT_MS,
      );
      this.#track.onOpen(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    const lines = [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.1',
      's=-',
      't=0 0',
      'a=group:BUNDLE 0',
      'm=video 9 UDP/TLS/RTP/SAVPF 96',
      'c=IN IP4 0.0.0.0',
      ...remote.candidates.map((candidate) => `a=candidate:${candidate}`),
      `a=ice-ufrag:${remote.ufrag}`,
      `a=ice-pwd:${remote.pwd}`,
      `a=fingerprint:${remote.fingerprint}`,
      'a=setup:passive',
      'a=mid:0',
      'a=sendrecv',
      'a=rtcp-mux',
      'a=rtpmap:96 VP8/90000',
    ];
    this.#connection.setRemoteDescription(`${lines.join('\r\n')}\r\n`, 'answer');
    await opened;
  }

  /** Sends one RTP or RTCP packet, or counts that it could not. */
  send(packet: Buffer): void {
    if (this.#closed) return;
    try {
      if (!this.#track.sendMessageBinary(packet)) this.#refused += 1;
    } catch {
      // The library throws for a number older than the replay window and for a connection that is just closing: both lose one packet.
      this.#refused += 1;
    }
  }

  /** Idempotent. Says nothing to the other side beyond DTLS's own alert. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#track.close();
    this.#connection.close();
  }

  #lost(state: string): void {
    if (!this.#closed) this.#handlers.onLost(`The connection is ${state}.`);
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
