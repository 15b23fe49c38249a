/**
 * One direction's WebRTC connection: offers, answers, and a new connection when the old one dies. What is sent or received is the
 * plan's business (`publisher.ts`, `subscriber.ts`); this knows only when to negotiate and when to begin anew.
 *
 * Failures: `failed`, 1.5 s of `disconnected`, or 10 s without connecting begin a new connection (new ICE and DTLS, a new `connection`
 * value); so does an offer that is refused. Each time a little later, and from the third on `onHealth('blocked')` says so.
 */
import type { ClientMessage, ServerMessage } from '../../src/rooms/protocol.ts';
import { OfferQueue } from './offer-queue.ts';

export type Transport = 'publish' | 'subscribe';
export type OfferedTrack = Extract<ClientMessage, { type: 'offer' }>['tracks'][number];
type Answer = Extract<ServerMessage, { type: 'answer' }>;
/** `blocked`: several connections in a row came to nothing. */
export type MediaHealth = 'idle' | 'connecting' | 'connected' | 'blocked';

export interface ConnectionPlan {
  /** The former connection is gone; everything is to be put onto the next. */
  forget(): void;
  /** Brings the connection's transceivers up to what is wanted. False: nothing is wanted, no connection is needed. */
  prepare(peer: RTCPeerConnection): boolean;
  /** What every live m-line carries; called after the offer was applied, when mids are known. */
  describe(): OfferedTrack[];
  answered(tracks: Answer['tracks']): void;
  tuneOffer(sdp: string): string;
  tuneAnswer(sdp: string): string;
}

export interface MediaConnectionOptions {
  readonly transport: Transport;
  readonly plan: ConnectionPlan;
  readonly iceServers: () => RTCIceServer[];
  /** Sends; false where the socket is away. */
  readonly send: (message: ClientMessage) => boolean;
  readonly onHealth: (health: MediaHealth) => void;
}

const DISCONNECTED_MS = 1500;
const CONNECT_MS = 10_000;
const LONGEST_RESTART_MS = 8000;
const BLOCKED_AFTER = 3;

/** The first new connection at once, then ever later. */
export const restartDelayMs = (attempt: number): number =>
  attempt === 0 ? 0 : Math.min(LONGEST_RESTART_MS, 500 * 2 ** attempt);

/** The answer to an offer will not come, and is not missed. */
class AnswerLost extends Error {
  override readonly name = 'AnswerLost';
}

export class MediaConnection {
  readonly #options: MediaConnectionOptions;
  readonly #queue: OfferQueue;
  #peer: RTCPeerConnection | null = null;
  #connection = '';
  #awaiting: { requestId: string; resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #failures = 0;
  #onDiscard: (() => void) | null = null;
  #requests = 0;
  #unanswered = false;

  constructor(options: MediaConnectionOptions) {
    this.#options = options;
    this.#queue = new OfferQueue(
      () => this.#negotiate(),
      (error) => this.#offerFailed(error),
    );
  }

  /** The browser's connection, for statistics; null where none is needed. */
  get peer(): RTCPeerConnection | null {
    return this.#peer;
  }

  /** What is wanted has changed. */
  negotiate(): void {
    this.#queue.request();
  }

  /** An answer, or the error that an offer of ours caused. */
  receive(message: Extract<ServerMessage, { type: 'answer' | 'error' }>): void {
    const awaiting = this.#awaiting;
    if (awaiting === null || message.requestId !== awaiting.requestId) return;
    this.#awaiting = null;
    if (message.type === 'answer') awaiting.resolve(message);
    else awaiting.reject(new Error(`The server refused the offer: ${message.code}: ${message.message}`));
  }

  /** The socket is away: an answer under way will not come. */
  socketLost(): void {
    this.#loseAnswer('The socket closed before the answer came.');
  }

  /** The socket is back with the same participant: goes on where it was, or anew where the transport died meanwhile. */
  resume(): void {
    const state = this.#peer?.connectionState;
    if (state === 'failed' || state === 'disconnected' || state === 'closed') this.restart();
    else if (this.#unanswered || this.#peer === null) this.negotiate();
  }

  /** Begins a new connection in place of the present one. */
  restart(): void {
    this.#clearTimer();
    this.#discard();
    this.negotiate();
  }

  /** Ends the connection until something is negotiated again. Idempotent. */
  stop(): void {
    this.#clearTimer();
    this.#failures = 0;
    this.#unanswered = false;
    this.#discard();
  }

  #loseAnswer(why: string): void {
    const awaiting = this.#awaiting;
    this.#awaiting = null;
    awaiting?.reject(new AnswerLost(why));
  }

  #discard(): void {
    const peer = this.#peer;
    this.#peer = null;
    if (peer === null) return;
    this.#loseAnswer('The connection was replaced before the answer came.');
    this.#onDiscard?.();
    this.#onDiscard = null;
    peer.onconnectionstatechange = null;
    peer.close();
    this.#options.plan.forget();
  }

  #create(): RTCPeerConnection {
    this.#options.onHealth(this.#failures >= BLOCKED_AFTER ? 'blocked' : 'connecting');
    const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers: this.#options.iceServers() });
    this.#connection = crypto.getRandomValues(new Uint32Array(3)).join('-');
    peer.onconnectionstatechange = () => this.#changed(peer);
    this.#peer = peer;
    return peer;
  }

  async #negotiate(): Promise<void> {
    const isNew = this.#peer === null;
    const peer = this.#peer ?? this.#create();
    if (!this.#options.plan.prepare(peer) && isNew) {
      this.#discard();
      this.#options.onHealth('idle');
      return;
    }
    // Promises of a connection that is closed meanwhile stay pending for ever (W3C webrtc, 4.4.1.2): its end must end the wait.
    const discarded = new Promise<void>((resolve) => {
      this.#onDiscard = resolve;
    });
    try {
      await Promise.race([this.#exchange(peer), discarded]);
    } catch (error) {
      // What a replaced connection says no longer matters; an answer that is lost is asked for again by `resume`.
      if (peer === this.#peer && !(error instanceof AnswerLost)) throw error;
    }
  }

  async #exchange(peer: RTCPeerConnection): Promise<void> {
    const { plan } = this.#options;
    this.#unanswered = true;
    const offer = await peer.createOffer();
    await peer.setLocalDescription({ type: 'offer', sdp: plan.tuneOffer(offer.sdp ?? '') });
    if (peer !== this.#peer) return;
    if (peer.connectionState !== 'connected' && this.#timer === null) this.#restartUnlessConnected(CONNECT_MS);
    const answer = await this.#ask(peer.localDescription?.sdp ?? '');
    if (peer !== this.#peer) return;
    await peer.setRemoteDescription({ type: 'answer', sdp: plan.tuneAnswer(answer.sdp) });
    if (peer !== this.#peer) return;
    this.#unanswered = false;
    plan.answered(answer.tracks);
  }

  #ask(sdp: string): Promise<Answer> {
    const { transport, plan, send } = this.#options;
    this.#requests += 1;
    const requestId = `${transport}-${this.#requests}`;
    return new Promise((resolve, reject) => {
      this.#awaiting = { requestId, resolve, reject };
      const tracks = plan.describe();
      const isSent = send({ type: 'offer', requestId, transport, connection: this.#connection, sdp, tracks });
      if (!isSent) this.#loseAnswer('The socket is away.');
    });
  }

  #offerFailed(error: unknown): void {
    console.warn(`Negotiating to ${this.#options.transport} failed; a new connection is tried.`, error);
    this.#failed();
  }

  #changed(peer: RTCPeerConnection): void {
    if (peer !== this.#peer) return;
    switch (peer.connectionState) {
      case 'connected':
        this.#clearTimer();
        this.#failures = 0;
        this.#options.onHealth('connected');
        return;
      case 'disconnected':
        this.#options.onHealth('connecting');
        this.#restartUnlessConnected(DISCONNECTED_MS);
        return;
      case 'failed':
        this.#failed();
        return;
      case 'new':
      case 'connecting':
      case 'closed':
        return;
    }
  }

  #failed(): void {
    const delayMs = restartDelayMs(this.#failures);
    this.#failures += 1;
    this.#options.onHealth(this.#failures >= BLOCKED_AFTER ? 'blocked' : 'connecting');
    this.#clearTimer();
    this.#timer = setTimeout(() => this.restart(), delayMs);
  }

  #restartUnlessConnected(limitMs: number): void {
    this.#clearTimer();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#peer !== null && this.#peer.connectionState !== 'connected') this.#failed();
    }, limitMs);
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
