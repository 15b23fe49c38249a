import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CompositionCoordinator, type CompositionJob } from '../../../src/composition/coordinator.ts';
import { createLogger } from '../../../src/support/log.ts';

interface Plan {
  readonly total: number;
  readonly dieAt?: readonly number[];
  readonly always?: boolean;
  readonly lastWords?: string;
}
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
const open = async (maxProcesses: number, plan: Plan): Promise<{ next: () => Promise<End> }> => {
  const ends: End[] = [];
  let wake = (): void => undefined;
  const tell = (end: End): void => {
    ends.push(end);
    wake();
  };
  const script = fileURLToPath(new URL('./support/fake-compositor.ts', import.meta.url));
  const diary = join(folder, 'diary');
  writeFileSync(diary, '');
  const orders = JSON.stringify({ dieAt: [], always: false, diary, ...plan });
  coordinator = new CompositionCoordinator({
    socketPath: join(folder, 'work.sock'),
    maxProcesses,
    spawn: (environment) => {
      started += 1;
      return spawn(process.execPath, [script], { stdio: 'ignore', env: { ...environment, PLAN: orders } });
    },
    onProgress: () => undefined,
    onDone: (id, artifact) => tell({ id, done: artifact.path }),
    onFailed: (id, failed) => tell({ id, failed }),
    log: createLogger('test', 'silent'),
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

test('takes finished segments over and renders the rest', async () => {
  const { next } = await open(1, { total: 10 });
  const spec = job('a');
  mkdirSync(join(spec.directory, 'segments'));
  mkdirSync(join(spec.directory, 'scratch-old'));
  for (const index of [0, 1, 2, 5]) writeFileSync(join(spec.directory, 'segments', `00000${index}.json`), '{}');
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
