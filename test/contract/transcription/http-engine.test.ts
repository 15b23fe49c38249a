/** What an endpoint can do wrong, by a real server that does it: what is asked again, what is refused, and in which words. */
import { afterEach, expect, it, vi } from 'vitest';
import { EngineError, SPEECH_RATE, type TranscriptionEngine } from '../../../src/transcription/engine.ts';
import { openHttpEngine } from '../../../src/transcription/http-engine.ts';
import {
  type Behaviour,
  type EndpointOptions,
  openEndpoint,
  recordedAnswer,
  type TestEndpoint,
} from '../../support/transcription-endpoint.ts';

const KEY = 'sk-very-secret-key';
const SPEECH = new Float32Array(4.36 * SPEECH_RATE).map((_, i) => Math.sin(i / 20) / 4);
const TEXT = 'Thank you.';

let server: TestEndpoint;
let engine: TranscriptionEngine;
afterEach(async () => {
  vi.unstubAllEnvs();
  await engine.close();
  await server.close();
});

const open = async (
  behaviours: readonly Behaviour[],
  listen: EndpointOptions['listen'] = () => TEXT,
): Promise<void> => {
  server = await openEndpoint({ listen, behaviours });
  const backoff = { firstMs: 1, mostMs: 5 };
  engine = openHttpEngine({ url: server.url, key: KEY, model: 'whisper-1', timeoutMs: 1_000, backoff });
};

const hear = (language: string | null = null) => engine.transcribe(SPEECH, { language });

const refusal = async (): Promise<EngineError> => {
  const error: unknown = await hear().catch((thrown: unknown) => thrown);
  if (!(error instanceof EngineError)) throw new Error('It was not refused.', { cause: error });
  expect(JSON.stringify({ ...error, message: error.message, stack: error.stack })).not.toContain(KEY);
  return error;
};

it('takes the recorded answer of the API, with the times of its words', async () => {
  const recorded = await recordedAnswer();
  await open([{ as: 'body', body: JSON.stringify(recorded) }]);
  expect(await hear()).toEqual({
    text: 'Thank you. I finished the upload code yesterday.',
    language: 'en',
    words: recorded.words,
  });
  expect(server.asked[0]).toMatchObject({
    authorization: `Bearer ${KEY}`,
    model: 'whisper-1',
    language: null,
    format: 'verbose_json',
    granularities: ['word', 'segment'],
  });
  expect(server.asked[0]?.speech.length).toBe(SPEECH.length);
});

it('asks for the language alone that was given, and believes it', async () => {
  await open([]);
  expect(await hear('de-AT')).toMatchObject({ text: TEXT, language: 'de-AT' });
  expect(server.asked[0]?.language).toBe('de');
});

it('sends no key where there is none, and nothing of another service that the environment holds', async () => {
  vi.stubEnv('OPENAI_API_KEY', 'sk-of-something-else');
  vi.stubEnv('OPENAI_ADMIN_KEY', 'sk-of-something-else');
  vi.stubEnv('OPENAI_ORG_ID', 'org-of-something-else');
  await open([]);
  const keyless = openHttpEngine({ url: server.url, key: undefined, model: 'whisper-1', timeoutMs: 1_000 });
  await keyless.transcribe(SPEECH, { language: null });
  await keyless.close();
  expect(server.asked[0]?.authorization).toBeUndefined();
  expect(JSON.stringify(server.asked[0]?.headers)).not.toContain('something-else');
});

it('leaves out what the model itself takes for silence', async () => {
  const segments = [
    { text: ' Thank you.', start: 0, end: 1, avg_logprob: -0.2, no_speech_prob: 0.01 },
    { text: ' Subtitles by nobody.', start: 1, end: 4, avg_logprob: -1.4, no_speech_prob: 0.93 },
  ];
  await open([{ as: 'body', body: JSON.stringify({ text: 'Thank you. Subtitles by nobody.', segments }) }]);
  expect(await hear()).toMatchObject({ text: 'Thank you.', words: null });
});

it.each<readonly [string, Behaviour]>([
  ['is busy', { as: 'status', status: 429, headers: { 'retry-after': '0' } }],
  ['fails', { as: 'status', status: 503 }],
  ['breaks off in the middle of its answer', { as: 'half' }],
  ['hangs up', { as: 'gone' }],
  ['falls silent', { as: 'silent' }],
  ['answers a page of HTML', { as: 'body', body: '<html>Bad gateway</html>', type: 'text/html' }],
  ['answers JSON of another shape', { as: 'body', body: '{"transcript": "Thank you."}' }],
  ['answers a number for a text', { as: 'body', body: '{"text": 7}' }],
  ['answers times outside the speech', { as: 'body', body: '{"text":"a","words":[{"word":"a","start":90,"end":91}]}' }],
  ['answers times that run backwards', { as: 'body', body: '{"text":"a","words":[{"word":"a","start":2,"end":1}]}' }],
  ['goes round in circles', { as: 'body', body: JSON.stringify({ text: 'and so on '.repeat(500) }) }],
])('asks again when the endpoint %s', async (_, behaviour) => {
  await open([behaviour, behaviour]);
  expect(await hear()).toMatchObject({ text: TEXT });
  expect(server.asked.length).toBe(3);
});

it('says that it is away, when it is asked in vain again and again', async () => {
  await open(Array.from({ length: 5 }, () => ({ as: 'status', status: 502 }) as const));
  const error = await refusal();
  expect(error.code).toBe('absent');
  expect(error.message).toMatch(
    /^The transcription endpoint at 127\.0\.0\.1:\d+ answered 502 .*It was asked 5 times\.$/,
  );
});

it('says that what is answered makes no sense, and where to look', async () => {
  await open(Array.from({ length: 5 }, () => ({ as: 'body', body: '<html>', type: 'text/html' }) as const));
  const error = await refusal();
  expect(error.code).toBe('refused');
  expect(error.message).toMatch(/answered what is no JSON \("<html>"\)\. .*Check ROOMTAPE_TRANSCRIBE_URL\.$/);
});

it.each([
  [401, /check ROOMTAPE_TRANSCRIBE_KEY/],
  [403, /check ROOMTAPE_TRANSCRIBE_KEY/],
  [404, /check ROOMTAPE_TRANSCRIBE_URL and ROOMTAPE_TRANSCRIBE_MODEL/],
  [413, /answered 413/],
] as const)('gives up at once over a %i, without repeating the key that the answer repeats', async (status, words) => {
  await open([{ as: 'status', status, body: JSON.stringify({ error: { message: `Incorrect API key: ${KEY}` } }) }]);
  const error = await refusal();
  expect(error.code).toBe('refused');
  expect(error.message).toMatch(words);
  expect(server.asked.length).toBe(1);
});

it('asks for text alone where the model knows no times, and remembers that', async () => {
  const body = JSON.stringify({ error: { message: "response_format 'verbose_json' is not compatible with model" } });
  await open([{ as: 'status', status: 400, body }]);
  expect(await hear()).toEqual({ text: TEXT, language: null, words: null });
  await hear();
  expect(server.asked.map(({ format }) => format)).toEqual(['verbose_json', 'json', 'json']);
});

it.each([
  [200, 'refused', /answered more than 4194304 bytes\. .*Check ROOMTAPE_TRANSCRIBE_URL\.$/],
  [503, 'absent', /answered 503 more than 4194304 bytes\. It was asked 5 times\.$/],
] as const)('reads no further than an answer can be long, where it has the status %i', async (status, code, words) => {
  await open(Array.from({ length: 5 }, () => ({ as: 'endless', status }) as const));
  const error = await refusal();
  expect(error.code).toBe(code);
  expect(error.message).toMatch(words);
});

it('does not follow a redirection, which would take the key along', async () => {
  const headers = { location: 'http://127.0.0.1:9/' };
  await open(Array.from({ length: 5 }, () => ({ as: 'status', status: 307, headers }) as const));
  expect((await refusal()).code).toBe('absent');
});

it('ends what is under way when it is closed', async () => {
  await open([{ as: 'silent' }]);
  const hearing = hear();
  await expect.poll(() => server.asked.length).toBe(1);
  await engine.close();
  await expect(hearing).rejects.toThrow('Roomtape is ending');
});
