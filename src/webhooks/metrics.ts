/** Counts calls of endpoints: attempts by outcome, how long they took, what waits. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Catalog } from '../catalog/catalog.ts';
import { waitingCalls } from '../catalog/webhook-calls.ts';
import type { NextStep } from './next-step.ts';

export class WebhookMetrics {
  readonly #registry = new Registry();
  readonly #attempts = new Counter({
    name: 'roomtape_webhook_attempts_total',
    help: 'Calls of webhook endpoints, by what became of them.',
    labelNames: ['outcome'],
    registers: [this.#registry],
  });
  readonly #seconds = new Histogram({
    name: 'roomtape_webhook_attempt_duration_seconds',
    help: 'Time from dialling to the end of the answer.',
    buckets: [0.02, 0.1, 0.5, 2, 10, 60],
    registers: [this.#registry],
  });
  readonly #waiting = new Gauge({
    name: 'roomtape_webhook_calls_waiting',
    help: 'Calls that have not been taken yet.',
    registers: [this.#registry],
  });
  readonly #oldest = new Gauge({
    name: 'roomtape_webhook_oldest_waiting_seconds',
    help: 'Since when the one of them that waits longest has waited; 0: none waits.',
    registers: [this.#registry],
  });

  attempted(outcome: NextStep['kind'], seconds: number): void {
    this.#attempts.inc({ outcome });
    this.#seconds.observe(seconds);
  }

  /** Prometheus text. Without what the database would say, where it does not answer: figures are wanted most when something is wrong. */
  async text(catalog: Catalog, now: Date): Promise<string> {
    const waiting = await waitingCalls(catalog).catch(() => undefined);
    if (waiting) {
      this.#waiting.set(waiting.count);
      this.#oldest.set(waiting.since ? Math.max(0, (now.getTime() - waiting.since.getTime()) / 1000) : 0);
    }
    return this.#registry.metrics();
  }
}
