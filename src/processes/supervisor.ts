/**
 * The supervisor: starts Postgres, the media process and the server, restarts what dies, ends all in order. It does nothing else, so
 * that it has no reason to die. Order and limits: docs/shutdown.md.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Config } from '../config/config.ts';
import { type Credentials, loadCredentials } from '../config/credentials.ts';
import { makeServerFolders } from '../config/data-folder.ts';
import { listen, Peer } from '../support/ipc.ts';
import { type Lock, takeLock } from '../support/lock.ts';
import { createLogger, type Logger } from '../support/log.ts';
import { Scope } from '../support/scope.ts';
import { bareEnvironment } from './environment.ts';
import { type Isolation, prepareIsolation, RUNS_AS_ROOT, spawnAs } from './isolation.ts';
import { endOutdatedMedia, mediaSettingsOf, rememberMediaSettings } from './media-in-force.ts';
import { handOverOtherVersion } from './media-version.ts';
import { type DataPaths, dataPaths } from './paths.ts';
import { keepPostgres } from './postgres-keeper.ts';
import { mediaSettled } from './running-media.ts';
import { Sibling } from './sibling.ts';

const STEP_LIMIT_MS = 10_000;

export interface Supervised {
  /**
   * Resolves with the address when the server listens. Rejects with a sentence where server or media process cannot even start once
   * (a port is taken, the database is away): better said and ended than tried for ever. Where a media process was adopted people may
   * be talking: then it is tried for ever.
   */
  readonly listening: Promise<string>;
  /** Ends everything in order. Idempotent. */
  close(): Promise<void>;
  /** Ends the server in order and lets media and Postgres run, for the next supervisor to adopt: an upgrade that no room notices. */
  leave(): Promise<void>;
  /** Ends everything at once. */
  kill(): void;
}

/** Starts everything. Rejects with a sentence if another supervisor has the data folder. */
export const supervise = async (config: Config): Promise<Supervised> => {
  const log = createLogger('supervisor', config.logLevel);
  makeServerFolders(config.dataDir);
  const paths = dataPaths(config.dataDir);
  const scope = new Scope();
  try {
    scope.own('lock', lockOf(paths), (lock) => lock.release());
    const { credentials, created } = await loadCredentials(config);
    if (created) log.info({ file: join(paths.root, 'credentials.json') }, 'Made an API key and secret.');
    const ready = Promise.withResolvers<string>();
    const cannotStart = (words: string): void => {
      if (!media.adopted) ready.reject(new Error(words));
    };
    const socket = await openSocket(paths, { onListening: ready.resolve, onFailed: cannotStart });
    scope.own('supervisor socket', socket, (open) => open.close());
    mkdirSync(dirname(paths.mediaSocket), { recursive: true, mode: 0o700 });
    await mediaSettled(paths, log);
    // Before Postgres: it is started as a user who can pass the data folder as this leaves it, not as it was found.
    const isolation = prepareIsolation(paths, config.rtc.port);
    if (isolation.obstacle !== undefined) log.warn({ reason: isolation.obstacle }, RUNS_AS_ROOT);
    const { dataDir } = config;
    const postgres = config.databaseUrl
      ? { url: config.databaseUrl, close: async () => undefined, leave: async () => undefined }
      : await keepPostgres({ dataDir, log, onMoved: () => server.kill() });
    let isLeft = false;
    scope.own('postgres', postgres, () => (isLeft ? postgres.leave() : postgres.close()));
    const server: Sibling = new Sibling({
      name: 'server',
      pidFile: join(paths.run, 'server.pid'),
      spawn: () => spawnServer(paths, postgres.url, credentials),
      log,
    });
    const media: Sibling = new Sibling({
      name: 'media',
      pidFile: paths.mediaPid,
      socketPath: paths.mediaSocket,
      spawn: () => spawnMedia(config, paths, isolation, log),
      onDeath: () => cannotStart('The media process could not start: what it said stands above.'),
      log,
    });
    scope.own('server', server, () => server.stop(STEP_LIMIT_MS));
    scope.own('media', media, async () => {
      if (isLeft) return;
      await media.stop(STEP_LIMIT_MS);
      rmSync(paths.mediaSettings, { force: true });
      rmSync(dirname(paths.mediaSocket), { recursive: true, force: true });
    });
    await handOverOtherVersion(paths, log);
    await endOutdatedMedia(config, paths, log);
    await media.start();
    await server.start();
    const end = (): Promise<void> => {
      // Some service managers signal all processes of a service at once: what ends before its turn is not wanted back.
      server.retire();
      media.retire();
      return scope.close();
    };
    return {
      listening: ready.promise,
      close: end,
      leave: () => {
        isLeft = true;
        return end();
      },
      kill: () => {
        server.retire();
        media.retire();
        media.kill();
        server.kill();
      },
    };
  } catch (error) {
    await scope.close();
    throw error;
  }
};

const entry = (name: string): string => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));

const serverNews = z.union([z.object({ listening: z.string() }), z.object({ failed: z.string() })]);

/** One data folder, one supervisor. Throws with a sentence if there is another. */
const lockOf = (paths: DataPaths): Lock => {
  const lock = takeLock(paths.lock);
  if (lock) return lock;
  throw new Error(
    `Another Roomtape serves the data folder "${paths.root}". End it, or choose another with ROOMTAPE_DATA_DIR.`,
  );
};

/** The line by which the server tells how its start went, and learns that we are gone. Closed, it hangs up on whoever is still there. */
const openSocket = async (
  paths: DataPaths,
  { onListening, onFailed }: { onListening: (url: string) => void; onFailed: (words: string) => void },
): Promise<{ close(): Promise<void> }> => {
  const peers = new Set<Peer>();
  const server = await listen(paths.supervisorSocket, (socket) => {
    const peer: Peer = new Peer(socket, {
      onClose: () => peers.delete(peer),
      onEvent: (event) => {
        const { success, data: news } = serverNews.safeParse(event);
        if (!success) return; // of a server of another version: it does its work all the same
        if ('listening' in news) onListening(news.listening);
        else onFailed(news.failed);
      },
    });
    peers.add(peer);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const peer of peers) peer.close();
      }),
  };
};

const spawnServer = (paths: DataPaths, databaseUrl: string, credentials: Credentials): ChildProcess =>
  // Its parent's pid: should we die before it has found us, it must not take our successor for us.
  spawn(process.execPath, [entry('server'), String(process.pid)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      ROOMTAPE_DATABASE_URL: databaseUrl,
      ROOMTAPE_API_KEY: credentials.apiKey,
      ROOMTAPE_API_SECRET: credentials.apiSecret,
      ROOMTAPE_DATA_DIR: paths.root,
    },
  });

const spawnMedia = (config: Config, paths: DataPaths, isolation: Isolation, log: Logger): ChildProcess => {
  const settings = mediaSettingsOf(config, paths, isolation.obstacle === undefined && process.getuid?.() === 0);
  rememberMediaSettings(paths, settings, log);
  return spawnAs(isolation.media, entry('media'), {
    stdio: ['ignore', 'inherit', 'inherit'],
    // Its own process group: Ctrl-C in a terminal reaches the supervisor alone, which ends the others in order.
    detached: true,
    env: bareEnvironment({ ROOMTAPE_MEDIA: JSON.stringify(settings) }),
  });
};
