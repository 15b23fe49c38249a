import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { takeLock } from '../../../src/support/lock.ts';

const LOCK = fileURLToPath(new URL('../../../src/support/lock.ts', import.meta.url));

test('is held once, and is free again when it is let go or its holder is killed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lock-'));
  const path = join(folder, 'lock');
  const first = takeLock(path);
  expect(first).toBeDefined();
  expect(takeLock(path)).toBeUndefined();
  first?.release();
  first?.release();

  const script = `const { takeLock } = await import(${JSON.stringify(LOCK)});
    console.log(takeLock(${JSON.stringify(path)}) ? 'held' : 'refused'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await once(child.stdout, 'data');
  expect(String(said)).toBe('held\n');
  expect(takeLock(path)).toBeUndefined();
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  const second = takeLock(path);
  expect(second).toBeDefined();
  second?.release();
  rmSync(folder, { recursive: true });
});
