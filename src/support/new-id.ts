/** Fresh identifiers. Randomness is an effect, so it lives here and not in `domain/ids.ts`. */
import { randomBytes, randomInt } from 'node:crypto';
import type { ParticipantId, RoomId } from '../domain/ids.ts';

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
export const newRoomId = (): RoomId => [randomText(4), randomText(4), randomText(4)].join('-') as RoomId;
export const newParticipantId = (): ParticipantId => randomText(8) as ParticipantId;
