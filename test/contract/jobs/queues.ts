/**
 * The stores that the suite runs on, each a real server of its own that can be ended and started again at the same address: the embedded
 * Postgres, and Debian's Redis where it is installed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedPostgres, openEmbeddedPostgres } from '../../../src/catalog/embedded-postgres.ts';
import { freePort } from '../../../src/cli/server-child.ts';
import { postgresQueue, redisQueue } from '../../../src/jobs/bull-queue.ts';
import type { WakeUpQueue } from '../../../src/jobs/wake-up.ts';
import { createLogger } from '../../../src/support/log.ts';

const log = createLogger('test', 'silent');
const REDIS = '/usr/bin/redis-server';

export interface Store {
  readonly url: string;
  /** Another client of the same queue. */
  queue(): WakeUpQueue;
  /** Away, at once. */
  stop(): Promise<void>;
  /** There again, at the same address. */
  start(): Promise<void>;
  /** Ends it for good. */
  close(): Promise<void>;
}

export interface StoreKind {
  readonly name: 'postgres' | 'redis';
  /** Why it can't be run here; null if it can. */
  readonly missing: string | null;
  open(): Promise<Store>;
}

export const queueAt = (name: StoreKind['name'], url: string): WakeUpQueue =>
  name === 'postgres' ? postgresQueue({ url, log }) : redisQueue({ url, owner: 'test', log });

const postgres: StoreKind = {
  name: 'postgres',
  missing: null,
  open: async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'roomtape-queue-'));
    let running: EmbeddedPostgres = await openEmbeddedPostgres({ dataDir, log });
    const { url } = running;
    return {
      url,
      queue: () => queueAt('postgres', url),
      stop: () => running.stop(),
      start: async () => {
        running = await openEmbeddedPostgres({ dataDir, log });
        if (running.url !== url) throw new Error('Somebody took the port of the database meanwhile.');
      },
      close: async () => {
        await running.stop();
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  },
};

const redis: StoreKind = {
  name: 'redis',
  missing: existsSync(REDIS) ? null : `there is no "${REDIS}" (apt-get install redis-server)`,
  open: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roomtape-redis-'));
    const port = await freePort(false);
    const url = `redis://127.0.0.1:${port}`;
    let running: { child: ChildProcess; ended: Promise<unknown> } | undefined;
    const start = async (): Promise<void> => {
      const child = spawn(
        REDIS,
        ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes'],
        { stdio: ['ignore', 'pipe', 'ignore'] },
      );
      running = { child, ended: once(child, 'exit') };
      const ready = Promise.withResolvers<void>();
      let said = '';
      child.stdout.on('data', (chunk) => {
        said += String(chunk);
        if (said.includes('Ready to accept connections')) ready.resolve();
      });
      child.once('exit', () => ready.reject(new Error(`Redis ended: ${said}`)));
      await ready.promise;
    };
    const stop = async (): Promise<void> => {
      running?.child.kill('SIGKILL');
      await running?.ended;
    };
    await start();
    return {
      url,
      queue: () => queueAt('redis', url),
      stop,
      start,
      close: async () => {
        await stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};

export const STORES: readonly StoreKind[] = [postgres, redis];
