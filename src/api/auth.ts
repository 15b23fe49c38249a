/**
 * Tokens: JWT (RFC 7519), HS256 with the API secret, nothing else. Claims as VideoSDK's: `apikey`, `permissions`, `version`, `roomId`,
 * `participantId`, `roles`, and our `name`. `{apikey}` alone is a whole token: all permissions, no bounds.
 *
 * Our claim `recordingId` makes it a page's: it joins, hidden and view-only, while that recording runs, and does nothing else.
 *
 * A `roomId` claim binds the token to that room, for REST and joining alike. Role `rtc` alone is for joining, `crawler` alone for REST;
 * both, or none, for both.
 */
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { RoomtapeError } from '../domain/errors.ts';
import { isHexId, isParticipantId } from '../domain/ids.ts';
import type { ApiCredentials } from './api-config.ts';

/** Clocks of callers are a little off; more than this is a wrong clock. */
const CLOCK_TOLERANCE_S = 10;
/** Longer than any token of ours or VideoSDK's; what is longer is not worth the hash. */
const LONGEST_TOKEN = 8192;

const claimsSchema = z.object({
  apikey: z.string(),
  permissions: z.array(z.string()).optional(),
  roomId: z.string().min(1).max(256).optional(),
  participantId: z.string().refine(isParticipantId, '1 to 64 letters, digits, "_" or "-"').optional(),
  roles: z.union([z.string().transform((role) => [role]), z.array(z.string())]).optional(),
  name: z.string().max(100).optional(),
  recordingId: z.string().refine(isHexId, '24 hex characters').optional(),
});
type Claims = z.infer<typeof claimsSchema>;

/** Who calls, as a verified token says. */
export interface Caller {
  /** The room (id or customRoomId) that the token is bound to. */
  readonly roomClaim: string | undefined;
  /** The participant that the token is for. */
  readonly participantId: string | undefined;
}

/** Who joins, as a verified token says. */
export interface Joiner extends Caller {
  readonly name: string | undefined;
  readonly canModerate: boolean;
  /** Whose page it is. Undefined: a person, or a program that takes part as one. */
  readonly recordingId: string | undefined;
}

/** The token of an `Authorization` header, with or without `Bearer `. */
export const tokenOf = (authorization: string | undefined): string | undefined => {
  const token = authorization?.replace(/^Bearer(?:\s+|$)/i, '').trim();
  return token === '' ? undefined : token;
};

const invalid = (message: string, cause?: unknown): RoomtapeError =>
  new RoomtapeError('TOKEN_INVALID', message, { cause });

const refusalOf = (error: unknown): RoomtapeError => {
  if (error instanceof errors.JWTExpired) {
    const at = typeof error.payload.exp === 'number' ? ` at ${new Date(error.payload.exp * 1000).toISOString()}` : '';
    return new RoomtapeError('TOKEN_EXPIRED', `The token expired${at}. Sign a new one.`, { cause: error });
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return invalid('The token is not signed with HS256, the only algorithm that is accepted.', error);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return invalid('The token is not signed with the API secret of this server.', error);
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return invalid(
      `The token is not valid now: its claim "${error.claim}" does not hold. Are both clocks right?`,
      error,
    );
  }
  if (error instanceof errors.JOSEError)
    return invalid('The token is not a signed JWT (three parts joined by dots).', error);
  throw error;
};

/** Verifies tokens against one key and secret. */
export class TokenVerifier {
  readonly #key: Uint8Array;
  readonly #apiKey: string;

  constructor({ apiKey, apiSecret }: ApiCredentials) {
    this.#key = new TextEncoder().encode(apiSecret);
    this.#apiKey = apiKey;
  }

  /** For REST. TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED; NOT_PERMITTED for a token that is for joining only. */
  async forRest(token: string | undefined): Promise<Caller> {
    const { roles, roomId, participantId, recordingId } = await this.#claims(token);
    if (recordingId !== undefined) {
      throw new RoomtapeError('NOT_PERMITTED', 'This token is for the page of a recording, which joins only.');
    }
    if (roles?.includes('rtc') && !roles.includes('crawler')) {
      throw new RoomtapeError(
        'NOT_PERMITTED',
        'This token is for joining only (role "rtc"). REST calls need a token without roles, or with the role "crawler".',
      );
    }
    return { roomClaim: roomId, participantId };
  }

  /** For joining. As above; NOT_PERMITTED for a token of the role `crawler` alone, or without the permission `allow_join`. */
  async forJoin(token: string | undefined): Promise<Joiner> {
    const { roles, permissions, roomId, participantId, name, recordingId } = await this.#claims(token);
    if (roles?.includes('crawler') && !roles.includes('rtc')) {
      throw new RoomtapeError(
        'NOT_PERMITTED',
        'This token is for REST calls only (role "crawler"). Joining needs a token without roles, or with the role "rtc".',
      );
    }
    if (permissions && !permissions.includes('allow_join')) {
      throw new RoomtapeError(
        'NOT_PERMITTED',
        'This token does not permit joining: its permissions lack "allow_join".',
      );
    }
    const canModerate = recordingId === undefined && (permissions?.includes('allow_mod') ?? true);
    return { roomClaim: roomId, participantId, name, canModerate, recordingId };
  }

  /** For reading along what is said in a room: who may call, and who may join. As above, for one of the two. */
  async forCaptions(token: string | undefined): Promise<Caller> {
    const { roles } = await this.#claims(token);
    return roles?.includes('rtc') && !roles.includes('crawler') ? this.forJoin(token) : this.forRest(token);
  }

  async #claims(token: string | undefined): Promise<Claims> {
    if (token === undefined) {
      throw new RoomtapeError('TOKEN_MISSING', 'There is no token. Send a JWT in the header "Authorization".');
    }
    if (token.length > LONGEST_TOKEN) throw invalid(`The token is longer than ${LONGEST_TOKEN} characters.`);
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, this.#key, { algorithms: ['HS256'], clockTolerance: CLOCK_TOLERANCE_S }));
    } catch (error) {
      throw refusalOf(error);
    }
    const claims = claimsSchema.safeParse(payload);
    if (!claims.success) {
      const names = claims.error.issues.map((issue) => `"${issue.path.join('.')}"`);
      throw invalid(
        `The token is signed well, but these claims are missing or malformed: ${[...new Set(names)].join(', ')}.`,
      );
    }
    if (claims.data.apikey !== this.#apiKey)
      throw invalid('The token\'s claim "apikey" is not the API key of this server.');
    return claims.data;
  }
}

const sign = (credentials: ApiCredentials, claims: JWTPayload, ttlSeconds: number): Promise<string> =>
  new SignJWT({ apikey: credentials.apiKey, version: 2, ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime(`${ttlSeconds} seconds`)
    .sign(new TextEncoder().encode(credentials.apiSecret));

/** How long a minted token is good unless said otherwise. */
const DEFAULT_TTL_S = 24 * 3600;

export interface ParticipantTokenOptions {
  readonly roomId: string;
  readonly name?: string | undefined;
  readonly participantId?: string | undefined;
  /** May pin, and may start and stop recordings of this room over REST: such a token has both roles. */
  readonly moderator?: boolean | undefined;
  readonly ttlSeconds?: number | undefined;
}

/** A token that joins one room as one participant. */
export const mintParticipantToken = (credentials: ApiCredentials, options: ParticipantTokenOptions): Promise<string> =>
  sign(
    credentials,
    {
      permissions: options.moderator ? ['allow_join', 'allow_mod'] : ['allow_join'],
      roles: options.moderator ? ['rtc', 'crawler'] : ['rtc'],
      roomId: options.roomId,
      ...(options.name === undefined ? {} : { name: options.name }),
      ...(options.participantId === undefined ? {} : { participantId: options.participantId }),
    },
    options.ttlSeconds ?? DEFAULT_TTL_S,
  );

export interface PageTokenOptions {
  readonly roomId: string;
  readonly recordingId: string;
  /** `pageParticipant` of `recordings/template-address.ts`. */
  readonly participantId: string;
  /** As long as the recording may last at most: the media process takes it only while the recording runs. */
  readonly ttlSeconds: number;
}

/**
 * A token for the page that renders a recording: joins its room under this id, hidden, to watch. It outlives reconnects of the page, but not
 * the recording (`rooms/joining.ts`).
 */
export const mintPageToken = (credentials: ApiCredentials, options: PageTokenOptions): Promise<string> => {
  const { roomId, recordingId, participantId, ttlSeconds } = options;
  const claims = { permissions: ['allow_join'], roles: ['rtc'], roomId, participantId, recordingId };
  return sign(credentials, claims, ttlSeconds);
};

/** A token for REST calls about every room. */
export const mintApiToken = (credentials: ApiCredentials, ttlSeconds: number = DEFAULT_TTL_S): Promise<string> =>
  sign(credentials, { permissions: ['allow_join', 'allow_mod'], roles: ['crawler'] }, ttlSeconds);
