/** Structured logs: pino, one JSON line an entry, secrets redacted by key wherever they stand. */
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

const SECRET_KEYS = ['authorization', 'apiSecret', 'secret', 'password', 'token', 'resumeToken', 'preSignedUrl'];
/** Node's database driver hangs the connection on its errors: pages of it, and the key by which others could cancel its queries. */
const DRIVERS_CONNECTION = 'err.client';

/** A logger for one process. `name` is the process (`server`, `media`, …). Writes to standard error; standard output is for results. */
export const createLogger = (name: string, level: string): Logger =>
  pino(
    {
      name,
      level,
      redact: {
        paths: [...SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), DRIVERS_CONNECTION],
        censor: '[secret]',
      },
    },
    pino.destination({ fd: 2, sync: true }),
  );

/**
 * Counts a repeated complaint and logs it at most once a second with the count: a bad packet may come ten thousand times.
 */
export class RateLimitedLog {
  readonly #log: Logger;
  readonly #counts = new Map<string, { count: number; at: number }>();

  constructor(log: Logger) {
    this.#log = log;
  }

  warn(message: string, detail: Record<string, unknown> = {}): void {
    const now = performance.now();
    const entry = this.#counts.get(message) ?? { count: 0, at: Number.NEGATIVE_INFINITY };
    entry.count += 1;
    this.#counts.set(message, entry);
    if (now - entry.at < 1000) return;
    this.#log.warn({ ...detail, times: entry.count }, message);
    entry.count = 0;
    entry.at = now;
  }
}
