import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { CompositionCoordinator, type CoordinatorOptions } from '../../../src/composition/coordinator.ts';
import {
  type ArtifactFacts,
  type CompositionConfig,
  type CompositionTask,
  type CopyConfig,
  type IncidentTold,
  WORK_VERSION,
  workEvent,
} from '../../../src/composition/task.ts';
import { openChunkPath, renameSealed } from '../../../src/journal/chunk-files.ts';
import { CHUNK_HEADER_BYTES } from '../../../src/journal/format.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { listen, Peer } from '../../../src/support/ipc.ts';
import { camera, sine, sound } from './media.ts';
import { chunkOf, RECORDING, Rehearsal, saveJournal } from './rehearsal.ts';
import { CONFIG, inFolder, picturesOf } from './rendering.ts';

const PROGRAM = fileURLToPath(new URL('../../../src/processes/compositor.ts', import.meta.url));

type Outcome =
  | { readonly artifact: ArtifactFacts }
  | { readonly artifacts: readonly ArtifactFacts[] }
  | { readonly reason: string };

/** A coordinator with real compositor processes, and one job. */
const open = async (
  folder: string,
  finished: boolean,
  options: Partial<CoordinatorOptions> = {},
  copy?: CopyConfig,
) => {
  const children: ChildProcess[] = [];
  const incidents: IncidentTold[] = [];
  const progress: { done: number; total: number | null }[] = [];
  let settle: (outcome: Outcome) => void = () => undefined;
  const outcome = new Promise<Outcome>((resolve) => {
    settle = resolve;
  });
  let report: () => void = () => undefined;
  const coordinator = new CompositionCoordinator({
    socketPath: join(folder, 'work.sock'),
    maxProcesses: 2,
    log: pino({ level: 'silent' }),
    spawn: (environment) => {
      const child = spawn(process.execPath, [PROGRAM], {
        env: { PATH: process.env.PATH, ...environment },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      children.push(child);
      return child;
    },
    onProgress: (_, done, total) => {
      progress.push({ done, total });
      report();
    },
    onCopied: (_, artifacts) => settle({ artifacts }),
    onIncident: (_, incident) => incidents.push(incident),
    onDone: (_, artifact) => settle({ artifact }),
    onFailed: (_, reason) => settle({ reason }),
    ...options,
  });
  await coordinator.open();
  const start = (config: Partial<CompositionConfig> = {}) =>
    coordinator.start({
      compositionId: 'composition',
      recordingId: RECORDING,
      journalDir: join(folder, 'journal'),
      directory: join(folder, 'composition'),
      artifactPath: join(folder, 'recordings', 'file'),
      config: { ...CONFIG, ...config },
      copy,
      createdAtMs: 0,
      finished,
    });
  /** Resolves when this many segments are done. */
  const until = (segments: number) =>
    new Promise<void>((resolve) => {
      report = () => {
        if ((progress.at(-1)?.done ?? 0) >= segments) resolve();
      };
      report();
    });
  return { coordinator, children, incidents, progress, outcome, start, until };
};

const session = async (): Promise<JournalRecord[]> => {
  const rehearsal = new Rehearsal().joins('ada', 'Ada', 100);
  rehearsal.publishes({
    participant: 'ada',
    source: 'camera',
    media: await camera('vp8', 0, 15),
    fromMs: 200,
    toMs: 14_500,
  });
  const tone = await sound(15, sine(440, 0.3));
  rehearsal.publishes({ participant: 'ada', source: 'microphone', media: tone, fromMs: 200, toMs: 14_500 });
  return rehearsal.recorded(500, 14_000).records(14_500);
};

test(
  'processes share a finished recording; one that is killed is replaced',
  () =>
    inFolder(async (folder) => {
      await saveJournal(await session(), join(folder, 'journal'));
      await renameSealed(join(folder, 'journal'), 1);
      const job = await open(folder, true);
      try {
        await job.start();
        await job.until(1);
        job.children[0]?.kill('SIGKILL');
        const outcome = await job.outcome;
        expect(outcome).toMatchObject({
          artifact: { path: join(folder, 'recordings', 'file.mp4'), durationSeconds: 13.5, width: 640, height: 360 },
        });
        expect(job.progress.at(-1)).toEqual({ done: 4, total: 4 });
        const pictures = await picturesOf(join(folder, 'recordings', 'file.mp4'));
        expect(pictures.length).toBe(405);
        for (const [i, picture] of pictures.entries()) expect(picture.seconds).toBeCloseTo(i / 30, 9);
        expect((await readdir(join(folder, 'composition', 'segments'))).length).toBe(12);
      } finally {
        await job.coordinator.close();
      }
    }),
  60_000,
);

test(
  'a file in another format is made by other processes, too',
  () =>
    inFolder(async (folder) => {
      await saveJournal(await session(), join(folder, 'journal'));
      await renameSealed(join(folder, 'journal'), 1);
      const job = await open(folder, true);
      try {
        await job.start({ fileFormat: 'webm' });
        const path = join(folder, 'recordings', 'file.webm');
        expect(await job.outcome).toMatchObject({ artifact: { path, format: 'webm', durationSeconds: 13.5 } });
        expect((await picturesOf(path)).length).toBe(405);
      } finally {
        await job.coordinator.close();
      }
    }),
  60_000,
);

test(
  'a live recording is followed segment by segment, and ends with its stop',
  () =>
    inFolder(async (folder) => {
      const records = await session();
      const [early, late] = [records.filter((r) => r.arrivalNs < 9e9), records.filter((r) => r.arrivalNs >= 9e9)];
      await mkdir(join(folder, 'journal'));
      const chunk = openChunkPath(join(folder, 'journal'), 1);
      await writeFile(chunk, chunkOf(early));
      const job = await open(folder, false);
      try {
        await job.start();
        await job.until(1);
        expect(job.progress.every(({ total }) => total === null)).toBe(true);
        await appendFile(chunk, chunkOf(late).subarray(CHUNK_HEADER_BYTES));
        await job.until(3);
        // The writer is gone without sealing: the server says so.
        job.coordinator.journalEnded('composition');
        expect(await job.outcome).toMatchObject({ artifact: { durationSeconds: 13.5 } });
      } finally {
        await job.coordinator.close();
      }
    }),
  60_000,
);

test(
  'a recording whose end could not be written to a full disk is composed as far as it goes',
  () =>
    inFolder(async (folder) => {
      const records = (await session()).filter(({ arrivalNs }) => arrivalNs < 6.5e9);
      await saveJournal(records, join(folder, 'journal'));
      const job = await open(folder, false);
      try {
        await job.start();
        await job.until(1);
        await renameSealed(join(folder, 'journal'), 1);
        job.coordinator.finished('composition');
        const outcome = await job.outcome;
        const lastNs = records.at(-1)?.arrivalNs ?? 0;
        expect(outcome).toMatchObject({
          artifact: { durationSeconds: Math.round(((lastNs - 0.5e9) * 30) / 1e9) / 30 },
        });
      } finally {
        await job.coordinator.close();
      }
    }),
  60_000,
);

test(
  'one that stops in the middle of its work is found out and replaced',
  () =>
    inFolder(async (folder) => {
      await saveJournal(await session(), join(folder, 'journal'));
      await renameSealed(join(folder, 'journal'), 1);
      const job = await open(folder, true, { maxProcesses: 1, hungAfterMs: 5_000 });
      try {
        await job.start();
        await job.until(1);
        job.children[0]?.kill('SIGSTOP');
        expect(await job.outcome).toMatchObject({ artifact: { durationSeconds: 13.5 } });
        expect(job.children[0]?.signalCode).toBe('SIGKILL');
        expect(job.children.length).toBe(2);
      } finally {
        await job.coordinator.close();
      }
    }),
  60_000,
);

test(
  'while it waits for a live room it gives signs of life, and it ends with its server',
  () =>
    inFolder(async (folder) => {
      const records = (await session()).filter((record) => record.arrivalNs < 9e9);
      await mkdir(join(folder, 'journal'));
      await writeFile(openChunkPath(join(folder, 'journal'), 1), chunkOf(records));
      const task: CompositionTask = {
        version: WORK_VERSION,
        compositionId: 'composition',
        recordingId: RECORDING,
        journalDir: join(folder, 'journal'),
        segmentsDir: join(folder, 'segments'),
        scratchDir: join(folder, 'scratch'),
        artifactPath: join(folder, 'file'),
        config: CONFIG,
        shunned: [],
        careful: false,
      };
      await mkdir(task.segmentsDir);
      const sockets = new Set<Socket>();
      let signsAfterSegment = 0;
      const server = await listen(join(folder, 'work.sock'), (socket) => {
        sockets.add(socket);
        new Peer(socket, {
          onRequest: (method) => (method === 'hello' ? task : { run: { from: 0, to: 1000 }, package: null }),
          onEvent: (raw) => {
            const { type } = workEvent.parse(raw);
            if (type === 'segment') signsAfterSegment = 0;
            else if (type === 'alive') signsAfterSegment += 1;
          },
        });
      });
      const env = { PATH: process.env.PATH, ROOMTAPE_WORK_SOCKET: join(folder, 'work.sock'), ROOMTAPE_LEASE: 'lease' };
      const child = spawn(process.execPath, [PROGRAM], { env, stdio: ['ignore', 'ignore', 'inherit'] });
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      await vi.waitUntil(() => existsSync(join(task.segmentsDir, '000000.json')) && signsAfterSegment >= 3, {
        timeout: 30_000,
      });
      for (const socket of sockets) socket.destroy();
      await ended;
      await new Promise((resolve) => server.close(resolve));
    }),
  60_000,
);

test(
  'one that comes when its composition is over, and its folder gone, makes no folder again',
  () =>
    inFolder(async (folder) => {
      const gone = join(folder, 'composition');
      const task: CompositionTask = {
        version: WORK_VERSION,
        compositionId: 'composition',
        recordingId: RECORDING,
        journalDir: join(folder, 'journal'),
        segmentsDir: join(gone, 'segments'),
        scratchDir: join(gone, 'scratch'),
        artifactPath: join(folder, 'file'),
        config: CONFIG,
        shunned: [],
        careful: false,
      };
      const said: string[] = [];
      const server = await listen(join(folder, 'work.sock'), (socket) => {
        const onRequest = (method: string) => {
          said.push(method);
          return method === 'hello' ? task : {};
        };
        new Peer(socket, { onRequest });
      });
      const env = { PATH: process.env.PATH, ROOMTAPE_WORK_SOCKET: join(folder, 'work.sock'), ROOMTAPE_LEASE: 'lease' };
      const child = spawn(process.execPath, [PROGRAM], { env, stdio: 'ignore' });
      expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(1);
      expect(said).toEqual(['hello', 'stumbled']);
      expect(existsSync(gone)).toBe(false);
      await new Promise((resolve) => server.close(resolve));
    }),
  60_000,
);

test(
  'a recording without a journal fails and says why',
  () =>
    inFolder(async (folder) => {
      const job = await open(folder, true);
      try {
        await job.start();
        expect(await job.outcome).toEqual({
          reason:
            'The journal of this session is missing or holds nothing that can be read: there is nothing to compose.',
        });
      } finally {
        await job.coordinator.close();
      }
    }),
  60_000,
);

test(
  'a copy is made when its recording is over, also while others are rendered; killed, it is made again',
  () =>
    inFolder(async (folder) => {
      const records = await session();
      const [early, late] = [records.filter((r) => r.arrivalNs < 14e9), records.filter((r) => r.arrivalNs >= 14e9)];
      await mkdir(join(folder, 'journal'));
      const chunk = openChunkPath(join(folder, 'journal'), 1);
      await writeFile(chunk, chunkOf(early));
      const job = await open(
        folder,
        false,
        {},
        {
          kind: 'participant',
          participantId: 'ada',
          source: null,
          fileFormat: 'webm',
        },
      );
      try {
        await job.start();
        expect(job.coordinator.stats).toEqual({ jobs: 1, processes: 0, waiting: 0 });
        await appendFile(chunk, chunkOf(late).subarray(CHUNK_HEADER_BYTES));
        await renameSealed(join(folder, 'journal'), 1);
        job.coordinator.finished('composition');
        job.children[0]?.kill('SIGKILL');
        const path = join(folder, 'recordings', 'file.webm');
        expect(await job.outcome).toMatchObject({
          artifacts: [{ path, durationSeconds: 13.5, width: 320, height: 180, format: 'webm', offsetSeconds: 0 }],
        });
        expect(job.children).toHaveLength(2);
        expect(await readdir(join(folder, 'recordings'))).toEqual(['file.webm']);
        const pictures = await picturesOf(path);
        expect(pictures.at(-1)?.seconds).toBeGreaterThan(13.4);
      } finally {
        await job.coordinator.close();
      }
    }),
  60_000,
);

test(
  'what is left of a recording whose writer died is copied to its last moment',
  () =>
    inFolder(async (folder) => {
      const records = (await session()).filter(({ arrivalNs }) => arrivalNs < 9e9);
      await saveJournal(records, join(folder, 'journal'));
      const job = await open(
        folder,
        false,
        {},
        {
          kind: 'track',
          participantId: 'ada',
          source: 'microphone',
          fileFormat: 'webm',
        },
      );
      try {
        await job.start();
        job.coordinator.journalEnded('composition');
        const outcome = await job.outcome;
        if (!('artifacts' in outcome)) throw new Error('Nothing was copied.');
        expect(outcome.artifacts).toHaveLength(1);
        expect(outcome.artifacts[0]?.durationSeconds).toBeGreaterThan(8.2);
        expect(outcome.artifacts[0]).toMatchObject({ width: null, videoBytes: 0 });
      } finally {
        await job.coordinator.close();
      }
    }),
  60_000,
);
