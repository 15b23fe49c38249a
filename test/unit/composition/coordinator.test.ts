import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CompositionCoordinator, type CoordinatorOptions } from '../../../src/composition/coordinator.ts';
import type { CompositionJob } from '../../../src/composition/job.ts';
import { createLogger } from '../../../src/support/log.ts';
import type { Plan } from './support/fake-compositor.ts';

type End = { readonly id: string; readonly done?: string; readonly failed?: string };

let folder: string;
let coordinator: CompositionCoordinator;
let started: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coordinator-'));
  started = 0;
});
afterEach(async () => {
  await coordinator.close();
  rmSync(folder, { recursive: true });
});

/** A coordinator over fake compositors; `ends` yields the outcome of each job. */
const open = async (
  maxProcesses: number,
  plan: Plan,
  options: Partial<CoordinatorOptions> = {},
): Promise<{ next: () => Promise<End> }> => {
  const ends: End[] = [];
  let wake = (): void => undefined;
  const tell = (end: End): void => {
    ends.push(end);
    wake();
  };
  const script = fileURLToPath(new URL('./support/fake-compositor.ts', import.meta.url));
  const diary = join(folder, 'diary');
  writeFileSync(diary, '');
  coordinator = new CompositionCoordinator({
    socketPath: join(folder, 'work.sock'),
    maxProcesses,
    spawn: (environment) => {
      started += 1;
      return spawn(process.execPath, [script], {
        stdio: 'ignore',
        env: { ...environment, PLAN: JSON.stringify(plan), DIARY: diary },
      });
    },
    onProgress: () => undefined,
    onCopied: () => undefined,
    onIncident: () => undefined,
    onDone: (id, artifact) => tell({ id, done: artifact.path }),
    onFailed: (id, failed) => tell({ id, failed }),
    log: createLogger('test', 'silent'),
    ...options,
  });
  await coordinator.open();
  return {
    next: async () => {
      while (ends.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return ends.shift() as End;
    },
  };
};

const job = (id: string, createdAtMs = 0): CompositionJob => {
  const directory = join(folder, id);
  mkdirSync(directory, { recursive: true });
  return {
    compositionId: id,
    recordingId: `recording-${id}`,
    journalDir: join(folder, 'journal'),
    directory,
    artifactPath: join(directory, 'file'),
    config: {
      width: 2,
      height: 2,
      mode: 'video-and-audio',
      theme: 'DARK',
      layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 },
    },
    createdAtMs,
    finished: true,
  };
};
const diary = (): string[] => readFileSync(join(folder, 'diary'), 'utf8').trim().split('\n');
const segments = (id: string): string[] =>
  readdirSync(join(folder, id, 'segments')).filter((name) => name.endsWith('.json'));

test('renders every segment once, in runs of a minute, then packages', async () => {
  const { next } = await open(1, { total: 30 });
  await coordinator.start(job('a'));
  expect(await next()).toEqual({ id: 'a', done: join(folder, 'a', 'file.mp4') });
  expect(diary()).toEqual(['a 0-14', 'a 14-28', 'a 28-30']);
  expect(segments('a')).toHaveLength(30);
  expect(started).toBe(1);
});

const factsOf = (index: number, audioBytes = 0): string =>
  JSON.stringify({ version: 1, index, ticks: 128, videoBytes: 0, audioBytes, levels: [] });

test('takes finished segments over and renders the rest', async () => {
  const { next } = await open(1, { total: 10 });
  const spec = job('a');
  mkdirSync(join(spec.directory, 'segments'));
  mkdirSync(join(spec.directory, 'scratch-old'));
  const put = (index: number, facts: string) =>
    writeFileSync(join(spec.directory, 'segments', `00000${index}.json`), facts);
  for (const index of [0, 1, 2, 5]) put(index, factsOf(index));
  // Not whole: cut off; another's; its sound is missing.
  put(7, factsOf(7).slice(0, 40));
  put(8, factsOf(5));
  put(9, factsOf(9, 100));
  await coordinator.start(spec);
  expect(await next()).toMatchObject({ id: 'a', done: expect.any(String) });
  expect(diary()).toEqual(['a 3-5', 'a 6-10']);
  expect(readdirSync(spec.directory)).not.toContain('scratch-old');
});

test('a compositor that dies is followed by another, which goes on', async () => {
  const { next } = await open(1, { total: 6, dieAt: [2, 4] });
  await coordinator.start(job('a'));
  expect(await next()).toMatchObject({ id: 'a', done: expect.any(String) });
  expect(started).toBe(3);
  expect(diary().map((line) => line.split(' ')[1]?.split('-')[0])).toEqual(['0', '2', '4']);
});

test('three deaths at the same place fail the job with the reason', async () => {
  const { next } = await open(1, { total: 6, dieAt: [2], always: true });
  await coordinator.start(job('a'));
  expect(await next()).toEqual({
    id: 'a',
    failed: 'The compositor ended 3 times without getting further (last: exit code 3).',
  });
  expect(coordinator.stats).toMatchObject({ jobs: 0, waiting: 0 });
});

test('the reason of a failed job is what the compositor said of it', async () => {
  const { next } = await open(1, { total: 6, dieAt: [2], always: true, lastWords: 'The decoder gave up.' });
  await coordinator.start(job('a'));
  expect(await next()).toEqual({
    id: 'a',
    failed: 'The compositor ended 3 times without getting further (last: The decoder gave up).',
  });
});

test('older jobs come first, and no more processes run than allowed', async () => {
  const { next } = await open(1, { total: 3 });
  await coordinator.start(job('first', 1));
  await coordinator.start(job('third', 30));
  await coordinator.start(job('second', 20));
  expect(coordinator.stats).toEqual({ jobs: 3, processes: 1, waiting: 2 });
  expect([(await next()).id, (await next()).id, (await next()).id]).toEqual(['first', 'second', 'third']);
});

test('several processes share a long job, without overlap', async () => {
  const { next } = await open(2, { total: 100 });
  await coordinator.start(job('a'));
  expect(await next()).toMatchObject({ id: 'a', done: expect.any(String) });
  const runs = diary().map((line) => (line.split(' ')[1] ?? '').split('-').map(Number));
  expect(started).toBe(2);
  const ordered = runs.toSorted(([a = 0], [b = 0]) => a - b);
  expect(ordered.map(([from]) => from)).toEqual([0, 14, 28, 42, 56, 67, 76, 82, 87, 91, 95, 99]);
  expect(ordered.map(([, to]) => to)).toEqual([14, 28, 42, 56, 67, 76, 82, 87, 91, 95, 99, 100]);
});

test('a cancelled job leaves no process behind', async () => {
  await open(1, { total: 1_000_000 });
  await coordinator.start(job('a'));
  await coordinator.cancel('a');
  expect(coordinator.stats).toEqual({ jobs: 0, processes: 0, waiting: 0 });
});

test('a compositor that falls silent is killed, and another goes on', async () => {
  // Long beside what a process takes to start on a busy machine.
  const { next } = await open(1, { total: 6, hangAt: 2 }, { hungAfterMs: 4_000 });
  await coordinator.start(job('a'));
  expect(await next()).toMatchObject({ id: 'a', done: expect.any(String) });
  expect(diary().map((line) => line.split(' ')[1]?.split('-')[0])).toEqual(['0', '2']);
});

test('compositors of another version, in the midst of an upgrade, fail nothing: their work waits', async () => {
  const log = createLogger('test', 'silent');
  const warn = vi.spyOn(log, 'warn');
  await open(1, { total: 3, version: 99 }, { log });
  await coordinator.start(job('a'));
  await vi.waitUntil(() => warn.mock.calls.length > 0, { timeout: 10_000 });
  const words = { reason: expect.stringContaining('another version (99'), pauseMs: 2000 };
  expect(warn.mock.calls[0]?.[0]).toMatchObject(words);
  expect(coordinator.stats.jobs).toBe(1);
});

test('a frame that kills every decoder costs three processes, not the recording, which says so', async () => {
  const told: [string, string][] = [];
  const onIncident: CoordinatorOptions['onIncident'] = (id, { type }) => told.push([id, type]);
  const { next } = await open(1, { total: 6, poisonAt: 3 }, { onIncident });
  await coordinator.start(job('a'));
  expect(await next()).toMatchObject({ id: 'a', done: expect.any(String) });
  expect(told).toEqual([['a', 'frame-skipped']]);
  expect(segments('a')).toHaveLength(6);
  expect(started).toBe(4);
});

test.each([
  ['no event', 17],
  ['an unknown event', { type: 'promoted' }],
  ['a segment that cannot be', { type: 'segment', index: -1, ticks: 128 }],
])('a compositor that says %s is ended, and another goes on', async (_, nonsense) => {
  const { next } = await open(1, { total: 3, nonsense });
  await coordinator.start(job('a'));
  expect(await next()).toMatchObject({ id: 'a', done: expect.any(String) });
  expect(started).toBe(2);
});

test("a file that is not the job's own is not taken", async () => {
  const { next } = await open(1, { total: 3, stolenPath: '/etc/passwd' });
  await coordinator.start(job('a'));
  expect(await next()).toEqual({ id: 'a', done: join(folder, 'a', 'file.mp4') });
});

test('a segment that turns out not to be whole is rendered again before the file is made', async () => {
  const { next } = await open(1, { total: 6, loses: 4 });
  await coordinator.start(job('a'));
  expect(await next()).toMatchObject({ id: 'a', done: expect.any(String) });
  expect(diary()).toEqual(['a 0-6', 'a 4-5']);
});

test('who follows a live room gives way within a segment to a recording that is over', async () => {
  await open(1, { total: null });
  await coordinator.start({ ...job('live'), finished: false });
  const following = (): boolean => diary().some((line) => line.startsWith('live'));
  await vi.waitUntil(following, { timeout: 10_000 });
  // The same plan has no end: it is enough that it begins.
  await coordinator.start(job('over'));
  await vi.waitUntil(() => diary().some((line) => line.startsWith('over')), { timeout: 10_000 });
  for (const line of diary().filter((entry) => entry.startsWith('live'))) {
    const [from = 0, to = 0] = (line.split(' ')[1] ?? '').split('-').map(Number);
    expect(to - from).toBe(1);
  }
});

test.each([
  ['throws', () => expect.fail('spawn ENOMEM')],
  ['says so later', () => spawn(join(tmpdir(), 'there-is-no-such-program'))],
])('a process that cannot be started (it %s) is waited for', async (_, fail) => {
  const script = fileURLToPath(new URL('./support/fake-compositor.ts', import.meta.url));
  let tries = 0;
  const { next } = await open(
    1,
    { total: 2 },
    {
      spawn: (environment) => {
        tries += 1;
        if (tries === 1) return fail();
        const env = { ...environment, PLAN: JSON.stringify({ total: 2 }), DIARY: join(folder, 'diary') };
        return spawn(process.execPath, [script], { stdio: 'ignore', env });
      },
    },
  );
  await coordinator.start(job('a'));
  expect(await next()).toMatchObject({ id: 'a', done: expect.any(String) });
  expect(tries).toBe(2);
});

test('a process that waits for a paused recording gives way to a finished one, and that is no death', async () => {
  const { next } = await open(1, { total: 3, pausedAt: 1 });
  await coordinator.start({ ...job('paused'), finished: false });
  const written = () => readdirSync(join(folder, 'paused', 'segments'));
  await vi.waitUntil(() => written().includes('waited'), { timeout: 15_000 });
  const other = job('other', 5);
  mkdirSync(join(other.directory, 'segments'));
  writeFileSync(join(other.directory, 'segments', 'waited'), '');
  await coordinator.start(other);
  expect((await next()).id).toBe('other');
  expect(await next()).toMatchObject({ id: 'paused', done: expect.any(String) });
  expect(diary()).toEqual(['paused 0-1', 'paused 1-2', 'other 0-3', 'paused 1-3']);
});

test('without room on the disk begins nothing, and goes on as soon as there is some', async () => {
  let room = false;
  const { next } = await open(2, { total: 5 }, { hasRoom: () => room });
  await coordinator.start(job('a'));
  expect([started, coordinator.stats]).toEqual([0, { jobs: 1, processes: 0, waiting: 1 }]);
  coordinator.finished('a');
  expect(started).toBe(0);
  room = true;
  coordinator.roomAgain();
  expect(await next()).toEqual({ id: 'a', done: join(folder, 'a', 'file.mp4') });
});
