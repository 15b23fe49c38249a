/**
 * A limit for the time in which nothing moves: an upload may take hours, a destination that takes nothing for a minute hangs.
 * `progressed()` begins the time anew; when it is over, `signal` aborts with a `DeliveryError`.
 */
import { DeliveryError } from '../domain/delivery.ts';

export interface IdleLimit extends Disposable {
  /** Of the limit, or of the one that was given. */
  readonly signal: AbortSignal;
  readonly progressed: () => void;
}

export const idleLimit = (idleMs: number, outer: AbortSignal): IdleLimit => {
  const over = new AbortController();
  const timer = setTimeout(
    () => over.abort(new DeliveryError(`It took nothing for ${Math.round(idleMs / 1000)} s: the connection was cut.`)),
    idleMs,
  );
  return {
    signal: AbortSignal.any([outer, over.signal]),
    progressed: () => void timer.refresh(),
    [Symbol.dispose]: () => clearTimeout(timer),
  };
};
