/** `/v2/recordings/participant` and `/v2/recordings/participant/track`: start, stop, list, get, delete. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type ApiContext, type App, callerOf } from '../api-context.ts';
import { callbackOf } from '../callback.ts';
import { errorEnvelope } from '../error-envelope.ts';
import { idempotencyHeaders, newIdOf } from '../idempotency.ts';
import { sendJsonText } from '../json-text.ts';
import { EMPTY_PAGE, pageOf, pageQuery, toPage } from '../pagination.ts';
import type { SubjectName } from '../ports.ts';
import { recordingAnswers } from '../recording-answers.ts';
import { askedDelivery } from '../start-delivery.ts';
import { participantStart, participantStop, TRACK_KINDS, toSubject, trackStart, trackStop } from '../start-subject.ts';
import { toWireIndividual, wireIndividualRecording } from '../wire-individual-recording.ts';

const ID_HEADER = 'x-recording-id';
const text = { 200: z.string(), default: errorEnvelope };
const DESCRIPTION = 'The id of the recording is in the header `X-Recording-Id`.';

const listQuery = pageQuery.extend({
  roomId: z.string().optional(),
  sessionId: z.string().optional(),
  participantId: z.string().optional(),
});

export const individualRecordingRoutes = (app: App, context: ApiContext): void => {
  const { ports, access, config } = context;
  const start = async (
    request: FastifyRequest,
    wanted: string,
    fields: Parameters<typeof toSubject>[0] & {
      readonly bucketDirPath?: string | undefined;
      readonly webhookUrl?: string | undefined;
    },
  ) => {
    const subject = toSubject(fields);
    const room = await access.find(callerOf(request), wanted);
    const directory = { name: 'bucketDirPath', value: fields.bucketDirPath };
    const options = { roomId: room.roomId, ...subject, ...askedDelivery({ directory }, config, new Date()) };
    const callback = callbackOf(request, fields.webhookUrl, config.publicUrl);
    return ports.recordings.start({ ...options, ...callback, id: newIdOf(request) });
  };
  const stop = async (request: FastifyRequest, wanted: string, subject: SubjectName) => {
    const room = await access.find(callerOf(request), wanted);
    return ports.recordings.stop({ roomId: room.roomId, recordingId: null, subject });
  };

  app.post(
    '/v2/recordings/participant/start',
    {
      config: { once: true },
      schema: {
        tags: ['participant recordings'],
        summary: "Start recording a participant's camera and microphone",
        description: DESCRIPTION,
        body: participantStart(config.allowPrivateUrls),
        headers: idempotencyHeaders,
        response: text,
      },
    },
    async (request, reply) => {
      reply.header(ID_HEADER, (await start(request, request.body.roomId, request.body)).id);
      return sendJsonText(reply, 'participant recording started successfully.');
    },
  );
  app.post(
    '/v2/recordings/participant/stop',
    {
      schema: {
        tags: ['participant recordings'],
        summary: 'End the recording of a participant',
        body: participantStop,
        response: text,
      },
    },
    async (request, reply) => {
      const { roomId, participantId } = request.body;
      reply.header(ID_HEADER, (await stop(request, roomId, { kind: 'participant', participantId })).id);
      return sendJsonText(reply, 'participant recording ended successfully.');
    },
  );
  app.post(
    '/v2/recordings/participant/track/start',
    {
      config: { once: true },
      schema: {
        tags: ['track recordings'],
        summary: 'Start recording one track of a participant',
        description: DESCRIPTION,
        body: trackStart(config.allowPrivateUrls),
        headers: idempotencyHeaders,
        response: text,
      },
    },
    async (request, reply) => {
      reply.header(ID_HEADER, (await start(request, request.body.roomId, request.body)).id);
      return sendJsonText(reply, 'track recording started successfully.');
    },
  );
  app.post(
    '/v2/recordings/participant/track/stop',
    {
      schema: { tags: ['track recordings'], summary: 'End the recording of a track', body: trackStop, response: text },
    },
    async (request, reply) => {
      const { roomId, participantId, kind } = request.body;
      const subject = { kind: 'track', participantId, source: TRACK_KINDS[kind] } as const;
      reply.header(ID_HEADER, (await stop(request, roomId, subject)).id);
      return sendJsonText(reply, 'track recording ended successfully.');
    },
  );
  readRoutes(app, context, 'participant');
  readRoutes(app, context, 'track');
};

const readRoutes = (app: App, context: ApiContext, kind: 'participant' | 'track'): void => {
  const { ports, access } = context;
  const path = kind === 'participant' ? '/v2/recordings/participant' : '/v2/recordings/participant/track';
  const tags = [`${kind} recordings`];
  const params = z.object({ recordingId: z.string() });

  const { find, around } = recordingAnswers(context, kind);

  app.get(
    path,
    {
      schema: {
        tags,
        summary: `List ${kind} recordings`,
        querystring: listQuery,
        response: { 200: pageOf(wireIndividualRecording), default: errorEnvelope },
      },
    },
    async (request) => {
      const { page, perPage, roomId, sessionId, participantId } = request.query;
      const scope = await access.listScope(callerOf(request), roomId || undefined);
      const narrowed = { sessionId: sessionId || null, participantId: participantId || null, query: null, kind };
      const found =
        scope === 'nothing' ? EMPTY_PAGE : await ports.recordings.list({ page, perPage, roomId: scope, ...narrowed });
      const facts = around(request);
      return toPage({ page, perPage }, found, (recording) => toWireIndividual(recording, facts));
    },
  );
  app.get(
    `${path}/:recordingId`,
    {
      schema: {
        tags,
        summary: `Get a ${kind} recording`,
        params,
        response: { 200: wireIndividualRecording, default: errorEnvelope },
      },
    },
    async (request) => toWireIndividual(await find(request, request.params.recordingId), around(request)),
  );
  app.delete(
    `${path}/:recordingId`,
    { schema: { tags, summary: `Delete a ${kind} recording`, params, response: text } },
    async (request, reply) => {
      const recording = await find(request, request.params.recordingId);
      await ports.recordings.delete(recording.id);
      return sendJsonText(reply, `${kind === 'participant' ? 'Participant' : 'Track'} recording deleted successfully`);
    },
  );
};
