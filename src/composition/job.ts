/** One composition as the server keeps it while it is rendered. Its truth is the folder of finished segments. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SEGMENT_TICKS } from '../domain/media-time.ts';
import { readFacts } from './segment-files.ts';
import { Setbacks } from './setbacks.ts';
import { type CompositionConfig, type CompositionTask, type CopyConfig, WORK_VERSION } from './task.ts';
import type { Worker } from './worker.ts';

export interface CompositionJob {
  readonly compositionId: string;
  readonly recordingId: string;
  readonly journalDir: string;
  /** Of this composition alone; segments and the finished file lie below it. */
  readonly directory: string;
  /** Absolute path of the finished file without its extension. */
  readonly artifactPath: string;
  readonly config: CompositionConfig;
  readonly copy?: CopyConfig | undefined;
  /** Older jobs come first. */
  readonly createdAtMs: number;
  /** The recording's end is in the journal, or nobody writes the journal any more. */
  readonly finished: boolean;
}

export interface Job {
  readonly spec: CompositionJob;
  readonly segments: string;
  readonly done: Set<number>;
  readonly workers: Set<Worker<Job>>;
  readonly setbacks: Setbacks;
  finished: boolean;
  /** Length, once the end is known. */
  ticks: number | null;
  ended: boolean;
  journalEnded: boolean;
  /** Monotonic time before which no process is started for it. */
  notBeforeMs: number;
}

/** Where the segments of a composition lie, in its own folder. */
export const segmentsFolder = (directory: string): string => join(directory, 'segments');

/** Takes up what lies in the job's folder: finished segments are kept, what dead processes left unfinished is removed. */
export const openJob = async (spec: CompositionJob): Promise<Job> => {
  const segments = segmentsFolder(spec.directory);
  await mkdir(segments, { recursive: true, mode: 0o700 });
  const scratchFolders = (await readdir(spec.directory)).filter((name) => name.startsWith('scratch-'));
  for (const name of scratchFolders) await rm(join(spec.directory, name), { recursive: true, force: true });
  const done = new Set<number>();
  for (const name of await readdir(segments)) {
    const index = Number(/^(\d+)\.json$/.exec(name)?.[1] ?? Number.NaN);
    if (index >= 0 && (await readFacts(segments, index))) done.add(index);
  }
  return {
    spec,
    segments,
    done,
    workers: new Set(),
    setbacks: new Setbacks(),
    finished: spec.finished,
    ticks: null,
    ended: false,
    journalEnded: false,
    notBeforeMs: 0,
  };
};

/** What a process is told that works on it. */
export const taskOf = ({ spec, segments, setbacks }: Job, scratchDir: string): CompositionTask => ({
  version: WORK_VERSION,
  compositionId: spec.compositionId,
  recordingId: spec.recordingId,
  journalDir: spec.journalDir,
  segmentsDir: segments,
  scratchDir,
  artifactPath: spec.artifactPath,
  config: spec.config,
  shunned: setbacks.shunned,
  careful: setbacks.careful,
  ...(spec.copy && { copy: spec.copy }),
});

/** Segments of a job in all; null while its end is not known. */
export const segmentsIn = ({ ticks }: Job): number | null => ticks && Math.ceil(ticks / SEGMENT_TICKS);

export const isPackaging = ({ workers }: Job): boolean => [...workers].some((worker) => worker.packaging);
