/** The clocks that a journal needs, as one thing that tests can replace. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface JournalClock {
  /** Monotonic nanoseconds: the axis of `process.hrtime.bigint()`. */
  monotonicNs(): bigint;
  /** Milliseconds since 1970. */
  wallMs(): number;
  /** Monotonic times compare only within one boot. */
  readonly bootId: string;
}

/**
 * The kernel's boot id. Where there is none (not Linux) every process counts as a boot of its own: the time axis of a journal that
 * is opened again is then recomputed from wall time, which is right, only less exact.
 */
const readBootId = (): string => {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return `process-${randomUUID()}`;
    throw error;
  }
};

export const createSystemClock = (): JournalClock => ({
  monotonicNs: () => process.hrtime.bigint(),
  wallMs: () => Date.now(),
  bootId: readBootId(),
});
