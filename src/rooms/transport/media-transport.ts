/**
 * One peer's connection: ICE, DTLS and SRTP done, raw RTP and RTCP in and out. What does it is exchangeable behind this interface.
 * States: `connecting` → `connected` → `ended`, or `connecting` → `ended`.
 */

/** What the peer's description says of its end. */
export interface RemoteParameters {
  readonly iceUfrag: string;
  readonly icePwd: string;
  /** `sha-256 AB:CD:…`. */
  readonly fingerprint: string;
}

/** What our answer says of ours. DTLS is passive always, ICE is controlled, the peer's candidates are never needed. */
export interface LocalParameters {
  readonly iceUfrag: string;
  readonly icePwd: string;
  readonly fingerprint: string;
  /** Values of `a=candidate` lines, without `candidate:`. */
  readonly candidates: readonly string[];
}

/** `closed` by us, `gone`: the peer ended DTLS or ICE failed, `failed`: never connected. */
export type TransportEnd = 'closed' | 'gone' | 'failed';

export interface TransportHandlers {
  onConnected(): void;
  /** One RTP or RTCP packet, decrypted. The buffer is the receiver's to keep and to change. `arrivalNs`: monotonic. */
  onPacket(packet: Buffer, arrivalNs: bigint): void;
  /** Once, last of all calls, also after `close()`. */
  onEnd(reason: TransportEnd): void;
}

export interface MediaTransport {
  readonly local: LocalParameters;
  readonly state: 'connecting' | 'connected' | 'ended';
  /** Sends one RTP or RTCP packet. False: not connected, or refused; media is not worth an exception. */
  send(packet: Buffer): boolean;
  /** Idempotent. `onEnd('closed')` is called before it returns. */
  close(): void;
}
