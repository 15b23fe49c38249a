/** What follows from the outcome of an attempt: taken, dropped, or tried again, and when. Pure. */
import { type Backoff, backoffMs } from '../domain/backoff.ts';
import type { PostOutcome } from './post.ts';

/** The second try comes soon, in case a receiver was just being restarted; one that is away for a day is found again within the hour. */
const BACKOFF: Backoff = { firstMs: 5_000, mostMs: 3_600_000 };
/**
 * An endpoint that answers, and refuses this event, holds up those behind it for so many attempts: about 15 seconds. A receiver that does
 * not know a type of event and says so would else never hear of the rest.
 */
export const REFUSALS_IN_ORDER = 3;

export type NextStep =
  | { readonly kind: 'delivered' }
  /** 410: it wants nothing any more. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'given-up' }
  | { readonly kind: 'retry'; readonly dueAt: Date; readonly refusals: number; readonly inOrder: boolean };

export interface CallState {
  /** This one included. */
  readonly attempts: number;
  readonly refusals: number;
  readonly inOrder: boolean;
  readonly since: Date;
}

/** 4xx says that this request is wrong; of these, the ones that tell of the moment are not (RFC 9110 §15.5, RFC 8470, RFC 6585). */
const isRefusal = (status: number): boolean => status >= 400 && status < 500 && ![408, 425, 429].includes(status);

/** `random` is uniform in [0, 1). */
export const nextStep = (
  call: CallState,
  { status, retryAfterMs }: PostOutcome,
  { now, windowMs, random }: { readonly now: Date; readonly windowMs: number; readonly random: number },
): NextStep => {
  if (status !== null && status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 410) return { kind: 'gone' };
  const wait = Math.max(backoffMs(BACKOFF, call.attempts, random), Math.min(retryAfterMs ?? 0, BACKOFF.mostMs));
  const dueAt = new Date(now.getTime() + wait);
  if (dueAt.getTime() > call.since.getTime() + windowMs) return { kind: 'given-up' };
  const refusals = call.refusals + (status !== null && isRefusal(status) ? 1 : 0);
  return { kind: 'retry', dueAt, refusals, inOrder: call.inOrder && refusals < REFUSALS_IN_ORDER };
};
