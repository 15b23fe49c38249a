/**
 * A recording into a bucket and to a presigned URL at once, through an outage of the store and the death of the server, with no copy kept here: the
 * real product, a real S3 server, and another program's opinion of what arrived.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { VideoSDK } from '@videosdk.live/server-sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { presign } from '../../src/delivery/s3-address.ts';
import { Scope } from '../../src/support/scope.ts';
import { Participant } from '../../src/synthetic/participant.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { Service } from '../support/service.ts';
import { S3_CREDENTIALS, SwiftStore } from '../support/swift-store.ts';
import { waitFor } from '../support/wait-for.ts';

const LIMIT_MS = 60_000;
const RECORDED_MS = 4_000;

interface Delivery {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  readonly attempts: number;
  readonly lastError: string | null;
  readonly verified: { readonly size: number; readonly md5: string } | null;
}

const scope = new Scope();
let swift: SwiftStore;
let proxy: FaultProxy;
let service: Service;

beforeAll(async () => {
  swift = scope.own('swift', await SwiftStore.start(), (it) => it[Symbol.asyncDispose]());
  await swift.createBucket('ours');
  await swift.createBucket('theirs');
  proxy = scope.own('proxy', await FaultProxy.start(swift.port), (it) => it[Symbol.asyncDispose]());
  const environment = {
    ROOMTAPE_S3_BUCKET: 'ours',
    ROOMTAPE_S3_ENDPOINT: `http://127.0.0.1:${proxy.port}`,
    ROOMTAPE_S3_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
    ROOMTAPE_S3_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
    ROOMTAPE_S3_FORCE_PATH_STYLE: 'true',
    ROOMTAPE_KEEP_LOCAL: 'false',
    ROOMTAPE_ALLOW_PRIVATE_URLS: 'true',
  };
  service = scope.own('service', await Service.start(environment), (it) => it.close());
});
afterAll(() => scope.close());

it('arrives at both after an outage and a crash, and is read from the bucket when nothing is here any more', async () => {
  const { apiKey, apiSecret: secret } = service.key;
  const sdk = new VideoSDK({ apiKey, secret, apiEndpoint: service.url });
  const preSignedUrl = await presign({
    place: { endpoint: `http://127.0.0.1:${proxy.port}`, region: 'us-east-1', bucket: 'theirs', forcePathStyle: true },
    credentials: S3_CREDENTIALS,
    objectName: 'their name.mp4',
    method: 'PUT',
    seconds: 3600,
  });
  const { roomId } = await sdk.rooms.create();
  const token = await service.participantToken(roomId, { name: 'Ada', participantId: 'ada' });
  const size = { width: 320, height: 180 };
  const ada = await Participant.join({
    url: service.url,
    roomId,
    token,
    name: 'Ada',
    index: 0,
    of: 1,
    via: 'room',
    size,
  });
  proxy.set({ kind: '503' });
  await sdk.recordings.start(roomId, { dirPath: '/meetings/weekly/', preSignedUrl });
  const [started] = (await sdk.recordings.list({ roomId })).data;
  if (!started) throw new Error('There is no recording.');
  const { id } = started;
  const until = Date.now() + RECORDED_MS;
  await waitFor('some seconds of recording', LIMIT_MS, () => Date.now() >= until);
  await sdk.recordings.stop(roomId);
  await ada.leave();

  const recording = await service.api.status(id, ['done'], LIMIT_MS);
  expect(recording).toMatchObject({ warnings: [expect.stringContaining('"preSignedUrl" expires at')] });
  const path = `/v2/recordings/${id}/deliveries`;
  const deliveries = async (): Promise<Delivery[]> => {
    const answer = (await (await service.api.call('GET', path)).json()) as { data: Delivery[] };
    return answer.data;
  };
  const refused = await waitFor('both to be refused', LIMIT_MS, async () => {
    const all = await deliveries();
    return all.length === 2 && all.every(({ status, attempts }) => status === 'queued' && attempts > 0) && all;
  });
  expect(refused.map(({ type }) => type).sort()).toEqual(['bucket', 'presigned-url']);
  for (const { lastError } of refused) expect(lastError).toMatch(/answered 503/);

  const pid = await service.pidOf('server');
  if (pid === null) throw new Error('There is no server process.');
  process.kill(pid, 'SIGKILL');
  proxy.set({ kind: 'none' });
  await waitFor('another server', LIMIT_MS, async () => {
    const next = await service.pidOf('server');
    return next !== null && next !== pid;
  });
  await service.server.healthy();
  for (const { id: deliveryId } of await deliveries()) {
    const answer = await service.api.call('POST', `${path}/${deliveryId}/retry`, {});
    // It may have tried by itself meanwhile.
    expect([200, 409]).toContain(answer.status);
  }
  const done = await waitFor('both to be delivered', LIMIT_MS, async () => {
    const all = await deliveries();
    return all.every(({ status }) => status === 'done') && all;
  });

  const contentOf = async (bucket: string, key: string): Promise<Buffer> => {
    const got = await swift.client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return Buffer.from((await got.Body?.transformToByteArray()) ?? []);
  };
  const content = await contentOf('ours', `meetings/weekly/${id}.mp4`);
  expect(await contentOf('theirs', 'their name.mp4')).toEqual(content);
  const md5 = createHash('md5').update(content).digest('hex');
  expect(done.map(({ verified }) => verified)).toEqual(
    done.map(() => expect.objectContaining({ size: content.length, md5 })),
  );

  const files = join(service.server.dataDir, 'recordings', id, 'files');
  await waitFor('the file to be removed here', LIMIT_MS, () => readdirSync(files).length === 0);
  const { file } = await service.api.recording(id);
  expect(file).toMatchObject({
    filePath: `meetings/weekly/${id}.mp4`,
    userStorage: { type: 's3', bucket: 'ours', filePath: `meetings/weekly/${id}.mp4` },
  });
  const fetched = await fetch(file?.fileUrl ?? '');
  expect(Buffer.from(await fetched.arrayBuffer())).toEqual(content);
  const here = join(service.folder, 'fetched.mp4');
  writeFileSync(here, content);
  const probe = ['-v', 'error', '-i', here, '-f', 'null', '-'];
  expect(execFileSync('ffmpeg', probe, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })).toBe('');

  const log = await service.log();
  const signature = new URL(preSignedUrl).searchParams.get('X-Amz-Signature') ?? '';
  expect(log).toContain('Delivered.');
  for (const hidden of [signature, 'X-Amz-Signature']) expect(log).not.toContain(hidden);
});
