import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCanvas } from '@napi-rs/canvas';
import { expect, test } from 'vitest';
import { imageSize } from '../../../src/api/image-size.ts';
import { imageAt, imageIn, MOST_IMAGE_BYTES } from '../../../src/api/watermark-image.ts';

const picture = createCanvas(31, 17);
picture.getContext('2d').fillRect(3, 3, 9, 9);
const PNG = picture.toBuffer('image/png');
const JPEG = picture.toBuffer('image/jpeg');
const HERE = ['127.0.0.1'];

const serving = async (answer: RequestListener, use: (url: string) => Promise<void>): Promise<void> => {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

test('sizes are read from the heads of PNG and JPEG', () => {
  expect(imageSize(PNG)).toEqual({ width: 31, height: 17 });
  expect(imageSize(JPEG)).toEqual({ width: 31, height: 17 });
  for (const bytes of [Buffer.alloc(0), PNG.subarray(0, 20), JPEG.subarray(0, 6), Buffer.from('GIF89a')]) {
    expect(imageSize(bytes)).toBeNull();
  }
});

test('an image is fetched, through redirects', () =>
  serving(
    (request, response) => {
      if (request.url === '/logo') response.writeHead(302, { location: '/moved' }).end();
      else response.writeHead(200, { 'content-type': 'image/png' }).end(PNG);
    },
    async (url) => expect((await imageAt(`${url}/logo`, HERE, 'watermarks[0].imageUrl')).equals(PNG)).toBe(true),
  ));

test('what is too large, no image, not there, or endless is refused', () =>
  serving(
    (request, response) => {
      if (request.url === '/large') response.end(Buffer.alloc(MOST_IMAGE_BYTES + 1));
      else if (request.url === '/page') response.end('<html>');
      else if (request.url === '/around') response.writeHead(301, { location: '/around' }).end();
      else if (request.url === '/huge') {
        const bomb = Buffer.from(PNG);
        bomb.writeUInt32BE(50_000, 16);
        response.end(bomb);
      } else response.writeHead(404).end();
    },
    async (url) => {
      for (const [path, what] of [
        ['/large', /larger than 2 MiB/],
        ['/page', /neither a PNG nor a JPEG/],
        ['/around', /redirected more than 3 times/],
        ['/huge', /50000x17 pixels/],
        ['/none', /answered 404/],
      ] as const) {
        await expect(imageAt(`${url}${path}`, HERE, 'watermarks[0].imageUrl')).rejects.toThrow(what);
      }
    },
  ));

test('nothing leads into a private network: no name, no redirect', () =>
  serving(
    (_, response) => response.writeHead(302, { location: 'http://10.0.0.1/logo' }).end(),
    async (url) => {
      await expect(imageAt(url, HERE, 'watermarks[0].imageUrl')).rejects.toThrow(/must be an https URL/);
      await expect(imageAt('https://localhost/logo', [], 'watermarks[0].imageUrl')).rejects.toThrow(/private network/);
    },
  ));

test('base64 is taken with and without a head', () => {
  expect(imageIn(PNG.toString('base64'), 'watermarks[0].imageBase64').equals(PNG)).toBe(true);
  expect(imageIn(`data:image/jpeg;base64,${JPEG.toString('base64')}`, 'b64').equals(JPEG)).toBe(true);
  expect(() => imageIn('aGVsbG8=', 'watermarks[2].imageBase64')).toThrow(
    'The image of "watermarks[2].imageBase64" is neither a PNG nor a JPEG.',
  );
});
