/**
 * Every route of the server against every kind of token: what a token may reach in its own room, in another's, and that neither a
 * joiner's nor an expired token reaches anything by REST. A route that is not in the table below fails the test: whoever adds one says
 * here what it is about.
 */
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { newHexId } from '../../../src/support/new-id.ts';
import { type Answer, CREDENTIALS, RunningApi } from './running-api.ts';

/**
 * `room`: about one room. `list`: tells of the token's room alone, and refuses to be asked for another. `own`: the same, can't be asked for
 * one. `everything`: for tokens without a room. `join`: for joiners. `both`: about one room, for callers and joiners. `open`: for everybody.
 */
type Kind = 'both' | 'room' | 'list' | 'own' | 'everything' | 'join' | 'open';

const ROUTES: Readonly<Record<string, Kind>> = {
  'POST /v2/rooms': 'everything',
  'GET /v2/rooms': 'own',
  'GET /v2/rooms/{roomId}': 'room',
  'GET /v2/rooms/validate/{roomId}': 'room',
  'POST /v2/rooms/deactivate': 'room',
  'GET /v2/sessions': 'list',
  'GET /v2/sessions/{sessionId}': 'room',
  'GET /v2/sessions/{sessionId}/participants': 'room',
  'GET /v2/sessions/{sessionId}/participants/active': 'room',
  'GET /v2/sessions/{sessionId}/participants/{participantId}': 'room',
  'POST /v2/sessions/end': 'room',
  'POST /v2/sessions/participants/remove': 'room',
  'POST /v2/recordings/start': 'room',
  'POST /v2/recordings/end': 'room',
  'POST /v2/recordings/stop': 'room',
  'GET /v2/recordings': 'list',
  'GET /v2/recordings/{recordingId}': 'room',
  'DELETE /v2/recordings/{recordingId}': 'room',
  'PATCH /v2/recordings/{recordingId}': 'room',
  'DELETE /v2/recordings/{recordingId}/participants/{participantId}': 'room',
  'POST /v2/recordings/{recordingId}/pause': 'room',
  'POST /v2/recordings/{recordingId}/resume': 'room',
  'POST /v2/recordings/{recordingId}/compositions': 'room',
  'GET /v2/recordings/{recordingId}/compositions': 'room',
  'GET /v2/recordings/{recordingId}/deliveries': 'room',
  'POST /v2/recordings/{recordingId}/deliveries/{deliveryId}/retry': 'room',
  'POST /v2/recordings/{recordingId}/transcriptions': 'room',
  'GET /ai/v1/post-transcriptions': 'list',
  'GET /ai/v1/post-transcriptions/{transcriptionId}': 'room',
  'GET /ai/v1/post-transcriptions/{transcriptionId}/search': 'room',
  'GET /v2/rooms/{roomId}/captions': 'both',
  'POST /v2/recordings/participant/merge': 'room',
  'GET /v2/recordings/participant/merge': 'list',
  'GET /v2/recordings/participant/merge/{recordingId}': 'room',
  'DELETE /v2/recordings/participant/merge/{recordingId}': 'room',
  'POST /v2/recordings/participant/start': 'room',
  'POST /v2/recordings/participant/stop': 'room',
  'GET /v2/recordings/participant': 'list',
  'GET /v2/recordings/participant/{recordingId}': 'room',
  'DELETE /v2/recordings/participant/{recordingId}': 'room',
  'POST /v2/recordings/participant/track/start': 'room',
  'POST /v2/recordings/participant/track/stop': 'room',
  'GET /v2/recordings/participant/track': 'list',
  'GET /v2/recordings/participant/track/{recordingId}': 'room',
  'DELETE /v2/recordings/participant/track/{recordingId}': 'room',
  'POST /v2/recordings/composite/start': 'room',
  'POST /v2/recordings/composite/stop': 'room',
  'GET /v2/recordings/composite': 'list',
  'GET /v2/recordings/composite/{recordingId}': 'room',
  'DELETE /v2/recordings/composite/{recordingId}': 'room',
  'GET /v2/events': 'list',
  'POST /v2/events/{eventId}/resend': 'room',
  'GET /v2/public/rsa-public-key': 'open',
  'POST /whip/{roomId}': 'join',
  'DELETE /whip/{roomId}/{resourceId}': 'join',
  'POST /whep/{roomId}/{participantId}': 'join',
  'DELETE /whep/{roomId}/{participantId}/{resourceId}': 'join',
  'GET /v1/rooms/{roomId}/socket': 'join',
  'GET /v1/files/{fileId}': 'open', // by signature: files.test.ts
  'GET /health': 'open',
  'GET /metrics': 'open', // to this machine: operations.test.ts
};

const OFFER = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n';
const ROOM_CONFIG = {
  layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 },
  theme: 'DARK',
  mode: 'video-and-audio',
  quality: 'med',
  orientation: 'landscape',
  fileFormat: 'mp4',
} as const;

let server: RunningApi;
let routes: string[];
beforeAll(async () => {
  server = await RunningApi.start();
  const { body } = await server.get('/openapi.json');
  routes = Object.entries<Record<string, unknown>>(body.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
});
afterAll(() => server.api.close());

interface World {
  readonly roomId: string;
  readonly sessionId: string;
  /** A finished recording of each subject, by the beginning of its routes. */
  readonly recordings: Readonly<Record<string, string>>;
  readonly resourceId: string;
  readonly eventId: string;
  readonly transcriptionId: string;
}

/** A room in which somebody is, with one recording of every kind. */
const inhabited = async (): Promise<World> => {
  const { system } = server;
  const roomId = await server.liveRoom();
  const { id: sessionId } = system.join(roomId);
  const record = async (subject?: Parameters<typeof system.recordings.start>[0]['subject']): Promise<string> => {
    const { id } = await system.recordings.start({ roomId, config: ROOM_CONFIG, ...(subject && { subject }) });
    const file = {
      id: newHexId(),
      type: 'video' as const,
      filePath: `recordings/${id}.mp4`,
      bytes: 1,
      durationSeconds: 1,
      width: 1280,
      height: 720,
      format: 'mp4',
      offsetSeconds: 0,
      createdAt: new Date(),
    };
    system.finish(id, file);
    return id;
  };
  const participant = await record({ kind: 'participant', participantId: 'ann' });
  const recordings = {
    room: await record(),
    participant,
    track: await record({ kind: 'track', participantId: 'ann', source: 'microphone' }),
    composite: await record({ kind: 'composite', participants: [], watermarks: [] }),
    merge: (
      await system.recordings.merge({
        sessionId,
        channel1: [{ type: 'participant', participantId: 'ann', recordingId: null }],
        channel2: [],
      })
    ).id,
  };
  const claims = { roomId, participantId: 'ann', name: undefined, canModerate: true, hidden: false };
  const { resourceId } = await system.media.publish(claims, OFFER);
  const eventId = newHexId<string>();
  const data = { meetingId: roomId, sessionId };
  system.eventList.push({ id: eventId, type: 'session-started', roomId, data, createdAt: new Date(), webhooks: [] });
  const transcriptionId = system.transcriptions.add({ roomId, sessionId, recordingId: recordings.room });
  return { roomId, sessionId, recordings, resourceId, eventId, transcriptionId };
};

const sign = (claims: Record<string, unknown>): Promise<string> =>
  new SignJWT({ apikey: CREDENTIALS.apiKey, version: 2, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(CREDENTIALS.apiSecret));

const kindOf = (path: string): string =>
  /recordings\/participant\/(merge|track)|recordings\/(participant|composite)/.exec(path)?.slice(1).find(Boolean) ??
  'room';

/** The call that a route stands for, about a room. */
const call = (route: string, world: World, token: string): Promise<Answer> => {
  const { roomId, sessionId, recordings, resourceId, eventId, transcriptionId } = world;
  const [method = '', template = ''] = route.split(' ');
  const recordingId = recordings[kindOf(template)] ?? '';
  const values: Record<string, string> = {
    roomId,
    sessionId,
    recordingId,
    resourceId,
    eventId,
    transcriptionId,
    participantId: 'ann',
    fileId: 'x',
  };
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
  const isSdp = method === 'POST' && /^\/wh[ie]p/.test(path);
  const named = { participantId: 'ann', recordingId: null };
  const body = {
    roomId,
    sessionId,
    recordingId,
    participantId: 'ann',
    kind: 'audio',
    config: { layout: { type: 'SIDEBAR' } },
    channel1: [named],
    channel2: [named],
  };
  const search = template.endsWith('/search') ? '?q=word' : '';
  const query =
    search || (ROUTES[route] === 'list' ? `?roomId=${roomId}` : template.endsWith('socket') ? `?token=${token}` : '');
  return server.call(method, `${path}${query}`, {
    headers: { authorization: token, ...(isSdp && { 'content-type': 'application/sdp' }) },
    ...(method === 'GET' ? {} : { body: isSdp ? OFFER : method === 'DELETE' ? undefined : body }),
  });
};

const isLetIn = ({ status }: Answer): boolean => status !== 401 && status !== 403 && status < 500;
const routesOf = (...kinds: Kind[]): string[] =>
  Object.entries(ROUTES).flatMap(([route, kind]) => (kinds.includes(kind) ? [route] : []));

describe('every route', () => {
  it('is in the table, and the table has no others', () =>
    expect(routes.toSorted()).toEqual(Object.keys(ROUTES).toSorted()));

  it.each(routesOf('room', 'list'))('%s', async (route) => {
    const [own, other] = [await inhabited(), await inhabited()];
    const before = JSON.stringify([server.system.roomList, server.system.sessionList, server.system.recordingList]);
    const bound = { roomId: own.roomId };
    for (const [who, token, status] of [
      ['another room', await sign(bound), 403],
      ['another room, both roles', await sign({ ...bound, roles: ['rtc', 'crawler'] }), 403],
      ['another room, crawler', await sign({ ...bound, roles: ['crawler'] }), 403],
      ['rtc, no room', await sign({ roles: ['rtc'] }), 403],
      ['rtc, that room', await sign({ roomId: other.roomId, roles: ['rtc'] }), 403],
      ['expired', await sign({ exp: Math.floor(Date.now() / 1000) - 60 }), 401],
      ['expired, that room', await sign({ roomId: other.roomId, exp: 1 }), 401],
      ['none', '', 401],
    ] as const) {
      expect([who, (await call(route, other, token)).status]).toEqual([who, status]);
    }
    expect(JSON.stringify([server.system.roomList, server.system.sessionList, server.system.recordingList])).toBe(
      before,
    );
    for (const [who, token] of [
      ['its own room', await sign(bound)],
      ['its own room, crawler', await sign({ ...bound, roles: ['crawler'] })],
      ['no room', await sign({})],
      ['no room, crawler', await sign({ roles: ['crawler'] })],
    ] as const) {
      const answer = await call(route, own, token);
      expect([who, answer.status, isLetIn(answer)]).toEqual([who, answer.status, true]);
    }
  });

  it.each(routesOf('list', 'own'))('%s tells of the own room where none is named', async (route) => {
    const [own, other] = [await inhabited(), await inhabited()];
    const path = route.split(' ')[1] ?? '';
    const answer = await server.get(`${path}?perPage=100`, { authorization: await sign({ roomId: own.roomId }) });
    const mentions = ({ roomId, sessionId, recordings }: World): boolean =>
      [roomId, sessionId, ...Object.values(recordings)].some((id) => answer.text.includes(id));
    expect([answer.status, mentions(own), mentions(other)]).toEqual([200, true, false]);
  });

  it.each(routesOf('everything'))('%s is for tokens without a room', async (route) => {
    const world = await inhabited();
    expect((await call(route, world, await sign({ roomId: world.roomId }))).status).toBe(403);
    expect((await call(route, world, await sign({ roles: ['rtc'] }))).status).toBe(403);
    expect((await call(route, world, await sign({ exp: 1 }))).status).toBe(401);
    expect(isLetIn(await call(route, world, await sign({})))).toBe(true);
  });

  it.each(routesOf('join'))('%s', async (route) => {
    const [own, other] = [await inhabited(), await inhabited()];
    for (const [who, token, status] of [
      ['another room', await sign({ roomId: own.roomId }), 403],
      ['another room, rtc', await sign({ roomId: own.roomId, roles: ['rtc'] }), 403],
      ['crawler', await sign({ roles: ['crawler'] }), 403],
      ['no permission', await sign({ permissions: ['ask_join'] }), 403],
      ['expired', await sign({ exp: 1 }), 401],
      ['none', '', 401],
    ] as const) {
      expect([who, (await call(route, other, token)).status]).toEqual([who, status]);
    }
    expect(server.system.resources.get(other.resourceId)?.roomId).toBe(other.roomId);
    for (const claims of [{ roomId: own.roomId }, { roomId: own.roomId, roles: ['rtc'] }, {}]) {
      expect(isLetIn(await call(route, await inhabited(), await sign({ ...claims, roomId: undefined })))).toBe(true);
      expect(isLetIn(await call(route, own, await sign(claims)))).toBe(true);
    }
  });

  it.each(routesOf('both'))('%s', async (route) => {
    const [own, other] = [await inhabited(), await inhabited()];
    for (const [who, token, status] of [
      ['another room', await sign({ roomId: own.roomId }), 403],
      ['another room, rtc', await sign({ roomId: own.roomId, roles: ['rtc'] }), 403],
      ['who may only ask to join', await sign({ roles: ['rtc'], permissions: ['ask_join'] }), 403],
      ['expired', await sign({ exp: 1 }), 401],
      ['none', '', 401],
    ] as const) {
      expect([who, (await call(route, other, token)).status]).toEqual([who, status]);
    }
    for (const claims of [{}, { roomId: own.roomId }, { roles: ['crawler'] }, { roomId: own.roomId, roles: ['rtc'] }]) {
      expect(isLetIn(await call(route, own, await sign(claims)))).toBe(true);
    }
  });

  it('a resource of one room is not ended through another, even by a token for both', async () => {
    const [one, two] = [await inhabited(), await inhabited()];
    const token = await sign({});
    for (const path of [`/whip/${one.roomId}`, `/whep/${one.roomId}/ann`]) {
      const answer = await server.call('DELETE', `${path}/${two.resourceId}`, { headers: { authorization: token } });
      expect([path, answer.status]).toEqual([path, 404]);
    }
    expect(server.system.resources.has(two.resourceId)).toBe(true);
  });
});

it('room sockets are opened by tokens for that room alone, and carry its name', async () => {
  const [own, other] = [await inhabited(), await inhabited()];
  const open = async (claims: Record<string, unknown>): Promise<number> => {
    const address = `${server.url.replace('http', 'ws')}/v1/rooms/${other.roomId}/socket?token=${await sign(claims)}`;
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(address);
      socket.on('open', () => {
        socket.close();
        resolve(101);
      });
      socket.on('unexpected-response', (_request, { statusCode = 0 }) => resolve(statusCode));
      socket.on('error', reject);
    });
  };
  expect(await open({ roomId: own.roomId })).toBe(403);
  expect(await open({ roomId: own.roomId, roles: ['rtc'] })).toBe(403);
  expect(await open({ roles: ['crawler'] })).toBe(403);
  expect(await open({ exp: 1 })).toBe(401);
  const before = server.system.channels.length;
  expect(await open({ roomId: other.roomId, roles: ['rtc'] })).toBe(101);
  expect(server.system.channels.slice(before).map(({ claims }) => claims.roomId)).toEqual([other.roomId]);
});
