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

interface CompositionAnswer {
  readonly id: string;
  readonly status: string;
  readonly failureReason: string | null;
  readonly file: { readonly fileUrl: string } | null;
}

/** As a recording alone is answered, not in a list. */
export interface RecordingDetails extends RecordingAnswer {
  readonly compositions?: readonly CompositionAnswer[];
}

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
  async changeRecording(id: string, method: string, what: string, body?: unknown): Promise<RecordingDetails> {
    const answer = await this.call(method, `/v2/recordings/${id}${what}`, body);
    if (!answer.ok) throw new Error(`${method} ${what} was answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as RecordingDetails;
  }

  /** Composes a finished recording again, and waits for its file. */
  async composedAgain(
    recordingId: string,
    config: Record<string, unknown>,
    limitMs = 120_000,
  ): Promise<{ readonly id: string; readonly fileUrl: string }> {
    const { id } = await this.changeRecording(recordingId, 'POST', '/compositions', { config });
    return waitFor(`composition ${id} to be done`, limitMs, async () => {
      const { compositions } = await this.changeRecording(recordingId, 'GET', '');
      const found = compositions?.find((composition) => composition.id === id);
      if (found?.status === 'failed') throw new Error(`Composition ${id} failed: ${found.failureReason}`);
      return found?.file ? { id, fileUrl: found.file.fileUrl } : null;
    });
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
