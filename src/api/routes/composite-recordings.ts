/** `/v2/recordings/composite`: start, stop, list, get, delete. Any number may run in a room at once. */
import { z } from 'zod';
import { type ApiContext, type App, callerOf } from '../api-context.ts';
import { callbackOf } from '../callback.ts';
import { errorEnvelope } from '../error-envelope.ts';
import { idempotencyHeaders, newIdOf } from '../idempotency.ts';
import { sendJsonText } from '../json-text.ts';
import { recordingAnswers } from '../recording-answers.ts';
import { compositeStart, compositeStop, toComposite, toCompositeConfig } from '../start-composite.ts';
import { askedDelivery } from '../start-delivery.ts';
import { toWireComposite, wireCompositeRecording } from '../wire-composite-recording.ts';
import { listRoute, oneRoutes, readable } from './reading-recordings.ts';

const PATH = '/v2/recordings/composite';
const tags = ['composite recordings'];
const text = { 200: z.string(), default: errorEnvelope };
const one = { 200: wireCompositeRecording, default: errorEnvelope };

export const compositeRecordingRoutes = (app: App, context: ApiContext): void => {
  const { ports, access, config } = context;
  const { around } = recordingAnswers(context, 'composite');

  app.post(
    `${PATH}/start`,
    {
      config: { once: true },
      schema: {
        tags,
        summary: 'Start recording chosen participants together',
        description: 'A grid of the chosen participants, 1280x720, with up to three watermarks over it.',
        body: compositeStart(config.allowPrivateUrls),
        headers: idempotencyHeaders,
        response: one,
      },
    },
    async (request, reply) => {
      const recordingConfig = toCompositeConfig(request.body);
      const room = await access.find(callerOf(request), request.body.roomId);
      const subject = await toComposite(request.body, config.allowPrivateUrls);
      const { bucketDirPath, preSignedURL, webhookUrl } = request.body;
      const asked = askedDelivery(
        {
          directory: { name: 'bucketDirPath', value: bucketDirPath },
          preSignedUrl: { name: 'preSignedURL', value: preSignedURL },
        },
        config,
        new Date(),
      );
      const options = {
        roomId: room.roomId,
        config: recordingConfig,
        subject,
        ...asked,
        ...callbackOf(request, webhookUrl, config.publicUrl),
        id: newIdOf(request),
      };
      const recording = await ports.recordings.start(options);
      reply.header('x-recording-id', recording.id);
      return toWireComposite(recording, around(request));
    },
  );
  app.post(
    `${PATH}/stop`,
    { schema: { tags, summary: 'End a composite recording', body: compositeStop, response: text } },
    async (request, reply) => {
      const { roomId, recordingId } = request.body;
      const room = await access.find(callerOf(request), roomId);
      const subject = { kind: 'composite' } as const;
      const recording = await ports.recordings.stop({ roomId: room.roomId, recordingId, subject });
      reply.header('x-recording-id', recording.id);
      return sendJsonText(reply, 'composite recording ended successfully.');
    },
  );
  const composite = readable({
    kind: 'composite',
    path: PATH,
    wire: wireCompositeRecording,
    toWire: toWireComposite,
  });
  listRoute(app, context, composite);
  oneRoutes(app, context, composite);
};
