/**
 * Keeps the embedded Postgres running: opened at start, looked after every two seconds, opened again when it has died. It may come back
 * at another address (somebody took its port meanwhile): then `onMoved` is told.
 */
import { openEmbeddedPostgres } from '../catalog/embedded-postgres.ts';
import type { Logger } from '../support/log.ts';

/** It rarely dies, and the server answers 503 in between. */
const CHECK_MS = 2_000;

export interface PostgresKeeper {
  /** Where it is now; password included. */
  readonly url: string;
  /** Fast shutdown. */
  close(): Promise<void>;
  /** Looks after it no more, and lets it run. */
  leave(): Promise<void>;
}

export const keepPostgres = async (options: {
  readonly dataDir: string;
  readonly onMoved: () => void;
  readonly log: Logger;
}): Promise<PostgresKeeper> => {
  const { dataDir, onMoved, log } = options;
  let postgres = await openEmbeddedPostgres({ dataDir, log });
  let checking: Promise<void> | undefined;
  const check = async (): Promise<void> => {
    try {
      const before = postgres.url;
      postgres = await openEmbeddedPostgres({ dataDir, log });
      if (postgres.url !== before) onMoved();
    } catch (error) {
      log.error({ err: error }, 'Postgres is gone and could not be started again.');
    }
  };
  const timer = setInterval(() => {
    checking ??= check().finally(() => {
      checking = undefined;
    });
  }, CHECK_MS);
  const leave = async (): Promise<void> => {
    clearInterval(timer);
    await checking;
  };
  return {
    get url() {
      return postgres.url;
    },
    leave,
    close: async () => {
      await leave();
      await postgres.stop();
    },
  };
};
