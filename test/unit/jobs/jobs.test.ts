/** When a job runs, and when it does not: wake-ups, times it named itself, sweeps, failures, a queue that refuses, the end. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Job, Jobs } from '../../../src/jobs/jobs.ts';
import type { WakeUp, WakeUpQueue } from '../../../src/jobs/wake-up.ts';
import { createLogger } from '../../../src/support/log.ts';

/** A queue by the letter of its contract, on timers; it may be away. */
class QueueInMemory implements WakeUpQueue {
  away = false;
  closed = 0;
  readonly added: WakeUp[] = [];
  #deliver: (wakeUp: WakeUp) => void = () => undefined;
  open(deliver: (wakeUp: WakeUp) => void): void {
    this.#deliver = deliver;
  }
  async add(wakeUp: WakeUp): Promise<void> {
    if (this.away) throw new Error('away');
    this.added.push(wakeUp);
    setTimeout(() => this.#deliver(wakeUp), wakeUp.at ? wakeUp.at.getTime() - Date.now() : 1);
  }
  async waiting(): Promise<number> {
    return 0;
  }
  async close(): Promise<void> {
    this.closed += 1;
    this.#deliver = () => undefined;
  }
}

let queue: QueueInMemory;
let jobs: Jobs;
beforeEach(() => {
  vi.useFakeTimers();
  queue = new QueueInMemory();
  jobs = new Jobs({ queue, log: createLogger('test', 'silent') });
});
afterEach(async () => {
  await jobs.close();
  vi.useRealTimers();
});

const SWEEP_MS = 60_000;
/** A job whose runs are noted; each ends when it is let go, or at once. */
const noted = (job: Partial<Job> & { next?: () => Date | null; held?: boolean } = {}) => {
  const runs: { id: string | null; end: () => void; signal: AbortSignal }[] = [];
  const { next = () => null, held = false, ...rest } = job;
  jobs.add({
    kind: 'work',
    sweepMs: SWEEP_MS,
    run: ({ id, signal }) => {
      const { promise, resolve } = Promise.withResolvers<Date | null>();
      runs.push({ id, signal, end: () => resolve(next()) });
      if (!held) resolve(next());
      return promise;
    },
    ...rest,
  });
  jobs.start();
  return { runs, ids: () => runs.map(({ id }) => id) };
};

describe('a job runs', () => {
  it('at the start and at every sweep', async () => {
    const { ids } = noted();
    expect(ids()).toEqual([null]);
    await vi.advanceTimersByTimeAsync(SWEEP_MS * 2);
    expect(ids()).toEqual([null, null, null]);
  });

  it('when it is woken, about what it is woken for', async () => {
    const { ids } = noted();
    jobs.wake('work', { id: 'a' });
    jobs.wake('work', { id: 'b', at: new Date(Date.now() + 5_000) });
    await vi.advanceTimersByTimeAsync(4_999);
    expect(ids()).toEqual([null, 'a']);
    await vi.advanceTimersByTimeAsync(1);
    expect(ids()).toEqual([null, 'a', 'b']);
  });

  it('when the time has come that it named itself, and at once where that is over', async () => {
    let left = 3;
    const { ids } = noted({ next: () => (--left > 0 ? new Date(Date.now() + (left > 1 ? 0 : 5_000)) : null) });
    await vi.advanceTimersByTimeAsync(10);
    expect(ids()).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(ids()).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(ids()).toHaveLength(3);
  });

  it('once more after a run in which it was woken, and never twice at once', async () => {
    const { runs } = noted({ held: true });
    for (let i = 0; i < 5; i++) {
      jobs.wake('work');
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(runs).toHaveLength(1);
    runs[0]?.end();
    await vi.advanceTimersByTimeAsync(10);
    expect(runs).toHaveLength(2);
    runs[1]?.end();
    await vi.advanceTimersByTimeAsync(10);
    expect(runs).toHaveLength(2);
  });

  it('for so many ids at once, the others after them', async () => {
    const { runs, ids } = noted({ held: true, concurrency: 2 });
    for (const id of ['a', 'b', 'c']) jobs.wake('work', { id });
    await vi.advanceTimersByTimeAsync(10);
    expect(ids()).toEqual([null, 'a']);
    expect(jobs.figures).toEqual([{ kind: 'work', runs: 0, failures: 0, running: 2, waiting: 2 }]);
    runs[0]?.end();
    runs[1]?.end();
    await vi.advanceTimersByTimeAsync(10);
    expect(ids()).toEqual([null, 'a', 'b', 'c']);
    for (const run of runs) run.end();
  });

  it('here at once where the queue refuses', async () => {
    queue.away = true;
    const { ids } = noted();
    jobs.wake('work', { id: 'a' });
    jobs.wake('work', { id: 'later', at: new Date(Date.now() + 5_000) });
    await vi.advanceTimersByTimeAsync(10);
    expect(ids()).toEqual([null, 'a']);
    await vi.advanceTimersByTimeAsync(SWEEP_MS);
    expect(ids()).toEqual([null, 'a', null]);
  });

  it('again after 1 s, 2 s, 4 s… where it fails, and forgets that once it succeeds', async () => {
    let failing = true;
    const at: number[] = [];
    const begun = Date.now();
    jobs.add({
      kind: 'flaky',
      sweepMs: SWEEP_MS,
      run: async () => {
        at.push(Date.now() - begun);
        if (failing) throw new Error('not now');
        return null;
      },
    });
    jobs.start();
    await vi.advanceTimersByTimeAsync(7_000);
    expect(at).toEqual([0, 1_000, 3_000, 7_000]);
    failing = false;
    await vi.advanceTimersByTimeAsync(8_000);
    failing = true;
    jobs.wake('flaky');
    await vi.advanceTimersByTimeAsync(1_100);
    expect(at).toEqual([0, 1_000, 3_000, 7_000, 15_000, 15_001, 16_001]);
    expect(jobs.figures[0]).toMatchObject({ runs: 7, failures: 6 });
  });
});

it('adds one wake-up for many that come while it is on its way', async () => {
  noted();
  for (let i = 0; i < 100; i++) jobs.wake('work');
  await vi.advanceTimersByTimeAsync(10);
  expect(queue.added).toHaveLength(2);
});

it('ends in order: nothing begins, what runs is told and waited for', async () => {
  const { runs } = noted({ held: true });
  jobs.wake('work', { id: 'waiting' });
  await vi.advanceTimersByTimeAsync(10);
  let closed = false;
  const closing = Promise.all([jobs.close(), jobs.close()]).then(() => {
    closed = true;
  });
  await vi.advanceTimersByTimeAsync(10);
  expect(runs[0]?.signal.aborted).toBe(true);
  expect(closed).toBe(false);
  runs[0]?.end();
  await closing;
  jobs.wake('work');
  await vi.advanceTimersByTimeAsync(SWEEP_MS * 2);
  expect(runs).toHaveLength(1);
  expect(queue.closed).toBe(1);
});

it('refuses kinds that are not there, and the same kind twice', () => {
  noted();
  expect(() => jobs.wake('nothing')).toThrow('no job "nothing"');
  expect(() => jobs.add({ kind: 'work', sweepMs: 1, run: async () => null })).toThrow('already');
});
