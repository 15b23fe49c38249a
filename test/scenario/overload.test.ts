import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scope } from '../../src/support/scope.ts';
import { diskImagesMissing } from '../support/disk-image.ts';
import { quantile, runOverload } from '../support/overload.ts';
import { Service } from '../support/service.ts';

/** Of the journals' disk: memory in front of it holds minutes of this. */
const STALL_S = 5;
const JOURNALS_MIB = 256;

/**
 * Ten rooms at once are more than two cores compose, and while they are recorded the disk under the journals takes nothing for 5 s. What
 * arrives is written all the same; composing is what waits.
 */
describe('ten rooms of four people, recorded at once', () => {
  const missing = diskImagesMissing();
  let service: Service;
  let scope: Scope;
  beforeAll(async () => {
    service = await Service.start(
      { ROOMTAPE_COMPOSITOR_CONCURRENCY: '2', ROOMTAPE_MIN_FREE_DISK: '64MiB' },
      missing ? null : { over: 'journals', mebibytes: JOURNALS_MIB },
    );
    scope = new Scope();
  });
  afterAll(async () => {
    await scope.close();
    await service.close();
  });

  it('lose nothing, and are composed later, in order of age', async () => {
    const figures = await runOverload({
      service,
      scope,
      rooms: 10,
      people: 4,
      seconds: 10,
      composeLimitMs: 180_000,
      ...(missing ? {} : { meanwhile: () => service.disk.freeze(STALL_S) }),
    });
    const { recordings, sent, received, journaled, calls } = figures;
    const ms = (share: number): string => quantile(calls, share).toFixed(0);
    console.log(
      `${figures.packetsPerSecond.toFixed(0)} packets/s sent; sent ${sent}, received ${received}, journaled ${journaled}; ` +
        `API: ${calls.length} calls, median ${ms(0.5)} ms, p99 ${ms(0.99)} ms; composed ${figures.composeSeconds.toFixed(1)} s after the end` +
        (missing ? `; without a disk that stalls: ${missing}` : ''),
    );
    expect(figures.lost).toEqual([]);
    expect(figures.refused).toEqual([]);
    expect(journaled).toBe(received);
    for (const { id, missing: holes, told, frames, wantedFrames, even } of recordings) {
      expect({ id, holes, told, frames, even }).toEqual({ id, holes: 0, told: 0, frames: wantedFrames, even: true });
    }
    const metrics = await service.metrics();
    if (!missing) expect(metrics.get('media_journal_stalls_total')).toBeGreaterThan(0);
    expect(metrics.get('media_journal_dropped_packets_total')).toBe(0);
    // Two are composed at once: of two neighbours the younger may be done first.
    expect(figures.overtaken).toBeLessThan(2);
  });
});
