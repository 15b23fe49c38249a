/**
 * Files to presigned URLs: of a real S3 server, of the strict stand-in for Azure, and of servers that do what the others can't be brought to
 * do (other headers, redirects, early refusals, wrong checksums).
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { BlobSASPermissions, BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { OutgoingFile } from '../../../src/delivery/object-store.ts';
import { putPresigned } from '../../../src/delivery/presigned-put.ts';
import { presign } from '../../../src/delivery/s3-address.ts';
import { DeliveryError } from '../../../src/domain/delivery.ts';
import { Scope } from '../../../src/support/scope.ts';
import { AzureBlobServer } from '../../support/azure-blob-server.ts';
import { S3_CREDENTIALS, SwiftStore } from '../../support/swift-store.ts';

const SETTINGS = { allowed: true, idleMs: 2_000 } as const;
const scope = new Scope();
let file: OutgoingFile;
let md5: string;
let swift: SwiftStore;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'presigned-'));
  scope.own('folder', folder, () => rmSync(folder, { recursive: true, force: true }));
  file = { path: join(folder, 'recording.mp4'), bytes: 3_000_017, contentType: 'video/mp4' };
  writeFileSync(file.path, randomBytes(file.bytes));
  md5 = createHash('md5').update(readFileSync(file.path)).digest('hex');
  swift = scope.own('swift', await SwiftStore.start(), (it) => it[Symbol.asyncDispose]());
  await swift.createBucket('theirs');
}, 120_000);
afterAll(() => scope.close());

const put = (url: string, of = file) => putPresigned(url, of, new AbortController().signal, SETTINGS);
const refusal = async (url: string, of = file): Promise<DeliveryError> => {
  const error = await put(url, of).catch((reason: unknown) => reason);
  if (error instanceof DeliveryError) return error;
  throw new Error(`Not a DeliveryError: ${String(error)}`);
};

/** Signed by the server's own rules for one PUT. */
const s3Url = (objectName: string, seconds = 300): Promise<string> =>
  presign({
    place: { endpoint: swift.endpoint, region: 'us-east-1', bucket: 'theirs', forcePathStyle: true },
    credentials: S3_CREDENTIALS,
    objectName,
    method: 'PUT',
    seconds,
  });

/** A server that notes what comes. `answer` may refuse before the body is there. */
const withServer = async (answer: RequestListener, test: (origin: string) => Promise<void>): Promise<void> => {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  try {
    await test(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
};
const readAll = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
};

it('puts a file to a presigned URL of S3, and the ETag that comes back is its MD5', async () => {
  const sent = await put(await s3Url('räume/one two.mp4'));
  expect(sent.verified).toEqual({ bytes: file.bytes, md5, by: 'ETag of the answer' });
  expect(sent.storedAt).toMatchObject({ type: 's3', path: 'theirs/räume/one two.mp4' });
  expect(sent.storedAt.url).not.toContain('?');
  const got = await swift.client.send(new GetObjectCommand({ Bucket: 'theirs', Key: 'räume/one two.mp4' }));
  expect(got.ContentType).toBe('video/mp4');
  expect(Buffer.from((await got.Body?.transformToByteArray()) ?? [])).toEqual(readFileSync(file.path));
});

it('says what S3 says of a signature that was altered, without repeating it', async () => {
  const url = await s3Url('one.mp4');
  const error = await refusal(url.replace('one.mp4', 'other.mp4'));
  expect(error.message).toMatch(/answered 403 \(SignatureDoesNotMatch.*retry this delivery with a fresh one/);
  expect(error.message).not.toContain(new URL(url).searchParams.get('X-Amz-Signature'));
  expect(error.isFinal).toBe(false);
});

it('puts a file to a shared access signature of Azure: BlockBlob, its MD5, its length', async () => {
  await using azure = await AzureBlobServer.start();
  azure.createContainer('theirs');
  const blob = BlobServiceClient.fromConnectionString(azure.connectionString())
    .getContainerClient('theirs')
    .getBlockBlobClient('meetings/ä b.mp4');
  const expiresOn = new Date(Date.now() + 60_000);
  const sent = await put(await blob.generateSasUrl({ permissions: BlobSASPermissions.parse('cw'), expiresOn }));
  expect(sent.verified.by).toBe('Content-MD5 of the answer');
  expect(sent.storedAt.type).toBe('azure');
  expect(azure.blobs.get('theirs/meetings/ä b.mp4')).toMatchObject({
    content: readFileSync(file.path),
    contentType: 'video/mp4',
  });
  const readOnly = await blob.generateSasUrl({ permissions: BlobSASPermissions.parse('r'), expiresOn });
  expect((await refusal(readOnly)).message).toContain('AuthorizationPermissionMismatch');
});

const SIGNED_BY = [
  { name: 'S3, version 4', query: 'X-Amz-Signature=1&X-Amz-SignedHeaders=host', hasType: true },
  { name: 'GCS, version 4', query: 'X-Goog-Signature=1&X-Goog-SignedHeaders=content-type;host', hasType: true },
  { name: 'S3, version 2', query: 'AWSAccessKeyId=a&Expires=9999999999&Signature=s', hasType: false },
  { name: 'GCS, version 2', query: 'GoogleAccessId=a&Expires=9999999999&Signature=s', hasType: false },
  { name: 'nobody known', query: 'token=t', hasType: true },
];
for (const { name, query, hasType } of SIGNED_BY) {
  it(`sends exact length, no chunks, and the headers that a signature of ${name} allows`, async () => {
    let headers: IncomingMessage['headers'] = {};
    let body: Buffer = Buffer.alloc(0);
    const answer: RequestListener = async (request, response) => {
      headers = request.headers;
      body = await readAll(request);
      response.writeHead(200).end();
    };
    await withServer(answer, async (origin) => {
      const sent = await put(`${origin}/o.mp4?${query}`);
      expect(sent.verified.by).toBe('status 200');
    });
    expect(headers['content-length']).toBe(String(file.bytes));
    expect(headers['transfer-encoding']).toBeUndefined();
    expect(headers['content-type']).toBe(hasType ? 'video/mp4' : undefined);
    expect(headers['content-md5'] !== undefined).toBe(hasType);
    expect(headers['x-ms-blob-type']).toBeUndefined();
    expect(body).toEqual(readFileSync(file.path));
  });
}

it('follows no redirect', async () => {
  let reached = false;
  await withServer(
    (_request, response) => {
      reached = true;
      response.end();
    },
    async (elsewhere) =>
      withServer(
        (_request, response) => response.writeHead(307, { location: elsewhere }).end(),
        async (origin) => {
          expect((await refusal(`${origin}/o`)).message).toMatch(/307, a redirect\. Redirects are not followed/);
        },
      ),
  );
  expect(reached).toBe(false);
});

it('does not believe an answer with another checksum', async () => {
  const wrong = [{ etag: `"${'0'.repeat(32)}"` }, { 'content-md5': 'AAAA' }, { 'x-goog-hash': 'crc32c=AA==,md5=AAAA' }];
  for (const headers of wrong) {
    const answer: RequestListener = async (request, response) => {
      await readAll(request);
      response.writeHead(200, headers).end();
    };
    await withServer(answer, async (origin) => {
      expect((await refusal(`${origin}/o`)).message).toContain('another MD5');
    });
  }
});

it('cuts a server that takes nothing, and says so', async () => {
  await withServer(
    () => undefined,
    async (origin) => {
      expect((await refusal(`${origin}/o?token=secret`)).message).toMatch(/could not be reached: .*too long/);
    },
  );
});

it('refuses what is larger than one PUT can be, at once and for good', async () => {
  const path = join(file.path, '..', 'huge.mp4');
  const bytes = 5 * 2 ** 30 + 1;
  writeFileSync(path, '');
  // A sparse file: it takes no room, and nobody reads it.
  truncateSync(path, bytes);
  const error = await refusal('https://bucket.example/o?X-Amz-Signature=1', { ...file, path, bytes });
  expect(error.isFinal).toBe(true);
  expect(error.message).toMatch(/5368709121 bytes, and a presigned URL takes 5368709120 at most.*awsDirPath/);
});

it('does not connect to private addresses unless the operator permits it', async () => {
  await withServer(
    (_request, response) => response.end(),
    async (origin) => {
      const signal = new AbortController().signal;
      const sending = putPresigned(`${origin}/o?token=secret`, file, signal, { allowed: [], idleMs: 1_000 });
      const error = await sending.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(DeliveryError);
      expect(String(error)).not.toContain('secret');
    },
  );
});
