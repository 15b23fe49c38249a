/** The REST API as a test uses it: signed calls, and waiting for what takes time. */
import { SignJWT } from 'jose';
import { type RecordingAnswer, RestClient } from '../../src/cli/rest-client.ts';
import { waitFor } from './wait-for.ts';

export interface ApiKey {
  readonly apiKey: string;
  readonly apiSecret: string;
}

/** A token with these claims, as a caller of the published API would sign it. */
export const signToken = (
  { apiKey, apiSecret }: ApiKey,
  claims: Record<string, unknown> = {},
  expires = '2h',
): Promise<string> =>
  new SignJWT({ apikey: apiKey, ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(apiSecret));

export class Api extends RestClient {
  /** Waits until a recording is `done`; rejects at once when it is `failed`. */
  async finished(id: string, limitMs = 120_000): Promise<RecordingAnswer> {
    return waitFor(`recording ${id} to be done`, limitMs, async () => {
      const recording = await this.recording(id);
      if (recording.status === 'failed') throw new Error(`Recording ${id} failed: ${recording.failureReason}`);
      return recording.status === 'done' ? recording : null;
    });
  }

  /** A call about one recording; rejects unless it is answered 200. */
  async changeRecording(id: string, method: string, what: string, body?: unknown): Promise<RecordingAnswer> {
    const answer = await this.call(method, `/v2/recordings/${id}${what}`, body);
    if (!answer.ok) throw new Error(`${method} ${what} was answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as RecordingAnswer;
  }

  /** The bytes at a signed address. */
  async download(url: string): Promise<ReadableStream<Uint8Array>> {
    const response = await fetch(url);
    if (!response.ok || !response.body) throw new Error(`The file was answered ${response.status}.`);
    return response.body;
  }

  /** Waits until a recording is in one of these states. */
  status(id: string, wanted: readonly string[], limitMs = 60_000): Promise<RecordingAnswer> {
    return waitFor(`recording ${id} to be ${wanted.join(' or ')}`, limitMs, async () => {
      const recording = await this.recording(id);
      return wanted.includes(recording.status) ? recording : null;
    });
  }
}
