/**
 * `roomtape backup` and `roomtape restore`: the data folder, database included, as one consistent copy of the same shape, taken while the
 * product runs or while it does not.
 *
 * Order makes it consistent: the database first, then files. What the database names lies there already; what is finished later is made again
 * from its journal. Chunks that are being written are copied as far as they are: any prefix of a journal composes.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { findEmbeddedPostgres } from '../catalog/embedded-postgres.ts';
import { copyRunningPostgres } from '../catalog/postgres-backup.ts';
import { loadConfig } from '../config/config.ts';
import { dataPaths } from '../processes/paths.ts';
import { copyTree } from '../support/copy-tree.ts';
import { takeLock } from '../support/lock.ts';

/** What belongs to running processes, and what is copied apart. */
const NOT_COPIED = /^(?:run|lock|lock-journal|postgres)(?:\/|$)/;

const requireEmpty = async (folder: string, what: string): Promise<void> => {
  if (existsSync(folder) && (await readdir(folder)).length > 0) {
    throw new Error(`${what} "${folder}" is not empty: name one that is, or that is not there yet.`);
  }
};

/** Writes a backup into a folder that is empty or not there yet. Rejects with a sentence. */
export const runBackup = async (folder: string): Promise<void> => {
  const config = loadConfig();
  const to = resolve(folder);
  const root = resolve(config.dataDir);
  if (!existsSync(root)) throw new Error(`There is no data folder "${root}" (ROOMTAPE_DATA_DIR): nothing to back up.`);
  if (`${to}/`.startsWith(`${root}/`)) throw new Error(`"${to}" lies in the data folder itself: name another.`);
  await requireEmpty(to, 'The folder');
  await mkdir(to, { recursive: true, mode: 0o700 });
  const database = config.databaseUrl
    ? 'not included: it is your own (pg_dump it before, not after)'
    : await copyDatabase(root, to);
  await copyTree(root, to, { leavesOut: (path) => NOT_COPIED.test(path) });
  console.log(`Backed up "${root}" to "${to}".\n  database          ${database}`);
};

/** Resolves with how. */
const copyDatabase = async (root: string, to: string): Promise<string> => {
  const data = join(root, 'postgres', 'data');
  const running = await findEmbeddedPostgres(root);
  if (running) {
    await mkdir(join(to, 'postgres'), { mode: 0o700 });
    await copyRunningPostgres(running.url, data, join(to, 'postgres', 'data'));
    return 'copied while it runs';
  }
  // Nobody may start it while it is copied as it lies there.
  const lock = takeLock(dataPaths(root).lock);
  if (!lock) throw new Error('Roomtape is being started or ended at this moment: try again when it runs, or does not.');
  try {
    await copyTree(join(root, 'postgres'), join(to, 'postgres'));
    return 'copied while it did not run';
  } finally {
    lock.release();
  }
};

/** Puts a backup where the data folder is to be, which must be empty or not there yet. Rejects with a sentence. */
export const runRestore = async (folder: string): Promise<void> => {
  const config = loadConfig();
  const from = resolve(folder);
  const root = resolve(config.dataDir);
  if (!existsSync(join(from, 'recordings')) && !existsSync(join(from, 'postgres'))) {
    throw new Error(`"${from}" holds no backup of Roomtape: neither "recordings" nor "postgres" lies in it.`);
  }
  await requireEmpty(root, 'The data folder');
  await copyTree(from, root);
  console.log(`Restored "${root}" from "${from}". Start it with: npm start`);
};
