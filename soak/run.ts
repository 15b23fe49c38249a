/**
 * Keeps promises up for long, and prints a table of figures.
 *
 *   npm run soak                                   what there is
 *   npm run soak -- crashes --rounds 200 --seed 7  one of them, so often, repeatably
 *   npm run soak -- crashes --minutes 60           one of them, for so long
 *   npm run soak -- crashes --record               and put the table into docs/reliability.md
 *
 * Progress is on standard error. The exit code is 1 where a promise was not kept.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { circumstances } from '../bench/circumstances.ts';
import { Scope } from '../src/support/scope.ts';
import { figureTable } from './figures.ts';
import { withTable } from './reliability-page.ts';
import { isKept, type Soak, type SoakResult } from './soak.ts';

/** By name. Each is loaded when it is asked for. */
const SOAKS: Readonly<Record<string, () => Promise<Soak>>> = {
  crashes: async () => (await import('./crashes.ts')).crashes,
  damage: async () => (await import('./damage.ts')).damage,
  fuzzing: async () => (await import('./fuzzing.ts')).fuzzing,
  deliveries: async () => (await import('./deliveries.ts')).deliveries,
  destinations: async () => (await import('./destinations.ts')).destinations,
  overload: async () => (await import('./overload.ts')).overload,
  outages: async () => (await import('./outages.ts')).outages,
};

const PAGE = fileURLToPath(new URL('../docs/reliability.md', import.meta.url));

/** The one that runs now: an interruption closes it. */
let running: Scope | undefined;

const wholeNumber = (name: string, text: string | undefined): number | null => {
  if (text === undefined) return null;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`"--${name}" is "${text}": a whole number from 1 on is needed.`);
  return value;
};

const listing = async (): Promise<string> => {
  const lines = await Promise.all(
    Object.entries(SOAKS).map(async ([name, load]) => `  ${name.padEnd(12)} ${(await load()).promise}`),
  );
  return `npm run soak -- NAME [--rounds N | --minutes N] [--seed N] [--record]\n\n${lines.join('\n')}`;
};

const onSignal = (): void => {
  console.error('Interrupted.');
  const closed = running?.close() ?? Promise.resolve();
  closed.catch((error: unknown) => console.error(error)).finally(() => process.exit(130));
};

const resultOf = async (
  name: string,
  soak: Soak,
  chosen: { rounds: number | null; minutes: number | null; seed: number },
) => {
  const began = performance.now();
  const note = (text: string): void => {
    console.error(`[${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s] ${name}: ${text}`);
  };
  await using scope = new Scope();
  running = scope;
  return await soak.run({ ...chosen, scope, note });
};

const textOf = (command: string, head: string, { figures, violations }: SoakResult): string =>
  ['```', `$ ${command}`, head, '', figureTable(figures), ...violations.map((words) => `✗ ${words}`), '```'].join('\n');

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    options: {
      rounds: { type: 'string' },
      minutes: { type: 'string' },
      seed: { type: 'string' },
      record: { type: 'boolean' },
    },
    allowPositionals: true,
  });
  const [name] = positionals;
  if (name === undefined) {
    console.log(await listing());
    return;
  }
  const load = SOAKS[name];
  if (!load || positionals.length > 1) {
    throw new Error(`There is no soak "${positionals.join(' ')}". There are: ${Object.keys(SOAKS).join(', ')}.`);
  }
  const rounds = wholeNumber('rounds', values.rounds);
  const minutes = wholeNumber('minutes', values.minutes);
  const seed = wholeNumber('seed', values.seed) ?? 1;
  const words = [
    name,
    ...(rounds ? [`--rounds ${rounds}`] : []),
    ...(minutes ? [`--minutes ${minutes}`] : []),
    `--seed ${seed}`,
  ];
  const head = circumstances();
  const result = await resultOf(name, await load(), { rounds, minutes, seed });
  const text = textOf(`npm run soak -- ${words.join(' ')}`, head, result);
  console.log(text);
  if (values.record) writeFileSync(PAGE, withTable(readFileSync(PAGE, 'utf8'), name, text));
  if (result.violations.length > 0 || !result.figures.every(isKept)) process.exitCode = 1;
};

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
