/** What transcriber processes can do wrong, and the coordinator's answer: by processes that do it. All at once: they mostly wait. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, it } from 'vitest';
import type { TranscriptionCoordinatorOptions } from '../../../src/transcription/coordinator.ts';
import { EngineError } from '../../../src/transcription/engine.ts';
import { waitFor } from '../../support/wait-for.ts';
import type { FakePlan } from './fake-transcriber.ts';
import { openListening } from './spoken-journal.ts';

const PROGRAM = fileURLToPath(new URL('./fake-transcriber.ts', import.meta.url));

interface Listening extends Awaited<ReturnType<typeof openListening>> {
  /** Utterances that were told, by their starts. */
  readonly kept: () => number[];
  /** Utterances that processes set out to hear, in order. */
  readonly diary: () => number[];
}

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

const open = async (plan: FakePlan, options: Partial<TranscriptionCoordinatorOptions> = {}): Promise<Listening> => {
  const folder = mkdtempSync(join(tmpdir(), 'roomtape-listening-'));
  mkdirSync(join(folder, 'journal'));
  const spawnFake = (environment: Record<string, string>) =>
    spawn(process.execPath, [PROGRAM], {
      env: { PATH: process.env.PATH, ...environment, PLAN: JSON.stringify(plan) },
      stdio: 'ignore',
    });
  const listening = await openListening(folder, { spawn: spawnFake, ...options });
  closing.push(async () => {
    await listening.coordinator.close();
    rmSync(folder, { recursive: true });
  });
  listening.start();
  return {
    ...listening,
    kept: () => listening.told().utterances.map(({ start }) => start),
    diary: () =>
      readFileSync(join(folder, 'journal', 'diary'), 'utf8')
        .trim()
        .split('\n')
        .map(Number),
  };
};

const AWAY = { reason: 'The endpoint is away.', verdict: 'hindered' } as const;
const LIMIT_MS = 60_000;

describe.concurrent('the coordinator', () => {
  it('goes on behind what was kept, when a process dies', { timeout: LIMIT_MS }, async ({ expect }) => {
    const { ended, kept, diary } = await open({ total: 5, dieAt: 3 });
    expect(await ended()).toEqual({ complete: { durationSeconds: 5, engine: 'fake/1' } });
    expect(kept()).toEqual([0, 1, 2, 3, 4]);
    expect(diary()).toEqual([0, 1, 2, 3, 3, 4]);
  });

  it('passes over speech that kills whoever takes it, and loses nothing else', { timeout: LIMIT_MS }, async ({
    expect,
  }) => {
    const { ended, kept } = await open({ total: 4, poisonAt: 2 });
    expect(await ended()).toHaveProperty('complete');
    expect(kept()).toEqual([0, 1, 3]);
  });

  it('gives up over a process that dies again and again', { timeout: LIMIT_MS }, async ({ expect }) => {
    const { ended, kept } = await open({ total: 4, dieAt: 1, always: true });
    expect(await ended()).toEqual({
      failed: 'The transcriber ended again and again without getting further (last: exit code 3).',
    });
    expect(kept()).toEqual([0]);
  });

  it('gives up at once when the engine says that nobody would succeed', { timeout: LIMIT_MS }, async ({ expect }) => {
    const stumble = { reason: 'The key is wrong.', verdict: 'failed' } as const;
    const { ended } = await open({ total: 4, dieAt: 1, stumble });
    expect(await ended()).toEqual({ failed: 'The key is wrong.' });
  });

  it('waits for what is lacking', { timeout: LIMIT_MS }, async ({ expect }) => {
    const { ended, kept } = await open({ total: 2, dieAt: 1, stumble: AWAY });
    expect(await ended()).toHaveProperty('complete');
    expect(kept()).toEqual([0, 1]);
  });

  it('gives up what is lacking for too long', { timeout: LIMIT_MS }, async ({ expect }) => {
    const { ended } = await open({ total: 2, dieAt: 1, always: true, stumble: AWAY }, { giveUpMs: 0 });
    expect(await ended()).toEqual({ failed: 'It was tried for hours (last: The endpoint is away).' });
  });

  it('kills a process that hangs, and goes on', { timeout: LIMIT_MS }, async ({ expect }) => {
    const { ended, kept } = await open({ total: 3, hangAt: 1 }, { hungAfterMs: 5_000 });
    expect(await ended()).toHaveProperty('complete');
    expect(kept()).toEqual([0, 1, 2]);
  });

  it('ends a process that says what it may not say', { timeout: LIMIT_MS }, async ({ expect }) => {
    const { ended, kept } = await open({ total: 2, nonsense: { type: 'format-disk' } });
    expect(await ended()).toHaveProperty('complete');
    expect(kept()).toEqual([0, 1]);
  });

  it('asks again for what could not be kept', { timeout: LIMIT_MS }, async ({ expect }) => {
    let refused = false;
    const starts: number[] = [];
    const onUtterance: TranscriptionCoordinatorOptions['onUtterance'] = (_, __, { start }) => {
      if (start === 1 && !refused) {
        refused = true;
        return Promise.reject(new Error('The database is away.'));
      }
      starts.push(start);
      return Promise.resolve();
    };
    const { ended } = await open({ total: 3 }, { onUtterance });
    expect(await ended()).toHaveProperty('complete');
    expect(starts).toEqual([0, 1, 2]);
  });

  it('says what to do where models are not to be had, and starts nothing', { timeout: LIMIT_MS }, async ({
    expect,
  }) => {
    const models = () => Promise.reject(new EngineError('refused', 'The model is not there: pull it.'));
    const { ended, children } = await open({ total: 3 }, { models });
    expect(await ended()).toEqual({ failed: 'The model is not there: pull it.' });
    expect(children).toEqual([]);
  });

  it('ends its processes when it is closed, and begins nothing more', { timeout: LIMIT_MS }, async ({ expect }) => {
    const { coordinator, kept, start } = await open({ total: 100_000 });
    await waitFor('what is heard', LIMIT_MS, () => kept().length > 2);
    await coordinator.close();
    const heard = kept().length;
    start({ transcriptionId: 'late' });
    expect(coordinator.stats).toMatchObject({ jobs: 0, processes: 0, waiting: 0 });
    expect(kept().length).toBe(heard);
  });
});
