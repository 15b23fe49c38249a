/** Bad input: the right status, the one envelope, a message that names the field and helps; the server lives on. */
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mintApiToken } from '../../../src/api/auth.ts';
import { RoomtapeError } from '../../../src/domain/errors.ts';
import { PeerClosedError, RemoteError } from '../../../src/support/ipc.ts';
import { expectRefusal } from './refusal.ts';
import { CREDENTIALS, RunningApi } from './running-api.ts';

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

describe('rooms', () => {
  it.each<[unknown, RegExp]>([
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
    ['POST', '/ai/v1/realtime-transcriptions/start'],
    ['GET', '/v2/sessions/x/stats'],
  ] as const) {
    expectRefusal(await server.call(method, path), 501, 'NOT_IMPLEMENTED', /is not implemented yet/);
    expect((await server.call(method, path, { headers: { authorization: '' } })).status).toBe(401);
  }
});
