/** Who is let in: every way in which a token can be wrong, and the bounds that a right one carries. */
import { createHmac } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mintPageToken, mintParticipantToken } from '../../../src/api/auth.ts';
import { CREDENTIALS, RunningApi } from './running-api.ts';

let server: RunningApi;
beforeAll(async () => {
  server = await RunningApi.start();
});
afterAll(() => server.api.close());

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const sign = (claims: Record<string, unknown>, secret = CREDENTIALS.apiSecret, alg = 'HS256'): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
const ours = (claims: Record<string, unknown> = {}) => sign({ apikey: CREDENTIALS.apiKey, ...claims });
const seconds = (): number => Math.floor(Date.now() / 1000);
const list = async (authorization: string) => server.get('/v2/rooms', { authorization });

describe('tokens', () => {
  it.each([
    ['{apikey} alone', {}],
    ['{apikey, permissions}', { permissions: ['allow_join'] }],
    ['version 2 with the role crawler', { version: 2, roles: ['crawler'] }],
    ['both roles', { version: 2, roles: ['rtc', 'crawler'] }],
    ['a clock that is a little ahead', { nbf: seconds() + 5 }],
    ['just expired, within the tolerance', { exp: seconds() - 3 }],
  ])('takes %s', async (_words, claims) => {
    const token = await ours(claims);
    expect((await list(token)).status).toBe(200);
    expect((await list(`Bearer ${token}`)).status).toBe(200);
  });

  it('wants one', async () => {
    const answer = await list('');
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({
      statusCode: 401,
      code: 'TOKEN_MISSING',
      error: expect.stringContaining('Authorization'),
      message: answer.body.error,
    });
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    expect((await list('Bearer ')).body.code).toBe('TOKEN_MISSING');
  });

  it.each([
    [
      'another secret',
      () => sign({ apikey: CREDENTIALS.apiKey }, 'another-secret-of-more-than-32-characters'),
      /not signed with the API secret/,
    ],
    ['another key', () => sign({ apikey: 'someone' }), /"apikey" is not the API key/],
    ['no key', () => sign({}), /missing or malformed: "apikey"/],
    [
      'alg none',
      async () => `${base64url({ alg: 'none' })}.${base64url({ apikey: CREDENTIALS.apiKey })}.`,
      /not signed with HS256|not a signed JWT/,
    ],
    [
      'alg HS512',
      () => sign({ apikey: CREDENTIALS.apiKey }, CREDENTIALS.apiSecret, 'HS512'),
      /HS256, the only algorithm/,
    ],
    ['no JWT', async () => 'hello', /not a signed JWT/],
    ['malformed permissions', () => ours({ permissions: 'allow_join' }), /malformed: "permissions"/],
    ['malformed participant', () => ours({ participantId: 'a b' }), /malformed: "participantId"/],
    ['not valid yet', () => ours({ nbf: seconds() + 60 }), /not valid now/],
    ['enormous', async () => 'x'.repeat(9000), /longer than 8192/],
  ])('refuses %s', async (_words, token, message) => {
    const answer = await list(await token());
    expect(answer.body).toMatchObject({
      statusCode: 401,
      code: 'TOKEN_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('refuses alg none whoever computes the signature', async () => {
    const head = `${base64url({ alg: 'none', typ: 'JWT' })}.${base64url({ apikey: CREDENTIALS.apiKey })}`;
    const signature = createHmac('sha256', CREDENTIALS.apiSecret).update(head).digest('base64url');
    expect((await list(`${head}.${signature}`)).status).toBe(401);
  });

  it('says when a token expired', async () => {
    const answer = await list(await ours({ exp: seconds() - 60 }));
    expect(answer.body).toMatchObject({
      statusCode: 401,
      code: 'TOKEN_EXPIRED',
      message: expect.stringMatching(/expired at 20\d\d-/),
    });
  });

  it('keeps joiners from REST', async () => {
    const answer = await list(await ours({ version: 2, roles: ['rtc'] }));
    expect(answer.body).toMatchObject({
      statusCode: 403,
      code: 'NOT_PERMITTED',
      message: expect.stringContaining('joining only'),
    });
  });
});

const offer = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n';

describe('joining', () => {
  const join = async (roomId: string, claims: Record<string, unknown>) =>
    server.call('POST', `/whip/${roomId}`, {
      body: offer,
      headers: { authorization: `Bearer ${await ours(claims)}`, 'content-type': 'application/sdp' },
    });
  const lastClaims = () => [...server.system.resources.values()].at(-1)?.claims;

  it('gives every permission to {apikey} alone', async () => {
    const { roomId } = await server.system.rooms.create({ customRoomId: null });
    expect((await join(roomId, {})).status).toBe(201);
    expect(lastClaims()).toEqual({
      roomId,
      participantId: undefined,
      name: undefined,
      canModerate: true,
      hidden: false,
    });
  });

  it('gives what the permissions say', async () => {
    const { roomId } = await server.system.rooms.create({ customRoomId: null });
    expect((await join(roomId, { permissions: ['allow_join'], participantId: 'p-1', name: 'Paul' })).status).toBe(201);
    expect(lastClaims()).toMatchObject({ participantId: 'p-1', name: 'Paul', canModerate: false });
    expect((await join(roomId, { permissions: ['allow_join', 'allow_mod'] })).status).toBe(201);
    expect(lastClaims()).toMatchObject({ canModerate: true });
    for (const permissions of [[], ['ask_join'], ['allow_mod']]) {
      expect((await join(roomId, { permissions })).body).toMatchObject({
        statusCode: 403,
        message: expect.stringContaining('allow_join'),
      });
    }
  });

  it('keeps API tokens, other rooms, unknown and deactivated rooms out', async () => {
    const one = await server.system.rooms.create({ customRoomId: 'one room' });
    const other = await server.system.rooms.create({ customRoomId: null });
    expect((await join(one.roomId, { roles: ['crawler'] })).body).toMatchObject({
      statusCode: 403,
      message: expect.stringContaining('REST calls only'),
    });
    expect((await join(other.roomId, { roomId: one.roomId })).body).toMatchObject({
      statusCode: 403,
      message: expect.stringContaining('bound to the room'),
    });
    expect((await join(one.roomId, { roomId: 'one room' })).status).toBe(201);
    expect((await join('one%20room', { roomId: one.roomId })).status).toBe(201);
    expect((await join('aaaa-bbbb-cccc', {})).body.code).toBe('ROOM_NOT_FOUND');
    await server.system.rooms.deactivate(other.roomId);
    expect((await join(other.roomId, {})).body).toMatchObject({ statusCode: 403, code: 'ROOM_DISABLED' });
  });

  it('mints tokens that join one room, and may record it if they moderate', async () => {
    const roomId = await server.liveRoom();
    const token = await mintParticipantToken(CREDENTIALS, {
      roomId,
      name: 'Ada',
      participantId: 'ada',
      ttlSeconds: 60,
    });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/sdp' };
    expect((await server.call('POST', `/whip/${roomId}`, { body: offer, headers })).status).toBe(201);
    expect(lastClaims()).toEqual({ roomId, participantId: 'ada', name: 'Ada', canModerate: false, hidden: false });
    expect((await server.post('/v2/recordings/start', { roomId }, { authorization: token })).status).toBe(403);
    const moderator = await mintParticipantToken(CREDENTIALS, { roomId, moderator: true });
    expect((await server.post('/v2/recordings/start', { roomId }, { authorization: moderator })).status).toBe(200);
    expect((await server.post('/v2/recordings/end', { roomId }, { authorization: moderator })).status).toBe(200);
  });
});

describe('the token of a page that renders a recording', () => {
  const recordingId = 'c'.repeat(24);
  const mint = (roomId: string) =>
    mintPageToken(CREDENTIALS, { roomId, recordingId, participantId: 'page', ttlSeconds: 60 });
  const socketOf = async (roomId: string, authorization: string) =>
    server.get(`/v1/rooms/${roomId}/socket?token=${authorization}`);

  it('joins its room, hidden, and moderates nothing', async () => {
    const roomId = await server.liveRoom();
    const headers = { authorization: `Bearer ${await mint(roomId)}`, 'content-type': 'application/sdp' };
    await server.call('POST', `/whip/${roomId}`, { body: offer, headers });
    expect([...server.system.resources.values()].at(-1)?.claims).toEqual({
      roomId,
      participantId: 'page',
      name: undefined,
      canModerate: false,
      hidden: true,
      recordingId,
    });
    const other = await server.liveRoom();
    expect((await socketOf(other, await mint(roomId))).body).toMatchObject({ statusCode: 403, code: 'NOT_PERMITTED' });
  });

  it('never moderates, whatever it says, and makes no REST call', async () => {
    const roomId = await server.liveRoom();
    const greedy = await ours({ roomId, recordingId, participantId: 'page', permissions: ['allow_join', 'allow_mod'] });
    for (const authorization of [greedy, await mint(roomId)]) {
      expect((await server.get('/v2/recordings', { authorization })).body).toMatchObject({
        statusCode: 403,
        message: expect.stringContaining('page of a recording'),
      });
    }
    const headers = { authorization: greedy, 'content-type': 'application/sdp' };
    await server.call('POST', `/whip/${roomId}`, { body: offer, headers });
    expect([...server.system.resources.values()].at(-1)?.claims).toMatchObject({ canModerate: false, hidden: true });
    expect((await socketOf(roomId, await ours({ recordingId: 'x' }))).body).toMatchObject({ code: 'TOKEN_INVALID' });
  });
});

describe('a roomId claim', () => {
  it('binds every REST call to its room', async () => {
    const mine = await server.liveRoom('mine');
    const theirs = await server.liveRoom('theirs');
    // Its id holds that of ours: a search would find it.
    await server.post('/v2/rooms', { customRoomId: `not ${mine} mine` });
    for (const roomId of [mine, theirs])
      expect((await server.post('/v2/recordings/start', { roomId })).status).toBe(200);
    const recordingOf = (roomId: string) => server.system.recordingList.find((one) => one.roomId === roomId)?.id;
    const sessionOf = (roomId: string) => server.system.sessionList.find((one) => one.roomId === roomId)?.id;

    for (const claim of [mine, 'mine']) {
      const authorization = await ours({ roomId: claim });
      for (const path of [
        'rooms/ROOM',
        'rooms/validate/ROOM',
        'sessions/SESSION',
        'sessions/SESSION/participants',
        'sessions/SESSION/participants/ann',
        'recordings/RECORDING',
        'sessions?roomId=ROOM',
        'recordings?roomId=ROOM',
      ]) {
        const fill = (roomId: string) =>
          `/v2/${path
            .replace('ROOM', roomId)
            .replace('SESSION', sessionOf(roomId) ?? '')
            .replace('RECORDING', recordingOf(roomId) ?? '')}`;
        expect([path, (await server.get(fill(mine), { authorization })).status]).toEqual([path, 200]);
        expect([path, (await server.get(fill(theirs), { authorization })).status]).toEqual([path, 403]);
      }
      for (const path of ['recordings/start', 'recordings/end', 'rooms/deactivate', 'sessions/end']) {
        expect([path, (await server.post(`/v2/${path}`, { roomId: theirs }, { authorization })).status]).toEqual([
          path,
          403,
        ]);
      }
      for (const path of ['rooms', 'sessions', 'recordings']) {
        const { body } = await server.get(`/v2/${path}`, { authorization });
        expect([path, body.data.map((item: { roomId: string }) => item.roomId)]).toEqual([path, [mine]]);
      }
      expect(
        (await server.call('DELETE', `/v2/recordings/${recordingOf(theirs)}`, { headers: { authorization } })).status,
      ).toBe(403);
      expect((await server.post('/v2/rooms', { customRoomId: 'new' }, { authorization })).status).toBe(403);
      expect((await server.get('/v2/rooms/aaaa-bbbb-cccc', { authorization })).status).toBe(403);
    }
  });
});
