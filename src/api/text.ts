/**
 * The one character that no text may hold: NUL. JSON and URLs can say it, but PostgreSQL cannot store or compare it (its manual,
 * §8.3), so that anything that holds it is malformed, not unknown.
 */
import { RoomtapeError } from '../domain/errors.ts';

const NUL = '\u0000';

const refusal = (where: string): RoomtapeError =>
  new RoomtapeError('INVALID_REQUEST', `The ${where} holds a NUL character, which no text may.`);

/** Throws INVALID_REQUEST where a path or query, URL-encoded, holds NUL. */
export const refuseNulInUrl = (url: string): void => {
  if (url.includes('%00') || url.includes(NUL)) throw refusal('address');
};

/** As `JSON.parse`; throws INVALID_REQUEST where a text in it holds NUL. */
export const parseJson = (body: string): unknown => {
  if (!body.includes('\\u0000')) return JSON.parse(body);
  // Only now is it worth to look at every text: what stands there may be a backslash followed by letters.
  return JSON.parse(body, (key: string, value: unknown) => {
    if (key.includes(NUL) || (typeof value === 'string' && value.includes(NUL))) throw refusal('body');
    return value;
  });
};
