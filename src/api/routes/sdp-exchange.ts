/** What WHIP (RFC 9725) and WHEP have in common: a participant's token, an SDP body, ICE servers in `Link` headers. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RoomtapeError } from '../../domain/errors.ts';
import type { IceServer } from '../api-config.ts';
import type { ApiContext, App } from '../api-context.ts';
import { tokenOf } from '../auth.ts';
import { basePathOf } from '../base-url.ts';
import type { ParticipantClaims } from '../ports.ts';

/** An offer of a browser with every codec is about 10 KiB; with many tracks, 60. */
export const SDP_BODY_LIMIT = 256 * 1024;
const MEDIA_TYPE = 'application/sdp';

/** Refuses other bodies than SDP before they are read. For `onRequest` of routes that take an offer. */
export const requireSdp = async (request: FastifyRequest): Promise<void> => {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type === MEDIA_TYPE) return;
  const received = type === undefined ? 'no content type' : `"${type}"`;
  throw new RoomtapeError(
    'UNSUPPORTED_MEDIA_TYPE',
    `The body must be an SDP offer with "Content-Type: ${MEDIA_TYPE}"; it came with ${received}.`,
  );
};

/** The offer. INVALID_SDP where it can't be one; the media process judges the rest. */
export const offerOf = (body: unknown): string => {
  if (typeof body === 'string' && /^v=0\r?\n/.test(body)) return body;
  throw new RoomtapeError('INVALID_SDP', 'The body is not an SDP offer: it must begin with the line "v=0".');
};

/** Takes SDP bodies as text, in this app alone. */
export const acceptSdp = (app: App): void => {
  app.addContentTypeParser(MEDIA_TYPE, { parseAs: 'string', bodyLimit: SDP_BODY_LIMIT }, (_request, body, done) =>
    done(null, body),
  );
};

/** The joiner of this request, admitted to the room. */
export const admit = async (
  { tokens, access, limits }: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { roomId, name }: { readonly roomId: string; readonly name?: string | undefined },
): Promise<ParticipantClaims> => {
  const joiner = await tokens.forJoin(tokenOf(request.headers.authorization));
  limits.join(joiner, reply);
  return access.admit(joiner, roomId, name);
};

const quoted = (value: string): string => `"${value.replaceAll(/["\\]/g, '\\$&')}"`;

/** RFC 9725 §4.6. */
export const iceServerLinks = (servers: readonly IceServer[]): string[] =>
  servers.flatMap(({ urls, username, credential }) =>
    [urls].flat().map((url) => {
      const secret =
        username !== undefined && credential !== undefined
          ? `; username=${quoted(username)}; credential=${quoted(credential)}; credential-type="password"`
          : '';
      return `<${String(url)}>; rel="ice-server"${secret}`;
    }),
  );

/** 201 with the answer. `path` is where the session can be ended; it is relative to the host, so that proxies and redirects keep it right. */
export const sendAnswer = (
  reply: FastifyReply,
  { config }: ApiContext,
  path: string,
  { resourceId, answer }: { resourceId: string; answer: string },
): FastifyReply => {
  const links = iceServerLinks(config.rtc.iceServers);
  if (links.length > 0) reply.header('link', links.join(', '));
  return reply
    .code(201)
    .type(MEDIA_TYPE)
    .header('location', `${basePathOf(config.publicUrl)}${path}`)
    .header('etag', `"${resourceId}"`)
    .send(answer);
};

/** The answer to an ending: nothing to say. */
export const ENDED = { description: 'Ended', content: { 'text/plain': { schema: z.literal('') } } };

/** Ends a WHIP or WHEP session. RESOURCE_NOT_FOUND. */
export const endResource = async (
  context: ApiContext,
  request: FastifyRequest,
  roomId: string,
  resourceId: string,
): Promise<void> => {
  const room = await admitToEnd(context, request, roomId);
  if (!(await context.ports.media.deleteResource(room, resourceId))) {
    throw new RoomtapeError('RESOURCE_NOT_FOUND', 'There is no such session: it has ended, or never was.');
  }
};

/** A room that was deactivated meanwhile is no reason to keep a session from ending. */
const admitToEnd = async ({ tokens, access }: ApiContext, request: FastifyRequest, roomId: string): Promise<string> => {
  const joiner = await tokens.forJoin(tokenOf(request.headers.authorization));
  return (await access.find(joiner, roomId)).roomId;
};
