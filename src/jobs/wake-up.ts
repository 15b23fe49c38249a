/**
 * What a queue carries: wake-ups. One says that work of a kind may be due, perhaps about one id, perhaps only later; it never carries the
 * work itself. What is to be done, and when, stands in the tables: a queue that is lost loses nothing but time.
 */
export interface WakeUp {
  /** Letters and dashes. */
  readonly kind: string;
  /** What it is about; null: whatever of this kind is due. */
  readonly id: string | null;
  /** Not before; null: now. */
  readonly at: Date | null;
}

export interface WakeUpQueue {
  /** Begins to deliver. Resolves at once: a queue that can't be reached is tried again until it can. */
  open(deliver: (wakeUp: WakeUp) => void): void;
  /**
   * Resolves when the wake-up is in the queue; the same one twice may come once. Rejects when the queue can't be reached now, within
   * two seconds.
   */
  add(wakeUp: WakeUp): Promise<void>;
  /** Wake-ups that wait in it; rejects when it can't be reached. */
  waiting(): Promise<number>;
  /** Delivers no more; what waits stays in it. Idempotent. */
  close(): Promise<void>;
}
