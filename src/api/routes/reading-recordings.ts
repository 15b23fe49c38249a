/** Listing, getting and deleting recordings of one kind: the same for all that stand below an address of their own. */
import { z } from 'zod';
import { type ApiContext, type App, callerOf } from '../api-context.ts';
import { errorEnvelope } from '../error-envelope.ts';
import { sendJsonText } from '../json-text.ts';
import { EMPTY_PAGE, pageOf, pageQuery, toPage } from '../pagination.ts';
import type { RecordingView } from '../ports.ts';
import { recordingAnswers } from '../recording-answers.ts';
import type { Around } from '../wire-common.ts';

/** How recordings of a kind are read. */
export interface ReadableKind<Wire = unknown> {
  readonly kind: 'participant' | 'track' | 'composite' | 'merge';
  /** Of the list; one recording stands below it. */
  readonly path: string;
  readonly wire: z.ZodType<Wire>;
  readonly toWire: (recording: RecordingView, around: Around) => Wire;
}

/** What is told of it is what its schema says. */
export const readable = <Wire>(kind: ReadableKind<Wire>): ReadableKind => kind;

const params = z.object({ recordingId: z.string() });
const listQuery = pageQuery.extend({
  roomId: z.string().optional(),
  sessionId: z.string().optional(),
  participantId: z
    .string()
    .optional()
    .meta({ description: 'Narrows recordings of one participant, and of his tracks.' }),
});

/** `GET path`. */
export const listRoute = (app: App, context: ApiContext, of: ReadableKind): void => {
  const { ports, access } = context;
  const { kind, path, wire, toWire } = of;
  const { around } = recordingAnswers(context, kind);
  app.get(
    path,
    {
      schema: {
        tags: [`${kind} recordings`],
        summary: `List ${kind} recordings`,
        querystring: listQuery,
        response: { 200: pageOf(wire), default: errorEnvelope },
      },
    },
    async (request) => {
      const { page, perPage, roomId, sessionId, participantId } = request.query;
      const scope = await access.listScope(callerOf(request), roomId || undefined);
      const who = kind === 'participant' || kind === 'track' ? participantId : undefined;
      const narrowed = { sessionId: sessionId || null, participantId: who || null, query: null, kind };
      const found =
        scope === 'nothing' ? EMPTY_PAGE : await ports.recordings.list({ page, perPage, roomId: scope, ...narrowed });
      const facts = around(request);
      return toPage({ page, perPage }, found, (recording) => toWire(recording, facts));
    },
  );
};

/** `GET path/{recordingId}` and `DELETE path/{recordingId}`. */
export const oneRoutes = (app: App, context: ApiContext, of: ReadableKind): void => {
  const { kind, path, wire, toWire } = of;
  const { find, around } = recordingAnswers(context, kind);
  const tags = [`${kind} recordings`];
  app.get(
    `${path}/:recordingId`,
    {
      schema: {
        tags,
        summary: `Get a ${kind} recording`,
        params,
        response: { 200: wire, default: errorEnvelope },
      },
    },
    async (request) => toWire(await find(request, request.params.recordingId), around(request)),
  );
  app.delete(
    `${path}/:recordingId`,
    {
      schema: {
        tags,
        summary: `Delete a ${kind} recording`,
        params,
        response: { 200: z.string(), default: errorEnvelope },
      },
    },
    async (request, reply) => {
      const { id } = await find(request, request.params.recordingId);
      await context.ports.recordings.delete(id);
      return sendJsonText(reply, `${kind.charAt(0).toUpperCase()}${kind.slice(1)} recording deleted successfully`);
    },
  );
};
