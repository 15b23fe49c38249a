import { describe, expect, it } from 'vitest';
import { endOfBye, endOfClosing, endOfErrorCode, endOfHttpAnswer } from '../../../web/client/room-end.ts';

describe('why one is not in the room', () => {
  it('is named by error codes', () => {
    expect(endOfErrorCode('TOKEN_EXPIRED', 'Expired.')).toEqual({ reason: 'token-expired', detail: 'Expired.' });
    expect(endOfErrorCode('SOMETHING_NEW', 'Words.')).toEqual({ reason: 'refused', detail: 'Words.' });
  });

  it('is no end where the trouble passes', () => {
    for (const code of ['MEDIA_UNAVAILABLE', 'DATABASE_UNAVAILABLE', 'INTERNAL', 'TOO_MANY_REQUESTS']) {
      expect(endOfErrorCode(code, '')).toBeNull();
    }
  });

  it('is read from an HTTP refusal', () => {
    expect(endOfHttpAnswer({ statusCode: 404, code: 'ROOM_NOT_FOUND', message: 'Room not found.' })).toEqual({
      reason: 'room-not-found',
      detail: 'Room not found.',
    });
    expect(endOfHttpAnswer({ code: 'INVALID_REQUEST', message: 'This token may join.' })).toBeNull();
    for (const body of [null, 'text', {}, { code: 7 }]) expect(endOfHttpAnswer(body)).toBeNull();
  });

  it('is read from a farewell, in a message or in the closing frame', () => {
    expect(endOfBye('removed').reason).toBe('removed');
    expect(endOfBye('a reason of next year').reason).toBe('room-closed');
    expect(endOfClosing('replaced')?.reason).toBe('replaced');
    expect(endOfClosing('ROOM_DISABLED')?.reason).toBe('room-disabled');
    for (const reason of ['', 'server stops', 'too slow', 'MEDIA_UNAVAILABLE']) expect(endOfClosing(reason)).toBeNull();
  });
});
