/** Where files go, as the API takes and tells it: what is refused at the start, warnings, how deliveries stand, trying again. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeliveryView, FileView } from '../../../src/api/ports.ts';
import { RunningApi } from './running-api.ts';

const SECRET = 'hush-hush';
/** Signed `ageSeconds` ago for `seconds`. */
const presigned = (seconds: number, ageSeconds = 0, more = ''): string => {
  const at = new Date(Date.now() - ageSeconds * 1000).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `https://bucket.example.org/o.mp4?X-Amz-Date=${at}&X-Amz-Expires=${seconds}&X-Amz-SignedHeaders=host&X-Amz-Signature=${SECRET}${more}`;
};
const WEEK_S = 7 * 86_400;

let server: RunningApi;
let roomId: string;
const start = async (body: object) => server.post('/v2/recordings/start', { roomId, ...body });
const started = async (body: object) => {
  const answer = await start(body);
  expect(answer.text).toBe('"Recording started successfully"');
  return (await server.get(`/v2/recordings/${answer.headers.get('x-recording-id')}`)).body;
};

beforeEach(async () => {
  server = await RunningApi.start();
  roomId = await server.liveRoom();
});
afterEach(() => server[Symbol.asyncDispose]());

describe('a start with destinations', () => {
  it('takes directory and URL together, and repeats nothing secret', async () => {
    const preSignedUrl = presigned(WEEK_S);
    const recording = await started({ awsDirPath: '/meetings//räume/', preSignedUrl });
    expect(server.system.destinations).toEqual([{ directory: 'meetings/räume', preSignedUrl }]);
    expect(recording).toMatchObject({ warnings: [], deliveries: [] });
    expect(JSON.stringify(recording)).not.toContain(SECRET);
  });

  it.each([
    [{ awsDirPath: '../other' }, /"awsDirPath" is "\.\.\/other": it must not have "\.\."/],
    [{ awsDirPath: 'a\u0007b' }, /"awsDirPath" .*control characters/],
    [{ preSignedUrl: presigned(60, 61) }, /"preSignedUrl" expired at .*sign a fresh one/],
    [{ preSignedUrl: 'https://10.0.0.1/o?sig=1' }, /"preSignedUrl" .*private network/],
    [{ preSignedUrl: 'ftp://example.org/o' }, /"preSignedUrl" .*https/],
  ])('refuses %j', async (body, message) => {
    const answer = await start(body);
    expect([answer.status, answer.body.code]).toEqual([400, 'INVALID_REQUEST']);
    expect(answer.body.message).toMatch(message);
    expect(answer.text).not.toContain(SECRET);
    expect(server.system.recordingList).toEqual([]);
  });

  it('warns of a URL that may be over before the recording is, and of what the store will refuse', async () => {
    const recording = await started({ preSignedUrl: presigned(3600, 0, '&x-amz-checksum-crc32=AAAAAA%3D%3D') });
    expect(recording.warnings).toEqual([
      expect.stringMatching(/"preSignedUrl" expires at .*retry the delivery with a fresh one/),
      expect.stringMatching(/checksum of an empty body/),
    ]);
  });
});

it('refuses a directory where there is no bucket, for recordings of every kind', async () => {
  await using without = await RunningApi.start({ hasBucket: false });
  const room = await without.liveRoom();
  const CALLS = [
    ['/v2/recordings/start', 'awsDirPath', {}],
    ['/v2/recordings/participant/start', 'bucketDirPath', { participantId: 'ann' }],
    ['/v2/recordings/participant/track/start', 'bucketDirPath', { participantId: 'ann', kind: 'audio' }],
    ['/v2/recordings/composite/start', 'bucketDirPath', {}],
  ] as const;
  for (const [path, field, body] of CALLS) {
    const answer = await without.post(path, { roomId: room, ...body, [field]: '/here' });
    expect([path, answer.status]).toEqual([path, 400]);
    expect(answer.body.message).toContain(`"${field}" is given, and this server has no bucket`);
  }
  expect(without.system.recordingList).toEqual([]);
});

describe('deliveries of a recording', () => {
  const FILE: FileView = {
    id: 'f'.repeat(24),
    type: 'video',
    filePath: 'recordings/1/f.mp4',
    bytes: 1000,
    durationSeconds: 4,
    width: 640,
    height: 360,
    format: 'mp4',
    createdAt: new Date(0),
  };
  const delivery = (recordingId: string): DeliveryView => ({
    id: 'd'.repeat(24),
    recordingId,
    fileId: FILE.id,
    kind: 'presigned-url',
    status: 'failed',
    destination: 'https://bucket.example.org/o.mp4',
    attempts: 9,
    lastError: 'The presigned URL answered 403 (AccessDenied: Request has expired).',
    nextAttemptAt: null,
    givesUpAt: new Date(1000),
    storedAt: null,
    verified: null,
    deliveredAt: null,
    createdAt: new Date(0),
    updatedAt: new Date(1000),
  });
  let id: string;
  beforeEach(async () => {
    id = (await started({})).id;
    server.system.finish(id, FILE);
    server.system.addDelivery(delivery(id));
  });
  const retry = (body?: unknown, deliveryId = 'd'.repeat(24)) =>
    server.post(`/v2/recordings/${id}/deliveries/${deliveryId}/retry`, body);

  it('stand in the recording and in a list of their own', async () => {
    const told = { id: 'd'.repeat(24), type: 'presigned-url', status: 'failed', attempts: 9, storedAt: null };
    const { body } = await server.get(`/v2/recordings/${id}/deliveries`);
    expect(body).toMatchObject({ pageInfo: { total: 1 }, data: [told] });
    expect((await server.get(`/v2/recordings/${id}`)).body.deliveries).toEqual(body.data);
  });

  it('are tried again by hand, with a fresh URL or with what there is', async () => {
    const fresh = presigned(3600);
    for (const body of [undefined, {}, { preSignedUrl: null }, { preSignedUrl: fresh }]) {
      const answer = await retry(body);
      expect([answer.status, answer.body.status]).toEqual([200, 'queued']);
      expect(answer.text).not.toContain(SECRET);
    }
    expect(server.system.retriedWith).toEqual([null, null, null, fresh]);
  });

  it('are not tried again with what can not work, nor by strangers', async () => {
    expect((await retry({ preSignedUrl: presigned(1, 2) })).body.message).toContain('expired at');
    expect((await retry({ preSignedUrl: 'https://127.0.0.1/x' })).status).toBe(400);
    expect((await retry({}, 'e'.repeat(24))).body.code).toBe('DELIVERY_NOT_FOUND');
    const path = `/v2/recordings/${'e'.repeat(24)}/deliveries`;
    expect((await server.get(path)).body.code).toBe('RECORDING_NOT_FOUND');
    expect((await server.call('GET', path, { headers: { authorization: '' } })).status).toBe(401);
  });

  it('show where a file is, and lead to it when it is only there', async () => {
    const userStorage = { type: 's3', bucket: 'b', path: 'd/o.mp4', url: 'https://b.example.org/d/o.mp4' } as const;
    const other = (await started({ roomId: await server.liveRoom() })).id;
    server.system.finish(other, { ...FILE, userStorage });
    const { file } = (await server.get(`/v2/recordings/${other}`)).body;
    const stored = { type: 's3', bucket: 'b', filePath: 'd/o.mp4', fileUrl: 'https://b.example.org/d/o.mp4' };
    expect(file.userStorage).toEqual(stored);
    server.system.deliveredFiles.set(FILE.id, 'https://b.example.org/d/o.mp4');
    const path = file.fileUrl.slice(server.url.length);
    const got = await server.call('GET', `${path}&download=1`, { headers: { authorization: '' } });
    expect([got.status, got.headers.get('location')]).toEqual([
      302,
      'https://b.example.org/d/o.mp4?method=GET&disposition=attachment',
    ]);
    expect(got.headers.get('cache-control')).toBe('private, no-store');
    const head = await server.call('HEAD', path, { headers: { authorization: '' } });
    expect(head.headers.get('location')).toContain('method=HEAD&disposition=inline');
  });
});
