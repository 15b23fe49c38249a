/**
 * Calls endpoints. What is to be told, to whom and when stands in the database; this does what is due and writes down what came of it.
 *
 * Invariants:
 * 1. At least once: a call is marked after the answer. Whoever dies in between is followed by another attempt with the same id.
 * 2. In order per recording and endpoint: `takeDueCalls` gives out the first that waits in a lane.
 * 3. An endpoint that is slow, hangs or fails delays nobody else: each origin has few slots, one that fails has a single one, and an
 *    attempt is bounded in time.
 *
 * States: open → closing → closed. Closing breaks off what takes longer than a moment; it is due again at once, for the next server.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Catalog } from '../catalog/catalog.ts';
import {
  type Answer,
  callDelivered,
  callFailed,
  type DueCall,
  endpointGone,
  nextCallDue,
  takeDueCalls,
} from '../catalog/webhook-calls.ts';
import type { Logger } from '../support/log.ts';
import type { WebhookMetrics } from './metrics.ts';
import { type NextStep, nextStep } from './next-step.ts';
import { type PostOutcome, post, type Reach } from './post.ts';
import { signatureHeaders } from './signatures.ts';
import type { SigningKeys } from './signing-keys.ts';
import { type FileUrlOf, toWireEvent, webhookBody } from './wire-event.ts';

/** Attempts under way: each is a socket and a few kilobytes. */
const MOST_AT_ONCE = 128;
/** To one scheme, host and port. */
const MOST_PER_ORIGIN = 8;
/** To one whose last attempt failed: enough to see when it is back. */
const MOST_TO_FAILING = 1;
/** Of failing origins, so many are remembered. */
const MOST_REMEMBERED = 10_000;
/** After the time limit of an attempt, its holder is taken for dead. */
const LOST_AFTER_MS = 15_000;
/** A server that ends waits so long for answers. */
const CLOSING_MS = 2_000;

export interface WebhookSenderOptions {
  readonly catalog: Catalog;
  readonly keys: Pick<SigningKeys, 'inForce'>;
  readonly reach: Reach;
  readonly fileUrlOf: FileUrlOf;
  /** Of one attempt. */
  readonly timeoutMs: number;
  /** For so long after an event it is tried. */
  readonly windowMs: number;
  readonly metrics: WebhookMetrics;
  readonly log: Logger;
  readonly now?: () => Date;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

export class WebhookSender {
  readonly #options: WebhookSenderOptions;
  readonly #now: () => Date;
  readonly #underWay = new Set<Promise<void>>();
  readonly #slots = new Map<string, number>();
  /** Origins whose last attempt failed, oldest first. */
  readonly #failing = new Set<string>();
  readonly #closing = new AbortController();
  #taking: Promise<Date | null> = Promise.resolve(null);
  #woken: Promise<void> | undefined;
  #stopped = false;
  #closed: Promise<void> | undefined;

  constructor(options: WebhookSenderOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => new Date());
  }

  /** Begins every call that is due. Resolves with when the next will be, without waiting for answers; null: nothing waits. */
  sendDue(): Promise<Date | null> {
    const taken = this.#taking.then(() => this.#sendDue());
    this.#taking = taken.catch(() => null);
    return taken;
  }

  /** Something may have become due. Returns at once; what fails is logged, and made up for by the next call. */
  wake(): void {
    this.#woken ??= Promise.resolve().then(async () => {
      this.#woken = undefined;
      try {
        await this.sendDue();
      } catch (error) {
        this.#options.log.warn({ err: error }, 'Webhooks that are due could not be read.');
      }
    });
  }

  /** Resolves when nothing is under way and nothing more is due. */
  async settled(): Promise<void> {
    for (;;) {
      const [woken, taking] = [this.#woken, this.#taking];
      await woken;
      await taking;
      await Promise.all(this.#underWay);
      // What ended has woken us again.
      if (this.#woken === undefined && this.#taking === taking && this.#underWay.size === 0) return;
    }
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#stopped = true;
    await this.#taking;
    const patience = new AbortController();
    const late = pause(CLOSING_MS, undefined, { signal: patience.signal }).catch(() => undefined); // they were in time
    await Promise.race([Promise.all(this.#underWay), late]);
    patience.abort();
    this.#closing.abort();
    await Promise.all(this.#underWay);
  }

  async #sendDue(): Promise<Date | null> {
    const { catalog, timeoutMs } = this.#options;
    for (;;) {
      const limit = MOST_AT_ONCE - this.#underWay.size;
      if (this.#stopped) return null;
      if (limit <= 0) break;
      const now = this.#now();
      const lostAt = new Date(now.getTime() + timeoutMs + LOST_AFTER_MS);
      const due = await takeDueCalls(catalog, { now, lostAt, exceptOrigins: this.#saturated(), limit });
      if (due.length === 0) break;
      for (const one of due) this.#begin(one);
    }
    return nextCallDue(catalog, this.#now());
  }

  #saturated(): string[] {
    return [...this.#slots].flatMap(([origin, used]) => {
      const most = this.#failing.has(origin) ? MOST_TO_FAILING : MOST_PER_ORIGIN;
      return used >= most ? [origin] : [];
    });
  }

  #begin(due: DueCall): void {
    const { origin } = due.call;
    this.#slots.set(origin, (this.#slots.get(origin) ?? 0) + 1);
    const work = this.#attempt(due)
      .catch((error: unknown) =>
        this.#options.log.error({ err: error, event: due.event.id }, 'A webhook could not be sent; it is tried again.'),
      )
      .finally(() => {
        this.#underWay.delete(work);
        const used = (this.#slots.get(origin) ?? 1) - 1;
        if (used > 0) this.#slots.set(origin, used);
        else this.#slots.delete(origin);
        // The next in its lane, or of its origin, may go.
        if (!this.#stopped) this.wake();
      });
    this.#underWay.add(work);
  }

  async #attempt({ call, event }: DueCall): Promise<void> {
    const { keys, reach, fileUrlOf, timeoutMs, windowMs, metrics, random = Math.random } = this.#options;
    const body = webhookBody(toWireEvent(event, fileUrlOf));
    const at = this.#now();
    const headers = signatureHeaders(await keys.inForce(), { id: event.id, at, body });
    const begun = performance.now();
    const outcome = await post({ url: call.url, body, headers, timeoutMs, signal: this.#closing.signal }, reach);
    if (outcome.status === null && this.#closing.signal.aborted) return this.#brokenOff(call);
    const now = this.#now();
    const state = { attempts: call.attempts, refusals: call.refusals, inOrder: call.in_order, since: call.since };
    const step = nextStep(state, outcome, { now, windowMs, random: random() });
    metrics.attempted(step.kind, (performance.now() - begun) / 1000);
    this.#remember(call.origin, outcome);
    this.#tell(call, step, outcome);
    await this.#writeDown(call, step, { at: now, status: outcome.status, error: outcome.error });
  }

  /** An origin that answers is not failing, whatever it says. */
  #remember(origin: string, { status }: PostOutcome): void {
    this.#failing.delete(origin);
    if (status !== null && status < 500) return;
    this.#failing.add(origin);
    if (this.#failing.size <= MOST_REMEMBERED) return;
    for (const oldest of this.#failing) {
      this.#failing.delete(oldest);
      return;
    }
  }

  #tell({ event_id: event, origin, attempts }: DueCall['call'], step: NextStep, outcome: PostOutcome): void {
    const { log } = this.#options;
    // The whole URL may carry a secret.
    const about = { event, origin, attempts, status: outcome.status, error: outcome.error };
    if (step.kind === 'given-up') log.error(about, 'A webhook was given up. It can be sent again by hand.');
    else if (step.kind === 'gone') log.warn(about, 'An endpoint wants no more webhooks (410).');
    else log.debug(about, step.kind === 'delivered' ? 'A webhook was taken.' : 'A webhook was not taken.');
  }

  async #writeDown(call: DueCall['call'], step: NextStep, answer: Answer): Promise<void> {
    const { catalog } = this.#options;
    switch (step.kind) {
      case 'delivered':
        return callDelivered(catalog, call.id, answer);
      case 'gone':
        return endpointGone(catalog, call, answer);
      case 'given-up':
        return callFailed(catalog, call, answer, { status: 'given-up' });
      case 'retry':
        return callFailed(catalog, call, answer, { ...step, status: 'waiting' });
    }
  }

  /** We end; whoever comes after us tries it at once. */
  #brokenOff(call: DueCall['call']): Promise<void> {
    const now = this.#now();
    const error = 'This server ended before there was an answer.';
    const verdict = { dueAt: now, refusals: call.refusals, inOrder: call.in_order };
    return callFailed(this.#options.catalog, call, { at: now, status: null, error }, { ...verdict, status: 'waiting' });
  }
}
