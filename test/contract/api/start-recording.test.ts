/** What a start call takes and refuses. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectRefusal } from './refusal.ts';
import { RunningApi } from './running-api.ts';

let server: RunningApi;
let roomId: string;
beforeAll(async () => {
  server = await RunningApi.start();
  roomId = await server.liveRoom('custom id');
});
afterAll(() => server.api.close());
afterEach(async () => {
  server.system.recordingList.length = 0;
  expect((await server.get('/health')).status).toBe(200);
});

describe('recordings/start', () => {
  it.each<[string, unknown, RegExp]>([
    ['a wrong type of room', { roomId: 5 }, /"roomId" is 5: it must be a text/],
    [
      'a wrong quality',
      { config: { quality: 'huge' } },
      /"config\.quality" is "huge": it must be one of "low", "med", "high", "ultra"/,
    ],
    ['a wrong mode', { config: { mode: 'video' } }, /"config\.mode"/],
    ['a wrong theme', { config: { theme: 'dark' } }, /"config\.theme" is "dark"/],
    ['a wrong orientation', { config: { orientation: 1 } }, /"config\.orientation"/],
    ['a wrong layout', { config: { layout: 'GRID' } }, /"config\.layout" is "GRID": it must be an object/],
    ['a wrong layout type', { config: { layout: { type: 'MOSAIC' } } }, /"config\.layout\.type" is "MOSAIC"/],
    ['a wrong priority', { config: { layout: { priority: 'LOUDEST' } } }, /"config\.layout\.priority"/],
    [
      'a grid too large',
      { config: { layout: { gridSize: 26 } } },
      /"config\.layout\.gridSize" is 26: it must be at most 25/,
    ],
    ['a negative grid', { config: { layout: { gridSize: -1 } } }, /at least 0/],
    [
      'half a grid',
      { config: { layout: { gridSize: 2.5 } } },
      /"config\.layout\.gridSize" is 2\.5: it must be a whole number/,
    ],
    [
      'a grid in words',
      { config: { layout: { gridSize: '4' } } },
      /"config\.layout\.gridSize" is "4": it must be a number/,
    ],
    ['a wrong format', { fileFormat: 'avi' }, /"fileFormat" is "avi"/],
    ['a template that is no URL', { templateUrl: 'nope' }, /"templateUrl" is not acceptable: it must be an https URL/],
    ['a webhook over http', { webhookUrl: 'http://example.org/hook' }, /"webhookUrl".*https/],
    ['a webhook into our network', { webhookUrl: 'https://10.0.0.1/' }, /"webhookUrl".*private network/],
    ['a webhook to a decimal address', { webhookUrl: 'https://2130706433/' }, /private network/],
    [
      'transcription of a wrong type',
      { transcription: { enabled: 'yes' } },
      /"transcription\.enabled" is "yes": it must be true or false/,
    ],
    ['a language that is none', { transcription: { language: 'e' } }, /"transcription\.language".*BCP 47/],
    [
      'a language that nobody speaks',
      { transcription: { enabled: true, language: 'xx' } },
      /^"transcription\.language" is "xx": it must name a language \(BCP 47\)/,
    ],
    ['no language in particular', { transcription: { language: 'und' } }, /"transcription\.language" is "und"/],
    [
      'a language that who hears does not know',
      { transcription: { enabled: true, language: 'de-AT' } },
      /^"transcription\.language": The engine test\/1 understands en, pt only, and "de-AT" was asked for/,
    ],
    [
      'a summary of nothing',
      { transcription: { enabled: false }, summary: { enabled: true } },
      /"summary\.enabled" is true while "transcription\.enabled" is false/,
    ],
    ['a summary of a wrong type', { transcription: { summary: { enabled: 1 } } }, /"transcription\.summary\.enabled"/],
    [
      'onFailure of another kind',
      { onFailure: { action: 'panic' } },
      /"onFailure\.action" is "panic": it must be "close-room"/,
    ],
    [
      'a long wait',
      { onFailure: { action: 'close-room', waitTime: 151 } },
      /"onFailure\.waitTime" is 151: it must be at most 150/,
    ],
    ['a config that is none', { config: [] }, /"config" is an empty list: it must be an object/],
  ])('refuses %s', async (_words, body, message) => {
    expectRefusal(
      await server.post('/v2/recordings/start', { roomId, ...(body as object) }),
      400,
      'INVALID_REQUEST',
      message,
    );
  });

  it.each<[string, unknown, RegExp]>([
    ['templateUrl', { templateUrl: 'https://example.org/?token=hush' }, /"templateUrl"/],
  ])('names %s as not implemented', async (_field, body, message) => {
    const answer = await server.post('/v2/recordings/start', { roomId, ...(body as object) });
    expectRefusal(answer, 501, 'NOT_IMPLEMENTED', message);
    expect(answer.text).not.toContain('hush');
    expect(server.system.recordingList).toHaveLength(0);
  });

  it('takes "off" in every form, and ignores what it does not know', async () => {
    const off = {
      templateUrl: null,
      webhookUrl: '',
      awsDirPath: '',
      preSignedUrl: null,
      transcription: { enabled: false, summary: { enabled: false, prompt: 'x' }, language: 'en' },
      summary: null,
      onFailure: null,
      fileFormat: null,
      config: { layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 0 }, theme: null, colour: 'blue' },
      elephants: 7,
    };
    const answer = await server.post('/v2/recordings/start', { roomId, ...off });
    expect(answer.text).toBe('"Recording started successfully"');
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(answer.headers.get('x-recording-id')).toBe(server.system.recordingList[0]?.id);
    expect(server.system.startedWith.at(-1)).toEqual({
      layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 },
      theme: 'DEFAULT',
      mode: 'video-and-audio',
      quality: 'med',
      orientation: 'landscape',
      fileFormat: 'mp4',
    });
  });

  it.each<[string, unknown, unknown]>([
    ['transcription', { transcription: { enabled: true } }, { engine: null, language: null, summary: null }],
    [
      'a language and a prompt',
      { transcription: { enabled: true, language: 'pt-BR', summary: { enabled: true, prompt: 'As a poem.' } } },
      { engine: null, language: 'pt-BR', summary: { prompt: 'As a poem.' } },
    ],
    [
      'a summary beside it',
      { transcription: { enabled: true }, summary: { enabled: true } },
      { engine: null, language: null, summary: { prompt: null } },
    ],
    [
      'a summary alone',
      { summary: { enabled: true, prompt: ' ' } },
      { engine: null, language: null, summary: { prompt: null } },
    ],
    [
      'a summary that is off',
      { transcription: { enabled: true, summary: { enabled: false, prompt: 'x' } } },
      { engine: null, language: null, summary: null },
    ],
    ['nothing', { transcription: { language: 'en', summary: { prompt: 'x' } } }, undefined],
  ])('takes %s', async (_words, body, asked) => {
    const answer = await server.post('/v2/recordings/start', { roomId, ...(body as object) });
    expect(answer.status).toBe(200);
    expect(server.system.transcriptionsAsked.at(-1)).toEqual(asked);
  });

  it('takes everything that works', async () => {
    const config = {
      layout: { type: 'GRID', gridSize: 25 },
      theme: 'LIGHT',
      mode: 'audio',
      quality: 'low',
      orientation: 'landscape',
    };
    expect((await server.post('/v2/recordings/start?roomId=custom%20id', { config, fileFormat: 'webm' })).status).toBe(
      200,
    );
    expect(server.system.startedWith.at(-1)).toMatchObject({
      layout: { gridSize: 25 },
      theme: 'LIGHT',
      mode: 'audio',
      quality: 'low',
      fileFormat: 'webm',
    });
    const end = await server.post('/v2/recordings/stop', { roomId: 'custom id', id: null });
    expect(end.text).toBe('"Recording ended successfully"');
    expect(end.headers.get('x-recording-id')).toBe(server.system.recordingList[0]?.id);
  });

  it('wants a room, one that exists, with people, and records it once', async () => {
    const start = (body: unknown) => server.post('/v2/recordings/start', body);
    expectRefusal(await start({}), 400, 'INVALID_REQUEST', /"roomId" is missing/);
    expectRefusal(
      await server.post('/v2/recordings/start?roomId=a', { roomId: 'b' }),
      400,
      'INVALID_REQUEST',
      /give one/,
    );
    expectRefusal(await start({ roomId: 'aaaa-bbbb-cccc' }), 404, 'ROOM_NOT_FOUND', /^Room not found\.$/);
    const empty = await server.system.rooms.create({ customRoomId: null });
    expectRefusal(await start({ roomId: empty.roomId }), 400, 'NO_ACTIVE_SESSION', /^Room has no active session\.$/);
    expect((await start({ roomId })).status).toBe(200);
    expectRefusal(await start({ roomId }), 409, 'RECORDING_ALREADY_RUNNING', /^Recording is already running\.$/);
    expect((await server.post('/v2/recordings/end', { roomId })).status).toBe(200);
    expectRefusal(
      await server.post('/v2/recordings/end', { roomId }),
      409,
      'RECORDING_NOT_RUNNING',
      /No recording is running/,
    );
    expectRefusal(await server.post('/v2/recordings/end', {}), 400, 'INVALID_REQUEST', /"roomId" is missing/);
  });

  it('answers a repeated Idempotency-Key with the first answer', async () => {
    const key = { 'idempotency-key': 'once' };
    const [first, second] = await Promise.all([
      server.post('/v2/recordings/start', { roomId }, key),
      server.post('/v2/recordings/start', { roomId }, key),
    ]);
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(first.headers.get('x-recording-id')).toBe(second.headers.get('x-recording-id'));
    expect(server.system.recordingList).toHaveLength(1);
    const other = await server.post('/v2/recordings/start', { roomId, config: { quality: 'low' } }, key);
    expectRefusal(other, 422, 'IDEMPOTENCY_KEY_REUSED', /another request/);
    const elsewhere = await server.post('/v2/rooms', {}, key);
    expectRefusal(elsewhere, 422, 'IDEMPOTENCY_KEY_REUSED', /another request/);
  });
});
