/** A bad uplink: packets are lost, late and out of order, the same ones in every run of a seed. */

export interface Impairment {
  /** 0–1. */
  readonly loss: number;
  readonly delayMs: number;
  /** Each packet is up to this much later still. */
  readonly jitterMs: number;
  readonly seed: number;
}

/** Numbers in [0, 1), repeatable (xorshift32, Marsaglia 2003). */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
};

/** Wraps a way to send. Retransmissions go through it too, and are lost just as well. */
export const impair = (impairment: Impairment, send: (packet: Buffer) => void): ((packet: Buffer) => void) => {
  const random = seededRandom(impairment.seed);
  return (packet) => {
    if (random() < impairment.loss) return;
    const lateMs = impairment.delayMs + random() * impairment.jitterMs;
    if (lateMs < 1) send(packet);
    else setTimeout(send, lateMs, packet);
  };
};
