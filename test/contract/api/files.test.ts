/** Stored files: signatures, expiry, ranges, conditions; and the recording object that leads there. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileUrls } from '../../../src/api/file-url.ts';
import { newHexId } from '../../../src/support/new-id.ts';
import { CREDENTIALS, RunningApi } from './running-api.ts';

const CONTENT = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 31) % 256));
const FILE_ID = newHexId();

let folder: string;
let server: RunningApi;
let url: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roomtape-files-'));
  const path = join(folder, 'file.mp4');
  writeFileSync(path, CONTENT);
  server = await RunningApi.start();
  server.system.storedFiles.set(FILE_ID, {
    path,
    bytes: CONTENT.length,
    contentType: 'video/mp4',
    name: 'Tägliches "Treffen".mp4',
  });
  url = new FileUrls(CREDENTIALS.apiSecret, 60_000).sign(server.url, FILE_ID, Date.now());
});
afterAll(async () => {
  await server.api.close();
  rmSync(folder, { recursive: true, force: true });
});

const fetchFile = async (headers: Record<string, string> = {}, method = 'GET', address = url) => {
  const answer = await fetch(address, { method, headers });
  return { answer, status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) };
};

describe('a signed URL', () => {
  it('gives the file, without any token', async () => {
    const { answer, status, bytes } = await fetchFile();
    expect(status).toBe(200);
    expect(bytes.equals(CONTENT)).toBe(true);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'accept-ranges': 'bytes',
      'content-type': 'video/mp4',
      'content-length': '100000',
      etag: `"${FILE_ID}"`,
      'content-disposition': `inline; filename="T_gliches__Treffen_.mp4"; filename*=UTF-8''T%C3%A4gliches%20%22Treffen%22.mp4`,
    });
    const download = await fetchFile({}, 'HEAD', `${url}&download=1`);
    expect(download.answer.headers.get('content-disposition')).toMatch(/^attachment;/);
  });

  it('answers HEAD with the length alone', async () => {
    const { answer, status, bytes } = await fetchFile({}, 'HEAD');
    expect([status, bytes.length, answer.headers.get('content-length')]).toEqual([200, 0, '100000']);
  });

  const altered = (change: (address: URL) => void): string => {
    const address = new URL(url);
    change(address);
    return String(address);
  };
  it.each<[string, (address: URL) => void]>([
    [
      'another file',
      (address) => {
        address.pathname = `/v1/files/${newHexId()}`;
      },
    ],
    [
      'a later end',
      (address) => address.searchParams.set('expires', String(Number(address.searchParams.get('expires')) + 1)),
    ],
    [
      'the same end in another spelling',
      (address) => address.searchParams.set('expires', `0${address.searchParams.get('expires')}`),
    ],
    [
      'the same end, hexadecimal',
      (address) => address.searchParams.set('expires', `0x${Number(address.searchParams.get('expires')).toString(16)}`),
    ],
    ['two ends', (address) => address.searchParams.append('expires', '99999999999')],
    ['two signatures', (address) => address.searchParams.append('signature', 'A'.repeat(43))],
    [
      'a padded signature',
      (address) => address.searchParams.set('signature', `${address.searchParams.get('signature')}=`),
    ],
    [
      'a path that climbs',
      (address) => {
        address.pathname = `/v1/files/${FILE_ID}%2F..%2F${newHexId()}`;
      },
    ],
    ['another signature', (address) => address.searchParams.set('signature', 'A'.repeat(43))],
    ['a cut signature', (address) => address.searchParams.set('signature', 'A')],
  ])('refuses %s', async (_words, change) => {
    for (const method of ['GET', 'HEAD']) {
      for (const range of [{}, { range: 'bytes=0-9' }]) {
        const { status, bytes } = await fetchFile(range, method, altered(change));
        // What is not even of the right form is 400; nothing of the file leaves either way.
        expect([400, 403]).toContain(status);
        if (method === 'GET') expect(JSON.parse(String(bytes)).code).toMatch(/^(?:NOT_PERMITTED|INVALID_REQUEST)$/);
      }
    }
  });

  it('refuses one without signature, with another secret, and after its end', async () => {
    expect((await fetchFile({}, 'GET', url.split('?')[0])).status).toBe(400);
    const foreign = new FileUrls('another secret', 60_000).sign(server.url, FILE_ID, Date.now());
    expect((await fetchFile({}, 'GET', foreign)).status).toBe(403);
    const expired = new FileUrls(CREDENTIALS.apiSecret, 60_000).sign(server.url, FILE_ID, Date.now() - 61_000);
    const { status, bytes } = await fetchFile({}, 'GET', expired);
    expect([status, JSON.parse(String(bytes)).message]).toEqual([403, expect.stringContaining('expired')]);
  });

  it('is 404 where the file is gone, from the catalogue or from the disk', async () => {
    const signed = (fileId: string) => new FileUrls(CREDENTIALS.apiSecret, 60_000).sign(server.url, fileId, Date.now());
    expect((await fetchFile({}, 'GET', signed(newHexId()))).status).toBe(404);
    const lost = newHexId<string>();
    server.system.storedFiles.set(lost, {
      path: join(folder, 'lost.mp4'),
      bytes: 1,
      contentType: 'video/mp4',
      name: 'x.mp4',
    });
    const { status, bytes } = await fetchFile({}, 'GET', signed(lost));
    expect([status, JSON.parse(String(bytes)).code]).toEqual([404, 'FILE_NOT_FOUND']);
  });
});

describe('ranges', () => {
  it.each([
    ['bytes=0-0', 0, 0],
    ['bytes=10-19', 10, 19],
    ['bytes=99990-', 99_990, 99_999],
    ['bytes=-10', 99_990, 99_999],
    ['bytes=-200000', 0, 99_999],
    ['bytes=50000-999999', 50_000, 99_999],
  ])('gives %s', async (range, first, last) => {
    const { answer, status, bytes } = await fetchFile({ range });
    expect(status).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes ${first}-${last}/100000`);
    expect(bytes.equals(CONTENT.subarray(first, last + 1))).toBe(true);
  });

  it.each(['bytes=100000-', 'bytes=100000-100001', 'bytes=-0'])('answers %s with 416', async (range) => {
    const { answer, status, bytes } = await fetchFile({ range });
    expect(status).toBe(416);
    expect(answer.headers.get('content-range')).toBe('bytes */100000');
    expect(JSON.parse(String(bytes))).toMatchObject({ statusCode: 416, code: 'RANGE_NOT_SATISFIABLE' });
  });

  it.each(['bytes=5-4', 'bytes=0-1,4-5', 'lines=1-2', 'bytes=a-b', 'bytes=-'])(
    'gives the whole for %s',
    async (range) => {
      const { status, bytes } = await fetchFile({ range });
      expect([status, bytes.length]).toEqual([200, 100_000]);
    },
  );

  it('knows If-Range and If-None-Match', async () => {
    const etag = `"${FILE_ID}"`;
    expect((await fetchFile({ range: 'bytes=0-9', 'if-range': etag })).status).toBe(206);
    expect((await fetchFile({ range: 'bytes=0-9', 'if-range': '"other"' })).status).toBe(200);
    expect((await fetchFile({ range: 'bytes=0-9', 'if-range': 'Wed, 21 Oct 2015 07:28:00 GMT' })).status).toBe(200);
    for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const { status, bytes } = await fetchFile({ 'if-none-match': tag });
      expect([status, bytes.length]).toEqual([304, 0]);
    }
    expect((await fetchFile({ 'if-none-match': '"other"' })).status).toBe(200);
  });
});

describe('the recording object', () => {
  const file = {
    id: FILE_ID,
    type: 'video' as const,
    filePath: `recordings/r/${FILE_ID}.mp4`,
    bytes: CONTENT.length,
    durationSeconds: 8,
    width: 1280,
    height: 720,
    format: 'mov,mp4,m4a,3gp,3g2,mj2',
    createdAt: new Date('2026-01-06T13:02:41.000Z'),
  };
  const recorded = async (): Promise<string> => {
    const roomId = await server.liveRoom();
    const started = await server.post('/v2/recordings/start', { roomId });
    return started.headers.get('x-recording-id') ?? '';
  };

  it('has a null file while it runs, and a file that can be fetched when it is done', async () => {
    const id = await recorded();
    const running = (await server.get(`/v2/recordings/${id}`)).body;
    expect(running).toMatchObject({ id, file: null, fileId: null, status: 'recording', progress: null, end: null });
    server.system.finish(id, file);
    const { body } = await server.get(`/v2/recordings/${id}`);
    expect(body).toEqual({
      ...running,
      status: 'done',
      progress: 1,
      end: expect.any(String),
      fileId: FILE_ID,
      file: {
        id: FILE_ID,
        type: 'video',
        filePath: file.filePath,
        fileUrl: expect.stringContaining(`${server.url}/v1/files/${FILE_ID}?`),
        size: 100_000,
        meta: { resolution: { width: 1280, height: 720 }, format: file.format, duration: 8 },
        ratio: { 720: 12_500 },
        userStorage: null,
        createdAt: '2026-01-06T13:02:41.000Z',
        updatedAt: '2026-01-06T13:02:41.000Z',
      },
    });
    expect(body.userId).toMatch(/^[0-9a-f]{24}$/);
    expect((await fetchFile({}, 'GET', body.file.fileUrl)).bytes.equals(CONTENT)).toBe(true);
  });

  it('of sound alone has no resolution', async () => {
    const id = await recorded();
    server.system.finish(id, { ...file, type: 'audio', width: null, height: null });
    expect((await server.get(`/v2/recordings/${id}`)).body.file).toMatchObject({
      type: 'audio',
      meta: { resolution: null },
      ratio: {},
    });
  });

  it('links to the address that a trusted proxy says, and to no other', async () => {
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'rooms.example.org' };
    const linkOf = async (trustProxy: readonly string[]) => {
      await using behind = await RunningApi.start({ trustProxy });
      const { body } = await behind.post('/v2/rooms', {}, forwarded);
      return [
        body.links.get_room,
        `${behind.url}/v2/rooms/${body.roomId}`,
        `https://rooms.example.org/v2/rooms/${body.roomId}`,
      ];
    };
    const [trusted, , throughProxy] = await linkOf(['127.0.0.0/8']);
    expect(trusted).toBe(throughProxy);
    const [untrusted, direct] = await linkOf([]);
    expect(untrusted).toBe(direct);
  });

  it('links to the public address where one is set', async () => {
    await using behindProxy = await RunningApi.start({ publicUrl: 'https://rooms.example.org/tape' });
    const roomId = await behindProxy.liveRoom();
    const { headers } = await behindProxy.post('/v2/recordings/start', { roomId });
    const id = headers.get('x-recording-id') ?? '';
    behindProxy.system.finish(id, file);
    const { body } = await behindProxy.get(`/v2/recordings/${id}`);
    expect(body.file.fileUrl).toMatch(/^https:\/\/rooms\.example\.org\/tape\/v1\/files\//);
    expect(body.links.get_room).toBe(`https://rooms.example.org/tape/v2/rooms/${roomId}`);
  });
});
