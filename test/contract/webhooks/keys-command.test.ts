/** `roomtape keys` as an operator meets it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const run = promisify(execFile);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roomtape-keys-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const keys = async (...args: string[]) => {
  const env = { PATH: process.env.PATH, ROOMTAPE_DATA_DIR: join(folder, 'data'), ROOMTAPE_CONFIG: devNull };
  const { stdout, stderr } = await run(process.execPath, [MAIN, 'keys', ...args], { env });
  const ids = [...stdout.matchAll(/^key ([0-9a-f]{24})(, in force)?$/gm)].map(([, id, inForce]) => ({
    id,
    inForce: inForce !== undefined,
  }));
  return { ids, stdout, stderr };
};

it('shows key and secret, announces another, and drops what is in wrong hands', async () => {
  const first = await keys();
  expect(first.ids).toEqual([{ id: expect.any(String), inForce: true }]);
  expect(first.stdout).toMatch(
    /^Standard Webhooks secret: whsec_[A-Za-z0-9+/=]{40,}\n-----BEGIN RSA PUBLIC KEY-----\n[\s\S]+-----END RSA PUBLIC KEY-----\n$/m,
  );
  expect(first.stdout).not.toContain('PRIVATE');
  const next = await keys('rotate', '--after', '7d');
  expect(next.ids).toEqual([{ id: expect.any(String), inForce: false }]);
  expect(next.stderr).toContain('In force in 7d.');
  expect((await keys()).ids).toEqual([
    { id: first.ids[0]?.id, inForce: true },
    { id: next.ids[0]?.id, inForce: false },
  ]);
  const now = await keys('rotate', '--now');
  expect(now.ids).toEqual([{ id: expect.any(String), inForce: true }]);
  expect((await keys()).ids).toEqual(now.ids);
  await expect(keys('rotate', '--after', 'soon')).rejects.toMatchObject({
    stderr: '--after is "soon"; it must be a duration with its unit, such as 24h or 7d.\n',
  });
});
