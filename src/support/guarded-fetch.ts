/**
 * Calls a URL that a caller gave us. The one way out: webhooks, deliveries to presigned URLs, images. Every hop is judged: the text of
 * the URL, then every address that its name resolves to, and only addresses that were judged are connected to (there is no second
 * resolution that could say something else: no DNS rebinding). No proxy of the environment, no cookies, no kept connections.
 *
 * A call ends: with an answer of any status (the body bounded), or with an `OutboundError` that names no more of the URL than its origin.
 */
import { lookup } from 'node:dns';
import { type ClientRequest, type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import {
  type AllowedNetworks,
  addressProblem,
  hostOf,
  isLocalhost,
  outboundUrlProblem,
  shownUrl,
} from './outbound-url.ts';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}
/** All addresses of a name. */
export type Resolve = (host: string) => Promise<readonly ResolvedAddress[]>;

/** A body that is streamed: `open` is called once for each hop that wants it, and reads exactly `bytes`. */
export interface StreamedBody {
  readonly bytes: number;
  readonly open: () => Readable;
}

export interface OutboundRequest {
  readonly url: string;
  readonly allowed: AllowedNetworks;
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Content-Length is set from the body. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | StreamedBody;
  /**
   * Followed at most; 0 (the default): a redirect is an answer like any other. With a body only 307 and 308 are followed: the others
   * would turn the call into a GET.
   */
  readonly mostRedirects?: number;
  readonly limits: OutboundLimits;
  /** Ends the call: rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** How names are resolved; the machine's way unless a test says otherwise. */
  readonly resolve?: Resolve;
}

export interface OutboundLimits {
  /** For everything: resolving, redirects, sending, the whole answer. */
  readonly totalMs: number;
  /** For the time in which not a byte moves either way; `totalMs` unless given. For uploads that may take hours. */
  readonly idleMs?: number;
  /** Of the answer's body. */
  readonly bodyBytes: number;
  /** What happens to a longer body: the rest is left unread (`cut`, for answers that are only shown), or the call fails. */
  readonly longerBody: 'cut' | 'refuse';
}

export interface OutboundResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** Where it came from after redirects. May carry secrets: show it by `shownUrl`. */
  readonly url: string;
}

/**
 * `refused`: the URL, a redirect or an address is one that we don't call: trying again does not help unless the operator permits it.
 * `unreachable`: no such name, no connection, wrong certificate, connection lost. `timeout`: a limit of time is over. `too-large`: the
 * answer. `unreadable`: the body that was to be sent.
 */
export type OutboundFailure = 'refused' | 'unreachable' | 'timeout' | 'too-large' | 'unreadable';

export class OutboundError extends Error {
  override readonly name = 'OutboundError';
  readonly failure: OutboundFailure;

  constructor(failure: OutboundFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}

const resolveHere: Resolve = (host) =>
  new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });

const LOOPBACK: readonly ResolvedAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/** The addresses of a name, all of them permitted. A name with one that is not is refused whole: nobody honest has such. */
const permittedAddresses = async (
  url: URL,
  allowed: AllowedNetworks,
  resolve: Resolve,
): Promise<readonly ResolvedAddress[]> => {
  const problemOf = ({ address }: ResolvedAddress) => addressProblem(address, allowed, url.protocol);
  const host = hostOf(url);
  if (isLocalhost(host)) {
    const [first] = LOOPBACK;
    const permitted = LOOPBACK.filter((one) => problemOf(one) === undefined);
    if (permitted.length > 0 || !first) return permitted;
    throw new OutboundError('refused', `"${host}" ${problemOf(first)}`);
  }
  const found = await resolve(host);
  if (found.length === 0) throw new OutboundError('unreachable', `"${host}" has no address`);
  const problem = found.map(problemOf).find((one) => one !== undefined);
  if (problem !== undefined) throw new OutboundError('refused', `the addresses of "${host}" say that it ${problem}`);
  return found;
};

/** Node asks this, and nothing else, for the addresses to connect to; for literal addresses it is not asked: the text was judged. */
const guardedLookup =
  (url: URL, allowed: AllowedNetworks, resolve: Resolve): LookupFunction =>
  (_host, options, callback) => {
    permittedAddresses(url, allowed, resolve).then(
      (found) => {
        const wanted = found.filter(({ family }) => !options.family || options.family === family);
        const [first] = wanted;
        if (options.all) callback(null, [...wanted]);
        else if (first) callback(null, first.address, first.family);
        else callback(new OutboundError('unreachable', `"${hostOf(url)}" has no address of that family`), '');
      },
      (error: Error) => callback(error, ''),
    );
  };

interface Hop {
  readonly url: URL;
  readonly request: OutboundRequest;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

const bytesOf = (body: OutboundRequest['body']): number | undefined => {
  if (body === undefined) return undefined;
  return typeof body === 'string' ? Buffer.byteLength(body) : 'open' in body ? body.bytes : body.byteLength;
};

/** What the certificate must be for: the name as people write it, without the dot of the root. */
const serverName = (url: URL): { servername?: string } => (isIP(hostOf(url)) === 0 ? { servername: hostOf(url) } : {});

const open = ({ url, request, headers, signal }: Hop): ClientRequest => {
  const secure = url.protocol === 'https:';
  const bytes = bytesOf(request.body);
  const isStreamed = typeof request.body === 'object' && 'open' in request.body;
  const options = {
    method: request.method ?? 'GET',
    headers: {
      ...headers,
      ...(bytes === undefined ? {} : { 'content-length': String(bytes) }),
      ...(isStreamed && { expect: '100-continue' }),
    },
    lookup: guardedLookup(url, request.allowed, request.resolve ?? resolveHere),
    signal,
    timeout: request.limits.idleMs ?? request.limits.totalMs,
  };
  return secure
    ? secureRequest(url, { ...options, ...serverName(url), agent: new SecureAgent() })
    : plainRequest(url, { ...options, agent: new PlainAgent() });
};

/** A server that does not know the question does not answer it: RFC 9110 §10.1.1 wants the body to be sent then all the same. */
const CONTINUE_LIMIT_MS = 1_000;

/**
 * Sends a large body only when the server has seen the head and wants it. One that refuses answers instead; answered in the middle of the
 * body and closed, the connection would end with a broken pipe and the reason be lost.
 */
const whenWanted = (call: ClientRequest, send: () => void): void => {
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    clearTimeout(timer);
    call.off('continue', go).off('response', stop).off('close', stop);
  };
  const go = (): void => {
    stop();
    send();
  };
  const asked = (): void => {
    timer ??= setTimeout(go, CONTINUE_LIMIT_MS);
  };
  call.once('continue', go).once('response', stop).once('close', stop);
  call.once('socket', (socket) => socket.once(isSecure(call) ? 'secureConnect' : 'connect', asked));
  call.flushHeaders();
};

const isSecure = ({ protocol }: ClientRequest): boolean => protocol === 'https:';

/** One request and the head of its answer. */
const exchange = (hop: Hop): Promise<{ readonly call: ClientRequest; readonly answer: IncomingMessage }> =>
  new Promise((resolve, reject) => {
    const call = open(hop);
    call.once('timeout', () => call.destroy(new OutboundError('timeout', 'nothing was sent or received for too long')));
    call.on('error', reject);
    call.once('response', (answer) => {
      // From here on the answer tells of the connection's end; what the rest of an upload meets no longer matters.
      call.off('error', reject).on('error', (error) => answer.destroy(error));
      resolve({ call, answer });
    });
    const { body } = hop.request;
    if (body === undefined || typeof body === 'string' || !('open' in body)) call.end(body);
    else {
      whenWanted(call, () => {
        const source = body.open();
        source.once('error', (cause) => {
          reject(new OutboundError('unreadable', `what was to be sent can't be read: ${cause.message}`, { cause }));
        });
        // An answer may come before all is sent; then the connection ends first, which is no failure of its own.
        pipeline(source, call, (error) => error && call.destroy(error));
      });
    }
  });

const readBody = async (answer: IncomingMessage, { bodyBytes, longerBody }: OutboundLimits): Promise<Buffer> => {
  const parts: Buffer[] = [];
  let room = bodyBytes;
  for await (const part of answer as AsyncIterable<Buffer>) {
    parts.push(part.subarray(0, room));
    room -= part.length;
    if (room >= 0) continue;
    if (longerBody === 'cut') break;
    throw new OutboundError('too-large', `the answer is longer than ${bodyBytes} bytes`);
  }
  return Buffer.concat(parts);
};

/** What may follow to another origin: nothing that proves who we are. */
const withoutProofs = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !/^(?:authorization|cookie)$/i.test(name)));

/** Where a redirect leads; undefined where this answer is the last. */
const nextOf = ({ url, request }: Hop, answer: IncomingMessage): URL | undefined => {
  const { statusCode = 0, headers } = answer;
  const keepsMethod = statusCode === 307 || statusCode === 308;
  const follows = keepsMethod || (request.body === undefined && [301, 302, 303].includes(statusCode));
  if (!follows || !request.mostRedirects || headers.location === undefined) return undefined;
  const next = URL.parse(headers.location, url.href);
  if (!next) throw new OutboundError('refused', 'it was redirected to what is no URL');
  return next;
};

const failureOf = (error: unknown, url: URL, limits: OutboundLimits, timer: AbortSignal): OutboundError => {
  const [where, cause] = [shownUrl(url.href), { cause: error }];
  if (timer.aborted) return new OutboundError('timeout', `${where}: it took longer than ${limits.totalMs} ms`, cause);
  if (error instanceof OutboundError) return new OutboundError(error.failure, `${where}: ${error.message}`, cause);
  // The messages of Node name addresses, ports, hosts and certificates, never paths.
  const words = error instanceof AggregateError ? error.errors.map(String).join('; ') : String(error);
  return new OutboundError('unreachable', `${where}: ${words}`, cause);
};

/**
 * Calls the URL; resolves with the answer, whatever its status. Rejects with `OutboundError`, or with the reason of `signal`. `method`
 * is kept across redirects.
 */
export const guardedFetch = async (request: OutboundRequest): Promise<OutboundResponse> => {
  const timer = AbortSignal.timeout(request.limits.totalMs);
  const signal = request.signal ? AbortSignal.any([timer, request.signal]) : timer;
  let text = request.url;
  let headers = request.headers ?? {};
  for (let redirects = 0; ; redirects += 1) {
    const problem = outboundUrlProblem(text, request.allowed);
    if (problem !== undefined) throw new OutboundError('refused', `${shownUrl(text)}: it ${problem}`);
    const hop: Hop = { url: new URL(text), request, headers, signal };
    try {
      request.signal?.throwIfAborted();
      const { call, answer } = await exchange(hop);
      try {
        const next = nextOf(hop, answer);
        if (!next) {
          const body = await readBody(answer, request.limits);
          return { status: answer.statusCode ?? 0, headers: answer.headers, body, url: hop.url.href };
        }
        if (redirects >= (request.mostRedirects ?? 0)) {
          throw new OutboundError('refused', `it was redirected more than ${request.mostRedirects} times`);
        }
        if (next.origin !== hop.url.origin) headers = withoutProofs(headers);
        text = next.href;
      } finally {
        call.destroy();
      }
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason;
      throw failureOf(error, hop.url, request.limits, timer);
    }
  }
};
