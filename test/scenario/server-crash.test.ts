import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Service } from '../support/service.ts';
import { Sitting } from '../support/sitting.ts';
import { waitFor } from '../support/wait-for.ts';

/** The server process is killed while people talk and are recorded. They do not notice, and the journal has no hole. */
describe('the server process killed while it records', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start();
  });
  afterAll(() => service.close());

  it('costs nothing', async () => {
    const sitting = await Sitting.open(service, 2);
    const ada = await sitting.join({ via: 'whip' });
    const bob = await sitting.join({ via: 'whip' });
    sitting.grid([ada, bob], { fresh: true });
    await sitting.startRecording();
    await sitting.until(4);
    const pid = await waitFor('the server process', 1_000, () => service.pidOf('server'));
    process.kill(pid, 'SIGKILL');
    await waitFor('another server process', 30_000, async () => {
      const now = await service.pidOf('server');
      return now !== null && now !== pid;
    });
    await service.server.healthy();
    await sitting.until(12);
    await sitting.endRecording();
    const { failures, text, journal } = await sitting.judged();
    expect([ada.lost, bob.lost]).toEqual([null, null]);
    await sitting.leave();
    expect(failures, text).toEqual([]);
    expect(
      journal.streams.map(({ missing }) => missing),
      text,
    ).toEqual([0, 0, 0, 0]);
  });
});
