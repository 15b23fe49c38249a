/** What presigned URLs say of themselves, in the forms that AWS, Google and Microsoft publish. */
import { describe, expect, it } from 'vitest';
import { withoutQuery } from '../../../src/domain/delivery.ts';
import { presignedFacts, unknownHeaders } from '../../../src/domain/presigned-url.ts';

const AT = new Date('2026-11-22T21:00:00Z');
const SECONDS = AT.getTime() / 1000;
const V4 = 'https://b.s3.amazonaws.com/o?X-Amz-Date=20261122T200000Z&X-Amz-Expires=3600&X-Amz-Signature=s';

describe('a presigned URL', () => {
  const FORMS = [
    { url: `${V4}&X-Amz-SignedHeaders=host`, store: 's3', signedHeaders: ['host'] },
    {
      url: 'https://storage.googleapis.com/b/o?X-Goog-Date=20261122T200000Z&X-Goog-Expires=3600&X-Goog-SignedHeaders=content-type%3Bhost&X-Goog-Signature=s',
      store: 'gcs',
      signedHeaders: ['content-type', 'host'],
    },
    {
      url: `https://b.s3.amazonaws.com/o?AWSAccessKeyId=A&Expires=${SECONDS}&Signature=s`,
      store: 's3',
      signedHeaders: null,
    },
    {
      url: `https://storage.googleapis.com/b/o?GoogleAccessId=a&Expires=${SECONDS}&Signature=s`,
      store: 'gcs',
      signedHeaders: null,
    },
    {
      url: 'https://a.blob.core.windows.net/c/o?sv=2022-11-02&se=2026-11-22T21%3A00%3A00Z&sr=b&sp=cw&sig=s',
      store: 'azure',
      signedHeaders: [],
    },
  ];
  for (const { url, store, signedHeaders } of FORMS) {
    it(`of ${new URL(url).host}${signedHeaders === null ? ', version 2,' : ''} tells its end and its headers`, () => {
      expect(presignedFacts(url)).toEqual({ store, expiresAt: AT, signedHeaders, hasEmptyChecksum: false });
    });
  }

  it('may tell nothing', () => {
    const nothing = { store: 'http', expiresAt: null, signedHeaders: [], hasEmptyChecksum: false };
    expect(presignedFacts('https://upload.example/o?token=1')).toEqual(nothing);
    expect(
      presignedFacts('https://b.s3.amazonaws.com/o?X-Amz-Signature=s&X-Amz-Date=soon&X-Amz-Expires=1').expiresAt,
    ).toBeNull();
    expect(presignedFacts('https://a.blob.core.windows.net/c/o?sv=1&sig=s').expiresAt).toBeNull();
  });

  it('tells headers that nobody can send, and the checksum of nothing', () => {
    const acl = presignedFacts(`${V4}&X-Amz-SignedHeaders=content-type%3Bhost%3Bx-amz-acl`);
    expect(unknownHeaders(acl)).toEqual(['x-amz-acl']);
    expect(presignedFacts(`${V4}&x-amz-checksum-crc32=AAAAAA%3D%3D`).hasEmptyChecksum).toBe(true);
  });

  it('is shown without what grants the right', () => {
    expect(withoutQuery('https://user:pass@b.example/o/a.mp4?sig=1#x')).toBe('https://b.example/o/a.mp4');
    expect(withoutQuery('no URL')).toBe('an unreadable URL');
  });
});
