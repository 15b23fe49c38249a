/** What a benchmark is: it is given its inputs' length and a scope that closes all it opens, and yields rows of the one table. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Scope } from '../src/support/scope.ts';

/** What ours is held against, measured in the same run: a peer, a bare limit, or ourselves on less. */
export interface Beside {
  readonly name: string;
  readonly value: number;
}

export interface Row {
  /** Unique in the table. */
  readonly what: string;
  readonly ours: number;
  /** Null where nothing does the same. */
  readonly beside: Beside | null;
  /** Of both values. */
  readonly unit: string;
}

export interface BenchOptions {
  /** Shortened inputs: whether it runs, and the order of magnitude. */
  readonly quick: boolean;
  /** Whatever is opened belongs to it: it is closed when the benchmark ends, fails, or is interrupted. */
  readonly scope: Scope;
  /** Says on standard error what is being done. */
  readonly note: (text: string) => void;
}

export type Bench = (options: BenchOptions) => AsyncIterable<Row>;

/** A temporary folder that goes with the scope. */
export const temporaryFolder = async (scope: Scope): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'roomtape-bench-'));
  return scope.own('temporary folder', folder, () => rm(folder, { recursive: true, force: true }));
};

/** Everything that one measurement opened is closed before the next begins. */
export const apart = async <T>(scope: Scope, measure: (scope: Scope) => Promise<T>): Promise<T> => {
  const inner = scope.own('measurement', new Scope(), (own) => own.close());
  try {
    return await measure(inner);
  } finally {
    await inner.close();
  }
};

/** The middle value; of an even number of them the upper one. */
export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
