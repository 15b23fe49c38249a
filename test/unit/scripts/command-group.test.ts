import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const MODULE = fileURLToPath(new URL('../../../scripts/command-group.ts', import.meta.url));

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** A process that runs a shell script by `runGroup` and exits as it did. */
const running = (script: string) => {
  const program = `import { runGroup } from ${JSON.stringify(MODULE)}; process.exit(await runGroup(['sh', '-c', process.argv[1]]));`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program, script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  let wake = (): void => undefined;
  child.stdout.on('data', (chunk) => {
    lines.push(...String(chunk).trim().split('\n'));
    wake();
  });
  const line = async (count: number): Promise<string[]> => {
    while (lines.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return lines;
  };
  return { child, line, exited: once(child, 'exit') };
};

it('answers as the command did', async () => {
  expect((await running('exit 7').exited)[0]).toBe(7);
});

it('told to end, ends the command and what that started, in order, before itself', async () => {
  const { child, line, exited } = running(`
    (trap 'echo in order; exit' TERM; echo $(exec sh -c 'echo $PPID'); while :; do sleep 0.05; done) &
    echo $!
    wait
  `);
  const pids = (await line(2)).map(Number);
  expect(pids.filter(isRunning)).toEqual(pids);
  child.kill('SIGTERM');
  expect((await exited)[0]).toBe(143);
  expect(pids.filter(isRunning)).toEqual([]);
  expect(await line(3)).toContain('in order');
});
