/**
 * What a soak is: a promise of ours, kept up for long. It is given how long and a seed, runs the real product, and answers with figures; a
 * figure that may not be what it is, or a violation, makes the run fail. Its short form is a test in the test command.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from '../src/support/scope.ts';

/** One line of the table. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What was promised; without either it is told for its own sake. */
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface SoakResult {
  readonly figures: readonly Figure[];
  /** What was not as promised, a sentence each, with the seed or the round by which it comes again. */
  readonly violations: readonly string[];
}

export interface SoakOptions {
  /** How many rounds; null: as many as there is time for, or the soak's own number. */
  readonly rounds: number | null;
  /** For how long; null: until the rounds are over. */
  readonly minutes: number | null;
  /** Everything that is left to chance follows from it. */
  readonly seed: number;
  /** Whatever is opened belongs to it: it is closed when the soak ends, fails, or is interrupted. */
  readonly scope: Scope;
  /** Says on standard error what is being done. */
  readonly note: (text: string) => void;
}

export interface Soak {
  /** One sentence: what is promised. */
  readonly promise: string;
  run(options: SoakOptions): Promise<SoakResult>;
}

/** True for a figure that is as it was promised. */
export const isKept = ({ value, atMost, atLeast }: Figure): boolean =>
  (atMost === undefined || value <= atMost) && (atLeast === undefined || value >= atLeast);

/** A temporary folder that goes with the scope. */
export const temporaryFolder = async (scope: Scope): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'roomtape-soak-'));
  return scope.own('temporary folder', folder, () => rm(folder, { recursive: true, force: true }));
};
