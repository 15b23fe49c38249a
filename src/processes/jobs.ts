/** What the server process does by itself when it is due: its jobs, and the queue that wakes them. */
import { createHash } from 'node:crypto';
import type { Catalog } from '../catalog/catalog.ts';
import { forgetEvents, numberEvents } from '../catalog/events.ts';
import { deleteOldKeys } from '../catalog/idempotency.ts';
import type { Config } from '../config/config.ts';
import { postgresQueue, redisQueue } from '../jobs/bull-queue.ts';
import { type Job, Jobs } from '../jobs/jobs.ts';
import type { AutoStarts } from '../recordings/auto-starts.ts';
import type { Compositions } from '../recordings/compositions.ts';
import type { Deliveries } from '../recordings/deliveries.ts';
import type { Purges } from '../recordings/purges.ts';
import type { RecordingFailures } from '../recordings/recording-failures.ts';
import type { RoomClosing } from '../recordings/room-closing.ts';
import type { Transcriptions } from '../recordings/transcriptions.ts';
import type { RecordingWorkflow } from '../recordings/workflow.ts';
import type { Logger } from '../support/log.ts';
import type { WebhookSender } from '../webhooks/sender.ts';
import type { FileKeeper } from './file-keeper.ts';
import { KEYS_KEPT_MS } from './idempotency-port.ts';
import type { JournalKeeper } from './journal-keeper.ts';

/** Every sweep is a query or two. Ends are exact by their wake-ups; without a queue they come this late. */
const SWEEP_MS = 10_000;
const RETENTION_SWEEP_MS = 60_000;
/** Whether a chunk that a purge waits for is sealed (every 10 s), or its composition done. */
const PURGE_SWEEP_MS = 1_000;
/** What this process does wakes the sender at once; this finds what is due again, and what other servers left. */
const WEBHOOK_SWEEP_MS = 1_000;
/** Deliveries that another server has put into the database are looked for this often; our own wake us. */
const DELIVERY_SWEEP_MS = 15_000;
/** What is due and can't be done now (all slots are taken, somebody else is about to) is not asked for without a pause. */
const LEAST_PAUSE_MS = 100;
const KEYS_BATCH = 1_000;
/** The media process or the database is away: it comes back within seconds. */
const AWAY_RETRY_MS = 1_000;

/** In Redis where the operator has one, else in the database. Servers of one API key share it. */
export const openJobs = (config: Config, apiKey: string, log: Logger): Jobs => {
  const owner = createHash('sha256').update(apiKey).digest('hex').slice(0, 16);
  const { redisUrl, databaseUrl } = config;
  if (redisUrl) return new Jobs({ queue: redisQueue({ url: redisUrl, owner, log }), log });
  if (!databaseUrl) throw new Error('ROOMTAPE_DATABASE_URL is not set: this process is started by the supervisor.');
  return new Jobs({ queue: postgresQueue({ url: databaseUrl, log }), log });
};

export const serverJobs = (options: {
  readonly workflow: RecordingWorkflow;
  readonly compositions: Compositions;
  readonly transcriptions: Transcriptions;
  readonly purges: Purges;
  readonly keeper: JournalKeeper;
  readonly files: FileKeeper;
  readonly eventRetentionMs: number;
  readonly webhooks: WebhookSender;
  readonly deliveries: Deliveries;
  readonly catalog: Catalog;
  readonly closing: RoomClosing;
  readonly failures: RecordingFailures;
  readonly autoStarts: AutoStarts;
  readonly isMediaThere: () => boolean;
  readonly isDatabaseThere: () => boolean;
}): Job[] =>
  jobsOf(options).map((job) => ({
    ...job,
    // Nothing can be looked up: not worth a failure in the log each time.
    run: async (call) => (options.isDatabaseThere() ? job.run(call) : new Date(Date.now() + AWAY_RETRY_MS)),
  }));

const jobsOf = (options: Parameters<typeof serverJobs>[0]): Job[] => {
  const { workflow, compositions, purges, keeper, files, catalog, closing, failures, autoStarts, isMediaThere } =
    options;
  const { transcriptions, webhooks, deliveries, eventRetentionMs } = options;
  const now = (): Date => new Date();
  /** What the media process is needed for waits while it is away. */
  const withMedia = (work: (now: Date) => Promise<Date | null>) => async (): Promise<Date | null> =>
    isMediaThere() ? work(now()) : new Date(now().getTime() + AWAY_RETRY_MS);
  const afterPause = (next: Date | null): Date | null =>
    next && new Date(Math.max(next.getTime(), now().getTime() + LEAST_PAUSE_MS));
  return [
    { kind: 'webhooks', sweepMs: WEBHOOK_SWEEP_MS, run: async () => afterPause(await webhooks.sendDue()) },
    { kind: 'deliveries', sweepMs: DELIVERY_SWEEP_MS, run: async () => afterPause(await deliveries.deliverDue()) },
    { kind: 'maximum-durations', sweepMs: SWEEP_MS, run: withMedia((at) => workflow.enforceMaximumDuration(at)) },
    { kind: 'room-closing', sweepMs: SWEEP_MS, run: withMedia((at) => closing.closeDue(at)) },
    { kind: 'recording-failures', sweepMs: SWEEP_MS, run: withMedia((at) => failures.closeDue(at)) },
    // Also while the media process is away: whoever waits in vain for his recording is told after a minute.
    { kind: 'auto-starts', sweepMs: SWEEP_MS, run: () => autoStarts.startDue(now()) },
    {
      // What a failing database made us drop.
      kind: 'compositions',
      sweepMs: SWEEP_MS,
      run: async () => {
        await compositions.resume();
        return null;
      },
    },
    {
      // The same, and summaries that are due again.
      kind: 'transcriptions',
      sweepMs: SWEEP_MS,
      run: async () => {
        await transcriptions.resume();
        return null;
      },
    },
    {
      kind: 'journal-retention',
      sweepMs: RETENTION_SWEEP_MS,
      run: async () => {
        await keeper.sweep(now());
        return null;
      },
    },
    {
      kind: 'purges',
      sweepMs: PURGE_SWEEP_MS,
      run: async () => {
        await purges.runDue();
        return null;
      },
    },
    {
      kind: 'event-retention',
      sweepMs: RETENTION_SWEEP_MS,
      run: async () => {
        // Whoever reads for the first time does not wait for all that has happened in a year to be numbered.
        await numberEvents(catalog);
        await forgetEvents(catalog, new Date(now().getTime() - eventRetentionMs));
        return null;
      },
    },
    { kind: 'file-retention', sweepMs: RETENTION_SWEEP_MS, run: () => files.sweep(now()) },
    {
      kind: 'idempotency-keys',
      sweepMs: RETENTION_SWEEP_MS,
      run: async () => {
        const before = new Date(now().getTime() - KEYS_KEPT_MS);
        return (await deleteOldKeys(catalog, before, KEYS_BATCH)) < KEYS_BATCH ? null : now();
      },
    },
  ];
};
