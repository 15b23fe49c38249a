/**
 * `Idempotency-Key` on calls that make something: within 24 h the same key gets the first answer, word for word, whichever server it
 * reaches and however often they were restarted. While the first call is being served, a second one waits for its answer.
 *
 * A key belongs to its holder: the API key, and the room that his token is bound to. With another call, or another body, it is refused
 * (422). A call that was refused has used no key. One whose server died, or failed on our side, is served again under the same id, so that
 * what it had made is found instead of made twice.
 */
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RoomtapeError } from '../domain/errors.ts';
import { type ApiContext, type App, callerOf } from './api-context.ts';
import type { StoredAnswer } from './ports.ts';

const HEADER = 'idempotency-key';
/** Says that this is not the first time. */
const REPLAYED = 'idempotency-replayed';
/** What an answer says besides its body. */
const KEPT_HEADERS = ['content-type', 'x-recording-id', 'location'];
/** Starts take well under a second, unless images are fetched; no caller waits longer for somebody else's. */
const WAIT_LIMIT_MS = 5_000;
const LOOK_AGAIN_MS = 100;

/** For the schema of a route that has `config: { once: true }`. */
export const idempotencyHeaders = z.object({
  [HEADER]: z.string().min(1).max(256).optional().meta({
    description: 'The same key within 24 h gets the first answer; with another body it is 422.',
  }),
});

interface Claim {
  readonly holder: string;
  readonly key: string;
  readonly objectId: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** It makes something: an `Idempotency-Key` is heeded. */
    once?: boolean;
  }
  interface FastifyRequest {
    idempotencyClaim: Claim | undefined;
  }
}

/** The id of what this request makes; undefined: any. */
export const newIdOf = (request: FastifyRequest): string | undefined => request.idempotencyClaim?.objectId;

/** Heeds the header on every route of `app` that has `config: { once: true }`. After `requireRestToken`. */
export const heedIdempotencyKeys = (app: App, { ports, userId, log }: ApiContext): void => {
  const { idempotency } = ports;
  app.decorateRequest('idempotencyClaim', undefined);

  app.addHook('preHandler', async (request, reply) => {
    const key = request.headers[HEADER];
    if (request.routeOptions.config.once !== true || typeof key !== 'string') return undefined;
    const holder = `${userId}/${callerOf(request).roomClaim ?? ''}`;
    const claim = { holder, key, fingerprint: fingerprintOf(request) };
    const deadline = performance.now() + WAIT_LIMIT_MS;
    for (;;) {
      const found = await idempotency.claim(claim);
      switch (found.state) {
        case 'mine':
          request.idempotencyClaim = { holder, key, objectId: found.objectId };
          return undefined;
        case 'answered':
          return giveAgain(reply, found.answer);
        case 'other-request': {
          const words = 'This Idempotency-Key was used with another request. Take a new key for each request.';
          throw new RoomtapeError('IDEMPOTENCY_KEY_REUSED', words);
        }
        case 'busy':
          if (performance.now() > deadline) {
            const words = 'The first request with this Idempotency-Key is still being served. Try again in a second.';
            throw new RoomtapeError('IDEMPOTENCY_KEY_BUSY', words);
          }
          await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      }
    }
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const claim = request.idempotencyClaim;
    if (!claim) return payload;
    request.idempotencyClaim = undefined;
    const status = reply.statusCode;
    try {
      if (status >= 500) await idempotency.release(claim);
      else if (status >= 400) await idempotency.forget(claim);
      else await idempotency.answer(claim, { status, headers: headersOf(reply), body: String(payload) });
    } catch (error) {
      // What was made is made: the caller learns of it, and a repetition finds it by its id.
      log.error({ err: error }, 'The answer to an Idempotency-Key could not be kept.');
    }
    return payload;
  });
};

const fingerprintOf = ({ method, url, body }: FastifyRequest): string =>
  createHash('sha256')
    .update(JSON.stringify([method, url, body ?? null]))
    .digest('base64');

const headersOf = (reply: FastifyReply): Record<string, string> => {
  const kept = KEPT_HEADERS.map((name) => [name, reply.getHeader(name)] as const);
  return Object.fromEntries(kept.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
};

/** The body is JSON as it was sent: nothing is to serialize it once more. */
const giveAgain = (reply: FastifyReply, { status, headers, body }: StoredAnswer): FastifyReply =>
  reply
    .code(status)
    .headers({ ...headers, [REPLAYED]: 'true' })
    .serializer(String)
    .send(body);
