/**
 * A long recording that is composed afterwards: seconds from a finished journal to the finished file, through the coordinator and real
 * compositor processes, with one process that has one core and with two that have two. Beside two cores: one. A second core that is of
 * full use halves the time.
 */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { availableParallelism, platform } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CompositionCoordinator } from '../src/composition/coordinator.ts';
import { bareEnvironment } from '../src/processes/environment.ts';
import { createLogger } from '../src/support/log.ts';
import type { Scope } from '../src/support/scope.ts';
import { RECORDING } from '../test/unit/composition/rehearsal.ts';
import { CONFIG, PEOPLE, rehearse, repeated, saveSession } from './rehearsed-session.ts';
import { apart, type BenchOptions, type Row, temporaryFolder } from './row.ts';

const COMPOSITOR = fileURLToPath(new URL('../src/processes/compositor.ts', import.meta.url));
/** What a grid of four needs and simulcast sends. */
const SIZE = { width: 640, height: 360 };
const SECONDS = 300;
const QUICK_SECONDS = 60;
/** The encoded material; it is repeated. */
const MATERIAL_SECONDS = 20;

/** The cores that this process may run on, as `taskset` counts them. Linux only. */
const allowedCores = async (): Promise<number[]> => {
  const status = await readFile('/proc/self/status', 'utf8');
  const ranges = /^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? '';
  return ranges.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
};

/** Seconds until the file is finished, with as many processes as cores. */
const measure = async (journalDir: string, cores: readonly number[], scope: Scope): Promise<number> => {
  const folder = await temporaryFolder(scope);
  const outcome = Promise.withResolvers<void>();
  const coordinator = new CompositionCoordinator({
    socketPath: join(folder, 'work.sock'),
    maxProcesses: cores.length,
    log: createLogger('bench', 'warn'),
    spawn: (environment) =>
      spawn('taskset', ['--cpu-list', cores.join(','), process.execPath, COMPOSITOR], {
        env: bareEnvironment(environment),
        stdio: ['ignore', 'ignore', 'inherit'],
      }),
    onProgress: () => undefined,
    onCopied: () => undefined,
    onIncident: () => undefined,
    onDone: () => outcome.resolve(),
    onFailed: (_, reason) => outcome.reject(new Error(reason)),
  });
  scope.own('coordinator', coordinator, () => coordinator.close());
  await coordinator.open();
  const began = performance.now();
  await coordinator.start({
    compositionId: 'bench',
    recordingId: RECORDING,
    journalDir,
    directory: join(folder, 'composition'),
    artifactPath: join(folder, 'recordings', 'file'),
    config: CONFIG,
    createdAtMs: 0,
    finished: true,
  });
  await outcome.promise;
  return (performance.now() - began) / 1000;
};

export async function* benchParallel({ quick, scope, note }: BenchOptions): AsyncGenerator<Row, void, undefined> {
  if (platform() !== 'linux') throw new Error('Processes are held to cores by taskset: on Linux only.');
  const seconds = quick ? QUICK_SECONDS : SECONDS;
  const what = `compose a finished journal of ${seconds} s (${PEOPLE} × ${SIZE.width}x${SIZE.height})`;
  note('preparing the journal');
  const people = await rehearse({ content: 'camera', size: SIZE, seconds: MATERIAL_SECONDS });
  const times = Math.ceil(seconds / MATERIAL_SECONDS);
  const session = people.map(({ video, audio }) => ({ video: repeated(video, times), audio: repeated(audio, times) }));
  const journal = join(await temporaryFolder(scope), 'journal');
  await saveSession(session, seconds, journal);
  const cores = await allowedCores();
  const on = (count: number): Promise<number> => {
    note(`composing ${seconds} s on ${count} core${count > 1 ? 's' : ''}`);
    return apart(scope, (inner) => measure(journal, cores.slice(0, count), inner));
  };
  const one = await on(1);
  yield { what: `${what}, 1 core`, ours: one, beside: { name: 'real time', value: seconds }, unit: 's' };
  if (availableParallelism() < 2) return;
  const two = await on(2);
  yield { what: `${what}, 2 cores`, ours: two, beside: { name: 'on 1 core', value: one }, unit: 's' };
  yield { what: 'speed-up by the second core', ours: one / two, beside: { name: 'perfect', value: 2 }, unit: '×' };
}
