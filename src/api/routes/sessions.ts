/** `/v2/sessions`: list, get, participants, end, remove a participant. */
import { z } from 'zod';
import { RoomtapeError } from '../../domain/errors.ts';
import { type ApiContext, type App, callerOf } from '../api-context.ts';
import type { Caller } from '../auth.ts';
import { baseUrlOf } from '../base-url.ts';
import { errorEnvelope } from '../error-envelope.ts';
import { sendJsonText } from '../json-text.ts';
import { EMPTY_PAGE, pageAround, pageInfoOf, pageOf, pageQuery, toPage } from '../pagination.ts';
import type { SessionView } from '../ports.ts';
import {
  isPresent,
  toWireParticipant,
  toWireSession,
  wireEndedSession,
  wireParticipant,
  wireSession,
} from '../wire-session.ts';

const toDate = (text: string | undefined): Date | null =>
  text === undefined || text === '' ? null : new Date(Number.isFinite(Number(text)) ? Number(text) : Date.parse(text));

/** PostgreSQL's calendar begins and ends elsewhere than JavaScript's; nobody had a session outside these. */
const FIRST_DATE = Date.parse('0001-01-01T00:00:00Z');
const LAST_DATE = Date.parse('9999-12-31T23:59:59Z');
const isDate = (date: Date | null): boolean =>
  date === null || (date.getTime() >= FIRST_DATE && date.getTime() <= LAST_DATE);

/** Milliseconds since 1970, or anything that names a date. */
const instant = z
  .string()
  .refine((text) => isDate(toDate(text)), 'must be milliseconds since 1970 or an ISO 8601 date, in the years 1 to 9999')
  .optional();

const listQuery = pageQuery.extend({
  roomId: z.string().optional(),
  customRoomId: z.string().optional(),
  query: z.string().optional().meta({ description: 'Room id or customRoomId.' }),
  status: z.enum(['ongoing', 'ended']).optional(),
  startDate: instant,
  endDate: instant,
});

const endBody = z.object({
  roomId: z.string().min(1),
  sessionId: z.string().nullish(),
  ignoreClosed: z.boolean().nullish(),
});
const removeBody = z.object({
  participantId: z.string().min(1),
  roomId: z.string().min(1).nullish(),
  sessionId: z.string().nullish(),
});

const notFound = (): RoomtapeError => new RoomtapeError('SESSION_NOT_FOUND', 'Session not found.');

export const sessionRoutes = (app: App, context: ApiContext): void => {
  const { ports, config, access } = context;
  const tags = ['sessions'];
  const response = { 200: wireSession, default: errorEnvelope };

  const find = async (caller: Caller, sessionId: string): Promise<SessionView> => {
    const session = await ports.sessions.find(sessionId);
    if (!session) throw notFound();
    await access.assertWithin(caller, session.roomId);
    return session;
  };

  app.get(
    '/v2/sessions',
    {
      schema: {
        tags,
        summary: 'List sessions',
        querystring: listQuery,
        response: { 200: pageOf(wireSession), default: errorEnvelope },
      },
    },
    async (request) => {
      const { page, perPage, roomId, customRoomId, query, status, startDate, endDate } = request.query;
      const scope = await access.listScope(callerOf(request), roomId || customRoomId || query || undefined);
      const found =
        scope === 'nothing'
          ? EMPTY_PAGE
          : await ports.sessions.list({
              page,
              perPage,
              roomId: scope,
              customRoomId: null,
              status: status ?? null,
              startDate: toDate(startDate),
              endDate: toDate(endDate),
            });
      const baseUrl = baseUrlOf(request, config.publicUrl);
      return toPage({ page, perPage }, found, (session) => toWireSession(session, baseUrl));
    },
  );

  const params = z.object({ sessionId: z.string() });
  app.get(
    '/v2/sessions/:sessionId',
    { schema: { tags, summary: 'Get a session', params, response } },
    async (request) => {
      const session = await find(callerOf(request), request.params.sessionId);
      return toWireSession(session, baseUrlOf(request, config.publicUrl));
    },
  );

  participantRoutes(app, context, find);

  app.post(
    '/v2/sessions/end',
    {
      schema: {
        tags,
        summary: 'End the running session of a room',
        body: endBody,
        response: { 200: wireEndedSession, default: errorEnvelope },
      },
    },
    async (request) => {
      const { roomId, sessionId, ignoreClosed } = request.body;
      const room = await access.find(callerOf(request), roomId);
      const session = await endSession(context, room.roomId, sessionId || null, ignoreClosed ?? false);
      return {
        ...toWireSession(session, baseUrlOf(request, config.publicUrl)),
        meetingId: session.roomId,
        userMeetingId: session.customRoomId,
      };
    },
  );

  app.post(
    '/v2/sessions/participants/remove',
    {
      schema: {
        tags,
        summary: 'Remove a participant',
        body: removeBody,
        response: { 200: z.string(), default: errorEnvelope },
      },
    },
    async (request, reply) => {
      const { participantId, roomId, sessionId } = request.body;
      const caller = callerOf(request);
      if (!roomId && !sessionId) {
        throw new RoomtapeError('INVALID_REQUEST', '"roomId" or "sessionId" is missing: one of them must say where.');
      }
      const where = roomId ? (await access.find(caller, roomId)).roomId : (await find(caller, sessionId ?? '')).roomId;
      await ports.sessions.removeParticipant({ roomId: where, participantId, sessionId: sessionId || null });
      return sendJsonText(reply, 'Participant removed successfully');
    },
  );
};

/** With `ignoreClosed`, a session that has ended is answered as it is. */
const endSession = async (
  { ports }: ApiContext,
  roomId: string,
  sessionId: string | null,
  ignoreClosed: boolean,
): Promise<SessionView> => {
  try {
    return await ports.sessions.end({ roomId, sessionId });
  } catch (error) {
    if (!(ignoreClosed && error instanceof RoomtapeError && error.code === 'NO_ACTIVE_SESSION')) throw error;
    const last = sessionId
      ? await ports.sessions.find(sessionId)
      : (
          await ports.sessions.list({
            page: 1,
            perPage: 1,
            roomId,
            customRoomId: null,
            status: 'ended',
            startDate: null,
            endDate: null,
          })
        ).items[0];
    if (!last || last.roomId !== roomId) throw error;
    return last;
  }
};

type Find = (caller: Caller, sessionId: string) => Promise<SessionView>;

const participantRoutes = (app: App, { config }: ApiContext, find: Find): void => {
  const tags = ['sessions'];
  const params = z.object({ sessionId: z.string() });
  const response = { 200: pageAround(wireSession), default: errorEnvelope };

  /** The session, its participants cut to the page. */
  const list = (
    path: string,
    summary: string,
    keep: (participant: SessionView['participants'][number]) => boolean,
  ): void => {
    app.get(path, { schema: { tags, summary, params, querystring: pageQuery, response } }, async (request) => {
      const { page, perPage } = request.query;
      const session = await find(callerOf(request), request.params.sessionId);
      const kept = session.participants.filter(keep);
      const participants = kept.slice((page - 1) * perPage, page * perPage);
      return {
        pageInfo: pageInfoOf({ page, perPage }, kept.length),
        data: toWireSession({ ...session, participants }, baseUrlOf(request, config.publicUrl)),
      };
    });
  };
  list('/v2/sessions/:sessionId/participants', 'List the participants of a session', () => true);
  list('/v2/sessions/:sessionId/participants/active', 'List those who are present', isPresent);

  app.get(
    '/v2/sessions/:sessionId/participants/:participantId',
    {
      schema: {
        tags,
        summary: 'Get a participant',
        params: params.extend({ participantId: z.string() }),
        response: { 200: wireParticipant, default: errorEnvelope },
      },
    },
    async (request) => {
      const { sessionId, participantId } = request.params;
      const session = await find(callerOf(request), sessionId);
      const participant = session.participants.find((one) => one.participantId === participantId);
      if (!participant) throw new RoomtapeError('PARTICIPANT_NOT_FOUND', 'Participant not found.');
      return toWireParticipant(participant);
    },
  );
};
