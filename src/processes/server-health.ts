/** Whether the system can do its work, and its figures for Prometheus. */
import { statfs } from 'node:fs/promises';
import { Gauge, Registry } from 'prom-client';
import type { HealthPort } from '../api/ports.ts';
import { type Catalog, pingDatabase } from '../catalog/catalog.ts';
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

export const serverHealth = ({ catalog, media, coordinator, dataDir, minFreeDiskBytes }: HealthOptions): HealthPort => {
  const database = (): Promise<Check> =>
    pingDatabase(catalog).then(
      () => ({ ok: true, detail: 'answers' }),
      (error: unknown) => ({ ok: false, detail: error instanceof Error ? error.message : 'does not answer' }),
    );
  const disk = async (): Promise<Check & { free: number }> => {
    const { bavail, bsize } = await statfs(dataDir);
    const free = bavail * bsize;
    return { ok: free >= minFreeDiskBytes, free, detail: `${Math.floor(free / 2 ** 20)} MiB free` };
  };
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
      gauge('roomtape_media_up', 'Whether the media process is connected.', media.state === 'connected' ? 1 : 0);
      if (media.state === 'connected') {
        const stats = await media.request('stats', {});
        for (const [name, value] of Object.entries(stats)) {
          gauge(`roomtape_media_${name}`, 'Of the media process.', value);
        }
      }
      return registry.metrics();
    },
  };
};
