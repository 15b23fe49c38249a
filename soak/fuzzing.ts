/** Every reader of strangers' bytes, fuzzed for long (test/fuzz). A finding joins the corpus, by which the short form meets it again. */
import { setImmediate as breathe } from 'node:timers/promises';
import { Finding, type FuzzReport, fuzz } from '../test/fuzz/fuzz.ts';
import { TARGETS } from '../test/fuzz/targets.ts';
import type { Figure, Soak } from './soak.ts';

const INPUTS_A_ROUND = 20_000;
const ROUNDS = 10;
/** With a limit of time this is how long a round of one target lasts. */
const TURN_MS = 15_000;

interface Total {
  inputs: number;
  blocks: number;
  slowestMs: number;
}

const add = (total: Total, { inputs, blocks, slowestMs }: FuzzReport): void => {
  total.inputs += inputs;
  total.blocks = Math.max(total.blocks, blocks);
  total.slowestMs = Math.max(total.slowestMs, slowestMs);
};

const figuresOf = (totals: ReadonlyMap<string, Total>, findings: number): Figure[] => [
  ...[...totals].flatMap(([name, { inputs, blocks }]) => [
    { what: `${name}: inputs tried`, value: inputs, unit: 'inputs' },
    { what: `${name}: blocks of code reached`, value: blocks, unit: 'blocks' },
  ]),
  {
    what: 'slowest input',
    value: Math.max(0, ...[...totals.values()].map(({ slowestMs }) => slowestMs)),
    unit: 'ms',
    atMost: 500,
  },
  { what: 'inputs that broke something', value: findings, unit: 'inputs', atMost: 0 },
];

export const fuzzing: Soak = {
  promise: 'No bytes of strangers break, stall or bloat what reads them.',
  run: async ({ rounds, minutes, seed, note }) => {
    const totals = new Map<string, Total>(TARGETS.map(({ name }) => [name, { inputs: 0, blocks: 0, slowestMs: 0 }]));
    const violations: string[] = [];
    const until = minutes === null ? Number.POSITIVE_INFINITY : performance.now() + minutes * 60_000;
    const most = rounds ?? (minutes === null ? ROUNDS : Number.POSITIVE_INFINITY);
    for (let round = 0; round < most && performance.now() < until && violations.length === 0; round++) {
      for (const target of TARGETS) {
        const total = totals.get(target.name);
        if (!total || performance.now() >= until) continue;
        await breathe(); // an interruption is heard between two targets
        try {
          const limitMs = minutes === null ? undefined : TURN_MS;
          add(total, fuzz(target, { seed: seed + round, inputs: INPUTS_A_ROUND, ...(limitMs && { limitMs }) }));
        } catch (error) {
          if (!(error instanceof Finding)) throw error;
          violations.push(`Seed ${seed + round}: ${error.message}`);
        }
      }
      note(`round ${round + 1}: ${[...totals.values()].reduce((sum, { inputs }) => sum + inputs, 0)} inputs`);
    }
    return { figures: figuresOf(totals, violations.length), violations };
  },
};
