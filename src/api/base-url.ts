/** The address under which a caller reaches this server: the beginning of links and file URLs. */
import type { FastifyRequest } from 'fastify';

/** The configured public address, or the one that the request came to (a trusted proxy's headers are taken into account by fastify). */
export const baseUrlOf = (request: FastifyRequest, publicUrl: string | undefined): string =>
  publicUrl ?? `${request.protocol}://${request.host}`;

/** The path before ours where a proxy serves us below one: `https://example.org/rooms` → `/rooms`. */
export const basePathOf = (publicUrl: string | undefined): string =>
  publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '');
