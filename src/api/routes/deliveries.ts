/** Deliveries of a recording of any kind: how they stand, and trying again by hand. Ours: nothing like it is published. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RoomtapeError } from '../../domain/errors.ts';
import { type ApiContext, type App, callerOf } from '../api-context.ts';
import { errorEnvelope } from '../error-envelope.ts';
import { outboundUrl } from '../outbound-url.ts';
import { pageOf, pageQuery, toPage } from '../pagination.ts';
import type { RecordingView } from '../ports.ts';
import { judgePresigned } from '../start-delivery.ts';
import { toWireDelivery, wireDelivery } from '../wire-delivery.ts';

const tags = ['deliveries'];
const params = z.object({ recordingId: z.string() });

export const deliveryRoutes = (app: App, context: ApiContext): void => {
  const { ports, access, config } = context;
  const find = async (request: FastifyRequest, recordingId: string): Promise<RecordingView> => {
    const recording = await ports.recordings.find(recordingId);
    if (!recording) throw new RoomtapeError('RECORDING_NOT_FOUND', 'Recording not found.');
    await access.assertWithin(callerOf(request), recording.roomId);
    return recording;
  };

  app.get(
    '/v2/recordings/:recordingId/deliveries',
    {
      schema: {
        tags,
        summary: 'List the deliveries of a recording',
        description: 'Of recordings of every kind. There are none before the recording is done.',
        params,
        querystring: pageQuery,
        response: { 200: pageOf(wireDelivery), default: errorEnvelope },
      },
    },
    async (request) => {
      const { deliveries } = await find(request, request.params.recordingId);
      const { page, perPage } = request.query;
      const items = deliveries.slice((page - 1) * perPage, page * perPage);
      return toPage({ page, perPage }, { items, total: deliveries.length }, toWireDelivery);
    },
  );

  app.post(
    '/v2/recordings/:recordingId/deliveries/:deliveryId/retry',
    {
      schema: {
        tags,
        summary: 'Try a delivery again now',
        description:
          'One that waits for its next attempt, or was given up; with a fresh URL where the first has expired. 409 `DELIVERY_RUNNING` while an attempt is under way, 409 `DELIVERY_DONE` afterwards.',
        params: params.extend({ deliveryId: z.string() }),
        body: z
          .object({ preSignedUrl: outboundUrl(config.allowPrivateUrls).nullish() })
          .nullish()
          .meta({ 'x-examples': { now: { summary: 'With the URL that it has', value: {} } } }),
        response: { 200: wireDelivery, default: errorEnvelope },
      },
    },
    async (request) => {
      const { recordingId, deliveryId } = request.params;
      const recording = await find(request, recordingId);
      const url = request.body?.preSignedUrl ?? null;
      if (url !== null) judgePresigned('preSignedUrl', url, { now: new Date(), wantedMs: 0 });
      return toWireDelivery(await ports.recordings.retryDelivery(recording.id, deliveryId, url));
    },
  );
};
