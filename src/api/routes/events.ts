/** `/v2/events`: everything that webhooks tell, to be read again from any point on; and sending one again. */
import { z } from 'zod';
import { RoomtapeError } from '../../domain/errors.ts';
import { type ApiContext, type App, callerOf } from '../api-context.ts';
import { baseUrlOf } from '../base-url.ts';
import { errorEnvelope } from '../error-envelope.ts';
import type { EventView } from '../ports.ts';
import { toWireWebhook, wireWebhook } from '../wire-webhook.ts';

const tags = ['webhooks'];
const MOST_PER_PAGE = 1000;
const MOST_TYPES = 64;

const wireEvent = z
  .object({
    id: z.string().meta({ description: 'The `webhook-id`.' }),
    webhookType: z.string(),
    data: z.record(z.string(), z.unknown()),
    createdAt: z.string(),
    webhook: wireWebhook,
  })
  .meta({ id: 'Event' });

const listQuery = z.object({
  after: z
    .string()
    .max(64)
    .optional()
    .meta({ description: 'Id of the last event that you have: `next` of the last answer.' }),
  perPage: z.coerce.number().int().min(1).max(MOST_PER_PAGE).default(100),
  roomId: z.string().optional().meta({ description: 'Room id or customRoomId.' }),
  sessionId: z.string().optional(),
  recordingId: z.string().optional(),
  types: z
    .string()
    .max(4096)
    .optional()
    .meta({ description: 'Separated by commas; `*` stands for anything: `recording-*,session-ended`.' }),
});
const listAnswer = z.object({
  data: z.array(wireEvent),
  next: z
    .string()
    .nullable()
    .meta({ description: 'Ask with `after` of this for what comes then. Null: there was nothing yet.' }),
  hasMore: z.boolean(),
});

const typesOf = (text: string | undefined): string[] => {
  const types = (text ?? '').split(',').flatMap((type) => type.trim() || []);
  if (types.length <= MOST_TYPES) return types;
  throw new RoomtapeError('INVALID_REQUEST', `"types" names ${types.length} patterns; ${MOST_TYPES} are the most.`);
};

const toWire = ({ id, type, data, createdAt, webhooks }: EventView): z.infer<typeof wireEvent> => ({
  id,
  webhookType: type,
  data: { ...data },
  createdAt: createdAt.toISOString(),
  webhook: toWireWebhook(webhooks),
});

export const eventRoutes = (app: App, { ports, access, config, fileUrls }: ApiContext): void => {
  app.get(
    '/v2/events',
    {
      schema: {
        tags,
        summary: 'Read events',
        description: 'In order, oldest first. What is never seen twice and never missed: ask again with `next`.',
        querystring: listQuery,
        response: { 200: listAnswer, default: errorEnvelope },
      },
    },
    async (request) => {
      const { after, perPage, roomId, sessionId, recordingId, types } = request.query;
      const scope = await access.listScope(callerOf(request), roomId || undefined);
      if (scope === 'nothing') return { data: [], next: after || null, hasMore: false };
      const baseUrl = baseUrlOf(request, config.publicUrl);
      const now = Date.now();
      const found = await ports.events.list({
        after: after || null,
        // One more tells whether there is more.
        limit: perPage + 1,
        roomId: scope,
        sessionId: sessionId || null,
        recordingId: recordingId || null,
        types: typesOf(types),
        fileUrlOf: (fileId) => fileUrls.sign(baseUrl, fileId, now),
      });
      const page = found.slice(0, perPage);
      return {
        data: page.map(toWire),
        next: page.at(-1)?.id ?? (after || null),
        hasMore: found.length > page.length,
      };
    },
  );

  app.post(
    '/v2/events/:eventId/resend',
    {
      schema: {
        tags,
        summary: 'Send a webhook again',
        description:
          'To every endpoint that was to be told of the event, whatever it answered; with the same `webhook-id`.',
        params: z.object({ eventId: z.string() }),
        response: { 200: z.object({ resent: z.number().int() }), default: errorEnvelope },
      },
    },
    async (request) => {
      const { eventId } = request.params;
      const roomId = await ports.events.roomOf(eventId);
      if (roomId === null) {
        throw new RoomtapeError('RESOURCE_NOT_FOUND', `There is no event "${eventId}", or it is no longer kept.`);
      }
      await access.assertWithin(callerOf(request), roomId);
      return { resent: await ports.events.resend(eventId) };
    },
  );
};
