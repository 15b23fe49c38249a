/** What transcriber processes can do wrong, and the coordinator's answer: by processes that do it. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { TranscriptionCoordinatorOptions } from '../../../src/transcription/coordinator.ts';
import { EngineError } from '../../../src/transcription/engine.ts';
import { waitFor } from '../../support/wait-for.ts';
import type { FakePlan } from './fake-transcriber.ts';
import { openListening } from './spoken-journal.ts';

const PROGRAM = fileURLToPath(new URL('./fake-transcriber.ts', import.meta.url));

let folder: string;
let listening: Awaited<ReturnType<typeof openListening>>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roomtape-listening-'));
  mkdirSync(join(folder, 'journal'));
});
afterEach(async () => {
  await listening.coordinator.close();
  rmSync(folder, { recursive: true });
});

const open = async (plan: FakePlan, options: Partial<TranscriptionCoordinatorOptions> = {}): Promise<void> => {
  const spawnFake = (environment: Record<string, string>) =>
    spawn(process.execPath, [PROGRAM], {
      env: { PATH: process.env.PATH, ...environment, PLAN: JSON.stringify(plan) },
      stdio: 'ignore',
    });
  listening = await openListening(folder, { spawn: spawnFake, ...options });
  listening.start();
};

/** Utterances that processes set out to hear, in order. */
const diary = (): number[] =>
  readFileSync(join(folder, 'journal', 'diary'), 'utf8')
    .trim()
    .split('\n')
    .map(Number);
const told = (): number[] => listening.told().utterances.map(({ start }) => start);

it('goes on behind what was kept, when a process dies', async () => {
  await open({ total: 5, dieAt: 3 });
  expect(await listening.ended()).toEqual({ complete: { durationSeconds: 5, engine: 'fake/1' } });
  expect(told()).toEqual([0, 1, 2, 3, 4]);
  expect(diary()).toEqual([0, 1, 2, 3, 3, 4]);
});

it('passes over speech that kills whoever takes it, and loses nothing else', async () => {
  await open({ total: 4, poisonAt: 2 });
  expect(await listening.ended()).toHaveProperty('complete');
  expect(told()).toEqual([0, 1, 3]);
}, 30_000);

it('gives up over a process that dies again and again', async () => {
  await open({ total: 4, dieAt: 1, always: true });
  expect(await listening.ended()).toEqual({
    failed: 'The transcriber ended again and again without getting further (last: exit code 3).',
  });
  expect(told()).toEqual([0]);
}, 30_000);

it('gives up at once when the engine says that nobody would succeed', async () => {
  await open({ total: 4, dieAt: 1, stumble: { reason: 'The key is wrong.', verdict: 'failed' } });
  expect(await listening.ended()).toEqual({ failed: 'The key is wrong.' });
});

it('waits for what is lacking, and gives up after long enough', async () => {
  const stumble = { reason: 'The endpoint is away.', verdict: 'hindered' } as const;
  await open({ total: 2, dieAt: 1, stumble });
  expect(await listening.ended()).toHaveProperty('complete');
  expect(told()).toEqual([0, 1]);
  await listening.coordinator.close();
  rmSync(join(folder, 'journal'), { recursive: true });
  mkdirSync(join(folder, 'journal'));
  await open({ total: 2, dieAt: 1, always: true, stumble }, { giveUpMs: 0 });
  expect(await listening.ended()).toEqual({ failed: 'It was tried for hours (last: The endpoint is away).' });
}, 30_000);

it('kills a process that hangs, and goes on', async () => {
  await open({ total: 3, hangAt: 1 }, { hungAfterMs: 4_000 });
  expect(await listening.ended()).toHaveProperty('complete');
  expect(told()).toEqual([0, 1, 2]);
}, 30_000);

it('ends a process that says what it may not say', async () => {
  await open({ total: 2, nonsense: { type: 'format-disk' } });
  expect(await listening.ended()).toHaveProperty('complete');
  expect(told()).toEqual([0, 1]);
}, 30_000);

it('asks again for what could not be kept', async () => {
  let refused = false;
  const kept: number[] = [];
  await open(
    { total: 3 },
    {
      onUtterance: (_, __, { start }) => {
        if (start === 1 && !refused) {
          refused = true;
          return Promise.reject(new Error('The database is away.'));
        }
        kept.push(start);
        return Promise.resolve();
      },
    },
  );
  expect(await listening.ended()).toHaveProperty('complete');
  expect(kept).toEqual([0, 1, 2]);
}, 30_000);

it('says what to do where models are not to be had, and starts nothing', async () => {
  const models = () => Promise.reject(new EngineError('refused', 'The model is not there: pull it.'));
  await open({ total: 3 }, { models });
  expect(await listening.ended()).toEqual({ failed: 'The model is not there: pull it.' });
});

it('ends its processes when it is closed, and begins nothing more', async () => {
  await open({ total: 100_000 });
  await waitFor('what is heard', 20_000, () => told().length > 2);
  await listening.coordinator.close();
  const heard = told().length;
  listening.start({ transcriptionId: 'late' });
  expect(listening.coordinator.stats).toEqual({ jobs: 0, processes: 0, waiting: 0 });
  expect(told().length).toBe(heard);
});
