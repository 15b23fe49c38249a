/** WHEP (draft-ietf-wish-whep): watching one participant by one HTTP request. `POST /whep/{roomId}/{participantId}`; DELETE of the Location ends. */
import { z } from 'zod';
import { RoomtapeError } from '../../domain/errors.ts';
import { isParticipantId } from '../../domain/ids.ts';
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

export const whepRoutes = (app: App, context: ApiContext): void => {
  acceptSdp(app);
  const tags = ['whep'];
  const params = z.object({ roomId: z.string(), participantId: z.string() });

  app.post(
    '/whep/:roomId/:participantId',
    {
      onRequest: requireSdp,
      bodyLimit: SDP_BODY_LIMIT,
      schema: {
        tags,
        summary: 'Watch a participant (WHEP)',
        description: 'Participant token as Bearer; body and answer are `application/sdp`.',
        consumes: ['application/sdp'],
        params,
        response: {
          201: { description: 'The answer', content: { 'application/sdp': { schema: z.string() } } },
          default: errorEnvelope,
        },
      },
    },
    async (request, reply) => {
      const { roomId, participantId } = request.params;
      const claims = await admit(context, request, reply, { roomId });
      if (!isParticipantId(participantId)) throw new RoomtapeError('PARTICIPANT_NOT_FOUND', 'Participant not found.');
      const watched = await context.ports.media.subscribe(claims, participantId, offerOf(request.body));
      return sendAnswer(reply, context, `/whep/${claims.roomId}/${participantId}/${watched.resourceId}`, watched);
    },
  );

  app.delete(
    '/whep/:roomId/:participantId/:resourceId',
    {
      schema: {
        tags,
        summary: 'Stop watching (WHEP)',
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
