/** `roomtape backup` of a product that is in use, and what `roomtape restore` makes of it. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ServerChild } from '../../../src/cli/server-child.ts';
import { Scope } from '../../../src/support/scope.ts';
import { Api, signToken } from '../../support/api.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const KEY = { apiKey: 'backup-key', apiSecret: 'a secret for backups that nobody else uses 0123456789' };

let scope: Scope;
let folder: string;
beforeEach(() => {
  scope = new Scope();
  folder = mkdtempSync(join(tmpdir(), 'roomtape-backup-'));
  scope.own('folder', folder, () => rmSync(folder, { recursive: true, force: true }));
});
afterEach(() => scope.close());

const data = () => join(folder, 'data');

const serve = async (): Promise<{ server: ServerChild; api: Api }> => {
  const server = await ServerChild.start({
    dataDir: data(),
    logFile: join(folder, 'server.log'),
    environment: { ROOMTAPE_API_KEY: KEY.apiKey, ROOMTAPE_API_SECRET: KEY.apiSecret },
  });
  scope.own('server', server, () => server.stop());
  return { server, api: new Api(server.url, await signToken(KEY)) };
};

const command = async (...words: string[]): Promise<string> => {
  const env = { PATH: process.env.PATH, ROOMTAPE_DATA_DIR: data() };
  return (await promisify(execFile)(process.execPath, [MAIN, ...words], { env, cwd: folder })).stdout;
};

/** Those of these rooms that are not there. */
const missing = async (api: Api, rooms: readonly string[]): Promise<string[]> => {
  const answers = await Promise.all(
    rooms.map(async (id) => ({ id, found: (await api.call('GET', `/v2/rooms/${id}`)).ok })),
  );
  return answers.flatMap(({ id, found }) => (found ? [] : [id]));
};

it('is taken while rooms are made, and holds every one that was there when it began, and every file', async () => {
  const { server, api } = await serve();
  const before: string[] = [];
  for (let i = 0; i < 30; i++) before.push(await api.createRoom());
  mkdirSync(join(data(), 'recordings', 'r', 'files'), { recursive: true });
  writeFileSync(join(data(), 'recordings', 'r', 'files', 'f.mp4'), 'a file');
  let busy = true;
  const writing = (async () => {
    while (busy) await api.createRoom();
  })();
  const said = await command('backup', join(folder, 'backup'));
  busy = false;
  await writing;
  expect(said).toContain('copied while it runs');
  expect(readdirSync(join(folder, 'backup'))).not.toContain('run');
  await server.stop();

  renameSync(data(), join(folder, 'lost'));
  await command('restore', join(folder, 'backup'));
  expect(readFileSync(join(data(), 'recordings', 'r', 'files', 'f.mp4'), 'utf8')).toBe('a file');
  const restored = await serve();
  expect(await missing(restored.api, before)).toEqual([]);
  await restored.api.createRoom();
  await restored.server.stop();
  // And as it lies there.
  expect(await command('backup', join(folder, 'cold'))).toContain('copied while it did not run');
});

it('says no in words', async () => {
  mkdirSync(join(folder, 'full'));
  writeFileSync(join(folder, 'full', 'x'), '');
  await expect(command('backup', join(folder, 'new'))).rejects.toThrow('There is no data folder');
  mkdirSync(data());
  await expect(command('backup', join(folder, 'full'))).rejects.toThrow('is not empty');
  await expect(command('backup', join(data(), 'inside'))).rejects.toThrow('lies in the data folder itself');
  await expect(command('restore', join(folder, 'full'))).rejects.toThrow('holds no backup');
  mkdirSync(join(folder, 'good', 'recordings'), { recursive: true });
  writeFileSync(join(data(), 'y'), '');
  await expect(command('restore', join(folder, 'good'))).rejects.toThrow('The data folder');
});
