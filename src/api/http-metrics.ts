/** Counts what the HTTP side does: requests by route and status, their duration, open room sockets. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export class HttpMetrics {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: 'roomtape_http_requests_total',
    help: 'Requests answered.',
    labelNames: ['method', 'route', 'status'],
    registers: [this.#registry],
  });
  readonly #seconds = new Histogram({
    name: 'roomtape_http_request_duration_seconds',
    help: 'Time from request to answer.',
    labelNames: ['method', 'route'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [this.#registry],
  });
  readonly #sockets = new Gauge({
    name: 'roomtape_room_sockets',
    help: 'Open room sockets.',
    registers: [this.#registry],
  });

  /** `route` is the pattern, not the path: labels stay few. */
  answered(method: string, route: string, status: number, seconds: number): void {
    this.#requests.inc({ method, route, status: String(status) });
    this.#seconds.observe({ method, route }, seconds);
  }

  sockets(open: number): void {
    this.#sockets.set(open);
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
