/** A database that hangs: all of its processes stopped where they stand. It takes connections and answers nothing. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Its parent, by `/proc/PID/stat`; null: the process is gone. */
const parentOf = (pid: number): number | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH'].includes(String(error.code))) return null;
    throw error;
  }
};

const signalAll = (pids: readonly number[], signal: NodeJS.Signals): void => {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
};

/** Stops the embedded database of a data folder; `thaw` lets it go on. */
export const frozenDatabase = (dataDir: string): { thaw(): void } => {
  const pidFile = readFileSync(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8');
  const postmaster = Number(pidFile.split('\n')[0]);
  // It first: it makes no more of the others.
  signalAll([postmaster], 'SIGSTOP');
  const others = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && parentOf(pid) === postmaster);
  signalAll(others, 'SIGSTOP');
  return { thaw: () => signalAll([...others, postmaster], 'SIGCONT') };
};
