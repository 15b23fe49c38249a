import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RecordingAnswer } from '../../src/cli/rest-client.ts';
import { Participant } from '../../src/synthetic/participant.ts';
import { Service } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

/** Nobody calls: the room records itself, the recording ends at its maximum duration, and the room is closed after its one session. */
let service: Service;
beforeAll(async () => {
  service = await Service.start({ ROOMTAPE_MAX_RECORDING_DURATION: '5s' });
});
afterAll(() => service.close());

it('a room records itself from the first participant on, ends in order, and is for one session', async () => {
  const { api } = service;
  const made = await api.call('POST', '/v2/rooms', {
    autoStartConfig: { recording: { config: { quality: 'low', mode: 'audio' } } },
    autoCloseConfig: { type: 'session-end-and-deactivate' },
  });
  expect(made.status).toBe(200);
  const { roomId } = (await made.json()) as { roomId: string };
  const ada = await Participant.join({
    of: 1,
    index: 0,
    name: 'Ada',
    epochNs: process.hrtime.bigint(),
    seconds: 30,
    size: { width: 320, height: 180 },
    via: 'room',
    url: service.url,
    roomId,
    token: await service.participantToken(roomId, { name: 'Ada' }),
  });
  const { id } = await waitFor('the room to be recorded', 10_000, async () => {
    const list = await api.call('GET', `/v2/recordings?roomId=${roomId}`);
    return ((await list.json()) as { data: RecordingAnswer[] }).data[0] ?? null;
  });
  const done = await api.finished(id);
  expect(done).toMatchObject({ stopReason: 'max-duration' });
  const duration = done.file?.meta.duration ?? 0;
  expect(duration).toBeGreaterThan(4.5);
  expect(duration).toBeLessThan(8);

  const metrics = await (await api.call('GET', '/metrics')).text();
  expect(metrics).toMatch(/^roomtape_queue_up 1$/m);
  expect(metrics).toMatch(/^roomtape_job_runs_total\{kind="maximum-durations"\} \d+$/m);
  expect(metrics).toMatch(/^roomtape_job_failures_total\{kind="auto-starts"\} 0$/m);

  await ada.leave();
  await waitFor('the room to be closed', 30_000, async () => {
    const room = (await (await api.call('GET', `/v2/rooms/${roomId}`)).json()) as { disabled: boolean };
    return room.disabled || null;
  });
});
