/** Whether the system can do its work, and its figures for Prometheus. */
import { Counter, Gauge, Registry } from 'prom-client';
import type { HealthPort } from '../api/ports.ts';
import { type Catalog, type DatabaseWatch, pingDatabase } from '../catalog/catalog.ts';
import { countDeliveries } from '../catalog/deliveries.ts';
import { filesKept } from '../catalog/files.ts';
import type { CompositionCoordinator } from '../composition/coordinator.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Admission } from '../recordings/admission.ts';
import type { MediaClient } from '../rooms/media-client.ts';
import { freeBytesAt, mebibytes } from '../support/free-space.ts';
import type { DiskRoom } from './disk-room.ts';

export interface HealthOptions {
  readonly catalog: Catalog;
  readonly media: MediaClient;
  readonly coordinator: CompositionCoordinator;
  readonly watch: DatabaseWatch;
  readonly admission: Admission;
  readonly disk: DiskRoom;
  /** Where recordings and journals lie. */
  readonly paths: readonly string[];
  readonly minFreeDiskBytes: number;
  /** Prometheus text of what counts for itself. */
  readonly more: () => Promise<string>;
  readonly jobs: Jobs;
  readonly kept: { readonly journals: () => JournalFigures; readonly freedFileBytes: () => number };
}

import type { JournalFigures } from './journal-keeper.ts';

type Check = { ok: boolean; detail: string };

const FLOOR = { ample: 0, low: 1, scarce: 2, none: 3 } as const;
const DISK_FLOOR_HELP =
  '0: there is room on the disk. 1: no recording starts. 2: those that ran were ended. 3: compositions wait, too.';

/** `rtp_packets_received_total` → `rtp packets received`. */
const words = (name: string): string => name.replace(/_total$/, '').replaceAll('_', ' ');

export const serverHealth = (options: HealthOptions): HealthPort => {
  const { catalog, media, coordinator, paths, minFreeDiskBytes, more } = options;
  const database = (): Promise<Check> =>
    pingDatabase(catalog).then(
      () => ({ ok: true, detail: 'answers' }),
      // Why, and where it is, is not for everybody to read: whoever asks need not show a token. The log has it.
      () => ({ ok: false, detail: 'does not answer' }),
    );
  const disk = async (): Promise<Check & { free: number }> => {
    const free = await freeBytesAt(paths);
    return { ok: free >= minFreeDiskBytes, free, detail: `${mebibytes(free)} free` };
  };
  /** Undefined while it does not answer: figures are wanted most when something is wrong. */
  const mediaStats = (): Promise<Record<string, number> | undefined> =>
    media.state === 'connected' ? media.request('stats', {}).catch(() => undefined) : Promise.resolve(undefined);
  return {
    check: async () => {
      const { ok, detail } = await disk();
      const checks: Record<string, Check> = {
        database: await database(),
        media: { ok: media.state === 'connected', detail: media.state },
        disk: { ok, detail },
      };
      return { ok: Object.values(checks).every((check) => check.ok), checks };
    },
    metrics: async () => {
      const registry = new Registry();
      const gauge = (name: string, help: string, value: number): void => {
        new Gauge({ name, help, registers: [registry] }).set(value);
      };
      const counter = (name: string, help: string, value: number): void =>
        new Counter({ name, help, registers: [registry] }).inc(value);
      const { jobs, processes, waiting } = coordinator.stats;
      gauge('roomtape_compositions', 'Recordings that are being composed or wait for it.', jobs);
      gauge('roomtape_compositions_waiting', 'Of these, those that no process works on.', waiting);
      gauge('roomtape_compositor_processes', 'Compositor processes that run.', processes);
      gauge('roomtape_disk_free_bytes', 'Free space where the data folder lies.', (await disk()).free);
      // Without the database there are no figures of it.
      const deliveries = await countDeliveries(catalog).catch(() => undefined);
      const help = 'Deliveries of files to buckets and presigned URLs, by state.';
      const byStatus = new Gauge({ name: 'roomtape_deliveries', help, labelNames: ['status'], registers: [registry] });
      for (const [status, count] of deliveries ?? []) byStatus.set({ status }, count);
      gauge('roomtape_disk_floor', DISK_FLOOR_HELP, FLOOR[options.disk.state]);
      gauge('roomtape_database_up', 'Whether the database answers.', options.watch.away ? 0 : 1);
      counter('roomtape_database_outages_total', 'Times that it went away.', options.watch.outages);
      counter(
        'roomtape_starts_refused_total',
        'Recordings that were refused: no room on the disk, or as many as are allowed.',
        options.admission.refused,
      );
      await keptAndDue(registry, options);
      const stats = await mediaStats();
      gauge('roomtape_media_up', 'Whether the media process answers.', stats ? 1 : 0);
      for (const [name, value] of Object.entries(stats ?? {})) {
        const about = {
          name: `roomtape_media_${name}`,
          help: `Of the media process: ${words(name)}.`,
          registers: [registry],
        };
        if (name.endsWith('_total')) new Counter(about).inc(value);
        else new Gauge(about).set(value);
      }
      return `${await registry.metrics()}${await more()}`;
    },
  };
};

/** What is kept, and what waits to be done. Figures of the database are left out while it is away: the others are wanted then. */
const keptAndDue = async (registry: Registry, { catalog, jobs, kept }: HealthOptions): Promise<void> => {
  const gauge = (name: string, help: string, value: number): void => {
    new Gauge({ name, help, registers: [registry] }).set(value);
  };
  const { journals, bytes, freedBytes } = kept.journals();
  gauge('roomtape_journals', 'Journals that are kept, as of the last sweep.', journals);
  gauge('roomtape_journal_bytes', 'Bytes of all journals that are kept, as of the last sweep.', bytes);
  const files = await filesKept(catalog).catch(() => null);
  if (files) {
    gauge('roomtape_files', 'Finished files that are kept.', files.files);
    gauge('roomtape_file_bytes', 'Bytes of all finished files that are kept.', files.bytes);
  }
  const labelled = { registers: [registry] };
  const freed = new Counter({
    ...labelled,
    name: 'roomtape_freed_bytes_total',
    help: 'Bytes that were deleted because their time was over, or nobody needed them.',
    labelNames: ['what'],
  });
  freed.inc({ what: 'journals' }, freedBytes);
  freed.inc({ what: 'files' }, kept.freedFileBytes());
  const inQueue = await jobs.inQueue();
  gauge('roomtape_queue_up', 'Whether the queue of wake-ups answers.', inQueue === null ? 0 : 1);
  if (inQueue !== null) gauge('roomtape_queue_waiting', 'Wake-ups that wait in the queue.', inQueue);
  const runs = new Counter({
    ...labelled,
    name: 'roomtape_job_runs_total',
    help: 'Runs of jobs, by kind.',
    labelNames: ['kind'],
  });
  const failures = new Counter({
    ...labelled,
    name: 'roomtape_job_failures_total',
    help: 'Of these, those that failed and were tried again.',
    labelNames: ['kind'],
  });
  for (const { kind, runs: all, failures: failed } of jobs.figures) {
    runs.inc({ kind }, all);
    failures.inc({ kind }, failed);
  }
};
