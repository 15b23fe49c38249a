/** WHIP (RFC 9725) and WHEP: status codes, headers, and pages of other origins. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mintParticipantToken } from '../../../src/api/auth.ts';
import { CREDENTIALS, RunningApi } from './running-api.ts';

const OFFER = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n';
const SDP = { 'content-type': 'application/sdp' };

let server: RunningApi;
let roomId: string;
let authorization: string;
beforeAll(async () => {
  server = await RunningApi.start({
    rtc: {
      iceServers: [
        { urls: ['stun:stun.example.org'] },
        { urls: 'turn:turn.example.org', username: 'u"1', credential: 'c' },
      ],
    },
  });
  roomId = await server.liveRoom('talk');
  authorization = `Bearer ${await mintParticipantToken(CREDENTIALS, { roomId })}`;
});
afterAll(() => server.api.close());

const send = (method: string, path: string, body?: string, headers: Record<string, string> = SDP) =>
  server.call(method, path, { headers: { authorization, ...headers }, ...(body === undefined ? {} : { body }) });

describe('WHIP', () => {
  it('publishes and ends', async () => {
    const answer = await send('POST', `/whip/${roomId}?name=Obs%20Studio`, OFFER, {
      'content-type': 'application/sdp; charset=utf-8',
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('content-type')).toMatch(/^application\/sdp/);
    expect(answer.text).toMatch(/^v=0\r\n/);
    const location = answer.headers.get('location') ?? '';
    expect(location).toMatch(new RegExp(`^/whip/${roomId}/[0-9a-f]{24}$`));
    expect(answer.headers.get('etag')).toMatch(/^"[^"]+"$/);
    expect(answer.headers.get('link')).toBe(
      '<stun:stun.example.org>; rel="ice-server", <turn:turn.example.org>; rel="ice-server"; username="u\\"1"; credential="c"; credential-type="password"',
    );
    expect([...server.system.resources.values()].at(-1)).toMatchObject({
      roomId,
      offer: OFFER,
      claims: { name: 'Obs Studio' },
    });
    const ended = await send('DELETE', location);
    expect([ended.status, ended.text]).toEqual([200, '']);
    const again = await send('DELETE', location);
    expect(again.body).toMatchObject({ statusCode: 404, code: 'RESOURCE_NOT_FOUND' });
  });

  it('works by customRoomId, and can end in a room that was deactivated meanwhile', async () => {
    const answer = await send('POST', '/whip/talk', OFFER);
    expect(answer.headers.get('location')).toContain(`/whip/${roomId}/`);
    const room = await server.system.rooms.create({ customRoomId: null });
    const headers = {
      ...SDP,
      authorization: `Bearer ${await mintParticipantToken(CREDENTIALS, { roomId: room.roomId })}`,
    };
    const published = await send('POST', `/whip/${room.roomId}`, OFFER, headers);
    await server.system.rooms.deactivate(room.roomId);
    expect((await send('DELETE', published.headers.get('location') ?? '', undefined, headers)).status).toBe(200);
  });

  it('does not end a session of another room', async () => {
    const published = await send('POST', `/whip/${roomId}`, OFFER);
    const location = published.headers.get('location') ?? '';
    const other = await server.liveRoom();
    const headers = { authorization: `Bearer ${await mintParticipantToken(CREDENTIALS, { roomId: other })}` };
    expect((await send('DELETE', location, undefined, headers)).status).toBe(403);
    expect((await send('DELETE', location.replace(roomId, other), undefined, headers)).status).toBe(404);
    expect((await send('DELETE', location, undefined, { authorization: '' })).status).toBe(401);
  });

  it.each<[string, string | undefined, Record<string, string>, number, string]>([
    ['another type', OFFER, { 'content-type': 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['JSON', '{}', { 'content-type': 'application/json' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['no body', undefined, {}, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['an empty body', '', SDP, 400, 'INVALID_SDP'],
    ['garbage', 'hello', SDP, 400, 'INVALID_SDP'],
    ['an offer of nothing', 'v=0\r\n', SDP, 400, 'INVALID_SDP'],
    ['300 KiB', `v=0\r\n${'a=x\r\n'.repeat(61_440)}`, SDP, 413, 'PAYLOAD_TOO_LARGE'],
  ])('refuses %s', async (_words, body, headers, status, code) => {
    expect((await send('POST', `/whip/${roomId}`, body, headers)).body).toMatchObject({ statusCode: status, code });
  });

  it('wants a token, and has no trickle', async () => {
    expect((await send('POST', `/whip/${roomId}`, OFFER, { ...SDP, authorization: '' })).body.code).toBe(
      'TOKEN_MISSING',
    );
    const patch = await send('PATCH', `/whip/${roomId}/x`, 'a=candidate', {
      'content-type': 'application/trickle-ice-sdpfrag',
    });
    expect([patch.status, patch.headers.get('allow')]).toEqual([405, 'DELETE']);
    for (const method of ['GET', 'PUT']) expect((await send(method, `/whip/${roomId}`)).status).toBe(405);
  });

  it('may be called by pages of other origins', async () => {
    const origin = 'https://app.example.org';
    const preflight = await server.call('OPTIONS', `/whip/${roomId}`, {
      headers: {
        authorization: '',
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'POST, OPTIONS',
      'access-control-allow-headers': expect.stringContaining('Authorization'),
      'accept-post': 'application/sdp',
    });
    const answer = await send('POST', `/whip/${roomId}`, OFFER, { ...SDP, origin });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-expose-headers')).toContain('Location');
    const refused = await send('POST', `/whip/${roomId}`, OFFER, { ...SDP, origin, authorization: '' });
    expect(refused.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('names only the origins that the operator listed', async () => {
    await using strict = await RunningApi.start({ corsOrigins: ['https://app.example.org'] });
    const from = async (origin: string) =>
      (await strict.get('/v2/rooms', { origin })).headers.get('access-control-allow-origin');
    expect(await from('https://app.example.org')).toBe('https://app.example.org');
    expect(await from('https://evil.example.org')).toBeNull();
  });
});

describe('WHEP', () => {
  it('watches and ends', async () => {
    const answer = await send('POST', `/whep/${roomId}/ann`, OFFER);
    expect(answer.status).toBe(201);
    const location = answer.headers.get('location') ?? '';
    expect(location).toMatch(new RegExp(`^/whep/${roomId}/ann/[0-9a-f]{24}$`));
    expect((await send('DELETE', location)).status).toBe(200);
    expect((await send('DELETE', location)).status).toBe(404);
  });

  it('refuses as WHIP does', async () => {
    expect((await send('POST', `/whep/${roomId}/ann`, OFFER, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await send('POST', `/whep/${roomId}/a%20b`, OFFER)).body.code).toBe('PARTICIPANT_NOT_FOUND');
    expect((await send('POST', `/whep/${roomId}/ann`, OFFER, { ...SDP, authorization: '' })).status).toBe(401);
    expect((await send('GET', `/whep/${roomId}/ann`)).status).toBe(405);
  });
});
