import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { checkDatabase, openCatalog } from '../../../src/catalog/database.ts';
import { type EmbeddedPostgres, openEmbeddedPostgres } from '../../../src/catalog/embedded-postgres.ts';
import { findRoom } from '../../../src/catalog/rooms.ts';
import { isAlive, silentLog, temporaryFolder, until } from './databases.ts';

const open = (dataDir: string) => openEmbeddedPostgres({ dataDir, log: silentLog });

/** A data folder that is gone after the test, with whatever runs on it. */
const dataFolder = (path = temporaryFolder()): string => {
  onTestFinished(async () => {
    if (existsSync(join(path, 'postgres.json'))) await (await open(path)).stop();
    rmSync(path, { recursive: true, force: true });
  });
  return path;
};

/** Making a cluster takes a second or more, so most cases share one; each leaves it stopped or running as it likes. */
const shared = temporaryFolder();
afterAll(async () => {
  await (await open(shared)).stop();
  rmSync(shared, { recursive: true, force: true });
});

/** The shared one, stopped. */
const stoppedShared = async (): Promise<string> => {
  await (await open(shared)).stop();
  return shared;
};

const portOf = ({ url }: EmbeddedPostgres): number => Number(new URL(url).port);

describe('the embedded Postgres', () => {
  it('starts, is found running, stops, and starts again on the same port', async () => {
    const dataDir = await stoppedShared();
    const first = await open(dataDir);
    expect(first.started).toBe(true);
    const second = await open(dataDir);
    expect(second).toMatchObject({ started: false, pid: first.pid, url: first.url });
    await second.stop();
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    await expect(checkDatabase(first.url)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    const third = await open(dataDir);
    expect(third).toMatchObject({ started: true, url: first.url });
    expect(await checkDatabase(third.url)).toMatch(/^18/);
  });

  it('is for us only: loopback, a password, files that nobody else may read', async () => {
    const dataDir = await stoppedShared();
    const postgres = await open(dataDir);
    expect(new URL(postgres.url).hostname).toBe('127.0.0.1');
    const addresses = listeningAddresses(portOf(postgres));
    expect(addresses).toEqual(['127.0.0.1']);
    const wrong = postgres.url.replace(/:[^:@]*@/, ':guess@');
    await expect(checkDatabase(wrong)).rejects.toThrow(/password authentication failed/);
    const trusting = postgres.url.replace(/:[^:@]*@/, '@');
    await expect(checkDatabase(trusting)).rejects.toThrow();
    for (const file of ['postgres.json', 'postgres.log'])
      expect(statSync(join(dataDir, file)).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, 'postgres')).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(dataDir, 'postgres.log'), 'utf8')).not.toContain(new URL(postgres.url).password);
  });

  it('survives kill -9 of who started it, and is adopted with all it holds', async () => {
    const dataDir = dataFolder();
    const child = spawn(process.execPath, [join(import.meta.dirname, 'open-and-die.ts'), dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const [, signal] = await once(child, 'close');
    expect(signal).toBe('SIGKILL');
    const { pid, started } = JSON.parse(said);
    expect(started).toBe(true);
    const adopted = await open(dataDir);
    expect(adopted).toMatchObject({ started: false, pid });
    const { catalog, close } = await openCatalog({ url: adopted.url, log: silentLog });
    expect(await findRoom(catalog, 'aaaa-bbbb-cccc')).not.toBeNull();
    await close();
    await adopted.stop();
    expect(isAlive(pid)).toBe(false);
  });

  it('starts again after it was killed itself', async () => {
    const dataDir = await stoppedShared();
    const first = await open(dataDir);
    process.kill(first.pid, 'SIGKILL');
    await until('it is dead', () => !isAlive(first.pid));
    expect(existsSync(join(dataDir, 'postgres/data/postmaster.pid'))).toBe(true);
    const second = await open(dataDir);
    expect(second).toMatchObject({ started: true, url: first.url });
    expect(second.pid).not.toBe(first.pid);
  });

  it('is not taken in by a pid file that names a living stranger, be it another Postgres', async () => {
    const dataDir = await stoppedShared();
    const first = await open(dataDir);
    const pidFile = join(dataDir, 'postgres/data/postmaster.pid');
    const lines = readFileSync(pidFile, 'utf8').split('\n');
    await first.stop();
    const stranger = await open(dataFolder());
    for (const pid of [process.pid, stranger.pid]) {
      writeFileSync(pidFile, [String(pid), ...lines.slice(1)].join('\n'));
      const again = await open(dataDir);
      expect(again).toMatchObject({ started: true, url: first.url });
      await again.stop();
    }
    expect(isAlive(stranger.pid)).toBe(true);
  });

  it('is opened by several at once: one starts it, the others find it', async () => {
    const dataDir = await stoppedShared();
    const all = await Promise.all(Array.from({ length: 4 }, () => open(dataDir)));
    expect(new Set(all.map(({ pid, url }) => `${pid} ${url}`)).size).toBe(1);
    expect(all.filter(({ started }) => started)).toHaveLength(1);
  });

  it('takes another port when its own is taken', async () => {
    const dataDir = await stoppedShared();
    const first = await open(dataDir);
    await first.stop();
    const thief = createServer().listen(portOf(first), '127.0.0.1');
    await once(thief, 'listening');
    onTestFinished(() => void thief.close());
    const second = await open(dataDir);
    expect(portOf(second)).not.toBe(portOf(first));
    expect((await open(dataDir)).url).toBe(second.url);
  });

  it('begins anew where making the cluster was cut short', async () => {
    const dataDir = dataFolder();
    mkdirSync(join(dataDir, 'postgres/data.new/base'), { recursive: true });
    expect((await open(dataDir)).started).toBe(true);
  });

  it('works below a folder that only we may enter', async () => {
    const parent = temporaryFolder();
    chmodSync(parent, 0o700);
    onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
    const dataDir = dataFolder(join(parent, 'data'));
    mkdirSync(dataDir);
    expect((await open(dataDir)).started).toBe(true);
    await (await open(dataDir)).stop();
    expect((await open(dataDir)).started).toBe(true);
  });

  it('says so when its password file is gone', async () => {
    const dataDir = await stoppedShared();
    renameSync(join(dataDir, 'postgres.json'), join(dataDir, 'elsewhere.json'));
    await expect(open(dataDir)).rejects.toThrow(/password file .* is gone/);
    renameSync(join(dataDir, 'elsewhere.json'), join(dataDir, 'postgres.json'));
  });

  it('says so when the cluster is of another major version', async () => {
    const dataDir = await stoppedShared();
    const file = join(dataDir, 'postgres/data/PG_VERSION');
    writeFileSync(file, '17\n');
    await expect(open(dataDir)).rejects.toThrow(/made by PostgreSQL 17; this Roomtape brings 18/);
    writeFileSync(file, '18\n');
  });
});

/** Addresses on which a TCP port is listened to, from the kernel's tables. */
const listeningAddresses = (port: number): string[] => {
  const LISTEN = '0A';
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) =>
    readFileSync(table, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => local?.endsWith(`:${hex}`) && state === LISTEN)
      .map(([, local = '']) => (local.length > 13 ? local : Buffer.from(local.slice(0, 8), 'hex').reverse().join('.'))),
  );
};
