/** The media process's clocks, passed in so that tests can drive them. */
export interface Clock {
  /** Monotonic nanoseconds: the axis of packet arrival times and of the journal. */
  monotonicNs(): bigint;
  /** Wall clock, milliseconds since 1970: only for what people read. */
  wallMs(): number;
}

export const systemClock: Clock = {
  monotonicNs: () => process.hrtime.bigint(),
  wallMs: () => Date.now(),
};

/** Monotonic milliseconds, for time limits. */
export const monotonicMs = (clock: Clock): number => Number(clock.monotonicNs() / 1000n) / 1000;
