/** Every reader of strangers' bytes, fuzzed for some seconds from the saved corpus. For longer: `node test/fuzz/run.ts --minutes 30 --save`. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { TARGETS } from '../fuzz/targets.ts';

const RUN = fileURLToPath(new URL('../fuzz/run.ts', import.meta.url));

// In a process of its own: V8 counts what is run there, not what the test runner made of it.
test('nothing breaks them', { timeout: 60_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [RUN, '--inputs', '1500']).catch(
    (error: { stdout: string; stderr: string }) => {
      throw new Error(error.stdout + error.stderr);
    },
  );
  const reports = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(reports.map(({ target }) => target)).toEqual(TARGETS.map(({ name }) => name));
  for (const { target, inputs, blocks } of reports) {
    expect([target, inputs >= 1500]).toEqual([target, true]);
    // It is guided: there is code that inputs reach.
    expect([target, blocks > 5]).toEqual([target, true]);
  }
});
