/**
 * A file to a URL that the caller has signed: one PUT of exactly the file's bytes, never chunked, to S3 (AWS and compatible), GCS, Azure Blob or
 * any server that takes a PUT. Which headers go with it follows from the URL:
 *
 * - Content-Type and Content-MD5 go along unless the signature is of version 2 (S3, GCS), which covers them even where they are absent.
 * - Azure wants `x-ms-blob-type: BlockBlob`; the version of the protocol is one that takes 5000 MiB at once.
 *
 * Redirects are not followed: a signature is for one address. What the answer says of the content (ETag, Content-MD5, x-goog-hash) must
 * agree with what was sent; nothing else can be asked of a URL that grants a PUT alone.
 */
import type { Readable } from 'node:stream';
import { DeliveryError, type StoredAt, withoutQuery } from '../domain/delivery.ts';
import { type PresignedFacts, presignedFacts } from '../domain/presigned-url.ts';
import { guardedFetch, OutboundError, type OutboundResponse } from '../support/guarded-fetch.ts';
import type { AllowedNetworks } from '../support/outbound-url.ts';
import { wordsOfErrorDocument } from './answer-words.ts';
import type { OutgoingFile, Sent } from './object-store.ts';
import { openOutgoing } from './open-outgoing.ts';
import { md5Of } from './parts.ts';

const MIB = 2 ** 20;
/** One PUT: S3 takes 5 GiB, GCS 5 TiB, Azure 5000 MiB. */
const MOST_BYTES = { s3: 5 * 1024 * MIB, gcs: 5 * 1024 * MIB, http: 5 * 1024 * MIB, azure: 5000 * MIB } as const;
/** The first version of Azure's protocol with blobs of 5000 MiB in one request is 2019-12-12. */
const AZURE_VERSION = '2021-12-02';
/** Signatures of version 4 last a week at most; an upload that takes longer than half a day is not going to end. */
const TOTAL_LIMIT_MS = 12 * 3_600_000;
/** Of an error document. */
const MOST_ANSWER_BYTES = 16 * 1024;

export interface PresignedPutSettings {
  readonly allowed: AllowedNetworks;
  /** Without a byte in either direction for so long the connection is cut. */
  readonly idleMs: number;
}

/** Sends it. Rejects with `DeliveryError`, or with the signal's reason. */
export const putPresigned = async (
  url: string,
  file: OutgoingFile,
  signal: AbortSignal,
  { allowed, idleMs }: PresignedPutSettings,
): Promise<Sent> => {
  const facts = presignedFacts(url);
  const most = MOST_BYTES[facts.store];
  if (file.bytes > most) {
    throw new DeliveryError(
      `The file has ${file.bytes} bytes, and a presigned URL takes ${most} at most: have it delivered into a bucket (awsDirPath), or fetch it from fileUrl.`,
      { isFinal: true },
    );
  }
  const md5 = await md5Of(file.path, signal);
  const handle = await openOutgoing(file.path);
  const read = (): Readable => handle.createReadStream({ start: 0, highWaterMark: MIB, autoClose: false });
  try {
    const answer = await guardedFetch({
      url,
      allowed,
      method: 'PUT',
      headers: headersFor(facts, file, md5),
      body: { bytes: file.bytes, open: read },
      limits: { totalMs: TOTAL_LIMIT_MS, idleMs, bodyBytes: MOST_ANSWER_BYTES, longerBody: 'cut' },
      signal,
    });
    const by = judge(answer, md5);
    return { storedAt: storedAt(facts, url), verified: { bytes: file.bytes, md5, by } };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof OutboundError) {
      throw new DeliveryError(`The presigned URL could not be reached: ${error.message}.`, { cause: error });
    }
    throw error;
  } finally {
    await handle.close();
  }
};

const headersFor = (facts: PresignedFacts, file: OutgoingFile, md5: string): Record<string, string> => {
  if (facts.signedHeaders === null) return {};
  return {
    'content-type': file.contentType,
    'content-md5': Buffer.from(md5, 'hex').toString('base64'),
    ...(facts.signedHeaders.includes('x-amz-content-sha256') && { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }),
    ...(facts.store === 'azure' && { 'x-ms-blob-type': 'BlockBlob', 'x-ms-version': AZURE_VERSION }),
  };
};

const one = (value: string | string[] | undefined): string => (Array.isArray(value) ? value.join(',') : (value ?? ''));

/** What the answer confirms. Rejects where it refuses, or has something else than what was sent. */
const judge = ({ status, headers, body }: OutboundResponse, md5: string): string => {
  if (status >= 300 && status < 400) {
    throw new DeliveryError(
      `The presigned URL answered ${status}, a redirect. Redirects are not followed: sign the URL for the bucket's own region.`,
    );
  }
  if (status < 200 || status > 299) {
    const words = wordsOfErrorDocument(body.toString('utf8'));
    const hint = status === 401 || status === 403 ? ' If it has expired, retry this delivery with a fresh one.' : '';
    throw new DeliveryError(`The presigned URL answered ${status}${words ? ` (${words})` : ''}.${hint}`);
  }
  const base64 = Buffer.from(md5, 'hex').toString('base64');
  const etag = one(headers.etag).replaceAll('"', '').toLowerCase();
  const isMd5 = /^[0-9a-f]{32}$/.test(etag) && !one(headers['x-amz-server-side-encryption']).includes('kms');
  const google = /(?:^|[,\s])md5=([A-Za-z0-9+/=]+)/.exec(one(headers['x-goog-hash']))?.[1];
  const azure = one(headers['content-md5']);
  const confirmed = [
    { name: 'ETag', said: isMd5 ? etag : undefined, right: md5 },
    { name: 'x-goog-hash', said: google, right: base64 },
    { name: 'Content-MD5', said: azure === '' ? undefined : azure, right: base64 },
  ].filter(({ said }) => said !== undefined);
  const wrong = confirmed.find(({ said, right }) => said !== right);
  if (wrong) {
    throw new DeliveryError(
      `The presigned URL answered ${status} with another MD5 (${wrong.name}) than that of the file.`,
    );
  }
  const names = confirmed.map(({ name }) => name);
  return names.length > 0 ? `${names.join(' and ')} of the answer` : `status ${status}`;
};

/** The object as far as the address tells it. */
const storedAt = ({ store }: PresignedFacts, url: string): StoredAt => {
  const { pathname } = new URL(url);
  const path = decodeURIComponentSafely(pathname.replace(/^\//, ''));
  return { type: store, bucket: null, path, url: withoutQuery(url) };
};

/** As it is where it is no encoding. */
const decodeURIComponentSafely = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
};
