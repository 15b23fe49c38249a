/** A delivery: getting one finished file to one destination of the caller's, verified. Its states, and how it may fail. */

/**
 * `queued → running → done | failed`: waiting for its next attempt; somebody holds its lease and sends; the destination has the file and
 * has been asked; given up. `cancelled`: its recording was deleted. A failed one is queued again by hand.
 */
export type DeliveryStatus = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

/** Into the bucket of the server's settings, or to a URL that the caller has signed. */
export type DeliveryKind = 'bucket' | 'presigned-url';

/** Where the files of a recording go when it is done, as its start call said. */
export interface Destinations {
  /** Directory in the configured bucket, as `bucketDirectory` makes it; '' is the top. Null: not into the bucket. */
  readonly directory: string | null;
  /** A secret: whoever has it may write there. */
  readonly preSignedUrl: string | null;
}

/** Where a delivered file is. Nothing in it is secret. */
export interface StoredAt {
  readonly type: 's3' | 'gcs' | 'azure' | 'folder' | 'http';
  /** Bucket, container or folder; null where the URL alone says it. */
  readonly bucket: string | null;
  /** Name of the object. */
  readonly path: string;
  /** Without a signature: it opens only for those who may read there anyway. */
  readonly url: string;
}

/** What a destination was asked after the last byte, and agreed to. */
export interface Verified {
  readonly bytes: number;
  /** MD5 of the file, hex. */
  readonly md5: string;
  /** What was compared, e.g. `size, etag`. */
  readonly by: string;
}

/**
 * An attempt failed. The message is a sentence for the recording object: it says what the destination answered, and names no secret.
 * `isFinal`: no later attempt can succeed.
 */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly isFinal: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isFinal?: boolean } = {}) {
    super(message, options);
    this.isFinal = options.isFinal ?? false;
  }
}

/** A URL as it may be shown and logged: origin and path. The query of a presigned URL is what grants the right. */
export const withoutQuery = (text: string): string => {
  const url = URL.parse(text);
  return url ? `${url.origin}${url.pathname}` : 'an unreadable URL';
};
