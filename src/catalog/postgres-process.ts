/** A running Postgres as its data folder tells of it: `postmaster.pid`, and whether the process in it is alive and a Postgres. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A fast shutdown writes a checkpoint; on a slow disk with much to write that takes a while. */
const STOP_LIMIT_MS = 60_000;

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** What `postmaster.pid` says (one item a line: pid, data folder, start time, port, …). Null: no such file, or not yet written whole. */
const readPidFile = (dataDirectory: string): Postmaster | null => {
  try {
    const lines = readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n');
    const [pid, port] = [Number(lines[0]), Number(lines[3])];
    return Number.isInteger(pid) && pid > 0 && Number.isInteger(port) && port > 0 ? { pid, port } : null;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
};

/** State letter and program name of a process; null if there is none. */
const describeProcess = (pid: number): { state: string; name: string } | null => {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const end = stat.lastIndexOf(')');
      return { name: stat.slice(stat.indexOf('(') + 1, end), state: stat.charAt(end + 2) };
    }
    const [state = '', ...name] = execFileSync('ps', ['-o', 'stat=,comm=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/);
    return { state: state.charAt(0), name: name.join(' ') };
  } catch (error) {
    // No such process: Linux has no such file (or loses it while it is read), `ps` exits 1.
    const gone = ['ENOENT', 'ESRCH'].includes(codeOf(error)) || (error instanceof Error && 'status' in error);
    if (gone) return null;
    throw error;
  }
};

/**
 * True if this process runs and is the Postgres of this folder. After a crash of the machine the pid may be anybody's, another Postgres'
 * too; a zombie is nobody.
 */
const isPostgresOf = (dataDirectory: string, pid: number): boolean => {
  const found = describeProcess(pid);
  if (found === null || found.state === 'Z' || !found.name.includes('postgres')) return false;
  const folder = workingDirectory(pid);
  return folder === null || folder === realpathSync(dataDirectory);
};

/** Postgres works in its data folder. Null where that can't be known: not Linux, or another user's process. */
const workingDirectory = (pid: number): string | null => {
  try {
    return process.platform === 'linux' ? readlinkSync(`/proc/${pid}/cwd`) : null;
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(codeOf(error))) return null;
    throw error;
  }
};

/** The Postgres that runs on this data folder; null if none does. */
export const runningPostmaster = (dataDirectory: string): Postmaster | null => {
  const found = readPidFile(dataDirectory);
  return found && isPostgresOf(dataDirectory, found.pid) ? found : null;
};

/** Removes the pid file of a Postgres that is gone: a new one would take a process that has its pid by chance for its predecessor. */
export const removeStalePidFile = (dataDirectory: string): void => {
  if (!runningPostmaster(dataDirectory)) rmSync(join(dataDirectory, 'postmaster.pid'), { force: true });
};

/**
 * Ends the Postgres of this data folder: clients are disconnected, everything committed is on disk (fast shutdown). Does nothing if none
 * runs. Rejects if it is still there after a minute.
 */
export const stopPostgres = async (dataDirectory: string): Promise<void> => {
  const running = runningPostmaster(dataDirectory);
  if (!running) return;
  try {
    process.kill(running.pid, 'SIGINT');
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
  const deadline = performance.now() + STOP_LIMIT_MS;
  while (isPostgresOf(dataDirectory, running.pid)) {
    if (performance.now() > deadline) {
      throw new Error(`Postgres (process ${running.pid}) has not ended within ${STOP_LIMIT_MS / 1000} s.`);
    }
    await delay(20);
  }
};
