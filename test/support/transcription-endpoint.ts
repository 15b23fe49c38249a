/**
 * A server that speaks OpenAI's `/audio/transcriptions`, for tests: real HTTP, real multipart. It answers in the shape of a recorded answer
 * (test/fixtures/transcription), with the text of whoever listens behind it, or as badly as it is told to.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What came in one request. */
export interface Asked {
  readonly authorization: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly model: string;
  readonly language: string | null;
  readonly format: string;
  readonly granularities: readonly string[];
  /** The samples of the WAV file. */
  readonly speech: Float32Array;
}

/** How one request is answered. */
export type Behaviour =
  | { readonly as: 'asked' }
  | {
      readonly as: 'status';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Record<string, string>;
    }
  | { readonly as: 'body'; readonly body: string; readonly type?: string }
  /** The connection ends in the middle of the answer. */
  | { readonly as: 'half' }
  /** The connection ends before anything was answered. */
  | { readonly as: 'gone' }
  /** Headers, and then nothing. */
  | { readonly as: 'silent' }
  /** An answer that goes on for as long as somebody reads it. */
  | { readonly as: 'endless'; readonly status: number };

export interface EndpointOptions {
  /** What is said in it. */
  readonly listen: (asked: Asked) => Promise<string> | string;
  /** Taken one by one; when they are used up, it answers as asked. */
  readonly behaviours?: readonly Behaviour[];
}

export interface TestEndpoint {
  readonly url: string;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

const recorded = new URL('../fixtures/transcription/verbose-json.json', import.meta.url);
export const recordedAnswer = async (): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(recorded, 'utf8')) as Record<string, unknown>;

const WAV_HEADER_BYTES = 44;
const RATE = 16_000;

export const openEndpoint = async ({ listen, behaviours = [] }: EndpointOptions): Promise<TestEndpoint> => {
  const asked: Asked[] = [];
  const left = [...behaviours];
  const shape = await recordedAnswer();
  const server = createServer((request, response) => {
    void (async () => {
      const one = await readAsked(request);
      asked.push(one);
      const behaviour = left.shift() ?? { as: 'asked' };
      if (behaviour.as === 'asked') answer(response, one, await listen(one), shape);
      else misbehave(response, behaviour);
    })().catch((error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const readAsked = async (request: IncomingMessage): Promise<Asked> => {
  if (request.method !== 'POST' || request.url !== '/v1/audio/transcriptions') throw new Error(`${request.url}?`);
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const headers = { 'content-type': request.headers['content-type'] ?? '' };
  const form = await new Response(Buffer.concat(parts), { headers }).formData();
  const file = form.get('file');
  if (!(file instanceof File) || !file.name.endsWith('.wav')) throw new Error('No WAV file came.');
  const wav = Buffer.from(await file.arrayBuffer());
  if (wav.toString('latin1', 0, 4) !== 'RIFF' || wav.readUInt32LE(24) !== RATE) throw new Error('No WAV file came.');
  const speech = new Float32Array((wav.length - WAV_HEADER_BYTES) / 2);
  for (let i = 0; i < speech.length; i++) speech[i] = wav.readInt16LE(WAV_HEADER_BYTES + 2 * i) / 32_768;
  return {
    authorization: request.headers.authorization,
    headers: request.headers,
    model: String(form.get('model')),
    language: (form.get('language') as string | null) ?? null,
    format: String(form.get('response_format')),
    granularities: form.getAll('timestamp_granularities[]').map(String),
    speech,
  };
};

/** In the recorded shape: words spread evenly, which is all that a server without their times can do. */
const answer = (response: ServerResponse, { format, speech }: Asked, text: string, shape: object): void => {
  const duration = speech.length / RATE;
  const spoken = text.split(' ').filter((word) => word !== '');
  const each = duration / Math.max(1, spoken.length);
  const words = spoken.map((word, i) => ({ word, start: i * each, end: (i + 1) * each }));
  const segments = [{ id: 0, start: 0, end: duration, text, avg_logprob: -0.2, no_speech_prob: 0.01 }];
  const verbose = { ...shape, duration, text, words, segments };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(format === 'verbose_json' ? verbose : { text }));
};

const misbehave = (response: ServerResponse, behaviour: Exclude<Behaviour, { as: 'asked' }>): void => {
  switch (behaviour.as) {
    case 'status':
      response.writeHead(behaviour.status, { 'content-type': 'application/json', ...behaviour.headers });
      response.end(behaviour.body ?? JSON.stringify({ error: { message: 'No.', type: 'test', code: null } }));
      return;
    case 'body':
      response.writeHead(200, { 'content-type': behaviour.type ?? 'application/json' });
      response.end(behaviour.body);
      return;
    case 'half':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"text": "Thank');
      response.flushHeaders();
      setImmediate(() => response.destroy());
      return;
    case 'gone':
      response.destroy();
      return;
    case 'silent':
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{');
      return;
    case 'endless': {
      const part = '{"text":"'.padEnd(64 * 1024, 'la ');
      const more = (): void => {
        while (!response.destroyed && response.write(part));
      };
      response.writeHead(behaviour.status, { 'content-type': 'application/json' });
      response.on('drain', more);
      more();
    }
  }
};
