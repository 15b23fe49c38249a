/**
 * Signed URLs of stored files: `/v1/files/{fileId}?expires=<seconds since 1970>&signature=<HMAC-SHA256, base64url>`. The key is derived
 * from the API secret (HKDF, RFC 5869), so that a file's signature can't be mistaken for a token's, and a new secret ends old URLs.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { RoomtapeError } from '../domain/errors.ts';

export class FileUrls {
  readonly #key: Buffer;
  readonly #ttlMs: number;

  constructor(apiSecret: string, ttlMs: number) {
    this.#key = Buffer.from(hkdfSync('sha256', apiSecret, '', 'roomtape file urls 1', 32));
    this.#ttlMs = ttlMs;
  }

  /** A URL that works for the configured time from `nowMs` on. */
  sign(baseUrl: string, fileId: string, nowMs: number): string {
    const expires = Math.ceil((nowMs + this.#ttlMs) / 1000);
    return `${baseUrl}/v1/files/${fileId}?expires=${expires}&signature=${this.#signature(fileId, expires)}`;
  }

  /** NOT_PERMITTED unless the signature is ours and has not expired. */
  verify(fileId: string, expires: number, signature: string, nowMs: number): void {
    const given = Buffer.from(signature);
    const right = Buffer.from(this.#signature(fileId, expires));
    if (given.length !== right.length || !timingSafeEqual(given, right)) {
      throw new RoomtapeError(
        'NOT_PERMITTED',
        'The signature of this URL is wrong. Take the fileUrl of the recording as it is.',
      );
    }
    if (nowMs >= expires * 1000) {
      throw new RoomtapeError('NOT_PERMITTED', 'This URL has expired. GET the recording for a fresh one.');
    }
  }

  #signature(fileId: string, expires: number): string {
    return createHmac('sha256', this.#key).update(`${fileId}\n${expires}`).digest('base64url');
  }
}
