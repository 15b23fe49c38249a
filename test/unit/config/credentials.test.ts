/** The pair is made once, kept narrowly, and never replaced silently. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadCredentials } from '../../../src/config/credentials.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = join(mkdtempSync(join(tmpdir(), 'roomtape-credentials-')), 'data');
});
afterEach(() => rmSync(join(dataDir, '..'), { recursive: true, force: true }));

const load = () => loadCredentials({ dataDir, apiKey: undefined, apiSecret: undefined });
const file = () => join(dataDir, 'credentials.json');

it('makes a pair at first start that only its owner can read, and loads it later', async () => {
  const first = await load();
  expect(first).toMatchObject({ created: true, file: file() });
  expect(first.credentials.apiSecret).toMatch(/^[0-9a-f]{64}$/);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  expect(readdirSync(dataDir)).toEqual(['credentials.json']);
  const second = await load();
  expect(second).toEqual({ credentials: first.credentials, created: false, file: file() });
});

it('gives one pair to processes that start at once', async () => {
  const all = await Promise.all([load(), load(), load(), load()]);
  expect(new Set(all.map(({ credentials }) => credentials.apiSecret)).size).toBe(1);
  expect(all.filter(({ created }) => created)).toHaveLength(1);
  expect(readdirSync(dataDir)).toEqual(['credentials.json']);
});

it('narrows a file that others could read', async () => {
  await load();
  chmodSync(file(), 0o644);
  await load();
  expect(statSync(file()).mode & 0o777).toBe(0o600);
});

it('takes the pair of the settings and writes nothing', async () => {
  const given = { apiKey: 'key', apiSecret: 's'.repeat(32) };
  expect(await loadCredentials({ dataDir, ...given })).toEqual({ credentials: given, created: false, file: undefined });
  expect(() => statSync(dataDir)).toThrow('ENOENT');
});

it('refuses a file that holds no pair, does not overwrite it and does not quote it', async () => {
  await load();
  for (const wrong of ['', '{"apiKey":"k"', '{"apiKey":"hunter2","apiSecret":"short"}']) {
    writeFileSync(file(), wrong);
    const failure = await load().then(
      () => 'loaded',
      (error: unknown) => String(error),
    );
    expect(failure).toContain('does not hold an apiKey');
    expect(failure).not.toContain('hunter2');
    expect(readFileSync(file(), 'utf8')).toBe(wrong);
  }
});
