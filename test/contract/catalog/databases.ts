/**
 * The databases that the suite runs on: always the embedded one, and Debian's PostgreSQL 15, the oldest that is promised, where it is
 * installed. Each is a real server with a data folder of its own, reached by a connection string only.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkDatabase } from '../../../src/catalog/database.ts';
import { openEmbeddedPostgres } from '../../../src/catalog/embedded-postgres.ts';
import { createLogger } from '../../../src/support/log.ts';

export const silentLog = createLogger('test', 'silent');

export interface TestDatabase {
  readonly url: string;
  stop(): Promise<void>;
}

export interface TestDatabaseKind {
  readonly name: string;
  /** Why it can't be run here; null if it can. */
  readonly missing: string | null;
  start(): Promise<TestDatabase>;
}

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'roomtape-catalog-'));

const embedded: TestDatabaseKind = {
  name: 'embedded Postgres',
  missing: null,
  start: async () => {
    const dataDir = temporaryFolder();
    const postgres = await openEmbeddedPostgres({ dataDir, log: silentLog });
    return {
      url: postgres.url,
      stop: async () => {
        await postgres.stop();
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  },
};

const DEBIAN = '/usr/lib/postgresql/15/bin';

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
};

const debian15: TestDatabaseKind = {
  name: 'PostgreSQL 15 of Debian by DATABASE_URL',
  missing: existsSync(join(DEBIAN, 'postgres'))
    ? null
    : `there is no "${DEBIAN}/postgres" (apt-get install postgresql-15)`,
  start: async () => {
    const folder = temporaryFolder();
    const data = join(folder, 'data');
    const passwordFile = join(folder, 'password');
    mkdirSync(data, { mode: 0o700 });
    writeFileSync(passwordFile, 'correct-horse', { mode: 0o600 });
    const root = process.getuid?.() === 0;
    const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
    const identity = root ? { uid: id('-u'), gid: id('-g') } : {};
    if (root) {
      for (const path of [folder, data, passwordFile]) chownSync(path, identity.uid ?? 0, identity.gid ?? 0);
    }
    const options = { ...identity, cwd: '/', stdio: 'ignore' } as const;
    execFileSync(
      join(DEBIAN, 'initdb'),
      ['-D', data, '-U', 'operator', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--no-sync'],
      options,
    );
    const port = await freePort();
    const child = spawn(
      join(DEBIAN, 'postgres'),
      ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
      options,
    );
    const ended = once(child, 'exit');
    const url = `postgres://operator:correct-horse@127.0.0.1:${port}/postgres`;
    await until('PostgreSQL 15 answers', () => checkDatabase(url).then(Boolean, () => false));
    return {
      url,
      stop: async () => {
        child.kill('SIGINT');
        await ended;
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};

export const DATABASES: readonly TestDatabaseKind[] = [embedded, debian15];

/** Waits for a condition, at most so long. */
export const until = async (what: string, condition: () => unknown, limitMs = 20_000): Promise<void> => {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Not within ${limitMs} ms: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** True while the process runs; a zombie does not. */
export const isAlive = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z';
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return false;
    throw error;
  }
};
