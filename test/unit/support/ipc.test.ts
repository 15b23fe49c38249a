import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dial, listen, Peer, PeerClosedError, type PeerHandlers, RemoteError } from '../../../src/support/ipc.ts';

let folder: string;
let path: string;
let server: Server | undefined;
const peers: Peer[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipc-'));
  path = join(folder, 'test.sock');
});

afterEach(async () => {
  for (const peer of peers.splice(0)) peer.close();
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  server = undefined;
  rmSync(folder, { recursive: true });
});

const serve = async (handlers: PeerHandlers, onSocket?: (socket: Socket) => void): Promise<void> => {
  server = await listen(path, (socket) => {
    onSocket?.(socket);
    peers.push(new Peer(socket, handlers));
  });
};

test('asks and answers, many at once, out of order', async () => {
  await serve({
    onRequest: async (method, params) => {
      if (method === 'slow') await new Promise((resolve) => setImmediate(resolve));
      return { method, params };
    },
  });
  const peer = await dial(path, {});
  peers.push(peer);
  const answers = await Promise.all([
    peer.request('slow', { n: 1 }),
    peer.request('fast', { text: 'ä'.repeat(70_000) }),
  ]);
  expect(answers).toEqual([
    { method: 'slow', params: { n: 1 } },
    { method: 'fast', params: { text: 'ä'.repeat(70_000) } },
  ]);
});

test('passes a refusal on with its code, and anything else as INTERNAL', async () => {
  await serve({
    onRequest: (method) => {
      throw method === 'refused' ? Object.assign(new Error('No room.'), { code: 'ROOM_NOT_FOUND' }) : new Error('bug');
    },
  });
  const peer = await dial(path, {});
  peers.push(peer);
  await expect(peer.request('refused', {})).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND', message: 'No room.' });
  const other = peer.request('other', {});
  await expect(other).rejects.toBeInstanceOf(RemoteError);
  await expect(other).rejects.toMatchObject({ code: 'INTERNAL' });
});

test('rejects what is under way when the other side goes, and tells once', async () => {
  let closes = 0;
  await serve({ onRequest: () => new Promise(() => undefined) }, (socket) => setImmediate(() => socket.destroy()));
  const peer = await dial(path, { onClose: () => (closes += 1) });
  await expect(peer.request('never', {})).rejects.toBeInstanceOf(PeerClosedError);
  await expect(peer.request('later', {})).rejects.toBeInstanceOf(PeerClosedError);
  peer.close();
  expect(closes).toBe(1);
});

test('gives up after the limit', async () => {
  await serve({ onRequest: () => new Promise(() => undefined) });
  const peer = await dial(path, {});
  peers.push(peer);
  await expect(peer.request('never', {}, 20)).rejects.toMatchObject({ name: 'TimeoutError' });
});

test('delivers events in order, whatever pieces they come in', async () => {
  const seen: unknown[] = [];
  const all = Promise.withResolvers<void>();
  await serve({
    onEvent: (event) => {
      seen.push(event);
      if (seen.length === 3) all.resolve();
    },
  });
  const socket = connect(path);
  const frames = ['one', 'two', 'three'].map((name) => {
    const body = Buffer.from(JSON.stringify({ kind: 'event', event: name }));
    const head = Buffer.alloc(4);
    head.writeUInt32BE(body.length);
    return Buffer.concat([head, body]);
  });
  for (const byte of Buffer.concat(frames)) socket.write(Buffer.of(byte));
  await all.promise;
  expect(seen).toEqual(['one', 'two', 'three']);
  socket.destroy();
});

test.each([
  ['a frame that is too large', Buffer.of(0xff, 0xff, 0xff, 0xff)],
  ['a frame that is no JSON', Buffer.concat([Buffer.of(0, 0, 0, 2), Buffer.from('x{')])],
])('closes on %s', async (_name, bytes) => {
  const closed = Promise.withResolvers<Error | undefined>();
  await serve({ onClose: closed.resolve });
  connect(path)
    .on('error', () => undefined)
    .write(bytes);
  expect(await closed.promise).toBeInstanceOf(Error);
});

test.each(['null', '7', '"text"', '{'])('ends the connection on a frame that is no JSON object: %s', async (text) => {
  const ends: (string | undefined)[] = [];
  await serve({ onClose: (error) => ends.push(error?.message) });
  const socket = connect(path);
  const frame = Buffer.alloc(4 + text.length);
  frame.writeUInt32BE(text.length);
  frame.write(text, 4);
  socket.write(frame);
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await expect.poll(() => ends).toEqual(['A frame is not a JSON object.']);
});

test('the socket is for its owner only', async () => {
  await serve({});
  expect(statSync(path).mode & 0o777).toBe(0o600);
});
