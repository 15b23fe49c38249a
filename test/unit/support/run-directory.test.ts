import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runDirectory } from '../../../src/support/run-directory.ts';

test('lies in the data folder, 0700; elsewhere where its path would be too long for a socket', () => {
  const root = mkdtempSync(join(tmpdir(), 'run-'));
  const near = runDirectory(root);
  expect(near).toBe(join(root, 'run'));
  expect(statSync(near).mode & 0o777).toBe(0o700);
  const deep = join(root, 'x'.repeat(120));
  const far = runDirectory(deep);
  expect(far.startsWith(join(tmpdir(), 'roomtape-'))).toBe(true);
  expect(Buffer.byteLength(far)).toBeLessThan(80);
  expect(runDirectory(deep)).toBe(far);
  rmSync(far, { recursive: true });
  rmSync(root, { recursive: true });
});
