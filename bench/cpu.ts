/** CPU seconds, user and system, of processes that are not this one. */
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { platform } from 'node:os';
import type { Scope } from '../src/support/scope.ts';

/**
 * CPU seconds of all threads of a running process so far, to the nanosecond (`/proc/PID/stat` counts hundredths of a second, which is
 * a tenth of what a single publisher costs). A thread that ended is not counted any more; none does in what is measured here.
 * Linux only.
 */
export const cpuSecondsOf = async (pid: number): Promise<number> => {
  if (platform() !== 'linux') throw new Error('The CPU time of another process is read from /proc: on Linux only.');
  const tasks = `/proc/${pid}/task`;
  const threads = await readdir(tasks);
  const times = await Promise.all(threads.map((thread) => readFile(`${tasks}/${thread}/schedstat`, 'utf8')));
  return times.reduce((sum, text) => sum + Number(text.split(' ', 1)[0]), 0) / 1e9;
};

/** Runs a program to its end: CPU seconds of it and all it starts. Rejects, with what it said, if it fails. */
export const cpuSecondsToRun = (command: string, args: readonly string[], scope: Scope): Promise<number> =>
  new Promise((resolve, reject) => {
    // A process group of its own, so that the scope ends the program with the shell that times it.
    const script = 'TIMEFORMAT="%U %S"; time "$@"';
    const child = spawn('bash', ['-c', script, 'bench', command, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    scope.own(command, child, ({ pid, exitCode, signalCode }) => {
      if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
    });
    let said = '';
    child.stderr.on('data', (data: Buffer) => {
      said += data.toString();
    });
    child.once('error', reject);
    child.once('close', (code) => {
      const [user, system] = (said.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
      if (code === 0 && user !== undefined && system !== undefined) resolve(user + system);
      else reject(new Error(`"${command}" failed (${code}): ${said.slice(-2000)}`));
    });
  });
