/** `GET /v2/rooms/{roomId}/captions`: what is said in a room that is transcribed, as it is written down (Server-Sent Events). */
import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { RoomtapeError } from '../../domain/errors.ts';
import type { ApiContext, App } from '../api-context.ts';
import { tokenOf } from '../auth.ts';
import { CaptionStream } from '../caption-stream.ts';
import { errorEnvelope } from '../error-envelope.ts';

/** Each holds a socket and a few KiB. */
const MOST_WATCHERS = 2_000;

const seq = z
  .string()
  .regex(/^\d{1,15}$/, 'must be the id of a caption')
  .transform(Number);

/** No schema can say what a stream holds. */
const sendStream = (reply: FastifyReply, body: Readable): FastifyReply => reply.send(body);

export const captionRoutes = (app: App, { ports, tokens, limits, access, log }: ApiContext): void => {
  const watchers = new Set<CaptionStream>();
  app.addHook('preClose', async () => {
    for (const watcher of watchers) watcher.leave();
  });

  app.get(
    '/v2/rooms/:roomId/captions',
    {
      schema: {
        tags: ['transcriptions'],
        summary: 'Live captions (Server-Sent Events)',
        description:
          'Utterances of the running session, a second or so after they were said, where its recording is transcribed: `event: caption`, with a number as `id`. `Last-Event-ID` (or `after`) brings what was said since. `event: end`: the session is over. Tokens for REST and for joining both open it; browsers, whose EventSource can set no header, put it in the query.',
        params: z.object({ roomId: z.string() }),
        querystring: z.object({
          token: z.string().optional(),
          after: seq.optional().meta({ description: 'As `Last-Event-ID`; 0: all that was said in the session.' }),
        }),
        headers: z.object({ 'last-event-id': seq.optional() }),
        response: {
          200: { description: 'Captions', content: { 'text/event-stream': { schema: z.string() } } },
          default: errorEnvelope,
        },
      },
    },
    async (request, reply) => {
      const caller = await tokens.forCaptions(tokenOf(request.headers.authorization) ?? request.query.token);
      limits.request(caller, reply);
      const room = await access.find(caller, request.params.roomId);
      const session = await ports.captions.sessionOf(room.roomId);
      if (!session) throw new RoomtapeError('NO_ACTIVE_SESSION', 'Room has no active session.');
      if (watchers.size >= MOST_WATCHERS) {
        throw new RoomtapeError('TOO_MANY_REQUESTS', `${MOST_WATCHERS} read captions already. Try again later.`);
      }
      const lastSeq = request.headers['last-event-id'] ?? request.query.after ?? null;
      const { sessionId, isTranscribed } = session;
      const stream = new CaptionStream(ports.captions, sessionId, { lastSeq, isTranscribed });
      watchers.add(stream);
      stream.body.once('close', () => watchers.delete(stream));
      stream
        .catchUp()
        // It may have ended before we listened.
        .then(async () => {
          if ((await ports.captions.sessionOf(room.roomId))?.sessionId !== sessionId) stream.end();
        })
        .catch((error: unknown) => {
          log.warn({ err: error, roomId: room.roomId }, 'What a watcher of captions had missed could not be read.');
          stream.leave();
        });
      reply.headers({
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
        // nginx would collect them.
        'x-accel-buffering': 'no',
      });
      return sendStream(reply, stream.body);
    },
  );
};
