/** `/v2/recordings/participant/merge`: create, list, get, delete. */
import { z } from 'zod';
import { RoomtapeError } from '../../domain/errors.ts';
import { type ApiContext, type App, callerOf } from '../api-context.ts';
import { callbackOf } from '../callback.ts';
import { errorEnvelope } from '../error-envelope.ts';
import { idempotencyHeaders, newIdOf } from '../idempotency.ts';
import { optional } from '../optional-field.ts';
import { outboundUrl } from '../outbound-url.ts';
import { EMPTY_PAGE, pageInfoOf, pageQuery } from '../pagination.ts';
import type { MergeSource, Page, RecordingView } from '../ports.ts';
import { recordingAnswers } from '../recording-answers.ts';
import { askedDelivery, bucketPath } from '../start-delivery.ts';
import { WEBHOOK_URL } from '../start-recording.ts';
import { mergeStatus, mergeStatusOf, toWireMerge, wireMergeRecording } from '../wire-merge-recording.ts';
import { oneRoutes, readable } from './reading-recordings.ts';

const PATH = '/v2/recordings/participant/merge';
const tags = ['merge recordings'];
/** Voices on one side. */
const MOST_SOURCES = 25;

const type = optional(z.enum(['participant', 'track']));
const channel = z
  .array(z.object({ participantId: z.string().min(1).max(64), recordingId: optional(z.string().max(64)), type }))
  .min(1)
  .max(MOST_SOURCES);
/** What /api-docs offers to try. */
const EXAMPLE = {
  sessionId: '66f1a2b30123456789abcdef',
  channel1: [{ participantId: 'k3j9x0ab' }],
  channel2: [{ participantId: 'b0b' }],
};
const mergeBody = (allowed: true | readonly string[]) =>
  z
    .object({
      sessionId: z.string().min(1).max(64),
      channel1: channel.meta({ description: 'On the left. Without a recordingId: the first that is done.' }),
      channel2: channel.meta({ description: 'On the right.' }),
      type: type.meta({ description: 'Of every entry that does not say it.' }),
      webhookUrl: optional(outboundUrl(allowed)).meta({ description: WEBHOOK_URL }),
      dirPath: optional(bucketPath).meta({ description: 'The same as `bucketDirPath`.' }),
      bucketDirPath: optional(bucketPath).meta({ description: 'Directory in the configured bucket.' }),
    })
    .meta({ 'x-examples': { two: { summary: 'One voice on each side', value: EXAMPLE } } });
const listQuery = pageQuery.extend({
  status: mergeStatus.optional(),
  roomId: z.string().optional(),
  sessionId: z.string().optional(),
  id: z.string().optional(),
});
const listAnswer = z.object({
  pageInfo: z.object({
    currentPage: z.number().int(),
    perPage: z.number().int(),
    lastPage: z.number().int(),
    total: z.number().int(),
  }),
  recordings: z.array(wireMergeRecording),
});

export const mergeRecordingRoutes = (app: App, context: ApiContext): void => {
  const { ports, access, config } = context;
  const { around } = recordingAnswers(context, 'merge');

  app.post(
    PATH,
    {
      config: { once: true },
      schema: {
        tags,
        summary: 'Merge the sound of finished recordings into two channels',
        body: mergeBody(config.allowPrivateUrls),
        headers: idempotencyHeaders,
        response: { 200: z.object({ message: z.string(), recording: wireMergeRecording }), default: errorEnvelope },
      },
    },
    async (request) => {
      const { body } = request;
      const directory =
        body.bucketDirPath === undefined
          ? { name: 'dirPath', value: body.dirPath }
          : { name: 'bucketDirPath', value: body.bucketDirPath };
      const asked = askedDelivery({ directory }, config, new Date());
      const session = await ports.sessions.find(body.sessionId);
      if (!session) throw new RoomtapeError('SESSION_NOT_FOUND', `There is no session "${body.sessionId}".`);
      await access.assertWithin(callerOf(request), session.roomId);
      const sourcesOf = (entries: typeof body.channel1): MergeSource[] =>
        entries.map((entry) => ({
          participantId: entry.participantId,
          recordingId: entry.recordingId ?? null,
          type: entry.type ?? body.type ?? null,
        }));
      const recording = await ports.recordings.merge({
        sessionId: session.id,
        channel1: sourcesOf(body.channel1),
        channel2: sourcesOf(body.channel2),
        id: newIdOf(request),
        ...(asked && { destinations: asked.destinations }),
        ...callbackOf(request, body.webhookUrl, config.publicUrl),
      });
      return { message: 'merge recording started successfully.', recording: toWireMerge(recording, around(request)) };
    },
  );
  readRoutes(app, context);
};

const readRoutes = (app: App, context: ApiContext): void => {
  const { ports, access } = context;
  const { around } = recordingAnswers(context, 'merge');
  /** At most one, if it fits what else is asked. */
  const only = (recording: RecordingView | null, roomId: string | null, sessionId: string | null, status?: string) => {
    const fits =
      recording?.subject.kind === 'merge' &&
      (roomId === null || recording.roomId === roomId) &&
      (sessionId === null || recording.sessionId === sessionId) &&
      (status === undefined || mergeStatusOf(recording.status) === status);
    return recording && fits ? { items: [recording], total: 1 } : EMPTY_PAGE;
  };

  app.get(
    PATH,
    {
      schema: {
        tags,
        summary: 'List merges',
        querystring: listQuery,
        response: { 200: listAnswer, default: errorEnvelope },
      },
    },
    async (request) => {
      const { page, perPage, roomId, status, id } = request.query;
      const sessionId = request.query.sessionId || null;
      const scope = await access.listScope(callerOf(request), roomId || undefined);
      const found = async (): Promise<Page<RecordingView>> => {
        if (scope === 'nothing') return EMPTY_PAGE;
        if (id) return only(await ports.recordings.find(id), scope, sessionId, status);
        const states = { processing: ['composing'], completed: ['done'], failed: ['failed'] } as const;
        const narrowed = {
          sessionId,
          query: null,
          kind: 'merge',
          ...(status && { statuses: states[status] }),
        } as const;
        return ports.recordings.list({ page, perPage, roomId: scope, ...narrowed });
      };
      const { items, total } = await found();
      const facts = around(request);
      return {
        pageInfo: pageInfoOf({ page, perPage }, total),
        recordings: items.map((recording) => toWireMerge(recording, facts)),
      };
    },
  );
  oneRoutes(app, context, readable({ kind: 'merge', path: PATH, wire: wireMergeRecording, toWire: toWireMerge }));
};
