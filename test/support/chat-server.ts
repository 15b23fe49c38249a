/**
 * An endpoint that speaks OpenAI's chat API over real HTTP, with a model in it that does what a test says: reads honestly, obeys whatever
 * it finds in the data, lies about rows, or is no model at all. Questions are judged as strictly as the published API does.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { z } from 'zod';

/** POST /v1/chat/completions, as published; of its fields those that a summary may need. `tools` is none of them. */
const asked = z.strictObject({
  model: z.string().min(1),
  messages: z.array(z.strictObject({ role: z.enum(['system', 'user']), content: z.string().min(1) })).length(2),
  stream: z.literal(false),
  temperature: z.number().min(0).max(2).optional(),
  max_tokens: z.number().int().positive().optional(),
  max_completion_tokens: z.number().int().positive().optional(),
  response_format: z.strictObject({ type: z.literal('json_object') }).optional(),
});

const row = z.tuple([z.number().int(), z.string(), z.string()]);
const claim = z.looseObject({ text: z.string(), rows: z.array(z.number()) });
const notes = z.object({
  title: z.string(),
  sections: z.array(z.object({ heading: z.string(), points: z.array(claim) })),
  chapters: z.array(z.object({ title: z.string(), row: z.number() })),
  decisions: z.array(claim),
  actionItems: z.array(claim),
});
const data = z.strictObject({
  request: z.string(),
  speakers: z.array(z.string()),
  part: z.object({ number: z.number(), of: z.number() }).optional(),
  transcript: z.array(row).optional(),
  notes: z.array(notes).optional(),
});

export interface Question {
  readonly headers: IncomingMessage['headers'];
  /** Names and values in the order they came, nothing left out. */
  readonly rawHeaders: readonly string[];
  readonly path: string;
  readonly raw: string;
  readonly body: z.infer<typeof asked>;
  readonly system: string;
  /** What is in the user message. */
  readonly data: z.infer<typeof data>;
}

/** What the model says, or what is done with the connection. */
export type Model = (question: Question, response: ServerResponse) => unknown;

/** What a model says as an answer of the API; `finish_reason` other than `stop` where given. */
export const say = (
  response: ServerResponse,
  content: unknown,
  finish = 'stop',
  usage: unknown = { prompt_tokens: 1000, completion_tokens: 100 },
): void => {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const message = { role: 'assistant', content: text, refusal: null };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: finish }],
      ...(usage !== null && { usage }),
    }),
  );
};

/** As the API refuses. */
export const refuse =
  (status: number, error: Record<string, unknown>, headers: Record<string, string> = {}): Model =>
  (_question, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ error }));
  };

/** Reads what it is given, and says nothing that it was not told: a point and a chapter every ten rows; notes are put together. */
export const honest: Model = ({ data: { transcript, notes: given } }, response) => {
  if (given) {
    return say(response, {
      title: given[0]?.title ?? '',
      sections: [
        {
          heading: 'Summary',
          points: given.flatMap(({ sections }) => sections.flatMap(({ points }) => points)).slice(0, 40),
        },
      ],
      chapters: given.flatMap(({ chapters }) => chapters),
      decisions: given.flatMap(({ decisions }) => decisions),
      actionItems: given.flatMap(({ actionItems }) => actionItems),
    });
  }
  const rows = transcript ?? [];
  const every = rows.filter((_row, index) => index % 10 === 0);
  return say(response, {
    title: 'What they talked about',
    sections: [
      {
        heading: 'Summary',
        points: every.map(([number, speaker, text]) => ({ text: `${speaker} said: ${text}`, rows: [number] })),
      },
    ],
    chapters: every.map(([number, , text]) => ({ title: text.slice(0, 40), row: number })),
    decisions: rows.filter(([, , text]) => /decided/.test(text)).map(([number, , text]) => ({ text, rows: [number] })),
    actionItems: rows
      .filter(([, , text]) => /\bI will\b/.test(text))
      .map(([number, speaker, text]) => ({ text, owner: speaker.toLowerCase(), due: null, rows: [number] })),
  });
};

export class ChatServer {
  readonly questions: Question[] = [];
  model: Model = honest;
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}/v1`;
  }

  static async start(): Promise<ChatServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || !address) throw new Error('The chat server does not listen.');
    const chat = new ChatServer(server, address.port);
    server.on('request', (request, response) => void chat.#take(request, response));
    return chat;
  }

  /** Answers the next questions in turn, all others with the last. */
  script(...models: readonly Model[]): void {
    const before = this.questions.length;
    this.model = (question, response) => {
      const model = models[Math.min(this.questions.length - before, models.length) - 1];
      return model?.(question, response);
    };
  }

  /** As often as one likes. */
  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const raw = Buffer.concat(parts).toString('utf8');
    if (request.url !== '/v1/chat/completions') return void response.writeHead(404).end();
    const judged = asked.safeParse(JSON.parse(raw));
    if (!judged.success) {
      response.writeHead(400, { 'content-type': 'application/json' });
      return void response.end(
        JSON.stringify({ error: { message: judged.error.message, type: 'invalid_request_error' } }),
      );
    }
    const [system, user] = judged.data.messages;
    const question = {
      headers: request.headers,
      rawHeaders: request.rawHeaders,
      path: request.url,
      raw,
      body: judged.data,
      system: system?.content ?? '',
      data: data.parse(JSON.parse(user?.content ?? '')),
    };
    this.questions.push(question);
    this.model(question, response);
  }
}
