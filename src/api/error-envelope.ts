/**
 * Every refusal leaves in one envelope: `{statusCode, code, error, message}`, the superset that both published readers of the API
 * understand (`message` or `error`; `statusCode` or `code`). What is not a refusal is a bug: 500, with a number to look up in the log.
 */
import { z } from 'zod';
import { type ErrorCode, isErrorCode, RoomtapeError } from '../domain/errors.ts';
import { PeerClosedError, RemoteError } from '../support/ipc.ts';

export const errorEnvelope = z
  .object({
    statusCode: z.number().int(),
    code: z.string(),
    error: z.string(),
    message: z.string(),
  })
  .meta({ id: 'Error', description: 'A refusal. `code` is stable; `message` is a sentence that says what to do.' });
export type ErrorEnvelope = z.infer<typeof errorEnvelope>;

export const envelopeOf = (refusal: RoomtapeError): ErrorEnvelope => ({
  statusCode: refusal.status,
  code: refusal.code,
  error: refusal.message,
  message: refusal.message,
});

/** Seconds after which a refusal is worth another try, where it does not say so itself. A process is back within about one; a recording or a room ends when it ends. */
const RETRY_AFTER_S: Readonly<Partial<Record<ErrorCode, number>>> = {
  DATABASE_UNAVAILABLE: 2,
  ROOM_FULL: 10,
  TOO_MANY_ROOMS: 10,
  TOO_MANY_RECORDINGS: 10,
  DISK_FULL: 60,
};
const STATUSES_WORTH_ANOTHER_TRY: readonly number[] = [429, 503, 507];

/** Headers that belong to a refusal: RFC 9110 §11.6.1 wants a challenge on 401. */
export const headersOf = (refusal: RoomtapeError): Record<string, string> => ({
  ...(refusal.status === 401 ? { 'www-authenticate': 'Bearer realm="roomtape"' } : {}),
  ...(STATUSES_WORTH_ANOTHER_TRY.includes(refusal.status) || refusal.code === 'IDEMPOTENCY_KEY_BUSY'
    ? { 'retry-after': String(refusal.retryAfterS ?? RETRY_AFTER_S[refusal.code] ?? 1) }
    : {}),
});

const FRAMEWORK: Readonly<Record<string, (error: Error) => RoomtapeError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () =>
    new RoomtapeError('PAYLOAD_TOO_LARGE', 'The body is too large: at most 1 MiB of JSON, or 256 KiB of SDP.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: (error) =>
    new RoomtapeError(
      'UNSUPPORTED_MEDIA_TYPE',
      `${error.message}. Send JSON with "Content-Type: application/json", or SDP with "application/sdp" to /whip and /whep.`,
    ),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new RoomtapeError('INVALID_REQUEST', 'The body is not as long as Content-Length says.'),
};

const hasClientStatus = (error: Error): boolean =>
  'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500;

/** Where the database is, is the log's to say, not the callers'. */
const withoutAddress = (cause: RoomtapeError): RoomtapeError =>
  new RoomtapeError(
    cause.code,
    'The database does not answer. Try again in a second; the log of the server says why.',
    {
      cause,
    },
  );

/** The refusal that an error amounts to, or undefined: it is a bug. */
export const refusalOf = (error: unknown): RoomtapeError | undefined => {
  if (error instanceof RoomtapeError) return error.code === 'DATABASE_UNAVAILABLE' ? withoutAddress(error) : error;
  if (error instanceof RemoteError && isErrorCode(error.code)) {
    return new RoomtapeError(error.code, error.message, { cause: error });
  }
  if (error instanceof PeerClosedError) {
    return new RoomtapeError('MEDIA_UNAVAILABLE', 'The media process is being started again. Try again in a second.', {
      cause: error,
    });
  }
  if (!(error instanceof Error)) return undefined;
  const known = 'code' in error && typeof error.code === 'string' ? FRAMEWORK[error.code] : undefined;
  if (known) return known(error);
  return hasClientStatus(error) ? new RoomtapeError('INVALID_REQUEST', error.message, { cause: error }) : undefined;
};

/** What the caller learns of a bug. */
export const internalError = (requestId: string): RoomtapeError =>
  new RoomtapeError('INTERNAL', `Something failed on our side. The log has the details under request id ${requestId}.`);
