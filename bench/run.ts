/**
 * Runs the benchmarks and prints one table: ours beside a peer, or a bare limit, measured in the same run.
 *
 *   npm run bench                     all of them, about 30 minutes on 2 cores
 *   npm run bench -- compose latency  the ones named
 *   npm run bench -- --quick          shortened inputs
 *
 * Progress is on standard error. One that fails does not stop the others: it is told at the end, and the exit code is 1.
 */
import { parseArgs } from 'node:util';
import { Scope } from '../src/support/scope.ts';
import { benchAudio } from './audio.ts';
import { circumstances } from './circumstances.ts';
import { benchCompose } from './compose.ts';
import { benchIngest } from './ingest.ts';
import { benchJournal } from './journal.ts';
import { benchLatency } from './latency.ts';
import { benchParallel } from './parallel.ts';
import { benchRates } from './rates.ts';
import { benchReady } from './ready.ts';
import { benchRecorders } from './recorders.ts';
import type { Bench, Row } from './row.ts';
import { benchSpeech } from './speech.ts';
import { tableOf } from './table.ts';
import { benchVisible } from './visible.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  ingest: benchIngest,
  journal: benchJournal,
  compose: benchCompose,
  audio: benchAudio,
  visible: benchVisible,
  latency: benchLatency,
  ready: benchReady,
  parallel: benchParallel,
  speech: benchSpeech,
  recorders: benchRecorders,
  rates: benchRates,
};

/** Those that run only when they are named. */
const ON_REQUEST: ReadonlySet<string> = new Set(['rates']);

/** The one that runs now: an interruption closes it. */
let running: Scope | undefined;

/** Rows of one benchmark. Rejects if it fails; everything that it opened is closed either way. */
const rowsOf = async (name: string, bench: Bench, quick: boolean): Promise<Row[]> => {
  const began = performance.now();
  const note = (text: string): void => {
    console.error(`[${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s] ${name}: ${text}`);
  };
  await using scope = new Scope();
  running = scope;
  const rows: Row[] = [];
  for await (const row of bench({ quick, scope, note })) rows.push(row);
  return rows;
};

const onSignal = (): void => {
  console.error('Interrupted.');
  const closed = running?.close() ?? Promise.resolve();
  closed.then(
    () => process.exit(130),
    (error: unknown) => {
      console.error(error);
      process.exit(130);
    },
  );
};

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({ options: { quick: { type: 'boolean' } }, allowPositionals: true });
  const unknown = positionals.filter((name) => !Object.hasOwn(BENCHES, name));
  if (unknown.length > 0) {
    throw new Error(`There is no benchmark "${unknown.join('", "')}". There are: ${Object.keys(BENCHES).join(', ')}.`);
  }
  const quick = values.quick ?? false;
  const head = `${circumstances()}${quick ? ' · shortened inputs' : ''}`;
  const rows: Row[] = [];
  const failures: string[] = [];
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (positionals.length > 0 ? !positionals.includes(name) : ON_REQUEST.has(name)) continue;
    try {
      rows.push(...(await rowsOf(name, bench, quick)));
    } catch (error) {
      console.error(error);
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  console.log(`${head}\n\n${tableOf(rows)}`);
  if (failures.length === 0) return;
  console.error(`\nNot measured:\n${failures.join('\n')}`);
  process.exitCode = 1;
};

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
