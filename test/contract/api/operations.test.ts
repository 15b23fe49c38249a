/** What operators and browsers meet: OpenAPI, its page, health, metrics, the room page, TLS, an orderly end. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApi } from '../../../src/api/create-api.ts';
import { createLogger } from '../../../src/support/log.ts';
import { InMemorySystem } from './in-memory-system.ts';
import { CREDENTIALS, RunningApi } from './running-api.ts';

let folder: string;
let server: RunningApi;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roomtape-operations-'));
  mkdirSync(join(folder, 'web', 'assets'), { recursive: true });
  writeFileSync(join(folder, 'web', 'index.html'), '<!doctype html><title>Room</title>');
  writeFileSync(join(folder, 'web', 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(join(folder, 'web', 'assets', 'index-1234.js'), 'export {};');
  for (const file of ['client.js', 'client.d.ts']) writeFileSync(join(folder, 'web', file), 'export {};');
  mkdirSync(join(folder, 'web', 'templates'));
  writeFileSync(join(folder, 'web', 'templates', 'example.html'), '<!doctype html><title>Example</title>');
  writeFileSync(join(folder, 'web', 'templates', 'example.css'), 'html {}');
  server = await RunningApi.start({}, join(folder, 'web'));
});
afterAll(async () => {
  await server.api.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('OpenAPI', () => {
  it('is valid 3.1 and tells of every call', async () => {
    const { body } = await server.get('/openapi.json', { authorization: '' });
    const result = await new Validator().validate(structuredClone(body));
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
    expect(body.openapi).toMatch(/^3\.1\./);
    // What /api-docs offers to try is accepted as it stands.
    const starts = ['participant/start', 'participant/track/start', 'composite/start', 'participant/merge'];
    for (const path of ['/v2/rooms', '/v2/recordings/start', ...starts.map((start) => `/v2/recordings/${start}`)]) {
      const [example] = Object.values<{ value: object }>(
        body.paths[path].post.requestBody.content['application/json'].examples,
      );
      const tried = await server.post(path, { ...example?.value });
      expect([path, tried.status]).toEqual([path, path === '/v2/rooms' ? 200 : 404]);
    }
    expect(Object.keys(body.paths).toSorted()).toEqual([
      '/ai/v1/post-transcriptions',
      '/ai/v1/post-transcriptions/{transcriptionId}',
      '/ai/v1/post-transcriptions/{transcriptionId}/search',
      '/health',
      '/metrics',
      '/v1/files/{fileId}',
      '/v1/rooms/{roomId}/socket',
      '/v2/events',
      '/v2/events/{eventId}/resend',
      '/v2/public/rsa-public-key',
      '/v2/recordings',
      '/v2/recordings/composite',
      '/v2/recordings/composite/start',
      '/v2/recordings/composite/stop',
      '/v2/recordings/composite/{recordingId}',
      '/v2/recordings/end',
      '/v2/recordings/participant',
      '/v2/recordings/participant/merge',
      '/v2/recordings/participant/merge/{recordingId}',
      '/v2/recordings/participant/start',
      '/v2/recordings/participant/stop',
      '/v2/recordings/participant/track',
      '/v2/recordings/participant/track/start',
      '/v2/recordings/participant/track/stop',
      '/v2/recordings/participant/track/{recordingId}',
      '/v2/recordings/participant/{recordingId}',
      '/v2/recordings/start',
      '/v2/recordings/stop',
      '/v2/recordings/{recordingId}',
      '/v2/recordings/{recordingId}/compositions',
      '/v2/recordings/{recordingId}/deliveries',
      '/v2/recordings/{recordingId}/deliveries/{deliveryId}/retry',
      '/v2/recordings/{recordingId}/participants/{participantId}',
      '/v2/recordings/{recordingId}/pause',
      '/v2/recordings/{recordingId}/resume',
      '/v2/recordings/{recordingId}/transcriptions',
      '/v2/rooms',
      '/v2/rooms/deactivate',
      '/v2/rooms/validate/{roomId}',
      '/v2/rooms/{roomId}',
      '/v2/rooms/{roomId}/captions',
      '/v2/sessions',
      '/v2/sessions/end',
      '/v2/sessions/participants/remove',
      '/v2/sessions/{sessionId}',
      '/v2/sessions/{sessionId}/participants',
      '/v2/sessions/{sessionId}/participants/active',
      '/v2/sessions/{sessionId}/participants/{participantId}',
      '/whep/{roomId}/{participantId}',
      '/whep/{roomId}/{participantId}/{resourceId}',
      '/whip/{roomId}',
      '/whip/{roomId}/{resourceId}',
    ]);
    expect(Object.keys(body.paths['/v2/recordings/{recordingId}'])).toEqual(['get', 'delete', 'patch']);
    const start = body.paths['/v2/recordings/start'].post.requestBody.content['application/json'].schema;
    expect(start.properties.config.properties.quality.enum).toEqual(['low', 'med', 'high', 'ultra']);
    expect(start.required ?? []).toEqual([]);
  });

  it('can be browsed with nothing from elsewhere', async () => {
    const page = await server.get('/api-docs', { authorization: '' });
    const index =
      page.status === 302 ? await server.get(page.headers.get('location') ?? '', { authorization: '' }) : page;
    expect(index.status).toBe(200);
    expect(index.headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests');
    const sources = [...index.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source ?? '');
    expect(sources.length).toBeGreaterThan(2);
    for (const source of sources) {
      const asset = new URL(source, `${server.url}/api-docs/`);
      expect(asset.origin).toBe(server.url);
      expect([asset.pathname, (await server.get(asset.pathname)).status]).toEqual([asset.pathname, 200]);
    }
  });
});

it('is healthy, or says what is not', async () => {
  expect((await server.get('/health', { authorization: '' })).body).toMatchObject({ ok: true });
  server.system.healthy = false;
  const sick = await server.get('/health');
  expect([sick.status, sick.body.checks.database.ok]).toEqual([503, false]);
  server.system.healthy = true;
});

describe('metrics', () => {
  it('are open to this machine, but not through a proxy', async () => {
    const own = await server.get('/metrics', { authorization: '' });
    expect(own.status).toBe(200);
    expect(own.text).toContain('roomtape_rooms 0');
    expect(own.text).toMatch(/roomtape_http_requests_total\{method="GET",route="\/health",status="200"\} \d/);
    for (const header of ['x-forwarded-for', 'forwarded', 'x-real-ip']) {
      expect((await server.get('/metrics', { authorization: '', [header]: '203.0.113.9' })).status).toBe(401);
    }
    expect((await server.get('/metrics', { 'x-forwarded-for': '203.0.113.9' })).status).toBe(200);
  });

  it('are open to all where the operator says so', async () => {
    await using open = await RunningApi.start({ metricsOpen: true });
    expect((await open.get('/metrics', { authorization: '', 'x-forwarded-for': '203.0.113.9' })).status).toBe(200);
  });
});

describe('pages', () => {
  it('serves the room page with a policy that lets it work', async () => {
    for (const path of ['/room/abcd-efgh-ijkl?token=x', '/room/free%20text']) {
      const page = await server.get(path, { authorization: '' });
      expect([page.status, page.text]).toEqual([200, expect.stringContaining('<title>Room</title>')]);
      expect(page.headers.get('content-type')).toContain('text/html');
      expect(page.headers.get('cache-control')).toBe('no-cache');
      expect(page.headers.get('referrer-policy')).toBe('no-referrer');
      expect(page.headers.get('permissions-policy')).toContain('camera=(self)');
      const policy = page.headers.get('content-security-policy') ?? '';
      for (const part of ["script-src 'self'", "connect-src 'self' ws: wss:", "media-src 'self' blob: data:"])
        expect(policy).toContain(part);
    }
    const script = await server.get('/assets/index-1234.js', { authorization: '' });
    expect([script.status, script.headers.get('cache-control')]).toEqual([200, expect.stringContaining('immutable')]);
    expect((await server.get('/favicon.svg')).status).toBe(200);
    expect((await server.get('/assets/../index.html')).status).not.toBe(500);
    expect((await server.get('/assets/nothing.js')).body).toMatchObject({ statusCode: 404, code: 'NOT_FOUND' });
    expect((await server.get('/')).headers.get('location')).toBe('/api-docs');
  });

  it('serves the browser client to pages of every origin that may call', async () => {
    for (const [path, type] of [
      ['/client.js', 'text/javascript'],
      ['/client.d.ts', 'text/plain'],
    ] as const) {
      const module = await server.get(path, { authorization: '', origin: 'https://elsewhere.example' });
      expect([module.status, module.headers.get('content-type')]).toEqual([200, expect.stringContaining(type)]);
      expect(module.headers.get('access-control-allow-origin')).toBe('*');
      expect(module.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
      expect(module.headers.get('cache-control')).toBe('no-cache');
      const etag = module.headers.get('etag') ?? '';
      // Otherwise Node's fetch asks past every cache.
      const known = { authorization: '', 'if-none-match': etag, 'cache-control': 'max-age=0' };
      expect((await server.get(path, known)).status).toBe(304);
    }
    await using strict = await RunningApi.start({ corsOrigins: ['https://app.example.org'] }, join(folder, 'web'));
    const denied = await strict.get('/client.js', { authorization: '', origin: 'https://elsewhere.example' });
    expect(denied.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('serves the example template with a policy of its own', async () => {
    for (const path of ['/templates/example?meetingId=x', '/templates/example/', '/templates/example.css']) {
      const answer = await server.get(path, { authorization: '' });
      expect(answer.status).toBe(200);
      const policy = answer.headers.get('content-security-policy') ?? '';
      for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'"])
        expect(policy).toContain(part);
      expect(policy).not.toContain('unsafe');
      expect(answer.headers.get('permissions-policy')).toContain('camera=()');
    }
  });

  it('says how to build them where they are not', async () => {
    await using bare = await RunningApi.start();
    expect((await bare.get('/room/x')).body).toMatchObject({
      statusCode: 404,
      message: expect.stringContaining('npm run build:web'),
    });
  });
});

describe('listening', () => {
  const make = (settings: object) =>
    createApi({
      ports: new InMemorySystem(),
      credentials: CREDENTIALS,
      log: createLogger('test', 'silent'),
      config: {
        host: '127.0.0.1',
        port: 0,
        publicUrl: undefined,
        tls: undefined,
        trustProxy: [],
        corsOrigins: ['*'],
        metricsOpen: false,
        shutdownGraceMs: 100,
        fileUrlTtlMs: 1000,
        allowPrivateUrls: [],
        rateLimits: { requestsPerMinute: 0, joinsPerMinute: 0, failuresPerMinute: 0 },
        hasBucket: false,
        maxRecordingDurationMs: 3_600_000,
        rtc: { iceServers: [] },
        ...settings,
      },
    });

  it('speaks HTTPS with a certificate', async () => {
    const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        keyFile,
        '-out',
        certFile,
        '-days',
        '1',
        '-subj',
        '/CN=localhost',
      ],
      { stdio: 'ignore' },
    );
    const api = await make({ tls: { certFile, keyFile } });
    try {
      const url = await api.listen();
      expect(url).toMatch(/^https:/);
      const status = await new Promise((resolve, reject) => {
        request(`${url}/health`, { rejectUnauthorized: false }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
      expect(status).toBe(200);
    } finally {
      await api.close();
    }
    await expect(make({ tls: { certFile: join(folder, 'none.pem'), keyFile } })).rejects.toThrow(/ROOMTAPE_TLS_CERT/);
  });

  it('says when the port is taken', async () => {
    const api = await make({ port: Number(new URL(server.url).port) });
    await expect(api.listen()).rejects.toThrow(/is taken/);
    await api.close();
    const elsewhere = await make({ host: '192.0.2.77' });
    await expect(elsewhere.listen()).rejects.toThrow(
      /^This machine does not have the address 192\.0\.2\.77\. Set ROOMTAPE_HOST/,
    );
    await elsewhere.close();
  });

  it('lets a request that is under way finish', async () => {
    const stopping = await RunningApi.start();
    const arrived = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const find = stopping.system.rooms.find;
    const { roomId } = await stopping.system.rooms.create({ customRoomId: null });
    stopping.system.rooms.find = async (id) => {
      arrived.resolve();
      await release.promise;
      return find(id);
    };
    const answer = stopping.get(`/v2/rooms/${roomId}`);
    await arrived.promise;
    const closed = stopping.api.close();
    release.resolve();
    expect((await answer).status).toBe(200);
    await closed;
  });
});
