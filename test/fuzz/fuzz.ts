/** One target, fuzzed: inputs that reach something new are kept and changed further. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Coverage } from './coverage.ts';
import { mutate, seeded } from './mutate.ts';
import type { Target } from './targets.ts';

const CORPUS = fileURLToPath(new URL('./corpus', import.meta.url));
/** Coverage is read after so many inputs: reading it takes longer than an input. */
const BATCH = 32;
/** The corpus is part of the repository: small inputs say as much. */
const LARGEST_KEPT = 2048;
/** What takes longer is an attack that works. */
const LONGEST_MS = 500;

export interface FuzzOptions {
  readonly seed: number;
  readonly inputs: number;
  /** Ends earlier, after so long. */
  readonly limitMs?: number;
  /** Inputs that reached something new are kept in the corpus. */
  readonly save?: boolean;
}

export interface FuzzReport {
  readonly target: string;
  readonly inputs: number;
  readonly corpus: number;
  /** Blocks of code, by how often. */
  readonly blocks: number;
  readonly slowestMs: number;
}

/** An input that something does not hold for. */
export class Finding extends Error {
  override readonly name = 'Finding';
}

const fileOf = (target: Target, input: Buffer): string =>
  join(CORPUS, target.name, createHash('sha256').update(input).digest('hex').slice(0, 16));

const savedOf = (target: Target): Buffer[] => {
  const folder = join(CORPUS, target.name);
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name)));
};

/** Throws `Finding`; the input lies in the corpus then, so that it is tried first from then on. */
export const fuzz = (
  target: Target,
  { seed, inputs, limitMs = Number.POSITIVE_INFINITY, save = false }: FuzzOptions,
): FuzzReport => {
  const random = seeded(seed);
  const coverage = new Coverage();
  const corpus: Buffer[] = [];
  let [tried, slowestMs] = [0, 0];
  const started = performance.now();
  const attempt = (input: Buffer): void => {
    tried += 1;
    const before = performance.now();
    try {
      target.run(input);
      const ms = performance.now() - before;
      slowestMs = Math.max(slowestMs, ms);
      if (ms > LONGEST_MS) throw new Error(`It took ${Math.round(ms)} ms.`);
    } catch (cause) {
      writeFileSync(fileOf(target, input), input);
      const words = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
      throw new Finding(`${target.name}: ${words}\nThe input: ${input.toString('base64')}`, { cause });
    }
  };
  try {
    for (const input of [...target.seeds(), ...savedOf(target)]) {
      attempt(input);
      coverage.take();
      corpus.push(input);
    }
    while (tried < inputs && performance.now() - started < limitMs) {
      const batch = Array.from({ length: BATCH }, () => {
        const base = corpus[Math.floor(random() * corpus.length)] ?? Buffer.alloc(1);
        return mutate(base, random, corpus, target.words);
      });
      for (const input of batch) attempt(input);
      if (coverage.take() === 0) continue;
      // Which of them was it? Found by trying each alone in a coverage of its own, where everything that is known counts as seen.
      const fresh = newest(target, corpus, batch);
      corpus.push(...fresh);
      if (!save) continue;
      for (const input of fresh) if (input.length <= LARGEST_KEPT) writeFileSync(fileOf(target, input), input);
    }
    return { target: target.name, inputs: tried, corpus: corpus.length, blocks: coverage.size, slowestMs };
  } finally {
    coverage.close();
  }
};

/** Of a batch that reached something new, those that did. */
const newest = (target: Target, corpus: readonly Buffer[], batch: readonly Buffer[]): Buffer[] => {
  const coverage = new Coverage();
  try {
    for (const input of corpus) target.run(input);
    coverage.take();
    return batch.filter((input) => {
      target.run(input);
      return coverage.take() > 0;
    });
  } finally {
    coverage.close();
  }
};
