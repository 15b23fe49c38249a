import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LossyRelay } from '../support/lossy-relay.ts';
import { Service } from '../support/service.ts';
import { Sitting } from '../support/sitting.ts';

/** Five packets of a hundred are lost in each direction, and each is up to 50 ms late: the journal misses none, the file shows nothing of it. */
describe('a bad network', () => {
  let service: Service;
  let relay: LossyRelay;
  beforeAll(async () => {
    service = await Service.start();
    relay = await LossyRelay.open(service.server.rtcPort, { loss: 0.05, delayMs: 5, jitterMs: 50, seed: 7 });
  });
  afterAll(async () => {
    await relay.close();
    await service.close();
  });

  it('leaves no trace in journal and file', async () => {
    const sitting = await Sitting.open(service, 2);
    const [ada, bob] = [
      await sitting.join({ via: 'room', detour: relay.detour }),
      await sitting.join({ via: 'whip', detour: relay.detour, size: { width: 640, height: 360 } }),
    ];
    sitting.grid([ada, bob], { fresh: true });
    await sitting.startRecording();
    await sitting.until(15);
    await sitting.endRecording();
    const { failures, text, journal } = await sitting.judged();
    const { retransmitted } = await ada.statistics();
    await sitting.leave();
    expect(relay.counts.passed).toBeLessThan(relay.counts.received * 0.97);
    expect(retransmitted).toBeGreaterThan(0);
    expect(
      journal.streams.map(({ missing }) => missing),
      text,
    ).toEqual([0, 0, 0, 0]);
    expect(failures, text).toEqual([]);
  });
});
