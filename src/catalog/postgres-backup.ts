/**
 * A copy of the embedded database while it runs, by PostgreSQL's own protocol for that (documentation, "Making a Base Backup Using the Low
 * Level API"): between `pg_backup_start` and `pg_backup_stop` the files are copied as they are, torn as they may be; the log of that time,
 * which a replication slot keeps from being recycled, makes them right when the copy is started for the first time. With the npm package come no
 * `pg_dump` and no `pg_basebackup`.
 */
import { chown, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { copyTree } from '../support/copy-tree.ts';

const SLOT = 'roomtape_backup';

/** Folders whose contents belong to the running server; a copy has them empty. */
const EMPTY = /^(?:pg_wal|pg_replslot|pg_dynshmem|pg_notify|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans)\/./;
const RUNNING = /^postmaster\.(?:pid|opts)$|(?:^|\/)pgsql_tmp/;

/** Copies the data folder of the server at `url` to `to`, which must not exist. Rejects with what Postgres or the file system says. */
export const copyRunningPostgres = async (url: string, dataFolder: string, to: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ wal_level: string }>('show wal_level');
    if (rows[0]?.wal_level === 'minimal') {
      throw new Error(
        'The database was started by an older Roomtape and cannot be copied while it runs: end Roomtape in order, and take the backup then or after its next start.',
      );
    }
    // Gone with this connection.
    await client.query('select pg_create_physical_replication_slot($1, true, true)', [SLOT]);
    await client.query(`select pg_backup_start('roomtape', fast => true)`);
    await copyTree(dataFolder, to, { leavesOut: (path) => EMPTY.test(path) || RUNNING.test(path) });
    const stopped = await client.query<{ labelfile: string }>(
      'select labelfile from pg_backup_stop(wait_for_archive => false)',
    );
    await writeLike(dataFolder, join(to, 'backup_label'), stopped.rows[0]?.labelfile ?? '');
    // What was written from the start to the stop, and a little more.
    await copyTree(join(dataFolder, 'pg_wal'), join(to, 'pg_wal'));
  } finally {
    await client.end();
  }
};

const writeLike = async (owned: string, path: string, text: string): Promise<void> => {
  await writeFile(path, text, { mode: 0o600, flush: true });
  const { uid, gid } = await stat(owned);
  if (process.getuid?.() === 0) await chown(path, uid, gid);
};
