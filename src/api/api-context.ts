/** What every route file gets: the app it adds to, the system behind it, and the few things that all routes share. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Logger } from '../support/log.ts';
import type { ApiConfig } from './api-config.ts';
import { type Caller, type TokenVerifier, tokenOf } from './auth.ts';
import type { FileUrls } from './file-url.ts';
import type { ApiPorts } from './ports.ts';
import type { RateLimits } from './rate-limits.ts';
import type { RoomAccess } from './room-access.ts';

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export interface ApiContext {
  readonly ports: ApiPorts;
  readonly config: ApiConfig;
  readonly tokens: TokenVerifier;
  readonly access: RoomAccess;
  readonly limits: RateLimits;
  readonly fileUrls: FileUrls;
  /** 24 hex: the one user of this server, in objects that name one. */
  readonly userId: string;
  readonly log: Logger;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `requireRestToken`. */
    caller: Caller | undefined;
  }
}

/** Every route that is added to `app` after this needs a REST token. */
export const requireRestToken = (app: App, { tokens, limits }: ApiContext): void => {
  app.addHook('onRequest', async (request, reply) => {
    request.caller = await tokens.forRest(tokenOf(request.headers.authorization));
    limits.request(request.caller, reply);
  });
};

/** The verified caller of a route behind `requireRestToken`. */
export const callerOf = (request: FastifyRequest): Caller => {
  if (!request.caller)
    throw new Error(`The route ${request.routeOptions.url ?? request.url} asks for a caller but needs no token.`);
  return request.caller;
};
