/** `/v2/rooms`: create, list, get, validate, deactivate. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RoomtapeError } from '../../domain/errors.ts';
import { shownUrl } from '../../support/outbound-url.ts';
import { type ApiContext, type App, callerOf } from '../api-context.ts';
import { baseUrlOf } from '../base-url.ts';
import { errorEnvelope } from '../error-envelope.ts';
import { outboundUrl } from '../outbound-url.ts';
import { EMPTY_PAGE, pageOf, pageQuery, toPage } from '../pagination.ts';
import type { Page, RoomView } from '../ports.ts';
import { recordingFields, refuseNotImplemented } from '../start-recording.ts';
import { toWireRoom, type WireRoom, wireRoom } from '../wire-room.ts';

const LONGEST_ROOM_ID = 256;
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
      autoCloseConfig: z.object({ type: z.string().nullish(), duration: z.number().min(0).nullish() }).nullish(),
      autoStartConfig: z.object({ recording: recordingFields(allowed).nullish() }).nullish(),
      multiComposition: z.record(z.string(), z.boolean().nullish()).nullish(),
      allowedParticipantIds: z.array(z.string()).nullish(),
    })
    .meta({ 'x-examples': { named: { summary: 'With an id of your own', value: { customRoomId: 'weekly' } } } });

const refuseUnfinished = (body: z.infer<ReturnType<typeof createBody>>): void => {
  const multi = Object.entries(body.multiComposition ?? {}).find(([, on]) => on === true);
  refuseNotImplemented([
    ['autoCloseConfig', body.autoCloseConfig ?? undefined],
    ['autoStartConfig', body.autoStartConfig?.recording ?? undefined],
    [`multiComposition.${multi?.[0] ?? ''}`, multi?.[1]],
    // Ignoring this one would let people in whom the caller meant to keep out.
    ['allowedParticipantIds', body.allowedParticipantIds?.length ? body.allowedParticipantIds : undefined],
  ]);
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
    { schema: { tags, summary: 'Create a room', description: 'Idempotent on `customRoomId`.', body, response } },
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
      const room = await ports.rooms.create({ customRoomId: custom, webhook: request.body.webhook ?? null });
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
