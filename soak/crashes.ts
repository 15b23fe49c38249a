/** `kill -9` of every process at random moments: nothing that was received is lost but the last second, and nothing is left behind. */

import {
  CRASH_ROUNDS_ENVIRONMENT,
  type CrashRound,
  CrashRounds,
  crashPlans,
  describeRound,
} from '../test/support/crash-rounds.ts';
import { InitSystem } from '../test/support/init-system.ts';
import { percentile } from '../test/support/oracle/verdict.ts';
import { PatientApi } from '../test/support/patient-api.ts';
import { Service } from '../test/support/service.ts';
import { VICTIMS } from '../test/support/victims.ts';
import type { Figure, Soak, SoakOptions, SoakResult } from './soak.ts';

const DEFAULT_ROUNDS = 200;
/** A sitting's journal is read whole in every round: after so many another room is opened. */
const ROUNDS_PER_ROOM = 12;
const MINUTE_MS = 60_000;

const numbersOf = (rounds: readonly CrashRound[], pick: (round: CrashRound) => number | null): number[] =>
  rounds.flatMap((round) => pick(round) ?? []);
const most = (values: readonly number[]): number => Math.max(0, ...values);

const figuresOf = (rounds: readonly CrashRound[], left: number, restarts: number): Figure[] => {
  const lost = numbersOf(rounds, ({ lostMs }) => lostMs);
  const gaps = numbersOf(rounds, ({ gapS }) => gapS);
  const recoveries = rounds.map(({ recoveryS }) => recoveryS);
  const violated = rounds.filter(({ violations }) => violations.length > 0).length;
  const promised = { atLeast: rounds.length, atMost: rounds.length };
  return [
    { what: 'rounds', value: rounds.length, unit: 'recordings' },
    { what: 'done by themselves, whole, in sync', value: rounds.length - violated, unit: 'recordings', ...promised },
    ...VICTIMS.map((victim) => {
      const value = rounds.filter(({ victims }) => victims.includes(victim)).length;
      return { what: `killed: ${victim}`, value, unit: 'times' };
    }),
    { what: 'started again by the init system', value: restarts, unit: 'times' },
    { what: 'media lost, most', value: most(lost), unit: 'ms', atMost: 1000 },
    { what: 'media lost, p99', value: percentile(lost, 0.99) ?? 0, unit: 'ms', atMost: 1000 },
    { what: 'media lost, median', value: percentile(lost, 0.5) ?? 0, unit: 'ms' },
    { what: 'nothing received after a kill, median', value: percentile(gaps, 0.5) ?? 0, unit: 's' },
    { what: 'nothing received after a kill, most', value: most(gaps), unit: 's' },
    { what: 'all well again, median', value: percentile(recoveries, 0.5) ?? 0, unit: 's' },
    { what: 'all well again, most', value: most(recoveries), unit: 's' },
    { what: 'left behind, told twice or not told (processes, files, rows, events)', value: left, unit: '', atMost: 0 },
  ];
};

const run = async ({ rounds, minutes, seed, scope, note }: SoakOptions): Promise<SoakResult> => {
  const service = await Service.run(InitSystem.start, PatientApi, CRASH_ROUNDS_ENVIRONMENT);
  scope.own('service', service, () => service.close());
  const plans = crashPlans(seed);
  const limit = rounds ?? (minutes === null ? DEFAULT_ROUNDS : Number.POSITIVE_INFINITY);
  const deadline = minutes === null ? Number.POSITIVE_INFINITY : performance.now() + minutes * MINUTE_MS;
  const played: CrashRound[] = [];
  const left: string[] = [];
  const isOver = (): boolean => played.length >= limit || performance.now() >= deadline;
  while (!isOver()) {
    const room = await CrashRounds.open(service);
    for (let i = 0; i < ROUNDS_PER_ROOM && !isOver(); i++) {
      const plan = plans.next().value;
      const round = await (await room.play(plan)).verdict;
      played.push(round);
      note(describeRound(round));
    }
    const found = await room.close();
    for (const words of found) note(`✗ ${words}`);
    left.push(...found);
  }
  const violations = played.flatMap(({ round, violations }) => violations.map((words) => `round ${round}: ${words}`));
  return { figures: figuresOf(played, left.length, service.server.restarts), violations: [...violations, ...left] };
};

export const crashes: Soak = {
  promise:
    'kill -9 of any process, or all, at any moment: every recording gets done with all but the last second before it',
  run,
};
