import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ParticipantId, RoomId, SessionId } from '../../../src/domain/ids.ts';
import {
  issueResumeToken,
  loadResumeSecret,
  RESUME_TOKEN_LIFE_MS,
  readResumeToken,
} from '../../../src/rooms/resume-token.ts';

const SECRET = Buffer.alloc(32, 1);
const claims = {
  roomId: 'abcd-efgh-1234' as RoomId,
  sessionId: '0123456789abcdef01234567' as SessionId,
  participantId: 'ada' as ParticipantId,
  issued: 1_700_000_000_000,
};
const token = issueResumeToken(SECRET, claims);

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'roomtape-resume-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
};

describe('a resume token', () => {
  test('tells the same claims to whoever has the secret', () => {
    expect(readResumeToken(SECRET, token, claims.issued + 1000)).toEqual(claims);
  });

  test('expires', () => {
    expect(readResumeToken(SECRET, token, claims.issued + RESUME_TOKEN_LIFE_MS)).toEqual(claims);
    expect(readResumeToken(SECRET, token, claims.issued + RESUME_TOKEN_LIFE_MS + 1)).toBeNull();
    expect(readResumeToken(SECRET, token, claims.issued - 3_600_000)).toBeNull();
  });

  test('of another secret, changed, cut or made up is none', () => {
    const [body = '', signature = ''] = token.split('.');
    const bob = Buffer.from(JSON.stringify({ ...claims, participantId: 'bob' })).toString('base64url');
    const notJson = Buffer.from('not JSON').toString('base64url');
    for (const wrong of [`${bob}.${signature}`, body, `${body}.`, `${token}.x`, '', '.', `${notJson}.${signature}`]) {
      expect(readResumeToken(SECRET, wrong, claims.issued)).toBeNull();
    }
    expect(readResumeToken(Buffer.alloc(32, 2), token, claims.issued)).toBeNull();
  });

  test('with a good signature but other contents is none', () => {
    const odd = issueResumeToken(SECRET, { ...claims, roomId: 'no room' as RoomId });
    expect(readResumeToken(SECRET, odd, claims.issued)).toBeNull();
  });
});

describe('the resume secret', () => {
  test('is made once, for its owner only, and read from then on', () => {
    const path = join(folder(), 'secret');
    const first = loadResumeSecret(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(loadResumeSecret(path)).toEqual(first);
    expect(readFileSync(path, 'utf8').trim()).toBe(first.toString('hex'));
  });

  test('that is damaged is refused with the name of the file', () => {
    const path = join(folder(), 'secret');
    writeFileSync(path, 'short');
    expect(() => loadResumeSecret(path)).toThrow(path);
  });
});
