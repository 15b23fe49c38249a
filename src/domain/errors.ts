/**
 * The error catalogue: every refusal the product can utter, its HTTP status, whether trying again can help, and whose fault it is.
 * Messages are sentences that say what was received and what to do.
 */

/** Whose fault: the caller's, a destination's of his (bucket, webhook), or ours. */
export type Blame = 'caller' | 'destination' | 'us';

interface Entry {
  readonly status: number;
  readonly retryable: boolean;
  readonly blame: Blame;
}

const caller = (status: number, retryable = false): Entry => ({ status, retryable, blame: 'caller' });
const us = (status: number, retryable = true): Entry => ({ status, retryable, blame: 'us' });

export const ERRORS = {
  INVALID_REQUEST: caller(400),
  INVALID_JSON: caller(400),
  INVALID_SDP: caller(400),
  NO_ACTIVE_SESSION: caller(400, true),
  ROOM_INVALID: caller(400),
  TOKEN_MISSING: caller(401),
  TOKEN_INVALID: caller(401),
  TOKEN_EXPIRED: caller(401),
  NOT_PERMITTED: caller(403),
  ROOM_DISABLED: caller(403),
  NOT_FOUND: caller(404),
  ROOM_NOT_FOUND: caller(404),
  SESSION_NOT_FOUND: caller(404),
  PARTICIPANT_NOT_FOUND: caller(404),
  TRACK_NOT_FOUND: caller(404),
  RECORDING_NOT_FOUND: caller(404),
  FILE_NOT_FOUND: caller(404),
  RESOURCE_NOT_FOUND: caller(404),
  DELIVERY_NOT_FOUND: caller(404),
  TRANSCRIPTION_NOT_FOUND: caller(404),
  METHOD_NOT_ALLOWED: caller(405),
  RECORDING_ALREADY_RUNNING: caller(409),
  RECORDING_NOT_RUNNING: caller(409),
  RECORDING_NOT_DONE: caller(409, true),
  RECORDING_PAUSED: caller(409),
  RECORDING_NOT_PAUSED: caller(409),
  RECORDING_NOT_ENDED: caller(409),
  DELIVERY_RUNNING: caller(409, true),
  DELIVERY_DONE: caller(409),
  PARTICIPANT_ID_TAKEN: caller(409),
  NOT_JOINED: caller(409),
  IDEMPOTENCY_KEY_BUSY: caller(409, true),
  RECORDING_JOURNAL_ERASED: caller(410),
  PAYLOAD_TOO_LARGE: caller(413),
  UNSUPPORTED_MEDIA_TYPE: caller(415),
  RANGE_NOT_SATISFIABLE: caller(416),
  IDEMPOTENCY_KEY_REUSED: caller(422),
  TOO_MANY_REQUESTS: caller(429, true),
  ROOM_FULL: caller(429, true),
  TOO_MANY_ROOMS: caller(429, true),
  TOO_MANY_RECORDINGS: caller(429, true),
  INTERNAL: us(500),
  NOT_IMPLEMENTED: us(501, false),
  MEDIA_UNAVAILABLE: us(503),
  DATABASE_UNAVAILABLE: us(503),
  DISK_FULL: us(507),
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof ERRORS;

export const isErrorCode = (value: string): value is ErrorCode => Object.hasOwn(ERRORS, value);

export interface RefusalOptions extends ErrorOptions {
  /** Seconds after which another try can succeed, where that is known. */
  readonly retryAfterS?: number;
}

/** A refusal with its catalogue entry. Anything else that is thrown is a bug. */
export class RoomtapeError extends Error {
  override readonly name = 'RoomtapeError';
  readonly code: ErrorCode;
  readonly retryAfterS: number | undefined;

  constructor(code: ErrorCode, message: string, options: RefusalOptions = {}) {
    super(message, options);
    this.code = code;
    this.retryAfterS = options.retryAfterS;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  get blame(): Blame {
    return ERRORS[this.code].blame;
  }
}
