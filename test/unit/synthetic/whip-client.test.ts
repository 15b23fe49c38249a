import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { whipDelete, whipPublish } from '../../../src/synthetic/whip-client.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const serve = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** A WHIP server; what it was asked. */
const whipServer = async () => {
  const asked: string[] = [];
  const seen = async (request: IncomingMessage) => {
    const body = (await request.setEncoding('utf8').toArray()).join('');
    const { method, url, headers } = request;
    asked.push([method, url, headers.authorization, headers['content-type'] ?? '-', body].join(' '));
  };
  const url = await serve(async (request, response) => {
    await seen(request);
    if (request.method === 'DELETE') response.writeHead(200).end();
    else response.writeHead(201, { location: '/whip/room/1' }).end('v=0 answer');
  });
  return { asked, url };
};

const redirector = (status: number, target: (path: string) => string): Promise<string> =>
  serve((request, response) => {
    request.resume();
    response.writeHead(status, { location: target(request.url ?? '') }).end();
  });

const target = (url: string) => ({ url, roomId: 'room', token: 'secret', name: 'Ada' });

describe('a WHIP publisher that is sent elsewhere', () => {
  it.each([307, 308])('by %i goes there with method, body and token, and ends there what it began', async (status) => {
    const { asked, url } = await whipServer();
    const door = await redirector(status, (path) => `${url}${path}`);
    const session = await whipPublish(target(door), 'v=0 offer');
    expect(session).toEqual({ answer: 'v=0 answer', resource: `${url}/whip/room/1` });
    await whipDelete(`${door}/whip/room/1`, 'secret');
    expect(asked).toEqual([
      'POST /whip/room?name=Ada Bearer secret application/sdp v=0 offer',
      'DELETE /whip/room/1 Bearer secret - ',
    ]);
  });

  it('follows relative addresses', async () => {
    const { asked, url } = await whipServer();
    const inner = await redirector(307, (path) => `${url}${path}`);
    await whipPublish(target(inner), 'v=0 offer');
    expect(asked).toHaveLength(1);
    const same = await serve((request, response) => {
      request.resume();
      if (request.url?.startsWith('/node')) response.writeHead(201, { location: 'here/1' }).end('v=0 answer');
      else response.writeHead(307, { location: '/node/whip' }).end();
    });
    expect((await whipPublish(target(same), 'v=0 offer')).resource).toBe(`${same}/node/here/1`);
  });

  it('says where it was sent when that comes to nothing', async () => {
    const loop: string = await redirector(307, (path) => `${path}`);
    await expect(whipPublish(target(loop), 'v=0 offer')).rejects.toThrow('redirect');
    const lost = await redirector(302, (path) => `http://127.0.0.1:1${path}`);
    await expect(whipPublish(target(lost), 'v=0 offer')).rejects.toThrow('302');
    const nowhere = await serve((_, response) => response.writeHead(307).end());
    await expect(whipPublish(target(nowhere), 'v=0 offer')).rejects.toThrow('307');
  });
});
