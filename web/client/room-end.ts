/**
 * Why one is not in the room, or no longer: refusals at the door and farewells, in one vocabulary.
 * The server says it in three ways: a `bye`, an `error` before `joined`, or an HTTP status where the socket could not be opened.
 */

export type RoomEndReason =
  | 'left'
  | 'removed'
  | 'room-closed'
  | 'replaced'
  | 'token-missing'
  | 'token-invalid'
  | 'token-expired'
  | 'room-not-found'
  | 'room-disabled'
  | 'room-full'
  | 'name-taken'
  | 'not-permitted'
  | 'refused'
  | 'unreachable';

export interface RoomEnd {
  readonly reason: RoomEndReason;
  /** What the server said, for the technically minded; empty where it said nothing. */
  readonly detail: string;
}

const BY_CODE: Readonly<Record<string, RoomEndReason>> = {
  TOKEN_MISSING: 'token-missing',
  TOKEN_INVALID: 'token-invalid',
  TOKEN_EXPIRED: 'token-expired',
  ROOM_NOT_FOUND: 'room-not-found',
  ROOM_INVALID: 'room-not-found',
  ROOM_DISABLED: 'room-disabled',
  ROOM_FULL: 'room-full',
  PARTICIPANT_ID_TAKEN: 'name-taken',
  NOT_PERMITTED: 'not-permitted',
};

/** Refusals that pass by themselves. */
const PASSING = new Set([
  'MEDIA_UNAVAILABLE',
  'DATABASE_UNAVAILABLE',
  'INTERNAL',
  'TOO_MANY_REQUESTS',
  // What the socket's address answers to a plain GET whose token is welcome.
  'INVALID_REQUEST',
]);

/** The end that an error code of the server means, or null where trying again may help. */
export const endOfErrorCode = (code: string, detail: string): RoomEnd | null =>
  PASSING.has(code) ? null : { reason: BY_CODE[code] ?? 'refused', detail };

const FAREWELLS: readonly RoomEndReason[] = ['left', 'removed', 'room-closed', 'replaced'];

/** The end that a `bye` means. A reason of a newer server is taken as a closed room: the connection is gone either way. */
export const endOfBye = (reason: string): RoomEnd => ({
  reason: FAREWELLS.find((known) => known === reason) ?? 'room-closed',
  detail: reason,
});

/** The end that the server's closing of the socket means (docs/api.md: a farewell, or an error code), or null: open it again. */
export const endOfClosing = (reason: string): RoomEnd | null => {
  if (FAREWELLS.some((known) => known === reason)) return endOfBye(reason);
  return Object.hasOwn(BY_CODE, reason) ? endOfErrorCode(reason, '') : null;
};

/** The end that an HTTP refusal with this body (`{code, message}`) means, or null where it explains nothing or will pass. */
export const endOfHttpAnswer = (body: unknown): RoomEnd | null => {
  if (typeof body !== 'object' || body === null) return null;
  const code: unknown = Reflect.get(body, 'code');
  const message: unknown = Reflect.get(body, 'message');
  return typeof code === 'string' ? endOfErrorCode(code, typeof message === 'string' ? message : '') : null;
};
