import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { CompositorGroup } from '../../../src/processes/compositor-group.ts';
import { createLogger } from '../../../src/support/log.ts';

const log = createLogger('test', 'silent');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roomtape-group-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

/** What the kernel puts into a group. */
const groupWith = (...files: string[]): string => {
  const group = join(folder, 'compositors');
  mkdirSync(group);
  for (const name of ['cgroup.procs', ...files]) writeFileSync(join(group, name), '');
  return group;
};
const read = (group: string, name: string): string => readFileSync(join(group, name), 'utf8');

it.each([
  ['cpu.weight', '25'],
  ['cpu.shares', '256'],
])('gives the group its share by %s, and takes processes', (file, share) => {
  const group = groupWith(file);
  new CompositorGroup(group, log).add(4711);
  expect([read(group, file), read(group, 'cgroup.procs')]).toEqual([share, '4711']);
});

it('says in words what is no such group', () => {
  expect(() => new CompositorGroup(groupWith(), log)).toThrow(
    /is no control group .* Check ROOMTAPE_COMPOSITOR_CGROUP/,
  );
});

it('lets work go on where a process is not let in', () => {
  const group = groupWith('cpu.weight');
  const own = new CompositorGroup(group, log);
  rmSync(join(group, 'cgroup.procs'));
  own.add(4711);
  own.add(undefined);
});

/** Version 1 of the file system, where root may write to it. */
const V1 = '/sys/fs/cgroup/cpu';
const isReal = process.getuid?.() === 0 && existsSync(join(V1, 'cpu.shares'));

it.skipIf(!isReal)('puts a real process into a real group', async () => {
  const path = join(V1, `roomtape-test-${process.pid}`);
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  try {
    new CompositorGroup(path, log).add(child.pid);
    expect(readFileSync(`/proc/${child.pid}/cgroup`, 'utf8')).toMatch(
      new RegExp(`:cpu:/.*roomtape-test-${process.pid}$`, 'm'),
    );
    expect(read(path, 'cpu.shares').trim()).toBe('256');
  } finally {
    child.kill('SIGKILL');
    await exited;
    rmdirSync(path);
  }
});
