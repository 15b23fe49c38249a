/** `GET /v1/files/{fileId}`: stored files by signed URL, whole or a range of bytes (RFC 9110 §14), streamed from disk. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { RoomtapeError } from '../../domain/errors.ts';
import type { ApiContext, App } from '../api-context.ts';
import { type ByteRange, parseRange } from '../byte-range.ts';
import { errorEnvelope } from '../error-envelope.ts';

const gone = (cause?: unknown): RoomtapeError =>
  new RoomtapeError('FILE_NOT_FOUND', 'This file is not stored (any more).', { cause });

/** A file keeps its content for life, so its id is its version. */
const etagOf = (fileId: string): string => `"${fileId}"`;

/** RFC 6266 §4: an ASCII name for the old, UTF-8 for the others. */
const disposition = (kind: 'inline' | 'attachment', name: string): string =>
  `${kind}; filename="${name.replaceAll(/[^\w.-]/g, '_')}"; filename*=UTF-8''${encodeURIComponent(name)}`;

const openFile = async (path: string): Promise<FileHandle> => {
  try {
    // What compositors made belongs to them: a link in its place is not followed.
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw gone(error);
    throw error;
  }
};

/** True if a list of entity tags (`If-None-Match`) names this one; weak comparison (§13.1.2). */
const names = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  (header.trim() === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag));

const MEDIA = Object.fromEntries(
  ['video/mp4', 'audio/mp4', 'video/webm', 'audio/webm'].map((type) => [type, { schema: z.string() }]),
);

export const fileRoutes = (app: App, { ports, fileUrls, log }: ApiContext): void => {
  const schema = {
    tags: ['files'],
    summary: 'Download a file',
    description:
      'Takes `Range`, `If-Range` and `If-None-Match`. The URL is the `fileUrl` of a recording; add `&download=1` to save instead of play.',
    params: z.object({ fileId: z.string() }),
    querystring: z.object({
      // As we write it: other spellings of the number (hexadecimal, exponents) are other URLs.
      expires: z
        .string()
        .regex(/^[1-9]\d{0,11}$/, 'must be seconds since 1970')
        .meta({ description: 'Seconds since 1970.' }),
      signature: z.string().max(128),
      download: z.string().optional(),
    }),
    response: {
      200: { description: 'The file', content: MEDIA },
      206: { description: 'A range of it', content: MEDIA },
      302: {
        description: 'It is in the bucket only: a URL that works for a while',
        content: { 'text/plain': { schema: z.literal('') } },
      },
      304: { description: 'As you have it', content: { 'text/plain': { schema: z.literal('') } } },
      default: errorEnvelope,
    },
    security: [],
  };
  // HEAD has a route of its own: fastify's would open and read the whole file to answer it.
  for (const method of ['GET', 'HEAD'] as const) {
    app.route({
      method,
      url: '/v1/files/:fileId',
      exposeHeadRoute: false,
      schema: method === 'GET' ? schema : { ...schema, hide: true },
      handler: async (request, reply) => {
        const { fileId } = request.params;
        const { expires, signature, download } = request.query;
        fileUrls.verify(fileId, Number(expires), signature, Date.now());
        const file = await ports.files.locate(fileId);
        const kind = download === undefined ? 'inline' : 'attachment';
        if (!file) {
          const elsewhere = await ports.files.elsewhere(fileId, method, kind);
          if (elsewhere === null) throw gone();
          // It works for hours; whoever comes back here is given a fresh one.
          return reply.header('cache-control', 'private, no-store').redirect(elsewhere, 302);
        }
        const etag = etagOf(fileId);
        reply.headers({
          etag,
          'accept-ranges': 'bytes',
          'content-type': file.contentType,
          'content-disposition': disposition(kind, file.name),
          // The URL is a secret that ends: a shared cache must not outlive it.
          'cache-control': 'private, max-age=3600',
          'cross-origin-resource-policy': 'cross-origin',
        });
        if (names(request.headers['if-none-match'], etag)) return reply.code(304).send('');
        const handle = await openFile(file.path);
        try {
          const { size } = await handle.stat();
          const ifRange = request.headers['if-range'];
          const mayRange = ifRange === undefined || ifRange === etag;
          const range = mayRange ? parseRange(request.headers.range, size) : 'whole';
          return await sendPart(reply, handle, size, range, request.method === 'HEAD');
        } catch (error) {
          await handle.close();
          if (!(error instanceof RoomtapeError)) log.error({ err: error, fileId }, 'A file could not be sent.');
          throw error;
        }
      },
    });
  }
};

const sendPart = async (
  reply: FastifyReply,
  handle: FileHandle,
  size: number,
  range: ByteRange | 'whole' | 'unsatisfiable',
  headOnly: boolean,
): Promise<FastifyReply> => {
  if (range === 'unsatisfiable') {
    reply.header('content-range', `bytes */${size}`).removeHeader('content-disposition').type('application/json');
    throw new RoomtapeError('RANGE_NOT_SATISFIABLE', `The range begins behind the end: the file has ${size} bytes.`);
  }
  const part = range === 'whole' ? { first: 0, last: size - 1 } : range;
  if (range !== 'whole') reply.code(206).header('content-range', `bytes ${part.first}-${part.last}/${size}`);
  reply.header('content-length', String(part.last - part.first + 1));
  if (headOnly || size === 0) {
    await handle.close();
    return reply.send();
  }
  // The stream closes the handle at its end, and when the caller goes away.
  return reply.send(handle.createReadStream({ start: part.first, end: part.last }));
};
