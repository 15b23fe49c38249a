/** The room page at `/room/{roomId}` and what it loads, from the folder that Vite builds. Without it the API works all the same. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { RoomtapeError } from '../../domain/errors.ts';
import type { App } from '../api-context.ts';

/** Ours alone may run; sockets to this host (and to other media nodes); pictures and sounds that the page makes itself. */
const PAGE_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  // React writes no style attributes into HTML, but components set computed ones.
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self' ws: wss:",
  "img-src 'self' blob: data:",
  "media-src 'self' blob: data:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'self'",
].join('; ');
const PERMISSIONS =
  'camera=(self), microphone=(self), display-capture=(self), autoplay=(self), fullscreen=(self), geolocation=()';

const HASHED_FOR_LIFE = 'public, max-age=31536000, immutable';
const ASK_EVERY_TIME = 'no-cache';

export const webPageRoutes = (app: App, webRoot: string): void => {
  const isBuilt = existsSync(join(webRoot, 'index.html'));
  if (isBuilt) {
    app.register(fastifyStatic, {
      root: webRoot,
      wildcard: false,
      index: false,
      cacheControl: false,
      setHeaders: (reply, path) => {
        const isHashed = path.startsWith(join(webRoot, 'assets'));
        reply.header('cache-control', isHashed ? HASHED_FOR_LIFE : ASK_EVERY_TIME);
        reply.header('content-security-policy', PAGE_POLICY);
        reply.header('permissions-policy', PERMISSIONS);
      },
    });
  }
  app.get('/room/:roomId', { schema: { hide: true } }, async (_request, reply) => {
    if (isBuilt) return reply.sendFile('index.html');
    throw new RoomtapeError('NOT_FOUND', 'The room page has not been built. Run: npx vite build web');
  });
  app.get('/', { schema: { hide: true } }, async (_request, reply) => reply.redirect('/api-docs'));
};
