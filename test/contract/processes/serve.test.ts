/** `roomtape serve` as whoever runs it meets it: what it says when it cannot start, and what it leaves when it is told to end. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../src/cli/server-child.ts';
import { Scope } from '../../../src/support/scope.ts';
import { processesOf } from '../../support/running.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

let scope: Scope;
let folder: string;
beforeEach(() => {
  scope = new Scope();
  folder = mkdtempSync(join(tmpdir(), 'roomtape-serve-'));
  scope.own('folder', folder, () => rmSync(folder, { recursive: true, force: true }));
});
afterEach(() => scope.close());

interface Run {
  readonly child: ChildProcess;
  /** Both streams so far. */
  readonly said: () => string;
  readonly exited: Promise<number | NodeJS.Signals | null>;
}

const run = (environment: Record<string, string> = {}, args = ['serve']): Promise<Run> =>
  start(process.execPath, [MAIN, ...args], folder, environment);

const start = async (
  program: string,
  args: readonly string[],
  cwd: string,
  environment: Record<string, string> = {},
): Promise<Run> => {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd,
    env: {
      PATH: process.env.PATH,
      ROOMTAPE_DATA_DIR: join(folder, 'data'),
      ROOMTAPE_PORT: String(await freePort(false)),
      ROOMTAPE_RTC_PORT: String(await freePort(true)),
      ROOMTAPE_RTC_BIND_ADDRESS: '127.0.0.1',
      ...environment,
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      said += String(chunk);
    });
  }
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  scope.own('child', child, async () => {
    child.kill('SIGTERM');
    await exited;
  });
  return { child, said: () => said, exited };
};

const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';
const LIMIT = { timeout: 30_000, interval: 20 };
const runFolder = () => join(folder, 'data', 'run');

/** Nothing of this data folder runs any more, and nothing is left that says so. */
const expectNothingLeft = (data = join(folder, 'data')): void => {
  const left = existsSync(join(data, 'run')) ? readdirSync(join(data, 'run')) : [];
  expect(left).toEqual([]);
  expect(existsSync(join(data, 'postgres', 'data', 'postmaster.pid'))).toBe(false);
  expect(existsSync(join(data, 'postgres', 'data.new'))).toBe(false);
};

describe('a server that is told to end', () => {
  it('while it is being started ends in order, and leaves nothing running', async () => {
    const server = await run();
    await expect.poll(() => existsSync(join(runFolder(), 'supervisor.sock')), LIMIT).toBe(true);
    server.child.kill('SIGTERM');
    expect(await server.exited).toBe(0);
    expect(server.said()).not.toContain('Roomtape listens');
    expectNothingLeft();
  });

  it('together with its processes, as some service managers do, starts none of them again', async () => {
    const server = await run();
    await expect.poll(server.said, LIMIT).toContain('Roomtape listens');
    const pids = ['server', 'media'].map((name) => Number(readFileSync(join(runFolder(), `${name}.pid`), 'utf8')));
    if (process.platform === 'linux') {
      for (const pid of pids) expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Umask:\s+0077$/m);
    }
    server.child.kill('SIGTERM');
    for (const pid of pids) process.kill(pid, 'SIGTERM');
    expect(await server.exited).toBe(0);
    expect(server.said()).not.toContain('started again');
    expectNothingLeft();
  });

  it('by one key, of which npm makes two signals, ends in order', async () => {
    const server = await run();
    await expect.poll(server.said, LIMIT).toContain('Roomtape listens');
    server.child.kill('SIGINT');
    server.child.kill('SIGINT');
    expect(await server.exited).toBe(0);
    expect(server.said()).toContain('"why":"SIGTERM","msg":"The media process ends."');
    expectNothingLeft();
  });

  it('through npm hears of it', async () => {
    const server = await start('npm', ['start', '--ignore-scripts'], ROOT);
    await expect.poll(server.said, LIMIT).toContain('Roomtape listens');
    server.child.kill('SIGTERM');
    await server.exited;
    expect(server.said()).toContain('Ending in order');
    expectNothingLeft();
  });
});

describe('a server that is upgraded', () => {
  it('leaves media and Postgres to the next one, which adopts them', async () => {
    const ports = { ROOMTAPE_RTC_PORT: String(await freePort(true)) };
    const first = await run(ports);
    await expect.poll(first.said, LIMIT).toContain('Roomtape listens');
    const media = readFileSync(join(runFolder(), 'media.pid'), 'utf8');
    first.child.kill('SIGUSR2');
    // What is left holds its standard output: it is over, and not closed.
    await expect.poll(() => first.child.exitCode, LIMIT).toBe(0);
    expect(() => process.kill(Number(media), 0)).not.toThrow();
    const second = await run(ports);
    await expect.poll(second.said, LIMIT).toContain('Roomtape listens');
    expect(second.said()).toContain('Adopted the running media process.');
    expect(second.said()).not.toContain('Postgres is running.');
    expect(readFileSync(join(runFolder(), 'media.pid'), 'utf8')).toBe(media);
    second.child.kill('SIGTERM');
    expect(await second.exited).toBe(0);
    expectNothingLeft();
  });
});

describe('a server that is told twice', () => {
  it('ends at once, with everything but the database, which ends by itself', async () => {
    const server = await run();
    await expect.poll(server.said, LIMIT).toContain('Roomtape listens');
    const pids = ['server', 'media'].map((name) => Number(readFileSync(join(runFolder(), `${name}.pid`), 'utf8')));
    // It cannot end in order: it does not run.
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    server.child.kill('SIGTERM');
    await expect.poll(server.said, LIMIT).toContain('once more to end at once');
    // A second signal within 300 ms counts as the same key.
    await expect
      .poll(
        () => {
          server.child.kill('SIGTERM');
          return server.child.exitCode ?? server.child.signalCode;
        },
        { ...LIMIT, interval: 350, timeout: 8_000 },
      )
      .not.toBeNull();
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow();
    // Whoever is killed leaves his sockets; the database has ended in order.
    expect(existsSync(join(folder, 'data', 'postgres', 'data', 'postmaster.pid'))).toBe(false);
  });
});

describe('a demo that is interrupted', () => {
  it('while its server is being started ends at once, and leaves nothing running', async () => {
    const out = join(folder, 'out');
    const demo = await run({ ROOMTAPE_DATA_DIR: '' }, ['demo', '--participants', '1', '--seconds', '5', '--out', out]);
    await expect.poll(() => existsSync(join(out, 'data', 'run', 'supervisor.sock')), LIMIT).toBe(true);
    demo.child.kill('SIGTERM');
    expect(await demo.exited).toBe(1);
    expect(lastLine(demo.said())).toBe('Interrupted.');
    expectNothingLeft(join(out, 'data'));
  });

  it('by Ctrl-C in a terminal, which reaches all of its processes and it twice, ends in order', async () => {
    const out = join(folder, 'out');
    const demo = await run({}, ['demo', '--participants', '1', '--seconds', '60', '--out', out]);
    // Its group is ours: a terminal's signal is given to it and its children one by one.
    await expect.poll(demo.said, { ...LIMIT, timeout: 60_000 }).toMatch(/Recording 60 s/);
    const group = [demo.child.pid ?? 0, ...childrenOf(demo.child.pid ?? 0)];
    for (const pid of group) process.kill(pid, 'SIGINT');
    demo.child.kill('SIGINT');
    expect(await demo.exited).toBe(1);
    expect(lastLine(demo.said())).toBe('Interrupted.');
    expectNothingLeft(join(out, 'data'));
  });
});

describe('a server that cannot start says so in its last line', () => {
  it('when the port of the API is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    scope.own('other', other, () => new Promise<void>((resolve) => other.close(() => resolve())));
    const address = other.address();
    const port = typeof address === 'object' && address ? String(address.port) : '';
    const server = await run({ ROOMTAPE_PORT: port });
    expect(await server.exited).toBe(1);
    expect(lastLine(server.said())).toBe(
      `Port ${port} of 127.0.0.1 is taken. Stop what uses it, or set ROOMTAPE_PORT.`,
    );
    expectNothingLeft();
  });

  it('when the port of media is taken', async () => {
    const first = await run();
    await expect.poll(first.said, LIMIT).toContain('Roomtape listens');
    const port = String((await portOfMedia(first)) ?? '');
    const second = await run({ ROOMTAPE_RTC_PORT: port, ROOMTAPE_DATA_DIR: join(folder, 'other') });
    expect(await second.exited).toBe(1);
    expect(second.said()).toMatch(new RegExp(`port ${port} on 127.0.0.1 cannot be used.*set ROOMTAPE_RTC_PORT`));
    expect(lastLine(second.said())).toContain('The media process could not start');
    const third = await run();
    expect(await third.exited).toBe(1);
    expect(third.said().trimEnd()).toMatch(/^Another Roomtape serves the data folder .*ROOMTAPE_DATA_DIR\.$/);
    expect(first.child.exitCode).toBeNull();
  });

  it('when the database is not there', async () => {
    const url = `postgres://user:swordfish@127.0.0.1:${await freePort(false)}/x`;
    const server = await run({ ROOMTAPE_DATABASE_URL: url });
    expect(await server.exited).toBe(1);
    expect(lastLine(server.said())).toMatch(
      /^The database at "127.0.0.1:\d+\/x" can't be reached: connect ECONNREFUSED/,
    );
    expect(server.said()).not.toContain('swordfish');
  });

  it('when settings or data folder cannot be used, without telling where in our code that was found', async () => {
    const typo = await run({ ROOMTAPE_PROT: '1' });
    expect(await typo.exited).toBe(1);
    expect(typo.said()).toMatch(/^The settings can't be used\.\n .*ROOMTAPE_PROT.*Did you mean ROOMTAPE_PORT\?\n$/);
    writeFileSync(join(folder, 'file'), '');
    const noFolder = await run({ ROOMTAPE_DATA_DIR: join(folder, 'file', 'data') });
    expect(await noFolder.exited).toBe(1);
    expect(noFolder.said()).toMatch(/^The data folder ".*file\/data" can't be used: ENOTDIR.*ROOMTAPE_DATA_DIR\.\n$/);
    if (process.platform !== 'linux') return;
    for (const [path, command] of [
      ['/proc/x', 'serve'],
      ['/proc', 'serve'],
      ['/proc/x', 'token'],
      ['/dev/null', 'token'],
    ] as const) {
      const nowhere = await run({ ROOMTAPE_DATA_DIR: path }, command === 'token' ? ['token', '--api'] : [command]);
      expect([path, command, await nowhere.exited]).toEqual([path, command, 1]);
      expect(nowhere.said()).toMatch(/^The data folder "\/.*" can't be used: ENO.*ROOMTAPE_DATA_DIR\.\n$/);
    }
  });

  it('when certificate and key are none', async () => {
    const tls = { ROOMTAPE_TLS_CERT: join(folder, 'cert.pem'), ROOMTAPE_TLS_KEY: join(folder, 'key.pem') };
    for (const file of Object.values(tls)) writeFileSync(file, 'no PEM');
    const server = await run(tls);
    expect(await server.exited).toBe(1);
    expect(lastLine(server.said())).toMatch(
      /^".*cert.pem" and ".*key.pem" are no PEM certificate and the key that belongs to it \(.*ROOMTAPE_TLS_KEY\.$/,
    );
    expectNothingLeft();
  });
});

describe('a data folder', () => {
  const settings = async () => ({
    ROOMTAPE_PORT: String(await freePort(false)),
    ROOMTAPE_RTC_PORT: String(await freePort(true)),
  });
  const ANOTHER = /^Another Roomtape serves the data folder .*ROOMTAPE_DATA_DIR\.\n$/;

  it('is served by one of two that are started at once, also right after the one before was killed', async () => {
    const same = await settings();
    const before = await run(same);
    await expect.poll(before.said, LIMIT).toContain('Roomtape listens');
    before.child.kill('SIGKILL');
    const both = [await run(same), await run(same)];
    await expect.poll(() => both.map(({ said }) => said()).join(''), LIMIT).toContain('Roomtape listens');
    await expect.poll(() => both.filter(({ child }) => child.exitCode === 1).length, LIMIT).toBe(1);
    const [refused, serving] = both[0]?.child.exitCode === 1 ? both : both.toReversed();
    expect(refused?.said()).toMatch(ANOTHER);
    serving?.child.kill('SIGTERM');
    expect(await serving?.exited).toBe(0);
    expectNothingLeft();
  });

  it('that everybody could enter, as mounted ones often are, is closed to others, and its database goes on', async (test) => {
    test.skip(process.getuid?.() !== 0 || process.platform !== 'linux', 'As root alone others get users of their own.');
    const data = join(folder, 'data');
    chmodSync(folder, 0o711);
    mkdirSync(data);
    chmodSync(data, 0o755);
    const server = await run();
    await expect.poll(server.said, LIMIT).toContain('Roomtape listens');
    expect(statSync(data).mode & 0o007).toBe(0);
    const { port, password } = JSON.parse(readFileSync(join(data, 'postgres.json'), 'utf8'));
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'roomtape', database: 'postgres', password });
    scope.own('client', client, () => client.end());
    // What Postgres does by itself every five minutes: a file that it can't open then ends it.
    client.on('error', () => undefined); // told by the query, too
    await client.connect();
    await client.query('checkpoint');
  });

  it('whose supervisor is killed while its media process is being started has one of each in the end', async () => {
    const same = await settings();
    for (let round = 0; round < 2; round++) {
      const before = await run(same);
      const pidFile = join(runFolder(), 'media.pid');
      await expect.poll(() => existsSync(pidFile), { ...LIMIT, interval: 5 }).toBe(true);
      before.child.kill('SIGKILL');
      const server = await run(same);
      await expect.poll(server.said, LIMIT).toContain('Roomtape listens');
      const running = (): Promise<string[]> => processesOf(join(folder, 'data'));
      const count = async (name: string) => (await running()).filter((line) => line.includes(name)).length;
      await expect.poll(() => count('processes/media.ts'), LIMIT).toBe(1);
      await expect.poll(() => count('processes/server.ts'), LIMIT).toBe(1);
      const [media = ''] = (await running()).filter((line) => line.includes('processes/media.ts'));
      expect(Number.parseInt(media, 10)).toBe(Number(readFileSync(pidFile, 'utf8')));
      server.child.kill('SIGTERM');
      expect(await server.exited).toBe(0);
      expectNothingLeft();
      expect(await running()).toEqual([]);
    }
  }, 90_000);

  it('whose media process was left by a killed supervisor gets one of the settings of now, where nobody is in a room', async () => {
    const old = await settings();
    const before = await run(old);
    await expect.poll(before.said, LIMIT).toContain('Roomtape listens');
    before.child.kill('SIGKILL');
    const now = { ...old, ROOMTAPE_RTC_PORT: String(await freePort(true)) };
    const server = await run(now);
    await expect.poll(server.said, LIMIT).toContain('Roomtape listens');
    expect(server.said()).toContain('has other settings and nobody to serve');
    expect(await portOfMedia(server)).toBe(Number(now.ROOMTAPE_RTC_PORT));
    const sane = await run(now, ['doctor']);
    await sane.exited;
    expect(sane.said()).not.toContain('its settings');
    const changed = await run({ ...now, ROOMTAPE_RTC_TCP: 'false' }, ['doctor']);
    await changed.exited;
    expect(changed.said()).toMatch(/^! its settings: .*earlier ROOMTAPE_RTC_TCP: people may be talking/m);
  });
});

describe('roomtape doctor', () => {
  it('says what is wrong with the data folder, and goes on', async () => {
    writeFileSync(join(folder, 'file'), '');
    const doctor = await run({ ROOMTAPE_DATA_DIR: join(folder, 'file', 'data') }, ['doctor']);
    expect(await doctor.exited).toBe(1);
    expect(doctor.said()).toMatch(
      /^✖ disk: The data folder ".*file\/data" can't be used: ENOTDIR.*ROOMTAPE_DATA_DIR\.$/m,
    );
    expect(doctor.said()).toContain('✔ fonts: ');
    const full = await run({ ROOMTAPE_MIN_FREE_DISK: '900TB' }, ['doctor']);
    expect(await full.exited).toBe(1);
    expect(full.said()).toMatch(/^✖ disk: .* GiB free .*recordings are refused below .*ROOMTAPE_MIN_FREE_DISK/m);
  });

  it('says what is wrong, whether a server runs or not', async () => {
    const port = String(await freePort(false));
    const rtcPort = String(await freePort(true));
    const settings = { ROOMTAPE_PORT: port, ROOMTAPE_RTC_PORT: rtcPort };
    const before = await run(settings, ['doctor']);
    expect(await before.exited).toBe(0);
    for (const about of [
      `TCP port ${port}`,
      `UDP port ${rtcPort}`,
      `TCP port ${rtcPort}`,
      'disk',
      'database',
      'fonts',
    ]) {
      expect(before.said()).toContain(`✔ ${about}: `);
    }
    const server = await run(settings);
    await expect.poll(server.said, LIMIT).toContain('Roomtape listens');
    const during = await run(settings, ['doctor']);
    expect(await during.exited).toBe(0);
    expect(during.said()).toContain(`✔ server: runs with this data folder and answers at http://127.0.0.1:${port}`);
    expect(during.said()).toContain('✔ its database: answers');
    expect(during.said()).toContain('✔ its media: connected');
    const elsewhere = await run({ ...settings, ROOMTAPE_PORT: String(await freePort(false)) }, ['doctor']);
    expect(await elsewhere.exited).toBe(1);
    expect(elsewhere.said()).toContain('✖ server: runs with this data folder, but does not answer');
    const tls = { ROOMTAPE_TLS_CERT: join(folder, 'cert.pem'), ROOMTAPE_TLS_KEY: join(folder, 'key.pem') };
    const wrong = await run({ ...settings, ...tls, ROOMTAPE_DATA_DIR: join(folder, 'other') }, ['doctor']);
    expect(await wrong.exited).toBe(1);
    for (const about of [`TCP port ${port}`, `UDP port ${rtcPort}`, `TCP port ${rtcPort}`]) {
      expect(wrong.said()).toContain(`✖ ${about}: is taken by another program`);
    }
    expect(wrong.said()).toMatch(/✖ HTTPS: ".*cert.pem" cannot be read: check ROOMTAPE_TLS_CERT/);
  });
});

describe('roomtape token', () => {
  it('prints a token and nothing else, and makes none that would be refused', async () => {
    const made = await run({}, ['token', '--room', 'abcd-efgh-1234', '--name', 'Ada', '--participant', 'ada-1']);
    expect(await made.exited).toBe(0);
    expect(made.said()).toMatch(/^No server has used this data folder yet: .*credentials.json"\.\n/);
    const again = await run({}, ['token', '--api']);
    expect(await again.exited).toBe(0);
    expect(again.said()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const refused: [string[], RegExp][] = [
      [['--name', 'Ada'], /^Say which room the token is for: .*--api for a REST token\)\.\n$/],
      [['--room', 'a', '--participant', 'a b'], /^--participant is "a b"; it must be 1 to 64 letters/],
      [['--room', 'a', '--api'], /^--api makes a token for all rooms/],
    ];
    for (const [args, words] of refused) {
      const command = await run({}, ['token', ...args]);
      expect([args, await command.exited]).toEqual([args, 1]);
      expect(command.said()).toMatch(words);
    }
  });
});

/** Children that a terminal's Ctrl-C would reach: those in the process group of their parent. As Linux tells; elsewhere none. */
const childrenOf = (parent: number): number[] => {
  const path = `/proc/${parent}/task/${parent}/children`;
  if (!existsSync(path)) return [];
  const groupOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[2];
  const pids = readFileSync(path, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  return pids.filter((pid) => groupOf(pid) === groupOf(parent));
};

/** The port is in the log line of the media process. */
const portOfMedia = async (server: Run): Promise<number | undefined> => {
  const line = server
    .said()
    .split('\n')
    .find((text) => text.includes('takes participants'));
  const match = /"port":(\d+)/.exec(line ?? '');
  return match ? Number(match[1]) : undefined;
};
