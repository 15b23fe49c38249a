/** Room sockets: admission before the upgrade, relaying, limits, farewells. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { mintParticipantToken } from '../../../src/api/auth.ts';
import { CREDENTIALS, RunningApi } from './running-api.ts';

let server: RunningApi;
let roomId: string;
beforeAll(async () => {
  server = await RunningApi.start();
  roomId = await server.liveRoom('talk');
});
afterAll(() => server.api.close());

const token = (name = 'Ada') => mintParticipantToken(CREDENTIALS, { roomId, name });
const address = (room: string, withToken: string | undefined, base = server.url): string =>
  `${base.replace('http', 'ws')}/v1/rooms/${room}/socket${withToken === undefined ? '' : `?token=${withToken}`}`;

interface Client {
  readonly socket: WebSocket;
  readonly messages: unknown[];
  readonly closed: Promise<{ code: number; reason: string }>;
}
const open = async (url: string): Promise<Client> => {
  const socket = new WebSocket(url);
  const messages: unknown[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
  );
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
  });
  return { socket, messages, closed };
};
/** Opens and waits until the system has the channel. */
const join = async (withToken?: string) => {
  const before = server.system.channels.length;
  const client = await open(address(roomId, withToken ?? (await token())));
  const channel = await vi.waitUntil(() => server.system.channels[before], { timeout: 2000, interval: 5 });
  return { client, channel };
};
const refusalOf = (url: string): Promise<{ status: number | undefined; body: { code: string } }> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.on('open', () => reject(new Error('The socket opened.')));
    socket.on('error', () => undefined);
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => resolve({ status: response.statusCode, body: JSON.parse(text) }));
    });
  });

describe('admission', () => {
  it('is refused over HTTP, and a plain GET says the same', async () => {
    const cases: [string, string | undefined, number, string][] = [
      [roomId, undefined, 401, 'TOKEN_MISSING'],
      [roomId, 'nonsense', 401, 'TOKEN_INVALID'],
      ['aaaa-bbbb-cccc', await token(), 403, 'NOT_PERMITTED'],
    ];
    for (const [room, withToken, status, code] of cases) {
      expect(await refusalOf(address(room, withToken))).toMatchObject({ status, body: { statusCode: status, code } });
      const plain = await server.get(`/v1/rooms/${room}/socket${withToken ? `?token=${withToken}` : ''}`);
      expect(plain.body).toMatchObject({ statusCode: status, code });
    }
    expect((await server.get(`/v1/rooms/${roomId}/socket?token=${await token()}`)).body.message).toContain(
      'This token may join',
    );
    expect(await refusalOf(`${server.url.replace('http', 'ws')}/elsewhere`)).toMatchObject({
      status: 404,
      body: { code: 'NOT_FOUND' },
    });
    expect(await refusalOf(address('%zz', await token()))).toMatchObject({ status: 400 });
  });

  it('hands verified claims to the media process', async () => {
    const { client, channel } = await join();
    expect(channel.claims).toEqual({
      roomId,
      participantId: undefined,
      name: 'Ada',
      canModerate: false,
      hidden: false,
    });
    client.socket.close();
    await client.closed;
  });

  it('passes a refusal of the media process on in the closing frame', async () => {
    const client = await open(address(roomId, await token('too many')));
    expect(await client.closed).toEqual({ code: 4429, reason: 'ROOM_FULL' });
  });
});

describe('relaying', () => {
  it('carries objects both ways, in order, even those sent at once', async () => {
    const client = await open(address(roomId, await token()));
    for (let count = 0; count < 50; count++) client.socket.send(JSON.stringify({ type: 'ping', count }));
    const channel = await vi.waitUntil(
      () => server.system.channels.at(-1)?.received.length === 50 && server.system.channels.at(-1),
      { timeout: 2000, interval: 5 },
    );
    expect(channel.received).toEqual(Array.from({ length: 50 }, (_, count) => ({ type: 'ping', count })));
    channel.send({ type: 'pong' });
    await vi.waitUntil(() => client.messages.length === 1, { timeout: 2000, interval: 5 });
    expect(client.messages).toEqual([{ type: 'pong' }]);
    client.socket.close();
    await vi.waitUntil(() => channel.closed, { timeout: 2000, interval: 5 });
  });

  it('reads no more of a client than is being handled, and loses nothing', async () => {
    const { client, channel } = await join();
    const gate = Promise.withResolvers<void>();
    channel.handling = gate.promise;
    const payload = 'x'.repeat(100_000);
    for (let count = 0; count < 500; count++) client.socket.send(JSON.stringify({ type: 'send', count, payload }));
    await vi.waitUntil(() => channel.received.length >= 64, { timeout: 2000, interval: 5 });
    // Another client's conversation goes on meanwhile, several times round.
    const other = await join();
    for (let count = 1; count <= 20; count++) {
      other.client.socket.send('{}');
      await vi.waitUntil(() => other.channel.received.length === count, { timeout: 2000, interval: 5 });
    }
    expect(channel.received.length).toBeLessThan(100);
    gate.resolve();
    await vi.waitUntil(() => channel.received.length === 500, { timeout: 5000, interval: 5 });
    for (const { socket } of [client, other.client]) socket.close();
    await Promise.all([client.closed, other.client.closed]);
  });

  it.each([
    ['no JSON', 'hello', 4400],
    ['no object', '[1]', 4400],
    ['bytes', Buffer.from('{}'), 4400],
    ['300 KiB', JSON.stringify({ x: 'y'.repeat(300 * 1024) }), 1009],
  ])('closes on %s', async (_words, message, code) => {
    const { client, channel } = await join();
    client.socket.send(message);
    expect((await client.closed).code).toBe(code);
    await vi.waitUntil(() => channel.closed, { timeout: 2000, interval: 5 });
    expect(channel.received).toEqual([]);
  });

  it('closes when the media process says so', async () => {
    const removed = await join();
    removed.channel.close('removed');
    expect(await removed.client.closed).toEqual({ code: 4000, reason: 'removed' });
    const left = await join();
    left.channel.close('left');
    expect(await left.client.closed).toEqual({ code: 1000, reason: 'left' });
  });

  it('does not let a client that reads nothing fill our memory', async () => {
    const { client, channel } = await join();
    client.socket.pause();
    const big = { type: 'message', payload: 'x'.repeat(1024 * 1024) };
    for (let count = 0; count < 40; count++) channel.send(big);
    client.socket.resume();
    expect((await client.closed).code).toBe(4408);
    expect(client.messages.length).toBeLessThan(40);
  });
});

it('says goodbye when the server stops', async () => {
  const stopping = await RunningApi.start();
  const room = await stopping.liveRoom();
  const joining = await mintParticipantToken(CREDENTIALS, { roomId: room });
  const client = await open(address(room, joining, stopping.url));
  await vi.waitUntil(() => stopping.system.channels[0], { timeout: 2000, interval: 5 });
  expect(await stopping.get('/metrics')).toMatchObject({ text: expect.stringContaining('roomtape_room_sockets 1') });
  await Promise.all([stopping.api.close(), stopping.api.close()]);
  expect(await client.closed).toEqual({ code: 1001, reason: 'server stops' });
  expect(stopping.system.channels[0]?.closed).toBe(true);
  await expect(fetch(stopping.url)).rejects.toThrow();
});
