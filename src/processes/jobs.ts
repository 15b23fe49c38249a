/** What the server process does by itself when it is due: its jobs, and the queue that wakes them. */
import { createHash } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { postgresQueue, redisQueue } from '../jobs/bull-queue.ts';
import { type Job, Jobs } from '../jobs/jobs.ts';
import type { Compositions } from '../recordings/compositions.ts';
import type { RecordingWorkflow } from '../recordings/workflow.ts';
import type { Logger } from '../support/log.ts';
import type { JournalKeeper } from './journal-keeper.ts';

/** Every sweep is a query or two. Ends are exact by their wake-ups; without a queue they come this late. */
const SWEEP_MS = 10_000;
const RETENTION_SWEEP_MS = 60_000;
/** The media process is away: it comes back within seconds. */
const MEDIA_RETRY_MS = 1_000;

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
  readonly keeper: JournalKeeper;
  readonly isMediaThere: () => boolean;
}): Job[] => {
  const { workflow, compositions, keeper, isMediaThere } = options;
  const now = (): Date => new Date();
  return [
    {
      kind: 'maximum-durations',
      sweepMs: SWEEP_MS,
      run: async () =>
        isMediaThere() ? workflow.enforceMaximumDuration(now()) : new Date(now().getTime() + MEDIA_RETRY_MS),
    },
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
      kind: 'journal-retention',
      sweepMs: RETENTION_SWEEP_MS,
      run: async () => {
        await keeper.sweep(now());
        return null;
      },
    },
  ];
};
