/** What destinations answer is repeated in words that hold no secret; addresses of objects. */
import { expect, it } from 'vitest';
import { printable, wordsOfErrorDocument } from '../../../src/delivery/answer-words.ts';
import { partBytesOf } from '../../../src/delivery/parts.ts';
import { objectUrl } from '../../../src/delivery/s3-address.ts';

it('takes code and message of an error document, nothing else', () => {
  const document =
    '<?xml version="1.0"?><Error><Code>SignatureDoesNotMatch</Code><Message>No.\nRequestId:1</Message><AWSAccessKeyId>AKIA1</AWSAccessKeyId><SignatureProvided>abc</SignatureProvided></Error>';
  expect(wordsOfErrorDocument(document)).toBe('SignatureDoesNotMatch: No.');
  expect(wordsOfErrorDocument('<html><body>Bad gateway')).toBeNull();
});

it('makes one printable line, without the query of a URL', () => {
  expect(printable('see\u0007\n https://b.example/o?X-Amz-Signature=s and\tgo')).toBe('see https://b.example/o and go');
  expect(printable('x'.repeat(1000))).toHaveLength(300);
});

it('addresses objects by host or path, as the bucket wants it', () => {
  const aws = { endpoint: undefined, region: 'eu-central-1', bucket: 'rec', forcePathStyle: false };
  expect(objectUrl(aws, 'a b/ä+.mp4')).toBe('https://rec.s3.eu-central-1.amazonaws.com/a%20b/%C3%A4%2B.mp4');
  expect(objectUrl({ ...aws, bucket: 'my.rec' }, 'o')).toBe('https://s3.eu-central-1.amazonaws.com/my.rec/o');
  const own = { ...aws, endpoint: 'http://minio:9000/', forcePathStyle: true };
  expect(objectUrl(own, "it's(1)*!")).toBe('http://minio:9000/rec/it%27s%281%29%2A%21');
});

it('cuts files into at most 10 000 parts of at least 16 MiB', () => {
  const MIB = 2 ** 20;
  expect(partBytesOf(20 * MIB)).toBe(16 * MIB);
  const bytes = 2 ** 40;
  expect(Math.ceil(bytes / partBytesOf(bytes))).toBeLessThanOrEqual(10_000);
  expect(partBytesOf(bytes) % MIB).toBe(0);
});
