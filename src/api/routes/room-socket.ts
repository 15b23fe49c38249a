/**
 * `GET /v1/rooms/{roomId}/socket` without an upgrade: answers what an upgrade would, so that a page, which never learns why a
 * WebSocket was refused, can ask. The upgrade itself is `room-sockets.ts`.
 */
import { z } from 'zod';
import { RoomtapeError } from '../../domain/errors.ts';
import type { App } from '../api-context.ts';
import { errorEnvelope } from '../error-envelope.ts';
import type { RoomSockets } from '../room-sockets.ts';

export const roomSocketRoutes = (app: App, sockets: RoomSockets): void => {
  app.get(
    '/v1/rooms/:roomId/socket',
    {
      schema: {
        tags: ['room socket'],
        summary: 'Room socket (WebSocket)',
        description:
          'The room protocol. The participant token stands in the query, since browsers can set no header here.',
        params: z.object({ roomId: z.string() }),
        querystring: z.object({ token: z.string().optional() }),
        response: { 101: z.null().meta({ description: 'Upgraded' }), default: errorEnvelope },
        security: [],
      },
    },
    async (request) => {
      await sockets.claims(request.params.roomId, request.query.token);
      throw new RoomtapeError('INVALID_REQUEST', 'This token may join. Connect by WebSocket (Upgrade: websocket).');
    },
  );
};
