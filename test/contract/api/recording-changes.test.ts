/** What may be done to a recording while it runs, over HTTP. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
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
  const config = { layout: { gridSize: 9 }, theme: 'DARK' };
  recordingId = (await server.post('/v2/recordings/start', { roomId, config })).headers.get('x-recording-id') ?? '';
});

const refused = ({ status, body }: Answer) => [status, body.code];
const change = (layout: unknown, id = recordingId) =>
  server.call('PATCH', `/v2/recordings/${id}`, { body: { config: { layout } } });

describe('PATCH /v2/recordings/{id}', () => {
  it('changes what is named, and shows the layout in force', async () => {
    const sidebar = await change({ type: 'SIDEBAR', priority: 'PIN' });
    expect(sidebar.status).toBe(200);
    expect(sidebar.body).toMatchObject({
      id: recordingId,
      status: 'recording',
      config: { layout: { type: 'SIDEBAR', priority: 'PIN', gridSize: 9 }, theme: 'DARK' },
    });
    expect((await change({ gridSize: 0, type: null })).body.config.layout.gridSize).toBe(4);
    const { body } = await server.get(`/v2/recordings/${recordingId}`);
    expect(body.config.layout).toEqual({ type: 'SIDEBAR', priority: 'PIN', gridSize: 4 });
  });

  it.each([
    [{ type: 'CIRCLE' }, /"config.layout.type"/],
    [{ gridSize: 26 }, /"config.layout.gridSize"/],
    [{ gridSize: '4' }, /"config.layout.gridSize"/],
    [{ priority: 'LOUD' }, /"config.layout.priority"/],
    [{}, /"config.layout" names nothing/],
    [null, /"config.layout" names nothing/],
  ])('names the field that is wrong: %j', async (layout, text) => {
    const answer = await change(layout);
    expect(refused(answer)).toEqual([400, 'INVALID_REQUEST']);
    expect(answer.body.message).toMatch(text);
  });

  it('refuses what the start call decided for good, and an empty body', async () => {
    for (const [config, text] of [
      [{ theme: 'LIGHT' }, /"config.theme" cannot change/],
      [{ layout: { type: 'GRID' }, quality: 'high' }, /"config.quality" cannot change/],
    ] as const) {
      const answer = await server.call('PATCH', `/v2/recordings/${recordingId}`, { body: { config } });
      expect(refused(answer)).toEqual([400, 'INVALID_REQUEST']);
      expect(answer.body.message).toMatch(text);
    }
    const none = await server.call('PATCH', `/v2/recordings/${recordingId}`, { body: {} });
    expect(refused(none)).toEqual([400, 'INVALID_REQUEST']);
  });

  it('is 404 for no recording, 409 for one that is over', async () => {
    expect(refused(await change({ type: 'GRID' }, 'c0ffeec0ffeec0ffeec0ffee'))).toEqual([404, 'RECORDING_NOT_FOUND']);
    await server.post('/v2/recordings/end', { roomId });
    expect(refused(await change({ type: 'GRID' }))).toEqual([409, 'RECORDING_NOT_RUNNING']);
  });
});

describe('POST /v2/recordings/{id}/pause and /resume', () => {
  const verb = (what: 'pause' | 'resume', id = recordingId) => server.post(`/v2/recordings/${id}/${what}`);

  it('pause and go on, told by the recording', async () => {
    const paused = await verb('pause');
    expect(paused.status).toBe(200);
    expect(paused.body).toMatchObject({
      id: recordingId,
      status: 'paused',
      pauses: [{ start: expect.any(String), end: null }],
    });
    expect((await server.get(`/v2/recordings/${recordingId}`)).body.status).toBe('paused');
    const resumed = await verb('resume');
    expect(resumed.body).toMatchObject({ status: 'recording', pauses: [{ end: expect.any(String) }] });
  });

  it('refuse with a reason what is so already', async () => {
    expect(refused(await verb('resume'))).toEqual([409, 'RECORDING_NOT_PAUSED']);
    await verb('pause');
    expect(refused(await verb('pause'))).toEqual([409, 'RECORDING_PAUSED']);
    expect((await change({ gridSize: 2 })).status).toBe(200);
    expect((await server.post('/v2/recordings/end', { roomId })).status).toBe(200);
    for (const what of ['pause', 'resume'] as const) {
      expect(refused(await verb(what))).toEqual([409, 'RECORDING_NOT_RUNNING']);
      expect(refused(await verb(what, 'c0ffeec0ffeec0ffeec0ffee'))).toEqual([404, 'RECORDING_NOT_FOUND']);
    }
  });
});
