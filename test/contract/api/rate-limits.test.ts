/** How often one may ask: by key, by address, and what is not counted. */
import { SignJWT } from 'jose';
import { expect, it } from 'vitest';
import WebSocket from 'ws';
import type { ApiConfig } from '../../../src/api/api-config.ts';
import { clientAddress } from '../../../src/api/rate-limits.ts';
import { CREDENTIALS, RunningApi } from './running-api.ts';

const OFFER = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n';
const token = (claims: Record<string, unknown>): Promise<string> =>
  new SignJWT({ apikey: CREDENTIALS.apiKey, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(CREDENTIALS.apiSecret));

let nowMs = 0;
const start = (limits: Partial<ApiConfig['rateLimits']>, more: Partial<ApiConfig> = {}) =>
  RunningApi.start(
    { ...more, rateLimits: { requestsPerMinute: 0, joinsPerMinute: 0, failuresPerMinute: 0, ...limits } },
    undefined,
    () => new Date(nowMs),
  );
const headersOf = ({ headers }: { headers: Headers }) =>
  ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset', 'retry-after'].map((name) => headers.get(name));

it('REST calls: so many a minute by one key, then 429 until the minute is over', async () => {
  await using server = await start({ requestsPerMinute: 3 });
  expect(headersOf(await server.get('/v2/rooms'))).toEqual(['3', '2', '60', null]);
  nowMs += 20_000;
  await server.get('/v2/rooms');
  expect(headersOf(await server.get('/v2/recordings'))).toEqual(['3', '0', '40', null]);
  const refused = await server.post('/v2/rooms', {});
  expect([refused.status, refused.body.code, headersOf(refused)]).toEqual([
    429,
    'TOO_MANY_REQUESTS',
    ['3', '0', '40', '40'],
  ]);
  // Who holds a token for one room has calls of his own.
  const { roomId } = await server.system.rooms.create({ customRoomId: null });
  const bound = { authorization: await token({ roomId }) };
  expect((await server.get(`/v2/rooms/${roomId}`, bound)).status).toBe(200);
  for (const path of ['/health', '/metrics', '/openapi.json', '/api-docs/']) {
    expect([path, (await server.get(path)).status]).toEqual([path, 200]);
  }
  nowMs += 40_000;
  expect((await server.get('/v2/rooms')).status).toBe(200);
});

it('joins: WebSocket, WHIP and WHEP share one count', async () => {
  await using server = await start({ joinsPerMinute: 3 });
  const roomId = await server.liveRoom();
  const bearer = await token({ roomId, participantId: 'ann' });
  const sdp = { authorization: bearer, 'content-type': 'application/sdp' };
  expect((await server.call('POST', `/whip/${roomId}`, { body: OFFER, headers: sdp })).status).toBe(201);
  expect((await server.call('POST', `/whep/${roomId}/ann`, { body: OFFER, headers: sdp })).status).toBe(201);
  const socket = (by: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const one = new WebSocket(`${server.url.replace('http', 'ws')}/v1/rooms/${roomId}/socket?token=${by}`);
      one.on('open', () => {
        one.close();
        resolve(101);
      });
      one.on('unexpected-response', (_request, { statusCode = 0 }) => resolve(statusCode));
      one.on('error', reject);
    });
  expect(await socket(bearer)).toBe(101);
  expect(await socket(bearer)).toBe(429);
  const refused = await server.call('POST', `/whip/${roomId}`, { body: OFFER, headers: sdp });
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
  expect(await socket(await token({ roomId, participantId: 'bob' }))).toBe(101);
});

it('failed authentications: by address, and no right token suffers from wrong ones', async () => {
  await using server = await start({ failuresPerMinute: 2 }, { trustProxy: ['127.0.0.1'] });
  const from = (address: string, authorization = 'wrong') =>
    server.get('/v2/rooms', { authorization, 'x-forwarded-for': address });
  const statuses = [];
  for (const address of ['203.0.113.1', '203.0.113.1', '203.0.113.1', '203.0.113.2']) {
    statuses.push((await from(address)).status);
  }
  expect(statuses).toEqual([401, 401, 429, 401]);
  expect((await from('203.0.113.1', await token({}))).status).toBe(200);
  // A subscriber's IPv6 network is one address.
  const inOneNetwork = [];
  for (const address of ['2001:db8:0:1::1', '2001:db8:0:1:2:3:4:5', '2001:db8:0:1::f', '2001:db8:0:2::1']) {
    inOneNetwork.push((await from(address)).status);
  }
  expect(inOneNetwork).toEqual([401, 401, 429, 401]);
  const joining = await server.call('POST', '/whip/x', {
    body: OFFER,
    headers: { authorization: 'wrong', 'content-type': 'application/sdp', 'x-forwarded-for': '203.0.113.1' },
  });
  expect([joining.status, joining.headers.get('retry-after')]).toEqual([429, '60']);
});

it('addresses are what believed proxies say, from the nearest on', () => {
  const of = (trusted: true | string[], forwarded?: string, remoteAddress = '10.0.0.1') =>
    clientAddress({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }, trusted);
  expect(of([], '198.51.100.7')).toBe('10.0.0.1');
  expect(of(['10.0.0.0/8'], '198.51.100.7')).toBe('198.51.100.7');
  expect(of(['10.0.0.0/8'], 'spoofed, 192.0.2.9, 198.51.100.7, 10.2.3.4')).toBe('198.51.100.7');
  expect(of(['10.0.0.0/8'], undefined)).toBe('10.0.0.1');
  expect(of(true, '192.0.2.9, 198.51.100.7')).toBe('192.0.2.9');
  expect(of(['10.0.0.0/8'], '192.0.2.9', '198.51.100.7')).toBe('198.51.100.7');
});
