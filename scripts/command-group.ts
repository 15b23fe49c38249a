/**
 * Runs a command in a process group of its own, and ends with it: whoever tells us to end (a terminal, a CI system) ends the whole group, in
 * order first. So that neither the command nor what it started goes on without anybody who waits for it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** The product ends within its own steps of 10 s each (docs/shutdown.md); tests that hang do not. */
const GRACE_MS = 30_000;
const POLL_MS = 50;
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** True if there was anybody to tell. */
const tell = (group: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(-group, signal);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
};

const endGroup = async (group: number): Promise<void> => {
  tell(group, 'SIGTERM');
  const deadline = performance.now() + GRACE_MS;
  while (tell(group, 0) && performance.now() < deadline) await delay(POLL_MS);
  tell(group, 'SIGKILL');
};

const statusOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });

/**
 * Resolves with the command's exit code; null: a signal ended it. When this process is told to end meanwhile, the group is ended, and this
 * process with it: 143.
 */
export const runGroup = async (
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<number | null> => {
  const [program = '', ...args] = command;
  const env = { ...process.env, ...environment };
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true, env });
  let ending: Promise<never> | undefined;
  const onSignal = (): void => {
    const { pid } = child;
    if (pid !== undefined) ending ??= endGroup(pid).then(() => process.exit(143));
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const status = await statusOf(child);
  // Its first process has ended; others of the group may need longer.
  await ending;
  for (const signal of SIGNALS) process.off(signal, onSignal);
  return status;
};
