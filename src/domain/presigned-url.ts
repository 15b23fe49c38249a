/**
 * What can be read in a presigned URL without asking anybody: whose it is, until when it works, and which headers it was signed with.
 *
 * - AWS Signature Version 4: `X-Amz-Date`, `X-Amz-Expires`, `X-Amz-SignedHeaders`; version 2: `AWSAccessKeyId`, `Expires`, `Signature`.
 * - Google Cloud Storage, V4: `X-Goog-Date`, `X-Goog-Expires`, `X-Goog-SignedHeaders`; V2: `GoogleAccessId`, `Expires`, `Signature`.
 * - Azure shared access signature: `sig`, `se` (ISO 8601), `sv`.
 */

export interface PresignedFacts {
  readonly store: 's3' | 'gcs' | 'azure' | 'http';
  /** Null: it does not say. */
  readonly expiresAt: Date | null;
  /** Lower-case names of the headers that its signature covers; null: it does not say (version 2 covers a Content-Type always). */
  readonly signedHeaders: readonly string[] | null;
  /** It names the checksum of an empty body, as some SDKs sign where they are given none: no file has it. */
  readonly hasEmptyChecksum: boolean;
}

/** CRC-32 of nothing, base64. */
const EMPTY_CRC32 = 'AAAAAA==';

/** `20261122T203000Z`, ISO 8601 in its basic form. */
const basicTime = (text: string | undefined): number => {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '')?.map(Number) ?? [];
  if (year === undefined || month === undefined) return Number.NaN;
  return Date.UTC(year, month - 1, day, hour, minute, second);
};

const toDate = (ms: number): Date | null => {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date;
};

/** Throws TypeError for what is no URL. */
export const presignedFacts = (text: string): PresignedFacts => {
  const query = new Map([...new URL(text).searchParams].map(([name, value]) => [name.toLowerCase(), value]));
  const hasEmptyChecksum = query.get('x-amz-checksum-crc32') === EMPTY_CRC32;
  const seconds = (name: string): number => Number(query.get(name) || Number.NaN);
  for (const [prefix, store] of [
    ['x-amz', 's3'],
    ['x-goog', 'gcs'],
  ] as const) {
    if (!query.has(`${prefix}-signature`)) continue;
    const expires = basicTime(query.get(`${prefix}-date`)) + seconds(`${prefix}-expires`) * 1000;
    const signedHeaders = query.get(`${prefix}-signedheaders`)?.toLowerCase().split(';') ?? [];
    return { store, expiresAt: toDate(expires), signedHeaders, hasEmptyChecksum };
  }
  if (query.has('sig') && query.has('sv')) {
    return {
      store: 'azure',
      expiresAt: toDate(Date.parse(query.get('se') ?? '')),
      signedHeaders: [],
      hasEmptyChecksum,
    };
  }
  if (query.has('signature') && query.has('expires')) {
    const store = query.has('googleaccessid') ? 'gcs' : 's3';
    return { store, expiresAt: toDate(seconds('expires') * 1000), signedHeaders: null, hasEmptyChecksum };
  }
  return { store: 'http', expiresAt: null, signedHeaders: [], hasEmptyChecksum };
};

/** Headers that an upload can send with the right value, besides `host`. */
const KNOWN_HEADERS: readonly string[] = [
  'host',
  'content-type',
  'content-length',
  'content-md5',
  'x-amz-content-sha256',
  'x-ms-blob-type',
];

/** The signed headers whose values nobody told us: without them the store refuses. */
export const unknownHeaders = ({ signedHeaders }: PresignedFacts): string[] =>
  (signedHeaders ?? []).filter((name) => !KNOWN_HEADERS.includes(name));
