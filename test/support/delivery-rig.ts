/**
 * What deliveries are tried with: a real database with two connections to it (two servers), a real S3 server, a proxy before it that fails on
 * purpose, and a clock that is moved by hand.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { type Catalog, openCatalog, transaction } from '../../src/catalog/catalog.ts';
import { openEmbeddedPostgres } from '../../src/catalog/embedded-postgres.ts';
import { insertFile } from '../../src/catalog/files.ts';
import { insertRecording, moveRecording } from '../../src/catalog/recordings.ts';
import { presign } from '../../src/delivery/s3-address.ts';
import { S3Store } from '../../src/delivery/s3-store.ts';
import type { Destinations } from '../../src/domain/delivery.ts';
import type { FileId, RecordingId, RoomId, SessionId } from '../../src/domain/ids.ts';
import { deliverySender } from '../../src/processes/delivery-sender.ts';
import type { Deliveries } from '../../src/recordings/deliveries.ts';
import type { DeliverySender, OutgoingFile } from '../../src/recordings/delivery-ports.ts';
import { createLogger } from '../../src/support/log.ts';
import { newHexId, newRoomId } from '../../src/support/new-id.ts';
import type { Scope } from '../../src/support/scope.ts';
import { FaultProxy } from './fault-proxy.ts';
import { S3_CREDENTIALS, SwiftStore } from './swift-store.ts';

/** The server's bucket, and a stranger's. */
export const BUCKET = 'recordings';
export const THEIRS = 'theirs';

/** A clock that is moved by hand. */
export class Clock {
  ms = Date.UTC(2026, 0, 1);
  readonly now = (): Date => new Date(this.ms);
  to(date: Date): void {
    this.ms = date.getTime();
  }
}

export const md5Of = (content: Uint8Array): string => createHash('md5').update(content).digest('hex');

/** One round: everything that is due is tried, to its end. */
export const deliveryRound = async (deliveries: Deliveries): Promise<void> => {
  await deliveries.deliverDue();
  await deliveries.settled();
};

export interface FinishedRecording {
  readonly recordingId: RecordingId;
  readonly files: readonly OutgoingFile[];
  readonly md5s: readonly string[];
}

export class DeliveryRig {
  readonly dataDir: string;
  readonly catalog: Catalog;
  /** A second server's. */
  readonly other: Catalog;
  readonly swift: SwiftStore;
  readonly proxy: FaultProxy;
  /** The bucket, reached through the proxy. */
  readonly store: S3Store;
  readonly #idleMs: number;

  private constructor(
    parts: Pick<DeliveryRig, 'dataDir' | 'catalog' | 'other' | 'swift' | 'proxy'>,
    store: S3Store,
    idleMs: number,
  ) {
    this.dataDir = parts.dataDir;
    this.catalog = parts.catalog;
    this.other = parts.other;
    this.swift = parts.swift;
    this.proxy = parts.proxy;
    this.store = store;
    this.#idleMs = idleMs;
  }

  /** All of it belongs to the scope. */
  static async start(scope: Scope, idleMs: number): Promise<DeliveryRig> {
    const log = createLogger('test', 'silent');
    const dataDir = mkdtempSync(join(tmpdir(), 'deliveries-'));
    scope.own('folder', dataDir, () => rmSync(dataDir, { recursive: true, force: true }));
    const postgres = scope.own('postgres', await openEmbeddedPostgres({ dataDir, log }), (it) => it.stop());
    const { catalog } = scope.own('catalog', await openCatalog({ url: postgres.url, log }), (it) => it.close());
    const { catalog: other } = scope.own('other', await openCatalog({ url: postgres.url, log }), (it) => it.close());
    const swift = scope.own('swift', await SwiftStore.start(), (it) => it[Symbol.asyncDispose]());
    for (const bucket of [BUCKET, THEIRS]) await swift.createBucket(bucket);
    const proxy = scope.own('proxy', await FaultProxy.start(swift.port), (it) => it[Symbol.asyncDispose]());
    const place = { endpoint: `http://127.0.0.1:${proxy.port}`, region: 'us-east-1', bucket: BUCKET };
    const settings = { ...place, forcePathStyle: true, credentials: S3_CREDENTIALS, idleMs };
    const store = scope.own('store', new S3Store(settings), (it) => it.close());
    return new DeliveryRig({ dataDir, catalog, other, swift, proxy }, store, idleMs);
  }

  /** Sends as the server does. */
  sender(bucket: S3Store | null = this.store): DeliverySender {
    return deliverySender(bucket, { allowPrivateUrls: true, deliveryIdleLimitMs: this.#idleMs });
  }

  /** A URL for one PUT into the stranger's bucket. */
  presigned(objectName: string, { seconds = 3600, port = this.swift.port } = {}): Promise<string> {
    return presign({
      place: { endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', bucket: THEIRS, forcePathStyle: true },
      credentials: S3_CREDENTIALS,
      objectName,
      method: 'PUT',
      seconds,
    });
  }

  /** Of what is there. */
  async objectMd5(bucket: string, key: string): Promise<string> {
    const got = await this.swift.client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return md5Of((await got.Body?.transformToByteArray()) ?? new Uint8Array());
  }

  /** A recording that has just become done, with its deliveries planned in the same transaction. */
  async finished(
    deliveries: Deliveries,
    destinations: Destinations,
    { bytes = 50_001, files: count = 1 }: { readonly bytes?: number; readonly files?: number } = {},
  ): Promise<FinishedRecording> {
    const recordingId = newHexId<RecordingId>();
    await insertRecording(this.catalog, {
      id: recordingId,
      roomId: newRoomId<RoomId>(),
      sessionId: newHexId<SessionId>(),
      config: {
        layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 },
        theme: 'DEFAULT',
        mode: 'video-and-audio',
        quality: 'med',
        orientation: 'landscape',
        fileFormat: 'mp4',
      },
      dueAt: null,
      destinations,
    });
    await moveRecording(this.catalog, recordingId, 'recording');
    await moveRecording(this.catalog, recordingId, 'composing');
    const made: OutgoingFile[] = [];
    const md5s: string[] = [];
    await transaction(this.catalog, async (trx) => {
      const rows = [];
      for (let i = 0; i < count; i += 1) {
        const id = newHexId<FileId>();
        const path = `recordings/${recordingId}/files/${id}.mp4`;
        const content = randomBytes(bytes);
        mkdirSync(dirname(join(this.dataDir, path)), { recursive: true });
        writeFileSync(join(this.dataDir, path), content);
        made.push({ path: join(this.dataDir, path), bytes, contentType: 'video/mp4' });
        md5s.push(md5Of(content));
        const facts = { bytes, durationSeconds: 1, width: 640, height: 360, format: 'mp4', videoBytes: bytes };
        rows.push(await insertFile(trx, { id, recordingId, compositionId: null, type: 'video', path, ...facts }));
      }
      await moveRecording(trx, recordingId, 'done', { progress: 1 });
      await deliveries.plan(trx, { recordingId, files: rows, again: false });
    });
    return { recordingId, files: made, md5s };
  }
}
