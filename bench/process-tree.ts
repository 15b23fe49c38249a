/** What all processes of something cost together: CPU time and memory, read from /proc. Linux only. */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** `USER_HZ` of every Linux that Node runs on (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = 100;
const KIB = 1024;
/** What a process uses between the last look at it and its end is not seen: a hundredth of a minute. */
const LOOK_MS = 500;

interface Entry {
  readonly pid: number;
  readonly parent: number;
  /** Since boot: with the pid, it names the process for ever. */
  readonly startTicks: number;
  /** User and system, its own alone. */
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

/** proc_pid_stat(5): after the name in brackets, which may hold anything, come state, parent, and later utime, stime and starttime. */
const entryOf = (pid: number, stat: string): Entry | null => {
  if (stat === '') return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [parent = 0, user = 0, system = 0, startTicks = 0] = [1, 11, 12, 19].map((at) => Number(fields[at]));
  return { pid, parent, startTicks, ticks: user + system };
};

/** Proportional set size: what processes share counts in parts, so that the sum is right. */
const memoryOf = async (pid: number): Promise<number> => {
  const rollup = await readQuietly(`/proc/${pid}/smaps_rollup`);
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * KIB;
};

/** These processes and all below them. */
const treeOf = async (roots: readonly number[]): Promise<Entry[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const read = await Promise.all(pids.map(async (pid) => entryOf(pid, await readQuietly(`/proc/${pid}/stat`))));
  const known = read.filter((entry) => entry !== null);
  const tree = new Map<number, Entry>();
  for (let grown = true; grown; ) {
    const before = tree.size;
    for (const entry of known) if (roots.includes(entry.pid) || tree.has(entry.parent)) tree.set(entry.pid, entry);
    grown = tree.size > before;
  }
  return [...tree.values()];
};

/**
 * Looks at a tree of processes twice a second from `start` to `stop`. Each process counts by itself, so that it does not matter who waits for it
 * when it ends.
 */
export class TreeMeter {
  readonly #roots: () => Promise<readonly number[]>;
  /** By process: at the first look at it, and at the last. Those that came later began with nothing. */
  readonly #ticks = new Map<string, { readonly before: number; now: number }>();
  #memoryBytes = 0;
  #mostMemoryBytes = 0;
  #isStopped = false;
  #looking: Promise<void> = Promise.resolve();

  private constructor(roots: () => Promise<readonly number[]>) {
    this.#roots = roots;
  }

  /** @param roots The processes whose trees are meant, asked for at every look. */
  static async start(roots: () => Promise<readonly number[]>): Promise<TreeMeter> {
    const meter = new TreeMeter(roots);
    await meter.#look(true);
    meter.#looking = meter.#goOn();
    return meter;
  }

  /** Looks once more, and no more. Idempotent. */
  async stop(): Promise<void> {
    if (this.#isStopped) return this.#looking;
    this.#isStopped = true;
    this.#looking = this.#looking.then(() => this.#look(false));
    await this.#looking;
  }

  /** Since the start. */
  get cpuSeconds(): number {
    return [...this.#ticks.values()].reduce((sum, { before, now }) => sum + now - before, 0) / TICKS_PER_SECOND;
  }

  /** At the last look, and the most at any. */
  get memoryBytes(): { readonly last: number; readonly most: number } {
    return { last: this.#memoryBytes, most: this.#mostMemoryBytes };
  }

  async #goOn(): Promise<void> {
    while (!this.#isStopped) {
      await delay(LOOK_MS);
      await this.#look(false);
    }
  }

  async #look(isFirst: boolean): Promise<void> {
    const tree = await treeOf(await this.#roots());
    for (const { pid, startTicks, ticks } of tree) {
      const key = `${pid} ${startTicks}`;
      const known = this.#ticks.get(key);
      if (known) known.now = ticks;
      else this.#ticks.set(key, { before: isFirst ? ticks : 0, now: ticks });
    }
    this.#memoryBytes = (await Promise.all(tree.map(({ pid }) => memoryOf(pid)))).reduce((sum, one) => sum + one, 0);
    this.#mostMemoryBytes = Math.max(this.#mostMemoryBytes, this.#memoryBytes);
  }
}
