/** A sibling under the supervisor: started, adopted, started again, ended; with real processes of a line each. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Sibling } from '../../../src/processes/sibling.ts';
import { listen } from '../../../src/support/ipc.ts';
import { createLogger } from '../../../src/support/log.ts';
import { Scope } from '../../../src/support/scope.ts';

const LIMIT = { timeout: 5_000, interval: 10 };
const log = createLogger('test', 'silent');

let scope: Scope;
let folder: string;
let spawned: ChildProcess[];

beforeEach(() => {
  scope = new Scope();
  spawned = [];
  folder = mkdtempSync(join(tmpdir(), 'roomtape-sibling-'));
  scope.own('folder', folder, () => rmSync(folder, { recursive: true, force: true }));
});
afterEach(() => scope.close());

const sleeper = (): ChildProcess => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  scope.own('child', child, () => child.kill('SIGKILL'));
  spawned.push(child);
  return child;
};

describe('a sibling', () => {
  it('is started again, however often its start fails for lack of something', async () => {
    let lacking = 0;
    const sibling = new Sibling({
      name: 'sleeper',
      pidFile: join(folder, 'sleeper.pid'),
      spawn: () => {
        if (spawned.length === 1 && lacking++ < 2) throw new Error('ENOSPC: no space left on device');
        return sleeper();
      },
      log,
    });
    scope.own('sibling', sibling, () => sibling.stop(1_000));
    await sibling.start();
    spawned[0]?.kill('SIGKILL');
    await expect.poll(() => spawned.length, LIMIT).toBe(2);
    expect(sibling.pid).toBe(spawned[1]?.pid);
  });

  it('is kept and ended like any other where its pid could not be written down', async () => {
    const pidFile = join(folder, 'full', 'sleeper.pid');
    const sibling = new Sibling({ name: 'sleeper', pidFile, spawn: sleeper, log });
    await sibling.start();
    expect(sibling.pid).toBe(spawned[0]?.pid);
    await sibling.stop(1_000);
    await expect.poll(() => spawned[0]?.signalCode, LIMIT).toBe('SIGTERM');
  });

  it('has its pid written down whole, in the same turn as it is spawned', async () => {
    const pidFile = join(folder, 'sleeper.pid');
    let before = '';
    const sibling = new Sibling({
      name: 'sleeper',
      pidFile,
      spawn: () => {
        const child = sleeper();
        queueMicrotask(() => {
          before = readFileSync(pidFile, 'utf8');
        });
        return child;
      },
      log,
    });
    scope.own('sibling', sibling, () => sibling.stop(1_000));
    await sibling.start();
    expect(before).toBe(String(spawned[0]?.pid));
  });

  it('that was adopted by a pid that is none of its is given up at its end, not waited for', async () => {
    const socketPath = join(folder, 'its.sock');
    const server = await listen(socketPath, () => undefined);
    scope.own('server', server, () => server.close());
    const gone = spawn('true', [], { stdio: 'ignore' });
    await new Promise((resolve) => gone.once('exit', resolve));
    const pidFile = join(folder, 'its.pid');
    writeFileSync(pidFile, String(gone.pid));
    const sibling = new Sibling({ name: 'its', pidFile, socketPath, spawn: sleeper, log });
    await sibling.start();
    expect(sibling.adopted).toBe(true);
    await sibling.stop(100);
    expect(spawned).toEqual([]);
  });
});

describe('a folder in the place of a pid file', () => {
  it('does not keep a sibling from being tried again', async () => {
    const pidFile = join(folder, 'sleeper.pid');
    mkdirSync(pidFile);
    const sibling = new Sibling({ name: 'sleeper', pidFile, spawn: sleeper, log });
    await sibling.start();
    expect(sibling.pid).toBe(spawned[0]?.pid);
    rmSync(pidFile, { recursive: true });
    await sibling.stop(1_000);
  });
});
