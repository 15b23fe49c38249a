import { defineConfig } from 'vitest/config';

/**
 * Three kinds of test. `unit`: milliseconds, no processes. `contract`: one suite per port, real adapters (a real Postgres, the real
 * HTTP server). `scenario`: the real service, real publishers, the rendered file judged; one at a time, since two cores must
 * carry browsers, media and composition.
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 10_000 } },
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          pool: 'forks',
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'scenario',
          include: ['test/scenario/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 120_000,
          pool: 'forks',
          fileParallelism: false,
        },
      },
    ],
  },
});
