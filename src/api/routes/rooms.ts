/** `/v2/rooms`: create, list, get, validate, deactivate. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RoomtapeError } from '../../domain/errors.ts';
import type { AutoClose } from '../../domain/room-rules.ts';
import { shownUrl } from '../../support/outbound-url.ts';
import { type ApiContext, type App, callerOf } from '../api-context.ts';
import { baseUrlOf } from '../base-url.ts';
import { errorEnvelope } from '../error-envelope.ts';
import { idempotencyHeaders, newIdOf } from '../idempotency.ts';
import { outboundUrl } from '../outbound-url.ts';
import { EMPTY_PAGE, pageOf, pageQuery, toPage } from '../pagination.ts';
import type { Page, RoomView } from '../ports.ts';
import { toRoomStart } from '../room-start.ts';
import { recordingFields, refuseNotImplemented } from '../start-recording.ts';
import { assertHearable } from '../start-transcription.ts';
import { toWireRoom, type WireRoom, wireRoom } from '../wire-room.ts';

const LONGEST_ROOM_ID = 256;
/** Of `autoCloseConfig`: as VideoSDK has it where nothing is said; longer than a week is no limit any more. */
const DEFAULT_MINUTES = 480;
const LEAST_MINUTES = 1;
const MOST_MINUTES = 7 * 24 * 60;
/** Free text, but something that a URL and a log line can carry. */
const isUsableId = (id: string): boolean => id.length > 0 && id.length <= LONGEST_ROOM_ID && !/\p{Cc}/u.test(id);
const customRoomId = z
  .string()
  .refine(isUsableId, `must have 1 to ${LONGEST_ROOM_ID} characters and no control characters`);

/** Fields of VideoSDK that later versions turn on. Validated; refused by name. `geoFence` and other unknown fields are ignored. */
const createBody = (allowed: true | readonly string[]) =>
  z
    .object({
      customRoomId: customRoomId.nullish(),
      webhook: z.object({ endPoint: outboundUrl(allowed), events: z.array(z.string().max(64)).max(64) }).nullish(),
      autoCloseConfig: z
        .object({
          type: z.enum(['session-ends', 'session-end-and-deactivate']).nullish(),
          duration: z.number().min(LEAST_MINUTES).max(MOST_MINUTES).nullish().meta({
            description: 'Minutes after the beginning of a session; 480 where it is left out.',
          }),
        })
        .nullish()
        .meta({ description: 'Ends sessions after a time. `session-end-and-deactivate`: the room has one session.' }),
      autoStartConfig: z
        .object({
          recording: recordingFields(allowed).nullish(),
          hls: z.unknown().optional(),
          composite: z.unknown().optional(),
        })
        .nullish()
        .meta({ description: 'Records every session from its first participant on, as a start call would.' }),
      multiComposition: z.record(z.string(), z.boolean().nullish()).nullish(),
      allowedParticipantIds: z.array(z.string()).nullish(),
    })
    .meta({ 'x-examples': { named: { summary: 'With an id of your own', value: { customRoomId: 'weekly' } } } });

const refuseUnfinished = (body: z.infer<ReturnType<typeof createBody>>): void => {
  const multi = Object.entries(body.multiComposition ?? {}).find(([, on]) => on === true);
  refuseNotImplemented([
    ['autoStartConfig.hls', body.autoStartConfig?.hls || undefined],
    ['autoStartConfig.composite', body.autoStartConfig?.composite || undefined],
    [`multiComposition.${multi?.[0] ?? ''}`, multi?.[1]],
    // Ignoring this one would let people in whom the caller meant to keep out.
    ['allowedParticipantIds', body.allowedParticipantIds?.length ? body.allowedParticipantIds : undefined],
  ]);
};

/** Refused as the start call would refuse it, with the field's place in this body. Null: no session records itself. */
const autoStartOf = async (
  body: z.infer<ReturnType<typeof createBody>>,
  { config, ports }: Pick<ApiContext, 'config' | 'ports'>,
): Promise<Readonly<Record<string, unknown>> | null> => {
  const fields = body.autoStartConfig?.recording;
  if (!fields) return null;
  try {
    const { transcription } = toRoomStart(fields, config, new Date());
    await assertHearable(ports.transcriptions, transcription, 'transcription.');
  } catch (error) {
    if (!(error instanceof RoomtapeError)) throw error;
    throw new RoomtapeError(error.code, `In "autoStartConfig.recording": ${error.message}`, { cause: error });
  }
  return fields;
};

const autoCloseOf = (body: z.infer<ReturnType<typeof createBody>>): AutoClose | null => {
  if (!body.autoCloseConfig) return null;
  const { type, duration } = body.autoCloseConfig;
  return {
    afterMs: Math.round((duration ?? DEFAULT_MINUTES) * 60_000),
    deactivate: type === 'session-end-and-deactivate',
  };
};

export const roomRoutes = (app: App, { ports, config, access, userId }: ApiContext): void => {
  const tags = ['rooms'];
  const response = { 200: wireRoom, default: errorEnvelope };
  const body = createBody(config.allowPrivateUrls);
  const wire = (request: FastifyRequest, room: RoomView): WireRoom => {
    const isBound = callerOf(request).roomClaim !== undefined;
    return toWireRoom(isBound ? withoutSecrets(room) : room, userId, baseUrlOf(request, config.publicUrl));
  };

  app.post(
    '/v2/rooms',
    {
      config: { once: true },
      schema: {
        tags,
        summary: 'Create a room',
        description: 'Idempotent on `customRoomId`.',
        body,
        headers: idempotencyHeaders,
        response,
      },
    },
    async (request) => {
      refuseUnfinished(request.body);
      const custom = request.body.customRoomId ?? null;
      const claim = callerOf(request).roomClaim;
      if (claim !== undefined && claim !== custom) {
        throw new RoomtapeError(
          'NOT_PERMITTED',
          `This token is bound to the room "${claim}" and can't create another.`,
        );
      }
      const room = await ports.rooms.create({
        customRoomId: custom,
        webhook: request.body.webhook ?? null,
        autoClose: autoCloseOf(request.body),
        autoStart: await autoStartOf(request.body, { config, ports }),
        id: newIdOf(request),
      });
      return wire(request, room);
    },
  );

  const listQuery = pageQuery.extend({ query: z.string().max(LONGEST_ROOM_ID).optional() });
  app.get(
    '/v2/rooms',
    {
      schema: {
        tags,
        summary: 'List rooms',
        querystring: listQuery,
        response: { 200: pageOf(wireRoom), default: errorEnvelope },
      },
    },
    async (request) => {
      const { page, perPage, query } = request.query;
      const claim = callerOf(request).roomClaim;
      const found =
        claim === undefined
          ? await ports.rooms.list({ page, perPage, query: query || null })
          : onlyRoom(await ports.rooms.find(claim), page);
      return toPage({ page, perPage }, found, (room) => wire(request, room));
    },
  );

  const params = z.object({ roomId: z.string() });
  app.get(
    '/v2/rooms/:roomId',
    { schema: { tags, summary: 'Get a room', description: 'By room id or customRoomId.', params, response } },
    async (request) => {
      const room = await access.find(callerOf(request), request.params.roomId);
      return wire(request, room);
    },
  );

  app.get(
    '/v2/rooms/validate/:roomId',
    {
      schema: {
        tags,
        summary: 'Validate a room id',
        description: '400 where there is no such room.',
        params,
        response,
      },
    },
    async (request) => {
      const { roomId } = request.params;
      if (!isUsableId(roomId)) throw new RoomtapeError('ROOM_INVALID', 'RoomId is invalid.');
      const room = await access.find(callerOf(request), roomId).catch(asInvalid);
      return wire(request, room);
    },
  );

  app.post(
    '/v2/rooms/deactivate',
    {
      schema: {
        tags,
        summary: 'Deactivate a room',
        description: 'Nobody can join it any more; a running session ends.',
        body: z.object({ roomId: z.string().min(1) }),
        response,
      },
    },
    async (request) => {
      const room = await access.find(callerOf(request), request.body.roomId);
      const disabled = await ports.rooms.deactivate(room.roomId);
      return wire(request, disabled);
    },
  );
};

/** Tokens of one room reach browsers; the URL of an endpoint is for whoever set it. */
const withoutSecrets = (room: RoomView): RoomView =>
  room.webhook ? { ...room, webhook: { ...room.webhook, endPoint: shownUrl(room.webhook.endPoint) } } : room;

/** All that a token that is bound to a room may list: never by search, which finds in other rooms' ids as well. */
const onlyRoom = (room: RoomView | null, page: number): Page<RoomView> =>
  room ? { items: page === 1 ? [room] : [], total: 1 } : EMPTY_PAGE;

/** Validation answers 400 where other calls answer 404. */
const asInvalid = (error: unknown): RoomView => {
  if (error instanceof RoomtapeError && error.code === 'ROOM_NOT_FOUND') {
    throw new RoomtapeError('ROOM_INVALID', 'Room not found.', { cause: error });
  }
  throw error;
};
