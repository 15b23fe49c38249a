/** `/v2/recordings/composite`: start, stop, list, get, delete. Any number may run in a room at once. */
import { z } from 'zod';
import { type ApiContext, type App, callerOf } from '../api-context.ts';
import { callbackOf } from '../callback.ts';
import { errorEnvelope } from '../error-envelope.ts';
import { idempotencyHeaders, newIdOf } from '../idempotency.ts';
import { sendJsonText } from '../json-text.ts';
import { EMPTY_PAGE, pageOf, pageQuery, toPage } from '../pagination.ts';
import { recordingAnswers } from '../recording-answers.ts';
import { compositeStart, compositeStop, toComposite, toCompositeConfig } from '../start-composite.ts';
import { askedDelivery } from '../start-delivery.ts';
import { toWireComposite, wireCompositeRecording } from '../wire-composite-recording.ts';

const PATH = '/v2/recordings/composite';
const tags = ['composite recordings'];
const text = { 200: z.string(), default: errorEnvelope };
const one = { 200: wireCompositeRecording, default: errorEnvelope };
const params = z.object({ recordingId: z.string() });
const listQuery = pageQuery.extend({ roomId: z.string().optional(), sessionId: z.string().optional() });

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
  readRoutes(app, context);
};

const readRoutes = (app: App, context: ApiContext): void => {
  const { ports, access } = context;
  const { find, around } = recordingAnswers(context, 'composite');

  app.get(
    PATH,
    {
      schema: {
        tags,
        summary: 'List composite recordings',
        querystring: listQuery,
        response: { 200: pageOf(wireCompositeRecording), default: errorEnvelope },
      },
    },
    async (request) => {
      const { page, perPage, roomId, sessionId } = request.query;
      const scope = await access.listScope(callerOf(request), roomId || undefined);
      const narrowed = { sessionId: sessionId || null, query: null, kind: 'composite' } as const;
      const found =
        scope === 'nothing' ? EMPTY_PAGE : await ports.recordings.list({ page, perPage, roomId: scope, ...narrowed });
      const facts = around(request);
      return toPage({ page, perPage }, found, (recording) => toWireComposite(recording, facts));
    },
  );
  app.get(
    `${PATH}/:recordingId`,
    { schema: { tags, summary: 'Get a composite recording', params, response: one } },
    async (request) => toWireComposite(await find(request, request.params.recordingId), around(request)),
  );
  app.delete(
    `${PATH}/:recordingId`,
    { schema: { tags, summary: 'Delete a composite recording', params, response: text } },
    async (request, reply) => {
      const recording = await find(request, request.params.recordingId);
      await ports.recordings.delete(recording.id);
      return sendJsonText(reply, 'Composite recording deleted successfully');
    },
  );
};
