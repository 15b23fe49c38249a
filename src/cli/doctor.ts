/**
 * `roomtape doctor`: looks at what a server of these settings needs, and says in plain words what is wrong and what to do. Exits 1 if
 * something would keep the server from working; warnings alone exit 0.
 */
import { existsSync, statfsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { checkDatabase } from '../catalog/database.ts';
import { openEmbeddedPostgres } from '../catalog/embedded-postgres.ts';
import { missingFonts } from '../composition/font-files.ts';
import { type Config, loadConfig } from '../config/config.ts';
import { makeServerFolders } from '../config/data-folder.ts';
import { checkRedis } from '../jobs/check-redis.ts';
import { isolationObstacle, networkObstacle } from '../processes/isolation.ts';
import { outdatedMediaSettings, outdatedWords } from '../processes/media-in-force.ts';
import { dataPaths } from '../processes/paths.ts';
import { runningMedia } from '../processes/running-media.ts';
import { dial } from '../support/ipc.ts';
import { createLogger } from '../support/log.ts';
import { bucketFinding } from './bucket.ts';
import { certificate } from './certificate.ts';
import type { Finding, Verdict } from './finding.ts';
import { freePorts } from './free-ports.ts';
import { hearing } from './hearing.ts';
import { kept } from './kept.ts';
import { languageModelFinding } from './language-model.ts';
import { runningServer } from './running-server.ts';

const GIB = 2 ** 30;
/** Below this an hour of four people no longer fits (journal and file together are about 5 GB an hour at 720p). */
const LITTLE_DISK_BYTES = 5 * GIB;

/** Prints one line a check; sets the exit code. */
export const runDoctor = async (): Promise<void> => {
  const config = loadConfig();
  const folder = dataFolder(config);
  const running = folder === undefined && (await isRunning(config));
  const findings = [
    ...(running ? await runningServer(config) : await freePorts(config)),
    running ? mediaSettings(config) : undefined,
    folder === undefined ? isolation(config, running) : undefined,
    folder === undefined ? withoutNetwork(config) : undefined,
    folder ?? disk(config),
    folder ? undefined : kept(config),
    // The embedded database lies in the data folder.
    running || (folder !== undefined && !config.databaseUrl) ? undefined : await database(config),
    config.redisUrl ? await redis(config.redisUrl) : undefined,
    await bucketFinding(config),
    await hearing(config),
    await languageModelFinding(config),
    fonts(),
    browser(),
    addresses(config),
    https(config),
  ].filter((finding) => finding !== undefined);
  const sign: Record<Verdict, string> = { ok: '✔', warning: '!', error: '✖' };
  for (const { about, verdict, words } of findings) console.log(`${sign[verdict]} ${about}: ${words}`);
  if (findings.some((finding) => finding.verdict === 'error')) process.exitCode = 1;
};

const isRunning = async (config: Config): Promise<boolean> => {
  const peer = await dial(dataPaths(config.dataDir).supervisorSocket, {}).catch(() => undefined);
  peer?.close();
  return peer !== undefined;
};

/** What keeps the data folder from being used, if anything does. */
const dataFolder = (config: Config): Finding | undefined => {
  try {
    makeServerFolders(config.dataDir);
    return undefined;
  } catch (error) {
    return { about: 'disk', verdict: 'error', words: error instanceof Error ? error.message : String(error) };
  }
};

/** Of a media process that outlived its supervisor. */
const mediaSettings = (config: Config): Finding | undefined => {
  const names = outdatedMediaSettings(config, dataPaths(config.dataDir));
  return names.length === 0 ? undefined : { about: 'its settings', verdict: 'warning', words: outdatedWords(names) };
};

/** As whom the media process runs, or would. */
const isolation = (config: Config, running: boolean): Finding | undefined => {
  const about = 'isolation';
  const paths = dataPaths(config.dataDir);
  if (running) {
    const user = runningMedia(paths)?.user;
    if (user === undefined) return undefined;
    if (user !== process.getuid?.()) {
      return { about, verdict: 'ok', words: `the media process runs as a user of its own (${user})` };
    }
  }
  const obstacle = isolationObstacle(paths);
  if (obstacle === null && !running) {
    return { about, verdict: 'ok', words: 'the media process and compositors get users of their own' };
  }
  const reason = obstacle ?? 'it was started before that was possible: end Roomtape in order and start it again';
  const words = `the media process and compositors, which take bytes from the network, run as this user like the rest: ${reason}`;
  return { about, verdict: 'warning', words };
};

/** Whether those who take media apart can call anybody. Told where they are users of their own, or could be: root finds a way out. */
const withoutNetwork = (config: Config): Finding | undefined => {
  const about = 'network';
  if (process.getuid?.() === 0 && isolationObstacle(dataPaths(config.dataDir)) !== null) return undefined;
  const obstacle = networkObstacle();
  if (obstacle === null) {
    return { about, verdict: 'ok', words: 'compositors and transcribers are cut off from the network' };
  }
  const words = `compositors and transcribers, which take media apart, have the network of this system like the rest: ${obstacle}`;
  return { about, verdict: 'warning', words };
};

const disk = (config: Config): Finding => {
  const about = 'disk';
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

const redis = async (url: string): Promise<Finding> => {
  const about = 'queue';
  try {
    return { about, verdict: 'ok', words: `Redis ${await checkRedis(url)} answers` };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const words = `Redis does not answer at ROOMTAPE_REDIS_URL (${reason}): work that is due later waits for sweeps, up to a minute`;
    return { about, verdict: 'warning', words };
  }
};

const fonts = (): Finding => {
  const about = 'fonts';
  const missing = missingFonts();
  if (missing.length === 0) return { about, verdict: 'ok', words: 'all fonts for names are installed' };
  const words = `missing: ${missing.join(', ')}; names of people in their scripts cannot be written: run npm ci`;
  return { about, verdict: 'error', words };
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

const https = (config: Config): Finding => {
  const about = 'HTTPS';
  if (config.tls) return { about, ...certificate(config.tls) };
  if (config.publicUrl?.startsWith('https:'))
    return { about, verdict: 'ok', words: `ends in front of us, at ${config.publicUrl}` };
  return {
    about,
    verdict: 'warning',
    words:
      'not configured: browsers on other machines get no camera and microphone. Set ROOMTAPE_TLS_CERT and ROOMTAPE_TLS_KEY, or ROOMTAPE_PUBLIC_URL behind a proxy that ends TLS',
  };
};
