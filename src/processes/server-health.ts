/** Whether the system can do its work, and its figures for Prometheus. */
import { Counter, Gauge, Registry } from 'prom-client';
import type { HealthPort } from '../api/ports.ts';
import { type Catalog, type DatabaseWatch, pingDatabase } from '../catalog/catalog.ts';
import { countDeliveries } from '../catalog/deliveries.ts';
import type { CompositionCoordinator } from '../composition/coordinator.ts';
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
}

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
