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

/** The end that an error code of the server means, or null where trying again may help. */
export const endOfErrorCode = (code: string, detail: string): RoomEnd | null => {
  const reason = BY_CODE[code];
  return reason === undefined ? null : { reason, detail };
};

const FAREWELLS: readonly RoomEndReason[] = ['left', 'removed', 'room-closed', 'replaced'];

/** The end that a `bye` means. A reason of a newer server is taken as a closed room: the connection is gone either way. */
export const endOfBye = (reason: string): RoomEnd => ({
  reason: FAREWELLS.find((known) => known === reason) ?? 'room-closed',
  detail: reason,
});

/**
 * The end that an HTTP answer about the room means, or null where it explains nothing or will pass.
 * `body` is the parsed error: `{code, message}`.
 */
export const endOfHttpAnswer = (status: number, body: { code?: unknown; message?: unknown }): RoomEnd | null => {
  const detail = typeof body.message === 'string' ? body.message : '';
  const byCode = typeof body.code === 'string' ? endOfErrorCode(body.code, detail) : null;
  if (status === 401) return byCode ?? { reason: 'token-invalid', detail };
  // Validation answers 400 for a room that is not there (and 402 in other servers' reading of the contract).
  if (status === 400 || status === 402 || status === 404) return byCode ?? { reason: 'room-not-found', detail };
  // A token that may only join is refused on REST: that says nothing about the room.
  return null;
};
