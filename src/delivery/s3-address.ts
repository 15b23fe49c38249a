/** Addresses of objects in a bucket, plain and signed (AWS Signature Version 4 in the query). */
import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';

export interface S3Place {
  /** Undefined: AWS, by the region. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly bucket: string;
  /** The bucket is a part of the path, not of the host. */
  readonly forcePathStyle: boolean;
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** RFC 3986 §2.3: what is not unreserved is encoded, as S3 does it when it checks a signature. */
const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** Without a signature. */
export const objectUrl = ({ endpoint, region, bucket, forcePathStyle }: S3Place, objectName: string): string => {
  const base = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`);
  // A certificate for *.host fits no bucket with a dot in its name.
  const inPath = forcePathStyle || bucket.includes('.');
  const host = inPath ? base.host : `${bucket}.${base.host}`;
  const start = `${base.pathname.replace(/\/+$/, '')}${inPath ? `/${bucket}` : ''}`;
  return `${base.protocol}//${host}${start}/${objectName.split('/').map(encode).join('/')}`;
};

type Data = string | ArrayBuffer | ArrayBufferView;

const bytesOf = (data: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);

/** SHA-256, and HMAC with it, as the signer wants them. */
class Sha256 {
  #hash;
  readonly #fresh;

  constructor(secret?: Data) {
    const key = typeof secret === 'string' || secret === undefined ? secret : bytesOf(secret);
    this.#fresh = () => (key === undefined ? createHash('sha256') : createHmac('sha256', key));
    this.#hash = this.#fresh();
  }
  update(chunk: Data): void {
    this.#hash.update(typeof chunk === 'string' ? chunk : bytesOf(chunk));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {
    this.#hash = this.#fresh();
  }
}

/** A URL with which anybody may do this one thing for so long. `query` (response-content-type, …) is signed, too. */
export const presign = async (options: {
  readonly place: S3Place;
  readonly credentials: S3Credentials;
  readonly objectName: string;
  readonly method: 'GET' | 'HEAD' | 'PUT';
  readonly seconds: number;
  readonly query?: Readonly<Record<string, string>>;
}): Promise<string> => {
  const { place, credentials, objectName, method, seconds, query = {} } = options;
  const url = new URL(objectUrl(place, objectName));
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const signer = new SignatureV4({
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) },
    region: place.region,
    service: 's3',
    sha256: Sha256,
    // S3 signs the path as it is sent: encoded once.
    uriEscapePath: false,
    applyChecksum: false,
  });
  const signed = await signer.presign(
    {
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port !== '' && { port: Number(url.port) }),
      path: url.pathname,
      query: { ...query },
      // Nobody knows the content yet.
      headers: { host: url.host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    },
    { expiresIn: seconds },
  );
  for (const [name, value] of Object.entries(signed.query ?? {})) {
    if (typeof value === 'string') url.searchParams.set(name, value);
  }
  // A space in a signed query is %20; URLSearchParams writes "+".
  return url.href.replaceAll('+', '%20');
};
