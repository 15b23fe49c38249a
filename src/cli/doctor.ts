/**
 * `roomtape doctor`: looks at what a server of these settings needs, and says in plain words what is wrong and what to do. Exits 1 if
 * something would keep the server from working; warnings alone exit 0.
 */
import { accessSync, constants, existsSync, mkdirSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { networkInterfaces } from 'node:os';
import { checkDatabase } from '../catalog/database.ts';
import { openEmbeddedPostgres } from '../catalog/embedded-postgres.ts';
import { type Config, loadConfig } from '../config/config.ts';
import { dataPaths } from '../processes/paths.ts';
import { dial } from '../support/ipc.ts';
import { createLogger } from '../support/log.ts';
import type { Finding, Verdict } from './finding.ts';
import { freePorts } from './free-ports.ts';
import { runningServer } from './running-server.ts';

const GIB = 2 ** 30;
/** Below this an hour of four people no longer fits (journal and file together are about 5 GB an hour at 720p). */
const LITTLE_DISK_BYTES = 5 * GIB;

/** Prints one line a check; sets the exit code. */
export const runDoctor = async (): Promise<void> => {
  const config = loadConfig();
  const running = await isRunning(config);
  const findings = [
    ...(running ? await runningServer(config) : await freePorts(config)),
    disk(config),
    running ? undefined : await database(config),
    fonts(),
    browser(),
    addresses(config),
    tls(config),
  ].filter((finding) => finding !== undefined);
  const sign: Record<Verdict, string> = { ok: '✔', warning: '!', error: '✖' };
  for (const { about, verdict, words } of findings) console.log(`${sign[verdict]} ${about}: ${words}`);
  if (findings.some((finding) => finding.verdict === 'error')) process.exitCode = 1;
};

const isRunning = async (config: Config): Promise<boolean> => {
  if (!existsSync(config.dataDir)) return false;
  const peer = await dial(dataPaths(config.dataDir).supervisorSocket, {}).catch(() => undefined);
  peer?.close();
  return peer !== undefined;
};

const disk = (config: Config): Finding => {
  const about = 'disk';
  try {
    mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
    accessSync(config.dataDir, constants.W_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { about, verdict: 'error', words: `the data folder "${config.dataDir}" cannot be written: ${reason}` };
  }
  const { bavail, bsize } = statfsSync(config.dataDir);
  const free = bavail * bsize;
  const words = `${(free / GIB).toFixed(1)} GiB free in "${config.dataDir}"`;
  if (free < config.minFreeDiskBytes) {
    return {
      about,
      verdict: 'error',
      words: `${words}: recordings are refused below ${config.minFreeDiskBytes / GIB} GiB (ROOMTAPE_MIN_FREE_DISK)`,
    };
  }
  if (free < LITTLE_DISK_BYTES) return { about, verdict: 'warning', words: `${words}: about an hour of recording` };
  return { about, verdict: 'ok', words };
};

const database = async (config: Config): Promise<Finding> => {
  const about = 'database';
  try {
    if (config.databaseUrl) {
      const version = await checkDatabase(config.databaseUrl);
      return { about, verdict: 'ok', words: `PostgreSQL ${version} answers` };
    }
    const postgres = await openEmbeddedPostgres({ dataDir: config.dataDir, log: createLogger('doctor', 'silent') });
    try {
      const version = await checkDatabase(postgres.url);
      return { about, verdict: 'ok', words: `the embedded PostgreSQL ${version} starts and answers` };
    } finally {
      if (postgres.started) await postgres.stop();
    }
  } catch (error) {
    return { about, verdict: 'error', words: error instanceof Error ? error.message : String(error) };
  }
};

const fonts = (): Finding => {
  const require = createRequire(import.meta.url);
  try {
    require.resolve('@fontsource/noto-sans/files/noto-sans-latin-400-normal.woff2');
    return { about: 'fonts', verdict: 'ok', words: 'Noto Sans is installed' };
  } catch {
    return { about: 'fonts', verdict: 'error', words: 'the package @fontsource/noto-sans is missing: run npm ci' };
  }
};

const browser = (): Finding => {
  const found = ['/usr/lib/chromium/chromium', '/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) =>
    existsSync(path),
  );
  return found
    ? { about: 'browser', verdict: 'ok', words: `${found} (needed by the tests only)` }
    : {
        about: 'browser',
        verdict: 'warning',
        words: 'no Chromium: the scenario tests need one (apt-get install chromium), recording does not',
      };
};

const addresses = (config: Config): Finding => {
  const about = 'media address';
  if (config.rtc.announcedAddresses.length > 0) {
    return { about, verdict: 'ok', words: `browsers are told ${config.rtc.announcedAddresses.join(', ')}` };
  }
  const own = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter((address) => address.family === 'IPv4' && !address.internal)
    .map((address) => address.address);
  if (own.length === 0) {
    return {
      about,
      verdict: 'warning',
      words: 'this machine has no address but loopback: only browsers on it can join',
    };
  }
  const words = `browsers are told ${own.join(', ')}`;
  const container = existsSync('/.dockerenv');
  return container
    ? {
        about,
        verdict: 'warning',
        words: `${words}: this looks like a container; set ROOMTAPE_RTC_ANNOUNCED_ADDRESS to the host's address`,
      }
    : { about, verdict: 'ok', words: `${words}; behind NAT set ROOMTAPE_RTC_ANNOUNCED_ADDRESS to the public one` };
};

const tls = (config: Config): Finding => {
  for (const [file, setting] of [
    [config.tls?.certFile, 'ROOMTAPE_TLS_CERT'],
    [config.tls?.keyFile, 'ROOMTAPE_TLS_KEY'],
  ] as const) {
    if (file === undefined) continue;
    try {
      accessSync(file, constants.R_OK);
    } catch {
      return { about: 'HTTPS', verdict: 'error', words: `"${file}" cannot be read: check ${setting}` };
    }
  }
  const secure = config.tls !== undefined || (config.publicUrl?.startsWith('https:') ?? false);
  return secure
    ? { about: 'HTTPS', verdict: 'ok', words: 'configured' }
    : {
        about: 'HTTPS',
        verdict: 'warning',
        words:
          'not configured: browsers on other machines get no camera and microphone. Set ROOMTAPE_TLS_CERT and ROOMTAPE_TLS_KEY, or ROOMTAPE_PUBLIC_URL behind a proxy that ends TLS',
      };
};
