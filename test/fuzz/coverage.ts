/** Which blocks of our code an input reached, as V8 counts them (inspector, precise coverage): what guides the fuzzer. */
import { Session } from 'node:inspector';

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

/** Our code, and what checks messages for us. */
const OURS = /\/src\/[a-z]+\/|\/node_modules\/zod\//;

/** How often is told in powers of two: a loop that runs once more is nothing new, one that runs twice as often is. */
const bucket = (count: number): number => Math.ceil(Math.log2(count));

export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    this.take();
  }

  get size(): number {
    return this.#seen.size;
  }

  /** How many blocks were reached since the last call that were never reached before (or never so often). */
  take(): number {
    const before = this.#seen.size;
    // Of a session in the same thread the answer comes before the call returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error) throw error;
      for (const { url, functions } of answer.result) {
        if (!OURS.test(url)) continue;
        for (const { ranges } of functions) for (const range of ranges as Range[]) this.#note(url, range);
      }
    });
    return this.#seen.size - before;
  }

  #note(url: string, { startOffset, endOffset, count }: Range): void {
    if (count > 0) this.#seen.add(`${url}:${startOffset}-${endOffset}:${bucket(count)}`);
  }

  close(): void {
    this.#session.disconnect();
  }
}
