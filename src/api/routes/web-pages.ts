/**
 * What browsers load, from the folder that Vite builds: the room page at `/room/{roomId}`, the browser client at `/client.js`, which pages of any
 * allowed origin import, and the example template at `/templates/example`. Without the folder the API works all the same.
 */
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
/** A page of plain files, with nothing but this host's module and its sockets. */
const TEMPLATE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self' ws: wss:",
  "img-src 'self' data:",
  "media-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');
/** It takes part in nothing: it watches. */
const TEMPLATE_PERMISSIONS = 'camera=(), microphone=(), display-capture=(), autoplay=(self), geolocation=()';
const PERMISSIONS =
  'camera=(self), microphone=(self), display-capture=(self), autoplay=(self), fullscreen=(self), geolocation=()';

/** The browser client and its types. Asked for every time: a client is of its server's version. */
const CLIENT = ['client.js', 'client.d.ts'];

/** Where the table of the static files is of old: RFC 9239 §6, and the type that a video format has the ending of. */
const TYPES = [
  ['.js', 'text/javascript'],
  ['.d.ts', 'text/plain'],
] as const;

const HASHED_FOR_LIFE = 'public, max-age=31536000, immutable';
const ASK_EVERY_TIME = 'no-cache';

const notBuilt = (): RoomtapeError =>
  new RoomtapeError('NOT_FOUND', 'The pages have not been built. Run: npm run build:web');

export const webPageRoutes = (app: App, webRoot: string): void => {
  const isBuilt = existsSync(join(webRoot, 'index.html'));
  if (isBuilt) {
    app.register(fastifyStatic, {
      root: webRoot,
      wildcard: false,
      index: false,
      cacheControl: false,
      setHeaders: (reply, path) => {
        const isIn = (folder: string): boolean => path.startsWith(join(webRoot, folder, '/'));
        reply.header('cache-control', isIn('assets') ? HASHED_FOR_LIFE : ASK_EVERY_TIME);
        reply.header('content-security-policy', isIn('templates') ? TEMPLATE_POLICY : PAGE_POLICY);
        reply.header('permissions-policy', isIn('templates') ? TEMPLATE_PERMISSIONS : PERMISSIONS);
        // Who may import it is said by CORS, as for every answer: modules are fetched by its rules.
        if (CLIENT.some((file) => path === join(webRoot, file))) {
          reply.header('cross-origin-resource-policy', 'cross-origin');
        }
        const type = TYPES.find(([ending]) => path.endsWith(ending))?.[1];
        if (type !== undefined) reply.header('content-type', `${type}; charset=utf-8`);
      },
    });
  }
  app.get('/room/:roomId', { schema: { hide: true } }, async (_request, reply) => {
    if (isBuilt) return reply.sendFile('index.html');
    throw notBuilt();
  });
  app.get('/templates/example', { schema: { hide: true } }, async (_request, reply) => {
    if (isBuilt) return reply.sendFile('templates/example.html');
    throw notBuilt();
  });
  app.get('/', { schema: { hide: true } }, async (_request, reply) => reply.redirect('/api-docs'));
};
