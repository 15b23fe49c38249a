/** The product's processes as something that kills them sees them: who is who, and who has taken whose place. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InitSystem } from './init-system.ts';
import { processesOf } from './running.ts';
import { waitFor } from './wait-for.ts';

export const VICTIMS = ['supervisor', 'server', 'media', 'compositor', 'postgres', 'everything'] as const;
export type Victim = (typeof VICTIMS)[number];

/** A compositor starts with a recording; under load that takes a while. */
const COMPOSITOR_LIMIT_MS = 5_000;
const RECOVERY_LIMIT_MS = 60_000;

const postmaster = async (dataDir: string): Promise<number | null> => {
  try {
    return Number.parseInt(await readFile(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8'), 10) || null;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
};

const named = async (dataDir: string, name: string): Promise<number[]> =>
  (await processesOf(dataDir)).filter((line) => line.includes(`processes/${name}.ts`)).map(Number.parseFloat);

/** Pids of a victim; more than one for everything. Empty: there is none at this moment. */
const pidsOf = async (victim: Victim, system: InitSystem): Promise<number[]> => {
  const { dataDir, pid } = system;
  switch (victim) {
    case 'supervisor':
      return pid === null ? [] : [pid];
    case 'postgres':
      return [await postmaster(dataDir)].flatMap((one) => one ?? []);
    case 'everything':
      return (await processesOf(dataDir)).map(Number.parseFloat);
    default:
      return named(dataDir, victim);
  }
};

const killHard = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};

/** One compositor of several; all processes for everything. Resolves with when (monotonic), and whom. */
export const kill = async (victim: Victim, system: InitSystem): Promise<{ atNs: bigint; pids: readonly number[] }> => {
  const found = await waitFor(`a process to kill (${victim})`, COMPOSITOR_LIMIT_MS, async () => {
    const pids = await pidsOf(victim, system);
    return pids.length > 0 && pids;
  });
  const pids = victim === 'everything' ? found : found.slice(0, 1);
  const atNs = process.hrtime.bigint();
  for (const pid of pids) killHard(pid);
  return { atNs, pids };
};

/** Whoever has a successor by rights has one; compositors come and go with the work. */
const SUCCEEDED: Readonly<Record<Victim, readonly Victim[]>> = {
  // The server ends with its supervisor; media and Postgres are adopted.
  supervisor: ['supervisor', 'server'],
  server: ['server'],
  media: ['media'],
  compositor: [],
  postgres: ['postgres'],
  everything: ['supervisor', 'server', 'media', 'postgres'],
};

/** To be called before the kill: resolves, afterwards called, when others have taken the places of those who died, and the product is healthy. */
export const recoveryOf = async (victim: Victim, system: InitSystem): Promise<() => Promise<void>> => {
  const before = new Map<Victim, readonly number[]>();
  for (const one of SUCCEEDED[victim]) before.set(one, await pidsOf(one, system));
  return async () => {
    for (const [one, pids] of before) {
      await waitFor(`another ${one}`, RECOVERY_LIMIT_MS, async () => {
        const now = await pidsOf(one, system);
        return now.length > 0 && now.every((pid) => !pids.includes(pid));
      });
    }
    await system.healthy(RECOVERY_LIMIT_MS);
  };
};
