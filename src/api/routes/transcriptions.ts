/** `/ai/v1/post-transcriptions`: list, get, search; and transcribing a recording again. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RoomtapeError } from '../../domain/errors.ts';
import type { TranscriptionRequest } from '../../domain/transcription.ts';
import { type ApiContext, type App, callerOf } from '../api-context.ts';
import { errorEnvelope } from '../error-envelope.ts';
import { idempotencyHeaders, newIdOf } from '../idempotency.ts';
import { given, orOff } from '../optional-field.ts';
import { EMPTY_PAGE, pageAround, pageInfoOf, pageOf, pageQuery, toPage } from '../pagination.ts';
import type { TranscriptionView } from '../ports.ts';
import { recordingAnswers } from '../recording-answers.ts';
import { askedSummary, languageTag, summaryFields } from '../start-transcription.ts';
import {
  toWireFoundUtterance,
  toWireTranscription,
  wireFoundUtterance,
  wireTranscription,
} from '../wire-transcription.ts';

const PATH = '/ai/v1/post-transcriptions';
const LONGEST_QUERY = 200;

const params = z.object({ transcriptionId: z.string() });
const listQuery = pageQuery.extend({
  roomId: z.string().optional().meta({ description: 'Room id or customRoomId.' }),
  sessionId: z.string().optional(),
  recordingId: z.string().optional(),
});
const searchQuery = pageQuery.extend({
  q: z.string().trim().min(1).max(LONGEST_QUERY).meta({
    description: 'Words, in any of their forms; "a phrase"; `or`; `-without`. Parts of words are found as they stand.',
  }),
});
const againBody = z
  .object({
    engine: orOff(z.enum(['embedded', 'endpoint'])).meta({
      description: 'The model on this machine, or the configured endpoint, which is taken where there is one.',
    }),
    language: orOff(languageTag),
    summary: given(summaryFields),
  })
  .meta({ 'x-examples': { german: { summary: 'In another language', value: { language: 'de' } } } });

const notFound = (): RoomtapeError => new RoomtapeError('TRANSCRIPTION_NOT_FOUND', 'Transcription not found.');

export const transcriptionRoutes = (app: App, context: ApiContext): void => {
  readRoutes(app, context);
  const { ports, access } = context;
  const { around } = recordingAnswers(context);
  app.post(
    '/v2/recordings/:recordingId/transcriptions',
    {
      config: { once: true },
      schema: {
        tags: ['transcriptions'],
        summary: 'Transcribe a recording again',
        description:
          'Also for the first time. 409 `RECORDING_NOT_ENDED` while it runs, 410 `RECORDING_JOURNAL_ERASED` when what was recorded is no longer kept.',
        params: z.object({ recordingId: z.string() }),
        body: againBody,
        headers: idempotencyHeaders,
        response: { 200: wireTranscription, default: errorEnvelope },
      },
    },
    async (request) => {
      // Of any kind: people apart are transcribed, too.
      const recording = await ports.recordings.find(request.params.recordingId);
      if (!recording) throw new RoomtapeError('RECORDING_NOT_FOUND', 'Recording not found.');
      await access.assertWithin(callerOf(request), recording.roomId);
      const { engine, language, summary } = request.body;
      const asked: TranscriptionRequest = {
        engine: engine ?? null,
        language: language ?? null,
        summary: askedSummary(summary),
      };
      const view = await ports.transcriptions.transcribe(recording.id, asked, { id: newIdOf(request) });
      return toWireTranscription(view, around(request));
    },
  );
};

const readRoutes = (app: App, context: ApiContext): void => {
  const { ports, access } = context;
  const { around } = recordingAnswers(context);
  const tags = ['transcriptions'];
  const find = async (request: FastifyRequest, id: string): Promise<TranscriptionView> => {
    const view = await ports.transcriptions.find(id);
    if (!view) throw notFound();
    await access.assertWithin(callerOf(request), view.roomId);
    return view;
  };

  app.get(
    PATH,
    {
      schema: {
        tags,
        summary: 'List transcriptions',
        querystring: listQuery,
        response: {
          200: pageAround(z.array(wireTranscription))
            .omit({ data: true })
            .extend({ transcriptions: z.array(wireTranscription) }),
          default: errorEnvelope,
        },
      },
    },
    async (request) => {
      const { page, perPage, roomId, sessionId, recordingId } = request.query;
      const scope = await access.listScope(callerOf(request), roomId || undefined);
      const narrowed = { sessionId: sessionId || null, recordingId: recordingId || null };
      const found =
        scope === 'nothing'
          ? EMPTY_PAGE
          : await ports.transcriptions.list({ page, perPage, roomId: scope, ...narrowed });
      const facts = around(request);
      return {
        pageInfo: pageInfoOf({ page, perPage }, found.total),
        transcriptions: found.items.map((view) => toWireTranscription(view, facts)),
      };
    },
  );

  app.get(
    `${PATH}/:transcriptionId`,
    {
      schema: {
        tags,
        summary: 'Get a transcription',
        params,
        response: { 200: wireTranscription, default: errorEnvelope },
      },
    },
    async (request) => toWireTranscription(await find(request, request.params.transcriptionId), around(request)),
  );

  app.get(
    `${PATH}/:transcriptionId/search`,
    {
      schema: {
        tags,
        summary: 'Search what was said',
        description: 'In order of time, by the rules of the language that was spoken.',
        params,
        querystring: searchQuery,
        response: { 200: pageOf(wireFoundUtterance), default: errorEnvelope },
      },
    },
    async (request) => {
      const { page, perPage, q } = request.query;
      const { id } = await find(request, request.params.transcriptionId);
      const found = await ports.transcriptions.search({ page, perPage, transcriptionId: id, query: q });
      return toPage({ page, perPage }, found, toWireFoundUtterance);
    },
  );
};
