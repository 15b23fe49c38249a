/** The loop that does what is due. */
import { expect, it, vi } from 'vitest';
import { DueLoop } from '../../../src/support/due-loop.ts';
import { createLogger } from '../../../src/support/log.ts';

const log = createLogger('test', 'silent');
const NEVER_MS = 3_600_000;

it('runs when woken and when the work says so, never twice at once, and once more for who woke it meanwhile', async () => {
  let running = 0;
  let most = 0;
  let turns = 0;
  const loop = new DueLoop({
    name: 'test',
    work: async () => {
      running += 1;
      most = Math.max(most, running);
      turns += 1;
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return turns === 2 ? new Date() : null;
    },
    everyMs: NEVER_MS,
    log,
  });
  loop.wake();
  loop.wake();
  loop.wake();
  // The first, one for both who woke it meanwhile, and the one that the second asked for.
  await vi.waitFor(() => expect(turns).toBe(3));
  expect(most).toBe(1);
  await loop.close();
  loop.wake();
  expect(turns).toBe(3);
});

it('goes on after a failure', async () => {
  let turns = 0;
  const work = async (): Promise<null> => {
    turns += 1;
    if (turns === 1) throw new Error('Once.');
    return null;
  };
  const loop = new DueLoop({ name: 'test', work, everyMs: 1, log });
  loop.wake();
  await vi.waitFor(() => expect(turns).toBeGreaterThan(2));
  await loop.close();
});
