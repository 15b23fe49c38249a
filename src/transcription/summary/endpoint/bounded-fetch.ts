/**
 * The `fetch` of the language model's endpoint, an address that the operator has set. Other than the one of Node it reads no more of an
 * answer than it is told, follows no redirect (the key would go along), and gives up neither headers nor body before the caller's own limit,
 * since a model on a small machine may think for long. Of the library's headers it sends those that say what is sent, and no others.
 */
import { type IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http';
import { request as secureRequest } from 'node:https';

/** The answer is longer than anything that can be used. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';
}

/** What the endpoint is told besides the key. Not: operating system, versions, counts of retries, headers of the environment. */
const SENT = ['content-type', 'accept'];

/** Of an answer's headers, those that somebody reads. */
const READ = ['content-type', 'retry-after', 'retry-after-ms'];

/** Statuses whose answers have no body (Fetch standard, "null body status"). */
const BODILESS = [204, 205, 304];

const textOf = (body: unknown): string => {
  if (typeof body === 'string') return body;
  throw new TypeError(`A question to a language model is JSON in a text, not ${typeof body}.`);
};

const headersOf = (given: Headers, key: string | undefined, body: string): Record<string, string> => {
  const headers: Record<string, string> = { 'content-length': String(Buffer.byteLength(body)) };
  for (const name of SENT) {
    const value = given.get(name);
    if (value !== null) headers[name] = value;
  }
  if (key !== undefined) headers.authorization = `Bearer ${key}`;
  return headers;
};

/** Sends the question; resolves with the head of the answer. */
const exchange = (url: URL, options: RequestOptions, body: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const call = (url.protocol === 'https:' ? secureRequest : plainRequest)(url, { ...options, agent: false });
    // Stays on: what happens to the connection after the head of the answer is told by the answer's own stream.
    call.on('error', reject);
    call.once('response', resolve);
    call.end(body);
  });

const readAll = async (answer: IncomingMessage, mostBytes: number): Promise<Buffer> => {
  const parts: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop early ends the connection.
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > mostBytes) throw new AnswerTooLarge(`The answer is longer than ${mostBytes} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts);
};

const responseOf = ({ statusCode: status = 0, headers }: IncomingMessage, body: Buffer): Response => {
  if (status < 200 || status > 599) throw new Error(`It answered with the status ${status}.`);
  const kept = new Headers();
  for (const name of READ) {
    const value = headers[name];
    if (typeof value === 'string') kept.set(name, value);
  }
  return new Response(BODILESS.includes(status) ? null : new Uint8Array(body), { status, headers: kept });
};

/**
 * `key`: undefined for endpoints that want none. Resolves with the whole answer; rejects with `AnswerTooLarge`, with what the network says, or
 * with the reason of `init.signal`.
 */
export const boundedFetch =
  ({ mostBytes, key }: { readonly mostBytes: number; readonly key: string | undefined }): typeof fetch =>
  async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const body = textOf(init.body);
    const signal = init.signal ?? undefined;
    const options = { method: init.method ?? 'POST', headers: headersOf(new Headers(init.headers), key, body) };
    try {
      const answer = await exchange(url, { ...options, ...(signal && { signal }) }, body);
      return responseOf(answer, await readAll(answer, mostBytes));
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  };
