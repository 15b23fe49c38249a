import { defineConfig } from 'vitest/config';

/**
 * Three kinds of test. `unit`: milliseconds, no processes. `contract`: one suite per port, real adapters (a real Postgres, the real
 * HTTP server), two files at a time, since most of them wait more than they work. `scenario`: the real service, real publishers, the rendered file judged; one at a time, since two cores must
 * carry browsers, media and composition. The kinds follow each other, so that none takes another's cores.
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 20_000, sequence: { groupOrder: 0 } } },
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
          pool: 'forks',
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'scenario',
          include: ['test/scenario/**/*.test.ts'],
          sequence: { groupOrder: 2 },
          testTimeout: 240_000,
          hookTimeout: 120_000,
          pool: 'forks',
          fileParallelism: false,
        },
      },
    ],
  },
});
