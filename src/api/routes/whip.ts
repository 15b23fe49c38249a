/**
 * WHIP (RFC 9725): publishing by one HTTP request. `POST /whip/{roomId}` takes an offer and answers 201; DELETE of the Location ends.
 * All candidates are in offer and answer: PATCH (trickle ICE, restarts) is answered 405, as §4.3 asks of servers without it.
 */
import { z } from 'zod';
import type { ApiContext, App } from '../api-context.ts';
import { errorEnvelope } from '../error-envelope.ts';
import {
  acceptSdp,
  admit,
  ENDED,
  endResource,
  offerOf,
  requireSdp,
  SDP_BODY_LIMIT,
  sendAnswer,
} from './sdp-exchange.ts';

export const whipRoutes = (app: App, context: ApiContext): void => {
  acceptSdp(app);
  const tags = ['whip'];
  const params = z.object({ roomId: z.string() });

  app.post(
    '/whip/:roomId',
    {
      onRequest: requireSdp,
      bodyLimit: SDP_BODY_LIMIT,
      schema: {
        tags,
        summary: 'Publish (WHIP)',
        description:
          'Participant token as Bearer; body and answer are `application/sdp`. `name` is shown where the token names nobody.',
        consumes: ['application/sdp'],
        params,
        querystring: z.object({ name: z.string().trim().min(1).max(100).optional() }),
        response: {
          201: { description: 'The answer', content: { 'application/sdp': { schema: z.string() } } },
          default: errorEnvelope,
        },
      },
    },
    async (request, reply) => {
      const claims = await admit(context, request, reply, { ...request.params, name: request.query.name });
      const published = await context.ports.media.publish(claims, offerOf(request.body));
      return sendAnswer(reply, context, `/whip/${claims.roomId}/${published.resourceId}`, published);
    },
  );

  app.delete(
    '/whip/:roomId/:resourceId',
    {
      schema: {
        tags,
        summary: 'Stop publishing (WHIP)',
        params: params.extend({ resourceId: z.string() }),
        response: { 200: ENDED, default: errorEnvelope },
      },
    },
    async (request, reply) => {
      await endResource(context, request, request.params.roomId, request.params.resourceId);
      return reply.code(200).send('');
    },
  );
};
