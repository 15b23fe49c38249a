/** A database that hangs while people are recorded: they do not notice, callers are told at once, and afterwards everything agrees. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { frozenDatabase } from '../../support/frozen-database.ts';
import { Service } from '../../support/service.ts';
import { Sitting } from '../../support/sitting.ts';
import { waitFor } from '../../support/wait-for.ts';

/** For how long the rooms go on without it. */
const AWAY_S = 6;

describe('a database that hangs', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start();
  });
  afterAll(() => service.close());

  it('costs those who are recorded nothing, and calls are refused instead of hanging', async () => {
    const sitting = await Sitting.open(service, 2);
    const other = await Sitting.open(service, 1);
    const ada = await sitting.join({ via: 'whip' });
    const bob = await sitting.join({ via: 'room' });
    const cyd = await other.join({ via: 'whip' });
    sitting.grid([ada, bob], { fresh: true });
    other.grid([cyd], { fresh: true });
    await other.startRecording();
    await sitting.startRecording();
    await sitting.until(3);
    const database = frozenDatabase(service.server.dataDir);
    try {
      // Those who ask first find out; everybody after them is told at once.
      const first = await service.api.call('GET', `/v2/recordings/${sitting.recordingId}`);
      expect(first.status).toBe(503);
      await waitFor('the outage to be known', 10_000, async () => {
        return (await service.metrics()).get('database_up') === 0;
      });
      const calls: [method: string, path: string, body?: unknown][] = [
        ['GET', '/v2/recordings'],
        ['GET', `/v2/recordings/${sitting.recordingId}`],
        ['POST', '/v2/recordings/start', { roomId: sitting.roomId }],
        ['POST', '/v2/recordings/end', { roomId: sitting.roomId }],
        ['POST', '/v2/rooms', {}],
      ];
      for (const [method, path, body] of calls) {
        const answer = await service.api.call(method, path, body);
        expect([path, answer.status, answer.headers.get('retry-after')]).toEqual([path, 503, '2']);
        expect(await answer.json()).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      }
      expect((await fetch(new URL('/health', service.url))).status).toBe(503);
      // Whoever lost his connection comes back; somebody new joins with a token that he has.
      sitting.changing();
      await bob.reconnect();
      const guest = await sitting.join({ via: 'whip', name: 'Guest', camera: false, microphone: 'silent' });
      await guest.leave();
      sitting.grid([ada, bob], { fresh: true });
      // A room empties: its recording ends by itself, and nobody can be told yet.
      await cyd.leave();
      await sitting.until(3 + AWAY_S);
    } finally {
      database.thaw();
    }
    await waitFor('the database to be back', 20_000, async () => (await service.metrics()).get('database_up') === 1);
    const ended = await service.api.status(other.recordingId, ['composing', 'done'], 20_000);
    expect(ended.stopReason).toBe('session-ended');
    expect((await service.api.recording(sitting.recordingId)).status).toBe('recording');
    await sitting.until(sitting.elapsed + 1);
    await sitting.endRecording({ timed: false });
    const { failures, text, journal } = await sitting.judged();
    expect([ada.lost, bob.lost]).toEqual([null, null]);
    expect(failures, text).toEqual([]);
    expect(journal.streams.map(({ missing }) => missing)).toEqual(journal.streams.map(() => 0));
    expect((await other.finished()).recording.status).toBe('done');
    await sitting.leave();
    const log = await service.log();
    expect(log).toContain('The database does not answer.');
    expect(log).toContain('The database answers again.');
    // Each timer may have been under way when it went; none goes on complaining.
    expect([...log.matchAll(/"msg":"The timer for/g)].length).toBeLessThanOrEqual(3);
  });
});
