/** A journal damaged in a thousand ways, composed each time: bytes flipped, garbage, chunks cut off and gone (test/support/damaged-journals.ts). */
import { seededRandom } from '../src/synthetic/impairment.ts';
import { composeDamaged, DAMAGES, type Damaged } from '../test/support/damaged-journals.ts';
import type { Figure, Soak, SoakOptions, SoakResult } from './soak.ts';

/** One takes about half a second. */
const ROUNDS = 1_000;
const MINUTE_MS = 60_000;
const NOTE_EVERY = 100;

const figuresOf = (all: readonly Damaged[]): Figure[] => {
  const count = (is: (one: Damaged) => boolean): number => all.filter(is).length;
  return [
    { what: 'damaged journals', value: all.length, unit: 'journals' },
    ...DAMAGES.map((kind) => ({ what: `… ${kind}`, value: count((one) => one.kind === kind), unit: 'journals' })),
    {
      what: 'composed, as long as what was recorded',
      value: count(({ outcome }) => outcome === 'whole'),
      unit: 'files',
    },
    {
      what: 'composed, as long as what is readable',
      value: count(({ outcome }) => outcome === 'shorter'),
      unit: 'files',
    },
    { what: 'refused: nothing tells of the recording', value: count(({ outcome }) => outcome === 'none'), unit: '' },
    { what: 'packets that damage cost', value: all.reduce((sum, one) => sum + one.lostPackets, 0), unit: 'packets' },
    { what: 'incidents told', value: all.reduce((sum, { incidents }) => sum + incidents, 0), unit: '' },
    {
      what: 'not as promised',
      value: count(({ violations }) => violations.length > 0),
      unit: 'journals',
      atMost: 0,
    },
  ];
};

const run = async ({ rounds, minutes, seed, note }: SoakOptions): Promise<SoakResult> => {
  const random = seededRandom(seed);
  const until = minutes === null ? Number.POSITIVE_INFINITY : performance.now() + minutes * MINUTE_MS;
  const most = rounds ?? (minutes === null ? ROUNDS : Number.POSITIVE_INFINITY);
  const all: Damaged[] = [];
  while (all.length < most && performance.now() < until) {
    const kind = DAMAGES[all.length % DAMAGES.length];
    if (kind === undefined) break;
    const damaged = await composeDamaged(kind, random);
    all.push(damaged);
    for (const words of damaged.violations) note(`✗ ${damaged.kind}, ${damaged.where}: ${words}`);
    if (all.length % NOTE_EVERY === 0) note(`${all.length} journals`);
  }
  const violations = all.flatMap(({ kind, where, violations: found }) =>
    found.map((words) => `Seed ${seed}, ${kind}, ${where}: ${words}`),
  );
  return { figures: figuresOf(all), violations };
};

export const damage: Soak = {
  promise: 'Of a damaged journal everything that can be read is composed, and what is missing is told.',
  run,
};
