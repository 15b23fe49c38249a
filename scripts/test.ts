/**
 * `npm test`: format, lint, types, dependency rules, the pages' build, known holes in dependencies, speech models, then unit, contract and scenario tests. Stops at the first
 * step that fails. Its last line is `N passed, N failed`.
 *
 * `npm test -- --project unit` and other words after `--` go to vitest. Told to end (SIGTERM, Ctrl-C), it ends what it started and then itself.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runGroup } from './command-group.ts';
import { inOwnNetwork } from './own-network.ts';
import { ensureSystemPackages } from './system-packages.ts';

const STEPS: readonly (readonly [name: string, ...command: string[]])[] = [
  ['format and lint', 'biome', 'ci', '--error-on-warnings', '.'],
  ['types', 'tsc', '-p', '.'],
  ['types of the pages', 'tsc', '-p', 'web'],
  [
    'dependency rules',
    'depcruise',
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'err',
    'src',
    'web',
    'test',
  ],
  ['pages', 'node', 'scripts/build-web.ts'],
  ['dependencies', 'node', 'scripts/audit.ts'],
  ['speech models', 'node', 'scripts/speech-models.ts'],
];

const run = async (command: readonly string[], env: Record<string, string> = {}): Promise<boolean> =>
  (await runGroup(command, env)) === 0;

const fail = (reason: string): never => {
  console.error(reason);
  console.log('0 passed, 1 failed');
  process.exit(1);
};

const missing = ensureSystemPackages();
if (missing.length > 0) {
  fail(`The tests need programs that are not here and could not be installed:\n  ${missing.join('\n  ')}`);
}
for (const [name, ...command] of STEPS) {
  const started = performance.now();
  if (!(await run(command))) fail(`The step "${name}" failed.`);
  console.log(`✔ ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}

const scratch = mkdtempSync(join(tmpdir(), 'roomtape-test-'));
try {
  const report = join(scratch, 'report.json');
  const words = process.argv.slice(2);
  const vitest = inOwnNetwork([
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...words,
  ]);
  const green = await run(vitest.command, vitest.env);
  const { numPassedTests, numFailedTests, numPendingTests, numTotalTests } = JSON.parse(
    readFileSync(report, 'utf8'),
  ) as Record<string, number>;
  if (numTotalTests === 0) fail('No test ran.');
  const failed = Math.max(numFailedTests ?? 0, green ? 0 : 1);
  const skipped = numPendingTests ? `, ${numPendingTests} skipped` : '';
  console.log(`${numPassedTests} passed, ${failed} failed${skipped}`);
  process.exitCode = failed > 0 ? 1 : 0;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
