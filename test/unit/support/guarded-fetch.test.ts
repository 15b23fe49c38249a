/** The way out: real servers on loopback addresses, of which 127.0.0.1 stands for the open internet and the others for inner networks. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import {
  guardedFetch,
  type OutboundError,
  type OutboundRequest,
  type Resolve,
} from '../../../src/support/guarded-fetch.ts';

const OPEN = ['127.0.0.1'];
const LIMITS = { totalMs: 5_000, bodyBytes: 1_000, longerBody: 'refuse' } as const;
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

/** The port of a server at an address of loopback, and how many requests it got. */
const serving = async (answer: RequestListener, address = '127.0.0.1'): Promise<{ port: number; requests: number }> => {
  const state = { port: 0, requests: 0 };
  const server = createServer((request, response) => {
    state.requests += 1;
    answer(request, response);
  });
  servers.push(server.listen(0, address));
  await once(server, 'listening');
  state.port = (server.address() as AddressInfo).port;
  return state;
};

const fetchHere = (url: string, more: Partial<OutboundRequest> = {}) =>
  guardedFetch({ url, allowed: OPEN, limits: LIMITS, ...more });
const failure = (what: Promise<unknown>): Promise<OutboundError> =>
  what.then(
    () => Promise.reject(new Error('It was answered.')),
    (error: OutboundError) => error,
  );
const resolving =
  (...answers: string[][]): Resolve =>
  async () =>
    (answers.length > 1 ? (answers.shift() ?? []) : (answers[0] ?? [])).map((address) => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }));

test('an answer of any status comes with headers and body', async () => {
  const { port } = await serving((_, response) => response.writeHead(503, { 'retry-after': '7' }).end('later'));
  const { status, headers, body, url } = await fetchHere(`http://127.0.0.1:${port}/a?b`);
  expect({ status, after: headers['retry-after'], body: body.toString(), url }).toEqual({
    status: 503,
    after: '7',
    body: 'later',
    url: `http://127.0.0.1:${port}/a?b`,
  });
});

test('bodies are sent with their exact length, streamed ones too', async () => {
  const { port } = await serving(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { 'content-length': length, 'transfer-encoding': coding = 'none' } = request.headers;
    response.end(`${request.method} ${length} ${coding} ${Buffer.concat(parts)}`);
  });
  const url = `http://127.0.0.1:${port}/`;
  const text = await fetchHere(url, { method: 'POST', body: 'grüße' });
  expect(text.body.toString()).toBe('POST 7 none grüße');
  const stream = { bytes: 6, open: () => Readable.from([Buffer.from('abc'), Buffer.from('def')]) };
  expect((await fetchHere(url, { method: 'PUT', body: stream })).body.toString()).toBe('PUT 6 none abcdef');
});

test('a stream that fails fails the call', async () => {
  const { port } = await serving((request, response) => request.resume().on('end', () => response.end()));
  const body = {
    bytes: 6,
    open: () =>
      Readable.from(
        (async function* () {
          yield Buffer.from('abc');
          throw new Error('The disk is gone.');
        })(),
      ),
  };
  const error = await failure(fetchHere(`http://127.0.0.1:${port}/`, { method: 'PUT', body }));
  expect([error.failure, error.message]).toEqual(['unreadable', expect.stringContaining('The disk is gone')]);
});

test('an answer that comes before the whole upload is taken', async () => {
  const { port } = await serving((_, response) => response.writeHead(403).end('no'));
  const endless = { bytes: 1e9, open: () => Readable.from(Array.from({ length: 1_000 }, () => Buffer.alloc(1e6))) };
  expect((await fetchHere(`http://127.0.0.1:${port}/`, { method: 'PUT', body: endless })).status).toBe(403);
});

test('longer bodies are cut or refused, as asked', async () => {
  const { port } = await serving((_, response) => response.end('x'.repeat(5_000)));
  const url = `http://127.0.0.1:${port}/`;
  expect((await failure(fetchHere(url))).failure).toBe('too-large');
  const cut = await fetchHere(url, { limits: { ...LIMITS, longerBody: 'cut' } });
  expect(cut.body.length).toBe(LIMITS.bodyBytes);
});

test('who does not answer, or drips, meets a limit of time', async () => {
  const silent = await serving(() => undefined);
  const limits = { ...LIMITS, totalMs: 150 };
  const error = await failure(fetchHere(`http://127.0.0.1:${silent.port}/secret`, { limits }));
  expect([error.failure, error.message]).toEqual([
    'timeout',
    `http://127.0.0.1:${silent.port}: it took longer than 150 ms`,
  ]);
  const idle = await failure(
    fetchHere(`http://127.0.0.1:${silent.port}/`, { limits: { ...LIMITS, totalMs: 60_000, idleMs: 100 } }),
  );
  expect([idle.failure, idle.message]).toEqual(['timeout', expect.stringContaining('nothing was sent or received')]);
  const dripping = await serving((_, response) => {
    const drip = setInterval(() => response.write('.'), 20);
    response.on('close', () => clearInterval(drip));
  });
  expect((await failure(fetchHere(`http://127.0.0.1:${dripping.port}/`, { limits }))).failure).toBe('timeout');
});

test('the caller ends a call by his signal', async () => {
  const { port } = await serving(() => undefined);
  const ending = new AbortController();
  const call = fetchHere(`http://127.0.0.1:${port}/`, { signal: ending.signal });
  ending.abort(new Error('The server ends.'));
  await expect(call).rejects.toThrow('The server ends.');
});

test('nothing inner is reached by an address, a name, or a mixed answer', async () => {
  const inner = await serving((_, response) => response.end('secret'), '127.0.0.2');
  const names = [
    ['127.0.0.2'],
    ['127.0.0.1', '127.0.0.2'],
    ['::1', '127.0.0.1'],
    ['::ffff:127.0.0.2'],
    ['169.254.169.254'],
  ];
  for (const addresses of names) {
    const error = await failure(
      fetchHere(`http://inner.example.org:${inner.port}/path?secret`, { resolve: resolving(addresses) }),
    );
    expect([addresses, error.failure]).toEqual([addresses, 'refused']);
    expect(error.message).not.toMatch(/path|secret/);
  }
  expect((await failure(fetchHere(`http://127.0.0.2:${inner.port}/`))).failure).toBe('refused');
  expect((await failure(fetchHere(`https://[::1]:${inner.port}/`))).failure).toBe('refused');
  expect(inner.requests).toBe(0);
});

test('the address that was judged is the one that is connected to: a name that changes its mind gains nothing', async () => {
  const inner = await serving((_, response) => response.end('secret'), '127.0.0.2');
  const open = await serving((_, response) => response.end('open'));
  let asked = 0;
  const rebinding: Resolve = async () => {
    asked += 1;
    return [{ address: asked === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }];
  };
  const first = await fetchHere(`http://rebind.example.org:${open.port}/`, { resolve: rebinding });
  expect([first.body.toString(), asked]).toEqual(['open', 1]);
  const second = await failure(fetchHere(`http://rebind.example.org:${inner.port}/`, { resolve: rebinding }));
  expect([second.failure, asked, inner.requests]).toEqual(['refused', 2, 0]);
});

test('every redirect is judged like the first URL', async () => {
  const inner = await serving((_, response) => response.end('secret'), '127.0.0.2');
  const { port } = await serving((request, response) => {
    const to = decodeURIComponent(request.url?.slice(1) ?? '');
    response.writeHead(302, { location: to }).end();
  });
  for (const to of [
    `http://127.0.0.2:${inner.port}/`,
    `//127.0.0.2:${inner.port}/`,
    `http://2130706434:${inner.port}/`,
    `http://inner.example.org:${inner.port}/`,
    'http://a:b@127.0.0.1/',
    'http://127.0.0.1:6379/',
    'file:///etc/passwd',
    'http://[',
  ]) {
    const url = `http://127.0.0.1:${port}/${encodeURIComponent(to)}`;
    const error = await failure(fetchHere(url, { mostRedirects: 3, resolve: resolving(['127.0.0.2']) }));
    expect([to, error.failure]).toEqual([to, 'refused']);
  }
  expect(inner.requests).toBe(0);
  // Not followed unless asked for.
  expect((await fetchHere(`http://127.0.0.1:${port}/x`)).status).toBe(302);
});

test('redirects are followed with the method, the body, and to other origins without proofs', async () => {
  const target = await serving((request, response) => {
    const { authorization = 'none', 'x-kind': kind = 'none' } = request.headers;
    request
      .setEncoding('utf8')
      .on('data', (text) => response.end(`${request.method} ${text} ${authorization} ${kind}`));
  });
  const start = await serving((request, response) => {
    const code = Number(request.url?.slice(1));
    request.resume().on('end', () => response.writeHead(code, { location: `http://127.0.0.1:${target.port}/` }).end());
  });
  const call = (code: number) =>
    fetchHere(`http://127.0.0.1:${start.port}/${code}`, {
      method: 'PUT',
      body: { bytes: 3, open: () => Readable.from([Buffer.from('abc')]) },
      headers: { Authorization: 'secret', 'x-kind': 'video' },
      mostRedirects: 1,
    });
  expect((await call(307)).body.toString()).toBe('PUT abc none video');
  expect((await call(302)).status).toBe(302); // would have become a GET
});

test('localhost is this machine by decree, and only where the operator says so', async () => {
  const { port } = await serving((_, response) => response.end('here'));
  const elsewhere = resolving(['203.0.113.7']);
  const { body } = await fetchHere(`http://a.localhost:${port}/`, { resolve: elsewhere });
  expect(body.toString()).toBe('here');
  const error = await failure(fetchHere(`http://localhost:${port}/`, { allowed: ['10.0.0.0/8'] }));
  expect(error.failure).toBe('refused');
});

test('a name that does not exist and a port where nobody listens are told apart from refusals', async () => {
  const gone = await serving(() => undefined);
  const server = servers.pop();
  server?.close();
  if (server) await once(server, 'close');
  expect((await failure(fetchHere(`http://127.0.0.1:${gone.port}/`))).failure).toBe('unreachable');
  const nobody: Resolve = () => Promise.reject(new Error('getaddrinfo ENOTFOUND nowhere.example.org'));
  const error = await failure(fetchHere('https://nowhere.example.org/path', { resolve: nobody }));
  expect([error.failure, error.message]).toEqual(['unreachable', expect.not.stringContaining('path')]);
});
