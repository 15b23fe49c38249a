import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { handOverOtherVersion } from '../../../src/processes/media-version.ts';
import { type DataPaths, dataPaths } from '../../../src/processes/paths.ts';
import { createLogger } from '../../../src/support/log.ts';
import { Scope } from '../../../src/support/scope.ts';

const IPC = new URL('../../../src/support/ipc.ts', import.meta.url).href;
const log = createLogger('test', 'silent');

let scope: Scope;
let paths: DataPaths;
beforeEach(() => {
  scope = new Scope();
  const folder = mkdtempSync(join(tmpdir(), 'roomtape-version-'));
  scope.own('folder', folder, () => rmSync(folder, { recursive: true, force: true }));
  paths = dataPaths(folder);
  mkdirSync(dirname(paths.mediaSocket), { recursive: true });
});
afterEach(() => scope.close());

/** A media process as far as whoever starts next asks it; with rooms, and of some version. `onSignal`: what it does when told to make room. */
const mediaOf = async (stats: Record<string, number>, onSignal = 'process.exit(42)') => {
  const program = `
    import { listen, Peer } from ${JSON.stringify(IPC)};
    process.on('SIGUSR2', () => { ${onSignal} });
    await listen(${JSON.stringify(paths.mediaSocket)}, (socket) => new Peer(socket, { onRequest: () => (${JSON.stringify(stats)}) }));
    console.log('ready');
  `;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  scope.own('media', child, async () => {
    child.kill('SIGKILL');
    await exited;
  });
  await once(child.stdout, 'data');
  writeFileSync(paths.mediaPid, String(child.pid));
  return { child, exited };
};

it('leaves a media process of the same version alone', async () => {
  const { child } = await mediaOf({ rooms_sessions: 3, control_version: 7 });
  await handOverOtherVersion(paths, log, 7);
  expect(child.exitCode ?? child.signalCode).toBeNull();
});

it('has one of another version make room, however full it is, and one that said no version yet', async () => {
  const other = await mediaOf({ rooms_sessions: 3, control_version: 99 });
  await handOverOtherVersion(paths, log, 1);
  expect((await other.exited)[0]).toBe(42);
  rmSync(paths.mediaSocket, { force: true });
  const first = await mediaOf({ rooms_sessions: 3 });
  await handOverOtherVersion(paths, log, 1);
  expect(first.child.exitCode).toBeNull();
  await handOverOtherVersion(paths, log, 2);
  expect((await first.exited)[0]).toBe(42);
});

it('has nothing to do where nobody listens', async () => {
  await handOverOtherVersion(paths, log, 1);
});
