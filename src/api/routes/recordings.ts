/** `/v2/recordings`: start, end, list, get, delete. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RoomtapeError } from '../../domain/errors.ts';
import { type ApiContext, type App, callerOf } from '../api-context.ts';
import { callbackOf } from '../callback.ts';
import { errorEnvelope } from '../error-envelope.ts';
import { idempotencyHeaders, newIdOf } from '../idempotency.ts';
import { sendJsonText } from '../json-text.ts';
import { EMPTY_PAGE, pageOf, pageQuery, toPage } from '../pagination.ts';
import { recordingAnswers } from '../recording-answers.ts';
import { toRoomStart } from '../room-start.ts';
import { startBody } from '../start-recording.ts';
import { assertHearable } from '../start-transcription.ts';
import { toWireRecording, type WireRecording, wireRecording } from '../wire-recording.ts';
import { toWireTranscription } from '../wire-transcription.ts';

/** Carries the recording's id, since the body of a start or end has no room for it. */
const ID_HEADER = 'x-recording-id';

const text = { 200: z.string(), default: errorEnvelope };
const roomQuery = z.object({ roomId: z.string().optional() });
const flag = z.stringbool().optional().meta({ description: 'With what was transcribed of it.' });

const listQuery = pageQuery.extend({
  roomId: z.string().optional(),
  sessionId: z.string().optional(),
  query: z.string().optional().meta({ description: 'Room id or customRoomId.' }),
  withTranscription: flag,
});
const endBody = z.object({ roomId: z.string().min(1).nullish(), id: z.string().nullish() });

/** The room of body or query; both must agree. */
const roomOf = (body: string | null | undefined, query: string | undefined): string => {
  if (body && query && body !== query) {
    throw new RoomtapeError(
      'INVALID_REQUEST',
      `"roomId" is "${body}" in the body and "${query}" in the query: give one.`,
    );
  }
  const roomId = body || query;
  if (!roomId)
    throw new RoomtapeError(
      'INVALID_REQUEST',
      '"roomId" is missing: it must name the room, by its id or customRoomId.',
    );
  return roomId;
};

export const recordingRoutes = (app: App, context: ApiContext): void => {
  const { config } = context;
  const tags = ['recordings'];

  app.post(
    '/v2/recordings/start',
    {
      config: { once: true },
      schema: {
        tags,
        summary: 'Start recording a room',
        description: 'The id of the recording is in the header `X-Recording-Id`.',
        body: startBody(config.allowPrivateUrls),
        querystring: roomQuery,
        headers: idempotencyHeaders,
        response: text,
      },
    },
    async (request, reply) => {
      const wanted = roomOf(request.body.roomId, request.query.roomId);
      const start = toRoomStart(request.body, config, new Date());
      const room = await context.access.find(callerOf(request), wanted);
      await assertHearable(context.ports.transcriptions, start.transcription, 'transcription.');
      const callback = callbackOf(request, request.body.webhookUrl, config.publicUrl);
      const options = { roomId: room.roomId, ...start, ...callback, id: newIdOf(request) };
      const recording = await context.ports.recordings.start(options);
      reply.header(ID_HEADER, recording.id);
      return sendJsonText(reply, 'Recording started successfully');
    },
  );

  for (const path of ['/v2/recordings/end', '/v2/recordings/stop']) {
    app.post(
      path,
      { schema: { tags, summary: 'End a recording', body: endBody, querystring: roomQuery, response: text } },
      async (request, reply) => {
        const room = await context.access.find(callerOf(request), roomOf(request.body.roomId, request.query.roomId));
        const recording = await context.ports.recordings.stop({
          roomId: room.roomId,
          recordingId: request.body.id || null,
        });
        reply.header(ID_HEADER, recording.id);
        return sendJsonText(reply, 'Recording ended successfully');
      },
    );
  }
  readRoutes(app, context);
};

const readRoutes = (app: App, context: ApiContext): void => {
  const { ports, access } = context;
  const { find, around, wire } = recordingAnswers(context);
  const tags = ['recordings'];
  const withTranscriptions = async (request: FastifyRequest, shown: readonly WireRecording[]) => {
    const found = await ports.transcriptions.ofRecordings(shown.map(({ id }) => id));
    const facts = around(request);
    return shown.map((recording) => {
      const transcription = found.get(recording.id);
      return { ...recording, transcription: transcription ? toWireTranscription(transcription, facts) : null };
    });
  };
  const params = z.object({ recordingId: z.string() });

  app.get(
    '/v2/recordings',
    {
      schema: {
        tags,
        summary: 'List recordings',
        querystring: listQuery,
        response: { 200: pageOf(wireRecording), default: errorEnvelope },
      },
    },
    async (request) => {
      const { page, perPage, roomId, sessionId, query } = request.query;
      const scope = await access.listScope(callerOf(request), roomId || query || undefined);
      const found =
        scope === 'nothing'
          ? EMPTY_PAGE
          : await ports.recordings.list({ page, perPage, roomId: scope, sessionId: sessionId || null, query: null });
      const facts = around(request);
      const shown = toPage({ page, perPage }, found, (recording) => toWireRecording(recording, facts));
      return request.query.withTranscription
        ? { ...shown, data: await withTranscriptions(request, shown.data) }
        : shown;
    },
  );

  app.get(
    '/v2/recordings/:recordingId',
    {
      schema: {
        tags,
        summary: 'Get a recording',
        params,
        querystring: z.object({ withTranscription: flag }),
        response: { 200: wireRecording, default: errorEnvelope },
      },
    },
    async (request) => {
      const shown = wire(request, await find(request, request.params.recordingId));
      if (!request.query.withTranscription) return shown;
      const [completed = shown] = await withTranscriptions(request, [shown]);
      return completed;
    },
  );

  app.delete(
    '/v2/recordings/:recordingId',
    { schema: { tags, summary: 'Delete a recording', params, response: text } },
    async (request, reply) => {
      const recording = await find(request, request.params.recordingId);
      await ports.recordings.delete(recording.id);
      return sendJsonText(reply, 'Room recording deleted successfully');
    },
  );
};
