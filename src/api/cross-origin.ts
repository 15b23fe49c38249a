/**
 * CORS (Fetch standard) and the headers that every answer carries. Pages of other origins may call: they prove themselves by a token
 * that they hold, never by cookies. OPTIONS is answered for every path.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isLocalhost } from '../support/outbound-url.ts';
import type { AllowedMethods } from './allowed-methods.ts';
import type { ApiConfig } from './api-config.ts';
import type { App } from './api-context.ts';

const EXPOSED = [
  'Location',
  'ETag',
  'Link',
  'Allow',
  'Accept-Ranges',
  'Content-Range',
  'Content-Length',
  'Content-Disposition',
  'Retry-After',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'X-Recording-Id',
  'Idempotency-Replayed',
  'X-Request-Id',
].join(', ');
const ALLOWED_HEADERS =
  'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, If-Range, Last-Event-ID, Range';
/** Longest that Chromium keeps a preflight's answer. */
const PREFLIGHT_S = '7200';

/** What an API answer may do in a browser: nothing. Pages set their own. */
const API_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const pathOf = (request: FastifyRequest): string => request.url.split('?')[0] ?? request.url;

const allowOrigin = (request: FastifyRequest, reply: FastifyReply, origins: readonly string[]): void => {
  const { origin } = request.headers;
  if (origins.includes('*')) reply.header('access-control-allow-origin', '*');
  else {
    reply.header('vary', 'Origin');
    if (origin !== undefined && origins.includes(origin)) reply.header('access-control-allow-origin', origin);
  }
  reply.header('access-control-expose-headers', EXPOSED);
};

const answerOptions = (request: FastifyRequest, reply: FastifyReply, allowed: AllowedMethods): FastifyReply => {
  const methods = [...allowed.of(pathOf(request)), 'OPTIONS'].join(', ');
  reply.header('allow', methods);
  if (/^\/wh[ie]p\//.test(request.url)) reply.header('accept-post', 'application/sdp'); // RFC 9725 §4.2
  if (request.headers['access-control-request-method'] !== undefined) {
    reply.headers({
      'access-control-allow-methods': methods,
      'access-control-allow-headers': ALLOWED_HEADERS,
      'access-control-max-age': PREFLIGHT_S,
    });
  }
  return reply.code(204).send();
};

/** Half a year. Not for names below ours: they may be other people's. */
const HTTPS_ONLY = 'max-age=15552000';

/** True where browsers reach us by HTTPS alone. Not on localhost, whose name all other servers of this machine share. */
const isHttpsOnly = ({ tls, publicUrl, host }: ApiConfig): boolean => {
  const url = publicUrl === undefined ? null : URL.parse(publicUrl);
  const name = url?.hostname ?? host;
  return (url ? url.protocol === 'https:' : tls !== undefined) && !isLocalhost(name);
};

export const crossOrigin = (app: App, config: ApiConfig, allowed: AllowedMethods): void => {
  const { corsOrigins } = config;
  const transport = isHttpsOnly(config) ? { 'strict-transport-security': HTTPS_ONLY } : {};
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      ...transport,
      'x-content-type-options': 'nosniff',
      // Room pages and sockets carry tokens in their address.
      'referrer-policy': 'no-referrer',
      'content-security-policy': API_POLICY,
      // For those that don't know `frame-ancestors`.
      'x-frame-options': 'SAMEORIGIN',
      // Answers are no pictures or scripts of other pages, and windows that opened ours get no hold of it.
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cache-control': 'no-store',
      'x-request-id': request.id,
    });
    allowOrigin(request, reply, corsOrigins);
    return request.method === 'OPTIONS' ? answerOptions(request, reply, allowed) : undefined;
  });
};
