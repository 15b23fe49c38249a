/**
 * Deliveries through days of outages: two servers on one database bring files of all sizes into a bucket and to presigned URLs, through a proxy that
 * answers 503, hangs, cuts connections and damages bytes, as the seed wills. Hours pass by the servers' clock.
 */

import { deliveriesOf, nextDeliveryDue } from '../src/catalog/deliveries.ts';
import { Deliveries } from '../src/recordings/deliveries.ts';
import type { DeliverySender } from '../src/recordings/delivery-ports.ts';
import { createLogger } from '../src/support/log.ts';
import { seededRandom } from '../src/synthetic/impairment.ts';
import {
  BUCKET,
  Clock,
  DeliveryRig,
  deliveryRound,
  type FinishedRecording,
  THEIRS,
} from '../test/support/delivery-rig.ts';
import type { Fault } from '../test/support/fault-proxy.ts';
import type { Soak, SoakOptions, SoakResult } from './soak.ts';

const MIB = 2 ** 20;
const HOUR_MS = 3_600_000;
/** Hanging servers are cut after this, so that a round is minutes and not hours. */
const IDLE_MS = 1_000;
const DEFAULT_ROUNDS = 5;
/** Of one round: most are small, one has several parts. */
const RECORDINGS = 6;
const LARGE_BYTES = 34 * MIB;
const SMALL_BYTES = 2 * MIB;
/** So many times the network changes before it is well again for good. */
const FAULTS = 12;

const faultOf = (random: () => number): Fault => {
  const kinds: readonly Fault[] = [
    { kind: 'none' },
    { kind: '503' },
    { kind: 'hang' },
    { kind: 'cut', afterBytes: Math.floor(random() * 24 * MIB) },
    { kind: 'flip', atByte: Math.floor(random() * 4 * MIB) },
  ];
  return kinds[Math.floor(random() * kinds.length)] ?? { kind: 'none' };
};

/** What is counted while it runs. */
class Tally {
  readonly told = new Map<string, number>();
  readonly #sending = new Map<string, number>();
  mostAtOnce = 0;

  /** Counts how many send the same object at the same time. */
  counting(sender: DeliverySender): DeliverySender {
    const during = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
      const now = (this.#sending.get(what) ?? 0) + 1;
      this.#sending.set(what, now);
      this.mostAtOnce = Math.max(this.mostAtOnce, now);
      try {
        return await work();
      } finally {
        this.#sending.set(what, (this.#sending.get(what) ?? 1) - 1);
      }
    };
    return {
      toBucket: (name, file, options) => during(name, () => sender.toBucket(name, file, options)),
      toUrl: (url, file, signal) => during(url, () => sender.toUrl(url, file, signal)),
      abandon: (name, resume) => sender.abandon(name, resume),
    };
  }
}

const run = async ({ rounds, minutes, seed, scope, note }: SoakOptions): Promise<SoakResult> => {
  const random = seededRandom(seed);
  const rig = await DeliveryRig.start(scope, IDLE_MS);
  const clock = new Clock();
  const tally = new Tally();
  const servers = [rig.catalog, rig.other].map(
    (catalog) =>
      new Deliveries({
        catalog,
        sender: tally.counting(rig.sender()),
        dataDir: rig.dataDir,
        retryForMs: 72 * HOUR_MS,
        backoff: { firstMs: 5_000, mostMs: HOUR_MS },
        keepLocal: true,
        localRetentionMs: 0,
        tell: async (_trx, _type, { id }) => void tally.told.set(id, (tally.told.get(id) ?? 0) + 1),
        wake: () => undefined,
        now: clock.now,
        random,
        log: createLogger('soak', 'silent'),
      }),
  );
  const until = minutes === null ? null : performance.now() + minutes * 60_000;
  const most = rounds ?? (until === null ? DEFAULT_ROUNDS : Number.POSITIVE_INFINITY);
  const violations: string[] = [];
  const began = clock.ms;
  const all: FinishedRecording[] = [];
  let done = 0;
  for (; done < most && (until === null || performance.now() < until); done += 1) {
    const made = await startRound(rig, servers, random, done);
    await throughFaults(rig, servers, clock, random);
    violations.push(...(await wrongObjects(rig, made, done, seed)));
    all.push(...made);
    note(`round ${done + 1}: ${all.length} recordings are where they belong`);
  }
  const rows = await deliveriesOf(
    rig.catalog,
    all.map(({ recordingId }) => recordingId),
  );
  const attempts = rows.map((row) => row.attempts);
  return {
    figures: [
      { what: 'rounds', value: done, unit: '' },
      { what: 'deliveries', value: rows.length, unit: '' },
      { what: '… done', value: rows.filter(({ status }) => status === 'done').length, unit: '', atLeast: rows.length },
      { what: '… that had to be tried again', value: attempts.filter((count) => count > 1).length, unit: '' },
      { what: 'attempts', value: attempts.reduce((sum, count) => sum + count, 0), unit: '' },
      { what: 'most attempts of one', value: Math.max(...attempts), unit: '' },
      { what: 'told twice', value: [...tally.told.values()].filter((count) => count > 1).length, unit: '', atMost: 0 },
      { what: 'sent at the same time, at most', value: tally.mostAtOnce, unit: '', atMost: 1 },
      { what: 'time that passed for the servers', value: (clock.ms - began) / HOUR_MS, unit: 'h' },
    ],
    violations,
  };
};

const startRound = async (
  rig: DeliveryRig,
  [server]: readonly Deliveries[],
  random: () => number,
  round: number,
): Promise<FinishedRecording[]> => {
  if (!server) throw new Error('There is no server.');
  const made: FinishedRecording[] = [];
  for (let i = 0; i < RECORDINGS; i += 1) {
    const bytes = 1 + Math.floor(random() * (i === 0 ? LARGE_BYTES : SMALL_BYTES));
    const preSignedUrl = await rig.presigned(`${round}-${i}.mp4`, { seconds: 86_400, port: rig.proxy.port });
    made.push(await rig.finished(server, { directory: `round ${round}`, preSignedUrl }, { bytes }));
  }
  return made;
};

/** Both servers look for what is due at the same time, again and again, while the network changes; then until nothing waits. */
const throughFaults = async (
  rig: DeliveryRig,
  servers: readonly Deliveries[],
  clock: Clock,
  random: () => number,
): Promise<void> => {
  for (let faults = 0; ; faults += 1) {
    rig.proxy.set(faults < FAULTS ? faultOf(random) : { kind: 'none' });
    await Promise.all(servers.map(deliveryRound));
    const next = await nextDeliveryDue(rig.catalog);
    if (!next) return;
    if (next > clock.now()) clock.to(next);
  }
};

const wrongObjects = async (
  rig: DeliveryRig,
  made: readonly FinishedRecording[],
  round: number,
  seed: number,
): Promise<string[]> => {
  const wrong: string[] = [];
  for (const [i, { recordingId, md5s }] of made.entries()) {
    for (const [bucket, key] of [
      [BUCKET, `round ${round}/${recordingId}.mp4`],
      [THEIRS, `${round}-${i}.mp4`],
    ] as const) {
      if ((await rig.objectMd5(bucket, key)) === md5s[0]) continue;
      wrong.push(`Seed ${seed}, round ${round + 1}: "${key}" in "${bucket}" has not what was recorded.`);
    }
  }
  return wrong;
};

export const deliveries: Soak = {
  promise: 'Every file arrives, whole, once told, however the network fails for hours.',
  run,
};
