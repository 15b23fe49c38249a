import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from '../../../src/support/make-folder.ts';

test('makes what is missing, for its owner alone, and says what is in the way', () => {
  const root = mkdtempSync(join(tmpdir(), 'folder-'));
  const deep = join(root, 'a', 'b');
  makeFolder(deep);
  makeFolder(deep);
  expect(statSync(join(root, 'a')).mode & 0o777).toBe(0o700);
  const file = join(root, 'file');
  writeFileSync(file, '');
  expect(() => makeFolder(file)).toThrow(/is a file/);
  expect(() => makeFolder(join(file, 'x'))).toThrow(/ENOTDIR/);
  rmSync(root, { recursive: true });
});

test.runIf(process.platform === 'linux')('ends where no folder can be made', () => {
  expect(() => makeFolder('/proc/x')).toThrow(/ENOENT/);
  expect(() => makeFolder('/proc/x/y')).toThrow(/ENOENT/);
});
