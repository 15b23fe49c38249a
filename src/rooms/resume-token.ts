/**
 * The token by which a participant whose socket dropped is recognised again. Self-contained, so that it is honoured by a server
 * process or a media process that has been restarted since: `base64url(claims JSON) . base64url(HMAC-SHA256)`.
 *
 * The secret belongs to the media process alone and lies in the run directory, readable by its owner only.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { ParticipantId, RoomId, SessionId } from '../domain/ids.ts';
import { isHexId, isParticipantId, isRoomId } from '../domain/ids.ts';

/** A client joins anew long before this in any sitting; a token that leaked is worthless the next day. */
export const RESUME_TOKEN_LIFE_MS = 24 * 60 * 60 * 1000;
/** Clocks of one machine step back when they are set: a token from the near future is still ours. */
const CLOCK_STEP_MS = 60 * 1000;
const SECRET_BYTES = 32;

const resumeClaims = z.object({
  roomId: z.custom<RoomId>((value) => typeof value === 'string' && isRoomId(value)),
  sessionId: z.custom<SessionId>((value) => typeof value === 'string' && isHexId(value)),
  participantId: z.custom<ParticipantId>((value) => typeof value === 'string' && isParticipantId(value)),
  /** Milliseconds since 1970. */
  issued: z.number().int(),
});
export type ResumeClaims = z.infer<typeof resumeClaims>;

const signatureOf = (secret: Buffer, body: string): Buffer => createHmac('sha256', secret).update(body).digest();

export const issueResumeToken = (secret: Buffer, claims: ResumeClaims): string => {
  const body = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `${body}.${signatureOf(secret, body).toString('base64url')}`;
};

/** The claims of a token that is ours and not too old; null for any other text. */
export const readResumeToken = (secret: Buffer, token: string, wallMs: number): ResumeClaims | null => {
  const [body, signature, ...rest] = token.split('.');
  if (!body || !signature || rest.length > 0) return null;
  const expected = signatureOf(secret, body);
  const received = Buffer.from(signature, 'base64url');
  if (received.length !== expected.length || !timingSafeEqual(received, expected)) return null;
  const claims = resumeClaims.safeParse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
  if (!claims.success) return null;
  const age = wallMs - claims.data.issued;
  return age <= RESUME_TOKEN_LIFE_MS && age >= -CLOCK_STEP_MS ? claims.data : null;
};

/** Reads the secret, or makes one (0600) at the first start. Throws where the file is something else than a secret of ours. */
export const loadResumeSecret = (path: string): Buffer => {
  try {
    writeFileSync(path, `${randomBytes(SECRET_BYTES).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const secret = Buffer.from(readFileSync(path, 'utf8').trim(), 'hex');
  if (secret.length !== SECRET_BYTES) {
    throw new Error(`"${path}" holds no resume secret of ${SECRET_BYTES} bytes: remove it, and a new one is made.`);
  }
  return secret;
};
