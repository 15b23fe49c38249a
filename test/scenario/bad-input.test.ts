import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/synthetic/impairment.ts';
import { signToken } from '../support/api.ts';
import { Service } from '../support/service.ts';
import { Sitting } from '../support/sitting.ts';

/** As Chromium offers camera and microphone. */
const OFFER = readFileSync(new URL('../unit/rooms/fixtures/chrome-publish.sdp', import.meta.url), 'utf8');

/** What hostile and careless callers send: the right status, a message that helps, and the server goes on. */
describe('bad input', () => {
  let service: Service;
  let roomId: string;
  beforeAll(async () => {
    service = await Service.start();
    roomId = await service.api.createRoom();
  });
  afterAll(() => service.close());

  const post = (path: string, init: { token?: string; type?: string; body?: string }) =>
    fetch(new URL(path, service.url), {
      method: 'POST',
      headers: {
        ...(init.token === undefined ? {} : { authorization: init.token }),
        'content-type': init.type ?? 'application/json',
      },
      ...(init.body === undefined ? {} : { body: init.body }),
    });

  const refused = async (response: Response) => {
    const answer = (await response.json()) as { statusCode: number; code: string; message: string };
    expect(answer.statusCode).toBe(response.status);
    expect(answer.message.length).toBeGreaterThan(10);
    return [response.status, answer.code];
  };

  it('tokens', async () => {
    const start = (token?: string) =>
      post('/v2/recordings/start', { ...(token === undefined ? {} : { token }), body: JSON.stringify({ roomId }) });
    expect(await refused(await start())).toEqual([401, 'TOKEN_MISSING']);
    expect(await refused(await start(await signToken({ ...service.key, apiSecret: 'x'.repeat(40) })))).toEqual([
      401,
      'TOKEN_INVALID',
    ]);
    expect(await refused(await start(await signToken({ ...service.key, apiKey: 'other' })))).toEqual([
      401,
      'TOKEN_INVALID',
    ]);
    expect(await refused(await start(await signToken(service.key, {}, '-1h')))).toEqual([401, 'TOKEN_EXPIRED']);
    expect(await refused(await start(await signToken(service.key, { roomId: 'aaaa-bbbb-cccc' })))).toEqual([
      403,
      'NOT_PERMITTED',
    ]);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const unsigned = `${part({ alg: 'none', typ: 'JWT' })}.${part({ apikey: service.key.apiKey })}.`;
    expect(await refused(await start(unsigned))).toEqual([401, 'TOKEN_INVALID']);
  });

  it('bodies', async () => {
    const token = await signToken(service.key);
    const start = (body: string) => post('/v2/recordings/start', { token, body });
    expect(await refused(await start('not json'))).toEqual([400, 'INVALID_JSON']);
    expect((await refused(await start(JSON.stringify({ roomId, junk: 'x'.repeat(10 * 1024 * 1024) }))))[0]).toBe(413);
    expect(await refused(await start(JSON.stringify({ roomId, config: { quality: 'best' } })))).toEqual([
      400,
      'INVALID_REQUEST',
    ]);
    expect(await refused(await start(JSON.stringify({ roomId: 'zzzz-zzzz-zzzz' })))).toEqual([404, 'ROOM_NOT_FOUND']);
    expect(await refused(await start(JSON.stringify({ roomId })))).toEqual([400, 'NO_ACTIVE_SESSION']);
    expect(await refused(await start(JSON.stringify({ roomId, templateUrl: 'https://example.org' })))).toEqual([
      501,
      'NOT_IMPLEMENTED',
    ]);
  });

  it('descriptions of sessions', async () => {
    const token = `Bearer ${await service.participantToken(roomId)}`;
    const whip = (body: string, type = 'application/sdp') => post(`/whip/${roomId}`, { token, type, body });
    for (const body of ['v=0', 'garbage', 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 X 96\r\n']) {
      expect(await refused(await whip(body))).toEqual([400, 'INVALID_SDP']);
    }
    expect((await refused(await whip('v=0', 'text/plain')))[0]).toBe(415);
    const whep = (body: string) => post(`/whep/${roomId}/nobody`, { token, type: 'application/sdp', body });
    expect(await refused(await whep(OFFER.replaceAll('a=sendrecv', 'a=recvonly')))).toEqual([
      404,
      'PARTICIPANT_NOT_FOUND',
    ]);
  });

  it.each([
    ['to receive only', /a=send\w+/g, 'a=recvonly', /publishes nothing/],
    ['of codecs that nobody plays', /^(a=rtpmap:\d+) \w+\//gm, '$1 SPEEX/', /VP8/],
    ['of stopped m-lines', /^m=(\w+) \d+/gm, 'm=$1 0', /VP8/],
    ['without a fingerprint', /^a=fingerprint:.*\r\n/gm, '', /fingerprint/],
    ['with a fingerprint of MD5', /sha-256 [\w:]+/g, 'md5 AA:BB', /fingerprint/],
    ['without ICE', /^a=ice-.*\r\n/gm, '', /ice-ufrag/],
    ['that is passive', /setup:actpass/g, 'setup:passive', /passive/],
    ['without bundle', /^a=group:.*\r\n/gm, '', /BUNDLE/],
    ['without rtcp-mux', /^a=rtcp-mux\r\n/gm, '', /rtcp-mux/],
    ['with a mid that is none', /^a=mid:0/gm, 'a=mid:<0>', /mid/],
    ['with two equal mids', /^a=mid:1/gm, 'a=mid:0', /mid/],
    ['of 300 m-lines', /$/, 'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n'.repeat(300), /m-lines/],
  ])('refuses an offer %s with the reason, and lets nobody in', async (_, from, to, reason) => {
    const answer = await post(`/whip/${roomId}`, {
      token: `Bearer ${await service.participantToken(roomId)}`,
      type: 'application/sdp',
      body: OFFER.replace(from, to),
    });
    expect(((await answer.clone().json()) as { message: string }).message).toMatch(reason);
    expect(await refused(answer)).toEqual([400, 'INVALID_SDP']);
    const start = await service.api.call('POST', '/v2/recordings/start', { roomId });
    expect(await refused(start)).toEqual([400, 'NO_ACTIVE_SESSION']);
  });

  it('garbage on the media port, while somebody is recorded; and a second start', async () => {
    const sitting = await Sitting.open(service, 1);
    const ada = await sitting.join({ via: 'whip' });
    sitting.grid([ada], { fresh: true });
    await sitting.startRecording();
    const socket = createSocket('udp4');
    const random = seededRandom(11);
    for (let packet = 0; packet < 2000; packet++) {
      const bytes = Buffer.alloc(1 + Math.floor(random() * 1300));
      for (let i = 0; i < Math.min(64, bytes.length); i++) bytes[i] = Math.floor(random() * 256);
      // All kinds that share the port (RFC 7983): STUN, DTLS, RTP, and what is none of them.
      bytes[0] = [0, 22, 128, 255][packet % 4] ?? 0;
      await new Promise((resolve) => socket.send(bytes, service.server.rtcPort, '127.0.0.1', resolve));
    }
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    const second = await service.api.call('POST', '/v2/recordings/start', { roomId: sitting.roomId });
    expect(await refused(second)).toEqual([409, 'RECORDING_ALREADY_RUNNING']);
    await sitting.until(5);
    await sitting.endRecording();
    const again = await service.api.call('POST', '/v2/recordings/end', { roomId: sitting.roomId });
    expect(await refused(again)).toEqual([409, 'RECORDING_NOT_RUNNING']);
    const { failures, text } = await sitting.judged();
    expect(ada.lost).toBeNull();
    await sitting.leave();
    expect(failures, text).toEqual([]);
  });
});
