/**
 * `node test/fuzz/run.ts [--minutes N | --inputs N] [--seed N] [--save] [target…]`: fuzzes the readers of strangers' bytes, one after the
 * other; prints a line of JSON for each. Ends with 1 at the first input that something does not hold for, and prints it.
 */
import { parseArgs } from 'node:util';
import { Finding, fuzz } from './fuzz.ts';
import { TARGETS } from './targets.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string' },
    inputs: { type: 'string', default: '3000' },
    seed: { type: 'string', default: '1' },
    save: { type: 'boolean', default: false },
  },
});
const targets = TARGETS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const limit = values.minutes === undefined ? undefined : (Number(values.minutes) * 60_000) / targets.length;
try {
  for (const target of targets) {
    const options = { seed: Number(values.seed), save: values.save };
    const inputs = limit === undefined ? Number(values.inputs) : Number.POSITIVE_INFINITY;
    console.log(JSON.stringify(fuzz(target, { ...options, inputs, ...(limit !== undefined && { limitMs: limit }) })));
  }
} catch (error) {
  if (!(error instanceof Finding)) throw error;
  console.log(error.message);
  process.exitCode = 1;
}
