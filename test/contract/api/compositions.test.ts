/** A recording composed again, over HTTP. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Answer, RunningApi } from './running-api.ts';

let server: RunningApi;
let roomId: string;
let recordingId: string;
beforeAll(async () => {
  server = await RunningApi.start();
});
afterAll(() => server.api.close());
beforeEach(async () => {
  roomId = await server.liveRoom();
  const config = { layout: { gridSize: 9 }, theme: 'DARK', quality: 'low' };
  recordingId = (await server.post('/v2/recordings/start', { roomId, config })).headers.get('x-recording-id') ?? '';
});

const refused = ({ status, body }: Answer) => [status, body.code];
const compose = (config: unknown, id = recordingId) => server.post(`/v2/recordings/${id}/compositions`, { config });
const end = () => server.post('/v2/recordings/end', { roomId });

it('takes what is asked for, and the rest as it was recorded', async () => {
  await server.call('PATCH', `/v2/recordings/${recordingId}`, { body: { config: { layout: { gridSize: 2 } } } });
  await end();
  const composed = await compose({ theme: 'LIGHT', mode: 'audio', excludeParticipants: ['ann', 'ann'] });
  expect(composed.status).toBe(200);
  expect(composed.body).toMatchObject({
    id: expect.stringMatching(/^[0-9a-f]{24}$/),
    recordingId,
    status: 'queued',
    progress: null,
    file: null,
    config: { layout: null, theme: 'LIGHT', mode: 'audio', quality: 'low', excludeParticipants: ['ann'] },
  });
  const fixed = await compose({ layout: { priority: 'SPEAKER' } });
  expect(fixed.body.config).toMatchObject({
    layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 9 },
    theme: 'DARK',
  });
  const { body: recording } = await server.get(`/v2/recordings/${recordingId}`);
  expect(recording.compositions).toEqual([composed.body, fixed.body]);
  const list = await server.get(`/v2/recordings/${recordingId}/compositions?perPage=1&page=2`);
  expect(list.body).toEqual({
    pageInfo: { currentPage: 2, perPage: 1, lastPage: 2, total: 2 },
    data: [fixed.body],
  });
});

it('takes what is not given, and a layout that names nothing, as they were recorded', async () => {
  await end();
  const recorded = { layout: null, theme: 'DARK', mode: 'video-and-audio', excludeParticipants: [] };
  for (const config of [undefined, null, {}, { layout: {} }, { layout: { type: null } }]) {
    expect((await compose(config)).body.config).toMatchObject(recorded);
  }
});

it('names the field that is wrong', async () => {
  await end();
  for (const [config, text] of [
    [{ theme: 'PINK' }, /"config.theme"/],
    [{ layout: { gridSize: 99 } }, /"config.layout.gridSize"/],
    [{ excludeParticipants: 'ann' }, /"config.excludeParticipants"/],
    [{ excludeParticipants: [''] }, /"config.excludeParticipants\[0\]"/],
    ['LIGHT', /"config"/],
  ] as const) {
    const answer = await compose(config);
    expect(refused(answer)).toEqual([400, 'INVALID_REQUEST']);
    expect(answer.body.message).toMatch(text);
  }
});

it('is 404 for no recording, 409 for one that runs', async () => {
  expect(refused(await compose({ theme: 'LIGHT' }))).toEqual([409, 'RECORDING_NOT_ENDED']);
  expect(refused(await compose({}, 'c0ffeec0ffeec0ffeec0ffee'))).toEqual([404, 'RECORDING_NOT_FOUND']);
  expect((await server.get('/v2/recordings/c0ffeec0ffeec0ffeec0ffee/compositions')).status).toBe(404);
});
