/**
 * Summaries by an endpoint that speaks OpenAI's chat API, over real HTTP: what it is asked, what is believed of its answers, and what happens
 * when it is slow, broken, wrong, or not there.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Summary } from '../../../src/domain/summary.ts';
import type { Transcript } from '../../../src/domain/transcript.ts';
import {
  type ChatEndpointSettings,
  openChatEndpoint,
} from '../../../src/transcription/summary/endpoint/chat-endpoint.ts';
import { summarize } from '../../../src/transcription/summary/summarize.ts';
import type { SummaryOutcome } from '../../../src/transcription/summary/summary-request.ts';
import { ChatServer, honest, type Model, refuse, say } from '../../support/chat-server.ts';
import { readMeeting } from '../../support/meetings.ts';

const KEY = 'sk-test-0123456789abcdef';
const QUICK = { firstMs: 1, mostMs: 5 };
const meeting = readMeeting('weekly-en');
const german = readMeeting('bau-de');

let server: ChatServer;
beforeEach(async () => {
  server = await ChatServer.start();
});
afterEach(() => server.close());

const settings = (more: Partial<ChatEndpointSettings> = {}): ChatEndpointSettings => ({
  url: server.url,
  key: KEY,
  model: 'test-model',
  windowTokens: 100_000,
  timeoutMs: 20_000,
  prices: undefined,
  ...more,
});

const ask = (
  transcript: Transcript,
  {
    prompt = null,
    signal = new AbortController().signal,
    ...more
  }: Partial<ChatEndpointSettings> & { prompt?: string | null; signal?: AbortSignal } = {},
): Promise<SummaryOutcome> => summarize({ transcript, prompt, signal, model: openChatEndpoint(settings(more), QUICK) });

const done = async (outcome: Promise<SummaryOutcome>): Promise<Summary> => {
  const ended = await outcome;
  if (ended.kind !== 'done') throw new Error(`It ended as ${JSON.stringify(ended)}.`);
  return ended.summary;
};
const failed = async (outcome: Promise<SummaryOutcome>) => {
  const ended = await outcome;
  if (ended.kind !== 'failed') throw new Error(`It ended as ${ended.kind}.`);
  return ended;
};

/** Every time in a summary, and whether the transcript has it. */
const strayTimes = (summary: Summary, transcript: Transcript): unknown[] => {
  const real = new Set(transcript.utterances.map(({ start, end }) => `${start}-${end}`));
  const claims = [
    ...summary.sections.flatMap(({ points }) => points),
    ...summary.decisions,
    ...summary.actionItems,
    ...summary.dates,
  ];
  const starts = new Set([0, ...transcript.utterances.map(({ start }) => start)]);
  return [
    ...claims.filter(
      ({ moments }) => moments.length === 0 || !moments.every(({ start, end }) => real.has(`${start}-${end}`)),
    ),
    ...summary.chapters.filter(({ start }) => !starts.has(start)),
  ];
};

describe('a meeting that fits the window', () => {
  it('is one question, and what comes back stands on what was said', async () => {
    const summary = await done(ask(meeting));
    expect(server.questions).toHaveLength(1);
    expect(summary).toMatchObject({
      method: 'model',
      engine: 'openai-compatible/test-model',
      prompt: 'standard',
      promptApplied: true,
      title: 'What they talked about',
      usage: { calls: 1, retries: 0, promptTokens: 1000, completionTokens: 100, estimated: false, cost: null },
    });
    expect(strayTimes(summary, meeting)).toEqual([]);
    expect(summary.sections[0]?.points.length).toBeGreaterThan(10);
    expect(summary.chapters[0]).toMatchObject({ start: 0, link: '#t=0' });
    // The model wrote names in small letters: speakers' names are exact.
    expect(new Set(summary.actionItems.map(({ owner }) => owner))).toEqual(new Set(['Tomás', 'Daniel', 'Priya']));
    expect(summary.actionItems[0]).toMatchObject({ ownerId: 'tomás' });
    expect(summary.participants[0]).toMatchObject({ name: 'Aiko' });
  });

  it('asks for what the caller wants, and else for what the standard prompt says', async () => {
    await done(ask(german, { prompt: 'Drei Sätze, auf Deutsch.\nOhne Namen.' }));
    await done(ask(german));
    const [one, other] = server.questions;
    expect(one?.data.request).toBe('Drei Sätze, auf Deutsch.\nOhne Namen.');
    expect(other?.data.request).toMatch(/^Write summary in sections like Title, Agenda/);
    expect(one?.data.speakers).toEqual(['Frau Krüger', 'Herr Öztürk', 'Jörg']);
    expect(one?.data.transcript).toEqual(
      german.utterances.map(({ speakerId, text }, index) => [
        index + 1,
        german.speakers.find(({ id }) => id === speakerId)?.name,
        text,
      ]),
    );
  });

  it('sends the key, and nothing else that is ours', async () => {
    process.env.OPENAI_ORG_ID = 'org-of-the-environment';
    process.env.OPENAI_CUSTOM_HEADERS = 'x-from-environment: 1';
    try {
      await done(ask(meeting));
      await done(ask(meeting, { key: undefined }));
    } finally {
      delete process.env.OPENAI_ORG_ID;
      delete process.env.OPENAI_CUSTOM_HEADERS;
    }
    const [one, other] = server.questions;
    const names = one?.rawHeaders.filter((_name, index) => index % 2 === 0).map((name) => name.toLowerCase());
    expect(names?.toSorted()).toEqual([
      'accept',
      'authorization',
      'connection',
      'content-length',
      'content-type',
      'host',
    ]);
    expect(one?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(other?.headers.authorization).toBeUndefined();
    expect(one?.raw).not.toContain(KEY);
    expect(one?.raw).not.toContain('127.0.0.1');
    for (const { id } of meeting.speakers.filter(({ kind }) => kind === 'screen')) expect(one?.raw).not.toContain(id);
  });

  it('tells what it cost by the prices of the operator, failed answers included', async () => {
    server.script((_question, response) => say(response, 'nonsense'), honest);
    const prices = { input: 0.15, output: 0.6, currency: 'EUR' };
    const { usage } = await done(ask(meeting, { prices }));
    expect(usage).toMatchObject({ calls: 2, promptTokens: 2000, completionTokens: 200 });
    expect(usage?.cost).toEqual({ amount: 0.00042, currency: 'EUR' });
  });

  it('estimates tokens where the endpoint counts none, or nonsense, and says so', async () => {
    for (const usage of [null, { prompt_tokens: -5, completion_tokens: 'many' }]) {
      server.model = ({ data: { transcript } }, response) =>
        say(
          response,
          { title: 'x', sections: [{ heading: '', points: [{ text: 'They met.', rows: [transcript?.[0]?.[0]] }] }] },
          'stop',
          usage,
        );
      const { usage: told } = await done(ask(meeting));
      expect(told?.estimated).toBe(true);
      // 12,000 letters are about 3,000 tokens; the estimate is rather too high.
      expect(told?.promptTokens).toBeGreaterThan(3000);
      expect(told?.promptTokens).toBeLessThan(12_000);
    }
  });

  it('keeps right-to-left and CJK text whole', async () => {
    for (const name of ['clinic-ar', 'shop-ja', 'school-zh']) {
      const transcript = readMeeting(name);
      const summary = await done(ask(transcript));
      const [first] = transcript.utterances;
      expect(summary.sections[0]?.points[0]?.text).toContain(first?.text);
    }
  });

  it('asks no model about silence', async () => {
    const summary = await done(ask({ ...meeting, utterances: [] }));
    expect(server.questions).toHaveLength(0);
    expect(summary).toMatchObject({ method: 'extractive', promptApplied: false });
  });
});

describe('a meeting that does not fit the window', () => {
  it('is summed up in parts that do, and joined', async () => {
    const windowTokens = 4000;
    server.model = (question, response) => {
      const tokens = question.raw.length / 4;
      if (tokens > windowTokens)
        refuse(400, { message: 'too long', code: 'context_length_exceeded' })(question, response);
      else honest(question, response);
    };
    const summary = await done(ask(meeting, { windowTokens }));
    const parts = server.questions.filter(({ data }) => data.transcript);
    const rows = parts.flatMap(({ data }) => data.transcript?.map(([number]) => number) ?? []);
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.map(({ data }) => data.part?.number)).toEqual(parts.map((_part, index) => index + 1));
    // Every row once, in order; and no more rows in the biggest part than twice those of the smallest.
    expect(rows).toEqual(meeting.utterances.map((_utterance, index) => index + 1));
    expect(server.questions.some(({ data }) => data.notes)).toBe(true);
    expect(summary.usage?.calls).toBe(server.questions.length);
    expect(strayTimes(summary, meeting)).toEqual([]);
    expect(summary.chapters.length).toBeGreaterThan(10);
    expect(summary.chapters.toSorted((one, other) => one.start - other.start)).toEqual(summary.chapters);
  });

  it('believes an endpoint whose window is smaller than the setting says', async () => {
    const most = 16_000;
    server.model = (question, response) =>
      question.raw.length > most
        ? refuse(400, { message: "This model's maximum context length is 4096 tokens." })(question, response)
        : honest(question, response);
    const summary = await done(ask(meeting));
    expect(strayTimes(summary, meeting)).toEqual([]);
    expect(server.questions.filter(({ raw }) => raw.length <= most).length).toBeGreaterThan(2);
  });

  it('gives up where not even small parts fit', async () => {
    server.model = refuse(400, { message: 'the prompt is too long', code: 'context_length_exceeded' });
    expect(await failed(ask(meeting))).toMatchObject({
      retryable: false,
      detail: expect.stringContaining('ROOMTAPE_LLM_WINDOW'),
    });
    expect(server.questions.length).toBeLessThan(8);
  });

  it('says that a prompt is too long for a small window, before asking', async () => {
    const outcome = await failed(ask(meeting, { prompt: '長い注文'.repeat(1000), windowTokens: 4000 }));
    expect(outcome.reason).toMatch(/prompt leaves no room/);
    expect(server.questions).toHaveLength(0);
  });

  it('joins notes that it can’t join, by rule, and says so', async () => {
    server.model = (question, response) =>
      question.data.notes ? say(response, 'I would rather not.') : honest(question, response);
    const summary = await done(ask(meeting, { windowTokens: 4000 }));
    expect(summary.notes.join(' ')).toContain('did not join them');
    expect(strayTimes(summary, meeting)).toEqual([]);
    expect(summary.sections[0]?.points.length).toBeGreaterThan(10);
  });
});

describe('answers that can’t be used', () => {
  const point = (rows: unknown, text = 'They talked.') => ({
    title: 'x',
    sections: [{ heading: 'A', points: [{ text, rows }] }],
  });

  it.each<[string, unknown]>([
    ['rows that don’t exist', point([9999])],
    ['rows before the first', point([0])],
    ['rows that are no numbers', point(['soon'])],
    ['fractions of rows', point([1.5])],
    ['no rows', point([])],
    ['texts alone', { title: 'x', sections: [{ heading: 'A', points: ['They talked.'] }] }],
    ['times that nobody spoke', point([1], 'At 12:34 they talked.')],
    ['nothing', {}],
    ['no object', [1, 2]],
    ['another shape', { title: 'x', sections: [{ heading: 'A', points: [{ text: 7, rows: [1] }] }] }],
    ['prose', 'The meeting was nice.'],
    ['JSON that ends too early', '{"title": "x", "sections": [{'],
    ['nothing at all', ''],
  ])('are asked for again once, then told: %s', async (_what, said) => {
    server.model = (_question, response) => say(response, said);
    const outcome = await failed(ask(meeting));
    expect(server.questions).toHaveLength(2);
    expect(server.questions[1]?.system).toContain('Your last answer could not be used.');
    expect(outcome).toMatchObject({
      retryable: false,
      reason: 'The language model gave no answer that can be used, twice.',
    });
    expect(outcome.digest.summary).toMatchObject({ method: 'extractive', promptApplied: false });
    expect(outcome.digest.text).toContain('no answer that can be used, twice. The prompt was not applied.');
  });

  it('is repaired by asking again', async () => {
    server.script((_question, response) => say(response, '{"title": "x", "sect', 'length'), honest);
    const summary = await done(ask(meeting));
    expect(summary.method).toBe('model');
    expect(server.questions[1]?.system).toContain('Be shorter.');
  });

  it('takes JSON out of fences and thoughts', async () => {
    const json = JSON.stringify(point([3]));
    for (const said of [
      `\`\`\`json\n${json}\n\`\`\``,
      `<think>{"title": 1} hm {</think>\nHere it is:\n${json}\nDone.`,
    ]) {
      server.model = (_question, response) => say(response, said);
      expect((await done(ask(meeting))).sections[0]?.points[0]?.moments[0]?.start).toBe(meeting.utterances[2]?.start);
    }
  });

  it('leaves out the few statements that name no place, and says how many', async () => {
    server.model = (_question, response) =>
      say(response, {
        title: 'x',
        sections: [
          { heading: 'A', points: [1, 2, 3, 4, 5, 6].map((row) => ({ text: `Point ${row}.`, rows: [row] })) },
          { heading: 'B', points: [{ text: 'Invented.', rows: [1, 4711] }] },
        ],
        chapters: [{ title: 'Start at 01:02', row: 1 }],
      });
    const summary = await done(ask(meeting));
    expect(server.questions).toHaveLength(1);
    expect(JSON.stringify(summary)).not.toContain('Invented.');
    expect(summary.notes.join(' ')).toContain('1 statement of the model was left out');
    expect(summary.chapters[0]?.title).toBe('Start at');
  });

  it('keeps a time of day that was spoken', async () => {
    const [first, ...rest] = meeting.utterances;
    if (!first) throw new Error('There is no first utterance.');
    const transcript = { ...meeting, utterances: [{ ...first, text: 'We meet at 14:30.' }, ...rest] };
    server.model = (_question, response) => say(response, point([1], 'They meet at 14:30.'));
    expect((await done(ask(transcript))).sections[0]?.points[0]?.text).toBe('They meet at 14:30.');
  });
});

describe('an endpoint in trouble', () => {
  const twice = (model: Model): void => server.script(model, model, honest);

  it.each([
    ['429', refuse(429, { message: 'Rate limit reached' })],
    ['429 with Retry-After', refuse(429, { message: 'slow down' }, { 'retry-after': '0' })],
    ['500', refuse(500, { message: 'oops' })],
    ['503', refuse(503, { message: 'overloaded' })],
    ['a connection that breaks', (_question, response) => void response.destroy()],
    [
      'a connection that breaks in the middle',
      (_question, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
        response.write('{"choices": [', () => response.destroy());
      },
    ],
    ['a page', (_question, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Hello')],
    [
      'cut JSON',
      (_question, response) =>
        void response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices": ['),
    ],
    [
      'another API',
      (_question, response) =>
        void response.writeHead(200, { 'content-type': 'application/json' }).end('{"output": 1}'),
    ],
  ] satisfies [string, Model][])('is asked again after %s', async (_what, model) => {
    twice(model);
    const summary = await done(ask(meeting));
    expect(summary.usage).toMatchObject({ calls: 1, retries: 2 });
  });

  it('is left alone after five times, to be asked again later', async () => {
    server.model = refuse(500, { message: `Internal error near ${KEY}` });
    const outcome = await failed(ask(meeting));
    expect(server.questions).toHaveLength(5);
    expect(outcome).toMatchObject({
      retryable: true,
      retryAfterMs: null,
      reason: 'The language model failed (status 500).',
    });
    // Whatever the endpoint says may be its key, or what somebody told it to say.
    expect(outcome.detail).not.toContain(KEY);
    expect(outcome.digest.text).not.toContain('Internal');
  });

  it('is not waited for where it wants minutes', async () => {
    server.model = refuse(429, { message: 'slow down' }, { 'retry-after': '600' });
    expect(await failed(ask(meeting))).toMatchObject({ retryable: true, retryAfterMs: 600_000 });
    expect(server.questions).toHaveLength(1);
  });

  it('is given up on where it hangs', async () => {
    server.model = () => undefined;
    expect(await failed(ask(meeting, { timeoutMs: 200 }))).toMatchObject({
      retryable: true,
      reason: 'The language model did not answer in time.',
    });
    expect(server.questions).toHaveLength(2);
  });

  it('is given up on where its answer never ends', async () => {
    server.model = (_question, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    };
    expect(await failed(ask(meeting, { timeoutMs: 300 }))).toMatchObject({
      retryable: true,
      reason: 'The language model did not answer in time.',
    });
  });

  it('is cut off where its answer is huge', async () => {
    let closed = false;
    server.model = (_question, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.on('close', () => {
        closed = true;
      });
      const more = (): void => {
        while (!closed && response.write('x'.repeat(65_536)));
        if (!closed) response.once('drain', more);
      };
      more();
    };
    const outcome = await failed(ask(meeting));
    expect(outcome).toMatchObject({
      retryable: false,
      reason: 'The answer of the language model was far longer than it was asked for.',
    });
    expect(server.questions).toHaveLength(1);
  });

  it.each([
    ['a wrong key', refuse(401, { message: `Incorrect API key provided: ${KEY}` }), 'ROOMTAPE_LLM_KEY'],
    ['an unknown model', refuse(404, { message: 'The model does not exist' }), 'ROOMTAPE_LLM_MODEL'],
    ['no credit', refuse(429, { message: 'You exceeded your quota', code: 'insufficient_quota' }), 'no credit'],
    [
      'a redirect',
      (_question, response) => void response.writeHead(307, { location: 'http://127.0.0.1:9/v1' }).end(),
      'status 307',
    ],
  ] satisfies [string, Model, string][])('tells of %s at once', async (_what, model, words) => {
    server.model = model;
    const outcome = await failed(ask(meeting));
    expect(server.questions).toHaveLength(1);
    expect(outcome).toMatchObject({ retryable: false, reason: expect.stringContaining(words) });
    expect(`${outcome.reason}${outcome.detail}${outcome.digest.text}`).not.toContain(KEY);
  });

  it('is found not to be there', async () => {
    await server.close();
    const outcome = await failed(ask(meeting));
    expect(outcome).toMatchObject({ retryable: true, reason: "The language model can't be reached." });
    expect(outcome.reason).not.toContain('127.0.0.1');
  });

  it('is asked in plainer forms until it understands, and stays with that', async () => {
    server.model = (question, response) => {
      const { body } = question;
      if (body.max_tokens) {
        refuse(400, {
          message: "Unsupported parameter: 'max_tokens' is not supported with this model.",
          param: 'max_tokens',
        })(question, response);
      } else if (body.response_format) refuse(400, { message: 'response_format is not supported' })(question, response);
      else honest(question, response);
    };
    await done(ask(meeting, { windowTokens: 6000 }));
    const understood = server.questions.findIndex(({ body }) => !body.max_tokens && !body.response_format);
    expect(understood).toBe(3);
    expect(server.questions.slice(understood).every(({ body }) => !body.max_tokens && !body.response_format)).toBe(
      true,
    );
  });

  it('stops when the signal says so: while it waits, and between tries', async () => {
    const waiting = new AbortController();
    server.model = () => waiting.abort();
    expect(await ask(meeting, { signal: waiting.signal })).toEqual({ kind: 'cancelled' });
    const between = new AbortController();
    server.model = (question, response) => {
      refuse(429, { message: 'later' }, { 'retry-after': '60' })(question, response);
      response.on('close', () => setImmediate(() => between.abort()));
    };
    expect(await ask(meeting, { signal: between.signal })).toEqual({ kind: 'cancelled' });
    expect(await ask(meeting, { signal: between.signal })).toEqual({ kind: 'cancelled' });
    expect(server.questions).toHaveLength(2);
  });
});
