/**
 * One suite for every kind of bucket: a folder, S3 on a real server (Swift's s3api), Azure Blob on the strict stand-in. Then what only those
 * behind a network can suffer, through a proxy that fails on purpose.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AzureStore } from '../../../src/delivery/azure-store.ts';
import { FolderStore } from '../../../src/delivery/folder-store.ts';
import type { ObjectStore, OutgoingFile, SendOptions } from '../../../src/delivery/object-store.ts';
import { PART_BYTES } from '../../../src/delivery/parts.ts';
import { S3Store } from '../../../src/delivery/s3-store.ts';
import { DeliveryError } from '../../../src/domain/delivery.ts';
import { RoomtapeError } from '../../../src/domain/errors.ts';
import { Scope } from '../../../src/support/scope.ts';
import { AzureBlobServer } from '../../support/azure-blob-server.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { S3_CREDENTIALS, SwiftStore } from '../../support/swift-store.ts';

const IDLE_MS = 1_500;
const scope = new Scope();
let folder: string;
let small: OutgoingFile;
let large: OutgoingFile;
let swift: SwiftStore;
let azure: AzureBlobServer;

const makeFile = (name: string, bytes: number): OutgoingFile => {
  const path = join(folder, name);
  writeFileSync(path, randomBytes(bytes));
  return { path, bytes, contentType: 'video/mp4' };
};

const s3 = (port: number, secretAccessKey: string = S3_CREDENTIALS.secretAccessKey, bucket = 'recordings') =>
  new S3Store({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    bucket,
    forcePathStyle: true,
    credentials: { ...S3_CREDENTIALS, secretAccessKey },
    idleMs: IDLE_MS,
  });
const azureStore = (connectionString: string, container = 'recordings') =>
  new AzureStore({ connectionString, container, idleMs: IDLE_MS });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stores-'));
  scope.own('folder', folder, () => rmSync(folder, { recursive: true, force: true }));
  small = makeFile('small', 100_003);
  large = makeFile('large', 2 * PART_BYTES + 12_345);
  swift = scope.own('swift', await SwiftStore.start(), (it) => it[Symbol.asyncDispose]());
  await swift.createBucket('recordings');
  azure = scope.own('azure', await AzureBlobServer.start(), (it) => it[Symbol.asyncDispose]());
  azure.createContainer('recordings');
}, 120_000);
afterAll(() => scope.close());

/** Keeps what a store wants to keep, as the deliveries' rows do. */
const memory = (signal = new AbortController().signal) => {
  const kept: (string | null)[] = [null];
  const options = (): SendOptions => ({
    signal,
    resume: kept.at(-1) ?? null,
    keepResume: async (resume) => void kept.push(resume),
  });
  return { kept, options };
};

const md5 = (content: Buffer): string => createHash('md5').update(content).digest('hex');

const contentOf = async (store: ObjectStore, sent: Awaited<ReturnType<ObjectStore['send']>>): Promise<Buffer> => {
  const reach = await store.reach(sent.storedAt, {
    method: 'GET',
    contentType: 'video/mp4',
    disposition: 'attachment; filename="a b.mp4"',
  });
  if (reach?.kind === 'path') return readFileSync(reach.path);
  if (!reach) throw new Error('It is not reachable.');
  const answer = await fetch(reach.url);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('video/mp4');
  return Buffer.from(await answer.arrayBuffer());
};

const KINDS = [
  { name: 'a folder', type: 'folder', open: () => new FolderStore(join(folder, 'bucket')) },
  { name: 'S3', type: 's3', open: () => s3(swift.port) },
  { name: 'Azure', type: 'azure', open: () => azureStore(azure.connectionString()) },
] as const;

for (const { name, type, open } of KINDS) {
  describe(`a bucket in ${name}`, () => {
    let store: ObjectStore;
    beforeAll(() => {
      store = open();
    });
    afterAll(() => store.close());

    it('takes a small file and a file in parts, says where they are, and has their bytes', async () => {
      for (const file of [small, large]) {
        const content = readFileSync(file.path);
        const sent = await store.send(`meetings/${file.bytes}.mp4`, file, memory().options());
        expect(sent.storedAt).toMatchObject({ type, path: `meetings/${file.bytes}.mp4` });
        expect(sent.storedAt.url).not.toContain('?');
        expect(sent.verified).toMatchObject({ bytes: file.bytes, md5: md5(content) });
        expect(sent.verified.by).toContain('size');
        expect(md5(await contentOf(store, sent))).toBe(md5(content));
      }
    });

    it('is not blamed, and nobody is told of our folders, where a file of ours can not be read', async () => {
      for (const { bytes } of [small, large]) {
        const missing = { path: join(folder, 'not-there'), bytes, contentType: 'video/mp4' };
        const error: unknown = await store.send('missing.mp4', missing, memory().options()).catch((it: unknown) => it);
        expect(error).not.toBeInstanceOf(DeliveryError);
        expect(String(error)).toBe('UnreadableFile: A finished file could not be read.');
      }
    });

    it('takes names in any script and with signs that URLs and signatures encode', async () => {
      const names = ["räume/ä b+c%41&d='(e)*!~/名前 🎬.mp4", 'a/.hidden/x;y=z,@$.mp4'];
      for (const one of names) {
        const sent = await store.send(one, small, memory().options());
        expect(sent.storedAt.path).toBe(one);
        expect(md5(await contentOf(store, sent))).toBe(md5(readFileSync(small.path)));
      }
    });

    it('puts the same name again: the file that was sent last is there', async () => {
      await store.send('again.mp4', small, memory().options());
      const other = makeFile('other', 70_000);
      const sent = await store.send('again.mp4', other, memory().options());
      expect(await contentOf(store, sent)).toEqual(readFileSync(other.path));
    });

    it('stops when it is told to, with the reason', async () => {
      const stop = new AbortController();
      stop.abort(new Error('The reason.'));
      await expect(store.send('stopped.mp4', large, memory(stop.signal).options())).rejects.toThrow('The reason.');
    });
  });
}

it('a bucket in a folder is left nothing of an attempt whose server was killed', async () => {
  const bucket = join(folder, 'killed');
  const store = new FolderStore(bucket);
  const { kept, options } = memory();
  for (const next of ['again', 'given up'] as const) {
    await store.send('killed.mp4', small, options());
    const attempt = kept.at(-1);
    expect(attempt).toMatch(/^[0-9a-f]{12}$/);
    // As it is while it is copied.
    writeFileSync(join(bucket, `killed.mp4.${attempt}.part`), 'half of a film');
    if (next === 'again') await store.send('killed.mp4', small, options());
    else await store.abandon('killed.mp4', attempt ?? '');
    expect(readdirSync(bucket)).toEqual(['killed.mp4']);
  }
});

const NETWORKED = [
  { name: 'S3', target: () => swift.port, open: (port: number) => s3(port) },
  { name: 'Azure', target: () => azure.port, open: (port: number) => azureStore(azure.connectionString(port)) },
] as const;

for (const { name, target, open } of NETWORKED) {
  describe(`a bucket in ${name} behind a bad network`, () => {
    let proxy: FaultProxy;
    let store: ObjectStore;
    beforeAll(async () => {
      proxy = await FaultProxy.start(target());
      store = open(proxy.port);
    });
    afterAll(async () => {
      store.close();
      await proxy[Symbol.asyncDispose]();
    });
    const failure = async (file: OutgoingFile): Promise<DeliveryError> => {
      const error = await store.send('bad.mp4', file, memory().options()).catch((reason: unknown) => reason);
      if (!(error instanceof DeliveryError)) throw new Error(`Not a DeliveryError: ${String(error)}`);
      expect(error.isFinal).toBe(false);
      return error;
    };

    it('says what a refusal says, and nothing secret', async () => {
      proxy.set({ kind: '503' });
      const { message } = await failure(small);
      expect(message).toContain('503');
      expect(message).toMatch(/SlowDown|Slow Down/);
      expect(message).not.toContain('secret-id');
    });

    it('cuts a server that hangs', async () => {
      proxy.set({ kind: 'hang' });
      expect((await failure(small)).message).toMatch(/does not answer|took nothing/);
    });

    it('notices damage on the way: the store refuses what does not have its MD5', async () => {
      proxy.set({ kind: 'flip', atByte: 50_000 });
      expect((await failure(small)).message).toMatch(/BadDigest|Md5Mismatch/);
    });

    it('goes on with the parts that are there after a cut', async () => {
      const kept = memory();
      proxy.set({ kind: 'cut', afterBytes: 1.5 * PART_BYTES });
      const first = await store.send('resumed.mp4', large, kept.options()).catch((reason: unknown) => reason);
      expect(first).toBeInstanceOf(DeliveryError);
      proxy.set({ kind: 'none' });
      const sent = await store.send('resumed.mp4', large, kept.options());
      expect(sent.verified.md5).toBe(md5(readFileSync(large.path)));
      // One of two whole parts was under way when its connection was cut.
      expect(proxy.passedBytes).toBeLessThan(1.5 * PART_BYTES);
      expect(md5(await contentOf(store, sent))).toBe(sent.verified.md5);
      expect(kept.kept.at(-1)).toBeNull();
    });
  });
}

describe('what an operator gets wrong', () => {
  const words = async (store: ObjectStore): Promise<string> => {
    const error = await store.send('x.mp4', small, memory().options()).catch((reason: unknown) => reason);
    store.close();
    return error instanceof DeliveryError ? error.message : `no DeliveryError: ${String(error)}`;
  };

  it('is said: a wrong secret, a bucket that is not there, a server that is not there', async () => {
    const wrong = 'a-wrong-secret-key';
    expect(await words(s3(swift.port, wrong))).toMatch(/"recordings" answered 403 \(SignatureDoesNotMatch/);
    expect(await words(s3(swift.port, wrong))).not.toContain(wrong);
    expect(await words(s3(swift.port, undefined, 'nowhere'))).toMatch(/"nowhere" answered 404 \(NoSuchBucket/);
    expect(await words(s3(1))).toMatch(/can't be reached .*ECONNREFUSED/);
    const key = Buffer.from('another key').toString('base64');
    const other = azureStore(azure.connectionString(azure.port, key));
    expect(await words(other)).toMatch(/"recordings" answered 403 \(AuthenticationFailed/);
    expect(await words(azureStore(azure.connectionString(), 'nowhere'))).toMatch(/answered 404 \(ContainerNotFound/);
  });

  it('leaves no upload in the bucket that could not be noted', async () => {
    const store = s3(swift.port);
    const options = {
      ...memory().options(),
      keepResume: async () => Promise.reject(new RoomtapeError('DATABASE_UNAVAILABLE', 'It is away.')),
    };
    await expect(store.send('unknown.mp4', large, options)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    const { Uploads = [] } = await swift.client.send(new ListMultipartUploadsCommand({ Bucket: 'recordings' }));
    expect(Uploads.filter(({ Key }) => Key === 'unknown.mp4')).toEqual([]);
    store.close();
  });

  it('removes the parts of an upload that was given up', async () => {
    const proxy = await FaultProxy.start(swift.port);
    const [store, kept] = [s3(proxy.port), memory()];
    proxy.set({ kind: 'cut', afterBytes: 1.5 * PART_BYTES });
    await store.send('given-up.mp4', large, kept.options()).catch(() => undefined);
    const upload = kept.kept.at(-1) ?? '';
    expect(upload).not.toBe('');
    proxy.set({ kind: 'none' });
    await store.abandon('given-up.mp4', upload);
    await store.abandon('given-up.mp4', upload);
    const fresh = await store.send('given-up.mp4', large, kept.options());
    expect(fresh.verified.bytes).toBe(large.bytes);
    store.close();
    await proxy[Symbol.asyncDispose]();
  });
});
