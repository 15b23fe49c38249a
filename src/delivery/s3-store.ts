/**
 * S3, and what speaks its protocol: AWS, GCS (interoperable keys), MinIO, Ceph, R2, Swift. Files up to one part go in one request, larger ones
 * in parts, which a later attempt takes over where one was cut. Every request carries the MD5 of its content, so that the store itself
 * refuses what was damaged on its way; at the end HEAD must tell the size, our own note of the file's MD5, and the ETag that follows from
 * the parts. Two kinds of ETag can't be foreseen and are left out: of objects encrypted with a managed key, and of stores that have another
 * form (GCS). Checksums of newer SDKs (CRC in trailers) are not sent: many compatible stores refuse them.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { DeliveryError, type StoredAt } from '../domain/delivery.ts';
import { RoomtapeError } from '../domain/errors.ts';
import { printable } from './answer-words.ts';
import type { ObjectStore, OutgoingFile, Reach, ReachOptions, SendOptions, Sent } from './object-store.ts';
import { READ_NO_LINK, readingOurs, UnreadableFile } from './open-outgoing.ts';
import { md5Of, PART_BYTES, sendParts } from './parts.ts';
import { objectUrl, presign, type S3Credentials, type S3Place } from './s3-address.ts';

/** A connection that is not there after this will not come. */
const CONNECT_LIMIT_MS = 10_000;
/** Of one request; whole attempts are repeated by whoever calls. */
const TRIES = 2;
/** In the object's metadata: x-amz-meta-roomtape-md5. */
const MD5_NOTE = 'roomtape-md5';
/** How long a redirect to an object works: players come back for ranges while they play. */
const REACH_SECONDS = 6 * 3600;

export interface S3Settings extends S3Place {
  /** Undefined: as the AWS SDK finds them (environment, profile, role of the machine). */
  readonly credentials: S3Credentials | undefined;
  /** Without a byte in either direction for so long a connection is cut. */
  readonly idleMs: number;
}

/** What is uploaded, before the store is asked. `etag`: as S3 makes it from MD5s. */
interface Uploaded {
  readonly md5: string;
  readonly etag: string;
}

export class S3Store implements ObjectStore {
  readonly #settings: S3Settings;
  readonly #client: S3Client;

  constructor(settings: S3Settings) {
    this.#settings = settings;
    const { endpoint, region, forcePathStyle, credentials, idleMs } = settings;
    this.#client = new S3Client({
      region,
      forcePathStyle,
      ...(endpoint !== undefined && { endpoint }),
      ...(credentials && { credentials: asIdentity(credentials) }),
      maxAttempts: TRIES,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: CONNECT_LIMIT_MS, socketTimeout: idleMs },
    });
  }

  async send(objectName: string, file: OutgoingFile, options: SendOptions): Promise<Sent> {
    try {
      const whole = file.bytes <= PART_BYTES;
      const uploaded = await (whole ? this.#put(objectName, file, options) : this.#putParts(objectName, file, options));
      const by = await this.#verify(objectName, file, uploaded, options.signal);
      return { storedAt: this.#storedAt(objectName), verified: { bytes: file.bytes, md5: uploaded.md5, by } };
    } catch (error) {
      options.signal.throwIfAborted();
      throw this.#failure(error);
    }
  }

  async abandon(objectName: string, resume: string): Promise<void> {
    try {
      await this.#client.send(new AbortMultipartUploadCommand({ ...this.#object(objectName), UploadId: resume }));
    } catch (error) {
      if (!isNoSuchUpload(error)) throw this.#failure(error);
    }
  }

  async reach(storedAt: StoredAt, { method, contentType, disposition }: ReachOptions): Promise<Reach | null> {
    if (storedAt.type !== 's3' && storedAt.type !== 'gcs') return null;
    const url = await presign({
      place: { ...this.#settings, bucket: storedAt.bucket ?? this.#settings.bucket },
      credentials: this.#settings.credentials ?? (await this.#client.config.credentials()),
      objectName: storedAt.path,
      method,
      seconds: REACH_SECONDS,
      query: { 'response-content-type': contentType, 'response-content-disposition': disposition },
    });
    return { kind: 'url', url };
  }

  close(): void {
    this.#client.destroy();
  }

  #object(objectName: string): { Bucket: string; Key: string } {
    return { Bucket: this.#settings.bucket, Key: objectName };
  }

  #storedAt(objectName: string): StoredAt {
    const { bucket, endpoint = '' } = this.#settings;
    const type = /(?:^|\.)storage\.googleapis\.com$/.test(URL.parse(endpoint)?.hostname ?? '') ? 'gcs' : 's3';
    return { type, bucket, path: objectName, url: objectUrl(this.#settings, objectName) };
  }

  async #put(objectName: string, file: OutgoingFile, { signal }: SendOptions): Promise<Uploaded> {
    const content = await readingOurs(readFile(file.path, { signal, flag: READ_NO_LINK }));
    const md5 = createHash('md5').update(content).digest();
    await this.#client.send(
      new PutObjectCommand({
        ...this.#object(objectName),
        Body: content,
        ContentLength: content.length,
        ContentMD5: md5.toString('base64'),
        ContentType: file.contentType,
        Metadata: { [MD5_NOTE]: md5.toString('hex') },
      }),
      { abortSignal: signal },
    );
    return { md5: md5.toString('hex'), etag: md5.toString('hex') };
  }

  async #putParts(objectName: string, file: OutgoingFile, options: SendOptions): Promise<Uploaded> {
    const { signal } = options;
    const object = this.#object(objectName);
    const md5 = await readingOurs(md5Of(file.path, signal));
    const { uploadId, present } = await this.#openUpload(objectName, file, md5, options);
    const etags = new Map<number, string>();
    const partMd5s = await sendParts(file, signal, async (part) => {
      const here = present.get(part.number);
      if (here !== undefined && here.replaceAll('"', '') === part.md5.toString('hex')) {
        etags.set(part.number, here);
        return;
      }
      const { ETag } = await this.#client.send(
        new UploadPartCommand({
          ...object,
          UploadId: uploadId,
          PartNumber: part.number,
          Body: part.content,
          ContentLength: part.content.length,
          ContentMD5: part.md5.toString('base64'),
        }),
        { abortSignal: signal },
      );
      etags.set(part.number, ETag ?? '');
    });
    await this.#client.send(
      new CompleteMultipartUploadCommand({
        ...object,
        UploadId: uploadId,
        MultipartUpload: {
          Parts: partMd5s.map((_, i) => ({ PartNumber: i + 1, ETag: etags.get(i + 1) })),
        },
      }),
      { abortSignal: signal },
    );
    await options.keepResume(null);
    const joined = createHash('md5')
      .update(Buffer.concat([...partMd5s]))
      .digest('hex');
    return { md5, etag: `${joined}-${partMd5s.length}` };
  }

  /** The upload of an earlier attempt with the parts that it brought over, or a new one. */
  async #openUpload(
    objectName: string,
    file: OutgoingFile,
    md5: string,
    { resume, keepResume, signal }: SendOptions,
  ): Promise<{ uploadId: string; present: ReadonlyMap<number, string> }> {
    const object = this.#object(objectName);
    if (resume !== null) {
      try {
        return { uploadId: resume, present: await this.#partsOf(objectName, resume, signal) };
      } catch (error) {
        // Stores clean up unfinished uploads after a while.
        if (!isNoSuchUpload(error)) throw error;
      }
    }
    const { UploadId } = await this.#client.send(
      new CreateMultipartUploadCommand({
        ...object,
        ContentType: file.contentType,
        Metadata: { [MD5_NOTE]: md5 },
      }),
      { abortSignal: signal },
    );
    if (UploadId === undefined) throw new DeliveryError('The bucket opened an upload without an id.');
    try {
      await keepResume(UploadId);
    } catch (error) {
      // Nobody would know of it, and the operator pay for its parts.
      await this.abandon(objectName, UploadId);
      throw error;
    }
    return { uploadId: UploadId, present: new Map() };
  }

  async #partsOf(objectName: string, uploadId: string, signal: AbortSignal): Promise<Map<number, string>> {
    const present = new Map<number, string>();
    let marker: string | undefined;
    do {
      const page = await this.#client.send(
        new ListPartsCommand({ ...this.#object(objectName), UploadId: uploadId, PartNumberMarker: marker }),
        { abortSignal: signal },
      );
      for (const { PartNumber, ETag } of page.Parts ?? []) {
        if (PartNumber !== undefined && ETag !== undefined) present.set(PartNumber, ETag);
      }
      marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
    } while (marker !== undefined);
    return present;
  }

  /** What was compared. Rejects where the store has something else than what was sent. */
  async #verify(objectName: string, file: OutgoingFile, sent: Uploaded, signal: AbortSignal): Promise<string> {
    const head = await this.#client.send(new HeadObjectCommand(this.#object(objectName)), { abortSignal: signal });
    if (head.ContentLength !== file.bytes) {
      throw new DeliveryError(
        `The bucket has ${head.ContentLength ?? 'an unknown number of'} bytes of the ${file.bytes} that were sent.`,
      );
    }
    const note = head.Metadata?.[MD5_NOTE];
    if (note !== undefined && note !== sent.md5) {
      throw new DeliveryError('The bucket has another file under this name than the one that was sent.');
    }
    const etag = head.ETag?.replaceAll('"', '') ?? '';
    const isForeseeable = /^[0-9a-f]{32}(?:-\d+)?$/.test(etag) && !head.ServerSideEncryption?.includes('kms');
    if (!isForeseeable) return 'size of the object, MD5 of every part';
    if (etag !== sent.etag) {
      throw new DeliveryError(`The bucket has the ETag ${etag}, and ${sent.etag} follows from what was sent.`);
    }
    return 'size and ETag of the object, MD5 of every part';
  }

  #failure(error: unknown): Error {
    // What our disk or our database says is not the bucket's answer.
    if (error instanceof DeliveryError || error instanceof UnreadableFile || error instanceof RoomtapeError)
      return error;
    const { bucket } = this.#settings;
    if (error instanceof S3ServiceException) {
      const status = error.$metadata.httpStatusCode ?? 'nothing readable';
      const words = printable(`${error.name}: ${error.message}`);
      return new DeliveryError(`The bucket "${bucket}" answered ${status} (${words}).`, { cause: error });
    }
    const words = printable(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    return new DeliveryError(`The bucket "${bucket}" can't be reached or does not answer (${words}).`, {
      cause: error,
    });
  }
}

const isNoSuchUpload = (error: unknown): boolean =>
  error instanceof S3ServiceException && (error.name === 'NoSuchUpload' || error.$metadata.httpStatusCode === 404);

const asIdentity = ({ accessKeyId, secretAccessKey, sessionToken }: S3Credentials) => ({
  accessKeyId,
  secretAccessKey,
  ...(sessionToken !== undefined && { sessionToken }),
});
