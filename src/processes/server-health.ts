/** Whether the system can do its work, and its figures for Prometheus. */
import { statfs } from 'node:fs/promises';
import { Counter, Gauge, Registry } from 'prom-client';
import type { HealthPort } from '../api/ports.ts';
import { type Catalog, pingDatabase } from '../catalog/catalog.ts';
import { countDeliveries } from '../catalog/deliveries.ts';
import type { CompositionCoordinator } from '../composition/coordinator.ts';
import type { MediaClient } from '../rooms/media-client.ts';

export interface HealthOptions {
  readonly catalog: Catalog;
  readonly media: MediaClient;
  readonly coordinator: CompositionCoordinator;
  readonly dataDir: string;
  readonly minFreeDiskBytes: number;
}

type Check = { ok: boolean; detail: string };

/** `rtp_packets_received_total` → `rtp packets received`. */
const words = (name: string): string => name.replace(/_total$/, '').replaceAll('_', ' ');

export const serverHealth = ({ catalog, media, coordinator, dataDir, minFreeDiskBytes }: HealthOptions): HealthPort => {
  const database = (): Promise<Check> =>
    pingDatabase(catalog).then(
      () => ({ ok: true, detail: 'answers' }),
      // Why, and where it is, is not for everybody to read: whoever asks need not show a token. The log has it.
      () => ({ ok: false, detail: 'does not answer' }),
    );
  const disk = async (): Promise<Check & { free: number }> => {
    const { bavail, bsize } = await statfs(dataDir);
    const free = bavail * bsize;
    return { ok: free >= minFreeDiskBytes, free, detail: `${Math.floor(free / 2 ** 20)} MiB free` };
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
      return registry.metrics();
    },
  };
};
