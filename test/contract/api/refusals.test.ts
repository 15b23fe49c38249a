/** Bad input: the right status, the one envelope, a message that names the field and helps; the server lives on. */
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mintApiToken } from '../../../src/api/auth.ts';
import { RoomtapeError } from '../../../src/domain/errors.ts';
import { PeerClosedError, RemoteError } from '../../../src/support/ipc.ts';
import { type Answer, CREDENTIALS, RunningApi } from './running-api.ts';

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

const expectRefusal = (answer: Answer, status: number, code: string, message: RegExp): void => {
  expect(answer.body).toEqual({
    statusCode: status,
    code,
    error: expect.stringMatching(message),
    message: answer.body.error,
  });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toContain('application/json');
  expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
};

describe('requests', () => {
  it('knows no other paths and no other methods', async () => {
    expectRefusal(await server.get('/v2/elephants'), 404, 'NOT_FOUND', /nothing at "\/v2\/elephants"/);
    const wrong = await server.call('PUT', `/v2/rooms/${roomId}`);
    expectRefusal(wrong, 405, 'METHOD_NOT_ALLOWED', /has no PUT; it has GET, HEAD/);
    expect(wrong.headers.get('allow')).toBe('GET, HEAD');
    expectRefusal(await server.get('/v2/rooms/%zz'), 400, 'INVALID_REQUEST', /%zz/);
  });

  it('refuses NUL wherever a text may stand, and no other backslash', async () => {
    const json = { 'content-type': 'application/json' };
    for (const path of [
      'rooms/a%00',
      'rooms?query=%00',
      'sessions/%00',
      'recordings?sessionId=%00',
      'recordings/%00',
    ]) {
      expectRefusal(await server.get(`/v2/${path}`), 400, 'INVALID_REQUEST', /NUL/);
    }
    const body = '{"roomId":"a\\u0000"}';
    expectRefusal(await server.post('/v2/recordings/start', body, json), 400, 'INVALID_REQUEST', /NUL/);
    const backslash = JSON.stringify({ customRoomId: 'a\\u0000b' });
    expect((await server.post('/v2/rooms', backslash, json)).body.customRoomId).toBe('a\\u0000b');
  });

  it('takes a path with a slash at its end', async () => {
    expect((await server.get(`/v2/sessions/?roomId=${roomId}`)).body.data).toHaveLength(1);
  });

  it('wants JSON', async () => {
    const json = { 'content-type': 'application/json' };
    expectRefusal(await server.post('/v2/rooms', '{"customRoomId":', json), 400, 'INVALID_JSON', /not JSON/);
    expectRefusal(await server.post('/v2/rooms', '"text"', json), 400, 'INVALID_REQUEST', /The body must be an object/);
    expectRefusal(await server.post('/v2/rooms', '[]', json), 400, 'INVALID_REQUEST', /The body must be an object/);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expectRefusal(
      await server.post('/v2/rooms', 'a=b', form),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      /^The body came with "Content-Type: application\/x-www-form-urlencoded"\. Send .*Content-Type: application\/json/,
    );
    expect((await server.post('/v2/rooms', '', json)).status).toBe(200);
    expect((await server.post('/v2/rooms')).status).toBe(200);
  });

  it('refuses a body of 10 MB, announced or not', async () => {
    const big = JSON.stringify({ customRoomId: 'x'.repeat(10_000_000) });
    expectRefusal(
      await server.post('/v2/rooms', big, { 'content-type': 'application/json' }),
      413,
      'PAYLOAD_TOO_LARGE',
      /1 MiB/,
    );

    const chunk = new TextEncoder().encode('"'.repeat(100_000));
    let chunks = 0;
    const body = new ReadableStream({
      pull: (controller) => (++chunks > 100 ? controller.close() : controller.enqueue(chunk)),
    });
    const headers = { authorization: await mintApiToken(CREDENTIALS), 'content-type': 'application/json' };
    const unannounced = await fetch(`${server.url}/v2/rooms`, { method: 'POST', headers, body, duplex: 'half' });
    expect(unannounced.status).toBe(413);
    expect(await unannounced.json()).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  });

  it('answers what is not HTTP in the envelope, too', async () => {
    const { port, hostname } = new URL(server.url);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write('\u0016\u0003\u0001 garbage\r\n\r\n'));
      let text = '';
      socket.on('data', (chunk) => {
        text += String(chunk);
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ statusCode: 400, code: 'INVALID_REQUEST' });
  });

  it('hides what a bug says, and maps what other processes say', async () => {
    const fail = async (error: Error) => {
      server.system.failNext = error;
      return server.post('/v2/recordings/start', { roomId });
    };
    const bug = await fail(new Error('password is hunter2'));
    expectRefusal(bug, 500, 'INTERNAL', /request id [0-9a-f-]{36}/);
    expect(bug.text).not.toContain('hunter2');
    expectRefusal(await fail(new RemoteError('DISK_FULL', 'The disk is full.')), 507, 'DISK_FULL', /disk is full/);
    const away = await fail(new PeerClosedError('gone'));
    expectRefusal(away, 503, 'MEDIA_UNAVAILABLE', /started again/);
    expect(away.headers.get('retry-after')).toBe('1');
    expectRefusal(
      await fail(new RoomtapeError('DATABASE_UNAVAILABLE', 'The database at "db.internal:5432" is away.')),
      503,
      'DATABASE_UNAVAILABLE',
      /^The database does not answer\. Try again in a second; the log of the server says why\.$/,
    );
  });
});

describe('lists', () => {
  it.each([
    ['/v2/rooms?page=0', /"page" is "?0"?: it must be at least 1/],
    ['/v2/rooms?page=x', /"page" is "x": it must be a number/],
    ['/v2/recordings?perPage=1001', /"perPage" is "?1001"?: it must be at most 1000/],
    ['/v2/recordings?perPage=1.5', /"perPage".*must be a whole number/],
    ['/v2/sessions?status=running', /"status" is "running": it must be one of "ongoing", "ended"/],
    ['/v2/sessions?startDate=yesterday', /"startDate" is "yesterday": it must be milliseconds since 1970/],
    ['/v2/sessions?startDate=-8640000000000000', /"startDate".*in the years 1 to 9999/],
    ['/v2/sessions?endDate=99999999999999999999', /"endDate"/],
    ['/v2/recordings?withTranscription=perhaps', /"withTranscription"/],
  ])('refuses %s', async (path, message) => expectRefusal(await server.get(path), 400, 'INVALID_REQUEST', message));

  it('has pages', async () => {
    for (let count = 0; count < 5; count++) await server.post('/v2/rooms', {});
    const { body } = await server.get('/v2/rooms?page=2&perPage=2');
    const total = server.system.roomList.length;
    expect(body.pageInfo).toEqual({ currentPage: 2, perPage: 2, lastPage: Math.ceil(total / 2), total });
    expect(body.data.map((room: { id: string }) => room.id)).toEqual(
      server.system.roomList.slice(2, 4).map(({ id }) => id),
    );
    const beyond = await server.get('/v2/rooms?page=99');
    expect(beyond.body).toMatchObject({ pageInfo: { currentPage: 99, perPage: 20 }, data: [] });
    const none = await server.get('/v2/recordings?roomId=aaaa-bbbb-cccc');
    expect(none.body).toEqual({ pageInfo: { currentPage: 1, perPage: 20, lastPage: 1, total: 0 }, data: [] });
    expect((await server.get('/v2/recordings?roomId=custom%20id&sessionId=&query=')).status).toBe(200);
  });
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
    ['a config that is none', { config: [] }, /"config" is \[\]: it must be an object/],
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
    ['transcription.enabled', { transcription: { enabled: true } }, /"transcription\.enabled": true/],
    [
      'transcription.summary.enabled',
      { transcription: { summary: { enabled: true } } },
      /"transcription\.summary\.enabled": true/,
    ],
    ['summary.enabled', { summary: { enabled: true, prompt: 'short' } }, /"summary\.enabled": true/],
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

describe('rooms', () => {
  it.each<[unknown, RegExp]>([
    [
      { autoStartConfig: { recording: { transcription: { enabled: true } } } },
      /^In "autoStartConfig\.recording": "transcription\.enabled"/,
    ],
    [{ autoStartConfig: { hls: { config: {} } } }, /"autoStartConfig\.hls"/],
    [{ autoStartConfig: { composite: { participants: [] } } }, /"autoStartConfig\.composite"/],
    [{ multiComposition: { recording: true } }, /multiComposition\.recording/],
    [{ allowedParticipantIds: ['ann'] }, /"allowedParticipantIds"/],
  ])('names %j as not implemented', async (body, message) =>
    expectRefusal(await server.post('/v2/rooms', body), 501, 'NOT_IMPLEMENTED', message),
  );

  it('takes rules for what rooms do by themselves, and tells of them', async () => {
    const create = async (body: object) => (await server.post('/v2/rooms', body)).body;
    expect(await create({})).toMatchObject({ autoCloseConfig: null, autoStartConfig: { recording: false } });
    const autoStartConfig = { recording: { config: { quality: 'low' }, onFailure: { action: 'close-room' } } };
    const autoCloseConfig = { type: 'session-end-and-deactivate' };
    const room = await create({ autoStartConfig, autoCloseConfig });
    expect(room).toMatchObject({
      autoCloseConfig: { type: 'session-end-and-deactivate', duration: 480 },
      autoStartConfig: { recording: true },
    });
    expect(await create({ autoCloseConfig: { duration: 90 } })).toMatchObject({
      autoCloseConfig: { type: 'session-ends', duration: 90 },
    });
    const refused: [object, RegExp][] = [
      [{ autoCloseConfig: { duration: 0 } }, /"autoCloseConfig\.duration" is 0: it must be at least 1/],
      [{ autoCloseConfig: { type: 'never' } }, /"autoCloseConfig\.type" is "never": it must be one of/],
    ];
    for (const [body, words] of refused) {
      expectRefusal(await server.post('/v2/rooms', body), 400, 'INVALID_REQUEST', words);
    }
  });

  it('refuses bad values', async () => {
    expectRefusal(await server.post('/v2/rooms', { customRoomId: '' }), 400, 'INVALID_REQUEST', /"customRoomId"/);
    expectRefusal(
      await server.post('/v2/rooms', { customRoomId: 'a\nb' }),
      400,
      'INVALID_REQUEST',
      /control characters/,
    );
    expectRefusal(
      await server.post('/v2/rooms', { autoStartConfig: { recording: { config: { quality: 'x' } } } }),
      400,
      'INVALID_REQUEST',
      /"autoStartConfig\.recording\.config\.quality"/,
    );
    expectRefusal(
      await server.post('/v2/rooms/deactivate', {}),
      400,
      'INVALID_REQUEST',
      /"roomId" is missing: it must be a text/,
    );
  });

  it('takes "off", free-text ids and longest ones', async () => {
    const off = {
      webhook: null,
      autoCloseConfig: null,
      autoStartConfig: null,
      multiComposition: {},
      allowedParticipantIds: [],
      geoFence: 'eu001',
    };
    expect((await server.post('/v2/rooms', off)).status).toBe(200);
    const customRoomId = `${'ü/'.repeat(127)}!!`;
    const { body } = await server.post('/v2/rooms', { customRoomId });
    expect((await server.get(`/v2/rooms/${encodeURIComponent(customRoomId)}`)).body).toEqual(body);
  });

  it('validates with 400', async () => {
    expectRefusal(await server.get('/v2/rooms/validate/aaaa-bbbb-cccc'), 400, 'ROOM_INVALID', /^Room not found\.$/);
    expectRefusal(
      await server.get(`/v2/rooms/validate/${'x'.repeat(300)}`),
      400,
      'ROOM_INVALID',
      /^RoomId is invalid\.$/,
    );
  });
});

it('names documented calls that are not there yet', async () => {
  for (const [method, path] of [
    ['POST', '/v2/hls/start'],
    ['GET', '/v2/hls/abcd-abcd-abcd/active'],
    ['GET', '/ai/v1/post-transcriptions/'],
    ['GET', '/ai/v1/post-transcriptions/x'],
    ['GET', '/v2/sessions/x/stats'],
  ] as const) {
    expectRefusal(await server.call(method, path), 501, 'NOT_IMPLEMENTED', /is not implemented yet/);
    expect((await server.call(method, path, { headers: { authorization: '' } })).status).toBe(401);
  }
});
