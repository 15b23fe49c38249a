/** Fresh identifiers. Randomness is an effect, so it lives here and not in `domain/ids.ts`. */
import { randomBytes, randomInt, randomUUID } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const randomText = (length: number): string =>
  Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

/**
 * 24 lowercase hex characters: seconds since 1970 in the first eight, so that ids sort by age, then 8 random bytes.
 * The caller names the kind: `newHexId<RecordingId>()`.
 */
export const newHexId = <T extends string>(): T => {
  const seconds = Math.floor(Date.now() / 1000)
    .toString(16)
    .padStart(8, '0');
  return (seconds + randomBytes(8).toString('hex')) as T;
};

/** `xxxx-xxxx-xxxx`: 62 random bits. */
export const newRoomId = <T extends string>(): T => [randomText(4), randomText(4), randomText(4)].join('-') as T;
/** 8 characters: 41 random bits, told apart within a room. */
export const newParticipantId = <T extends string>(): T => randomText(8) as T;
/** UUID version 4 (RFC 9562). */
export const newUuid = <T extends string>(): T => randomUUID() as string as T;
