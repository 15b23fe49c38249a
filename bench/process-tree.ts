/** What all processes of something cost together: CPU time and memory, read from /proc. Linux only. */
import { readdir, readFile } from 'node:fs/promises';

/** `USER_HZ` of every Linux that Node runs on (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = 100;
const KIB = 1024;

export interface TreeUse {
  /** User and system, of living processes and of those that have ended and been waited for. */
  readonly cpuSeconds: number;
  /** Proportional set size: what is shared counts in parts, so that the sum is right. */
  readonly memoryBytes: number;
}

interface Entry {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

/** A process that has just ended, or is not ours to read, says nothing. */
const readQuietly = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error) return '';
    throw error;
  }
};

/** proc_pid_stat(5): after the name in brackets, which may hold anything, state, parent, …, utime, stime, cutime, cstime. */
const entryOf = (pid: number, stat: string): Entry | null => {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [parent, ...times] = [fields[1], fields[11], fields[12], fields[13], fields[14]].map(Number);
  return parent === undefined || stat === '' ? null : { pid, parent, ticks: times.reduce((sum, one) => sum + one, 0) };
};

const memoryOf = async (pid: number): Promise<number> => {
  const rollup = await readQuietly(`/proc/${pid}/smaps_rollup`);
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * KIB;
};

/**
 * Use of these processes and all below them so far. CPU time of a process that ends between two looks is with its parent, which waits for it;
 * of one whose parent ends first it is lost.
 */
export const treeUse = async (roots: readonly number[]): Promise<TreeUse> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const entries = await Promise.all(pids.map(async (pid) => entryOf(pid, await readQuietly(`/proc/${pid}/stat`))));
  const tree = new Map<number, Entry>();
  const known = entries.filter((entry) => entry !== null);
  for (let grown = true; grown; ) {
    const before = tree.size;
    for (const entry of known) if (roots.includes(entry.pid) || tree.has(entry.parent)) tree.set(entry.pid, entry);
    grown = tree.size > before;
  }
  const memories = await Promise.all([...tree.keys()].map(memoryOf));
  return {
    cpuSeconds: [...tree.values()].reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND,
    memoryBytes: memories.reduce((sum, bytes) => sum + bytes, 0),
  };
};
