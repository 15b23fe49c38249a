/**
 * The HTTP side, put together: hooks, routes, sockets, errors; listening and closing.
 *
 * States: created → listening → closing → closed. `close()` refuses new connections, says goodbye to room sockets, lets requests
 * and downloads that are under way finish within the configured grace, and cuts the rest.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { RoomtapeError } from '../domain/errors.ts';
import type { Logger } from '../support/log.ts';
import { AllowedMethods } from './allowed-methods.ts';
import type { ApiConfig, ApiCredentials } from './api-config.ts';
import { type ApiContext, type App, requireRestToken } from './api-context.ts';
import { TokenVerifier } from './auth.ts';
import { crossOrigin } from './cross-origin.ts';
import { envelopeOf, headersOf, internalError, refusalOf } from './error-envelope.ts';
import { FileUrls } from './file-url.ts';
import { HttpMetrics } from './http-metrics.ts';
import { heedIdempotencyKeys } from './idempotency.ts';
import type { ApiPorts } from './ports.ts';
import { clientAddress, RateLimits } from './rate-limits.ts';
import { RoomAccess } from './room-access.ts';
import { RoomSockets } from './room-sockets.ts';
import { captionRoutes } from './routes/captions.ts';
import { compositeRecordingRoutes } from './routes/composite-recordings.ts';
import { compositionRoutes } from './routes/compositions.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { eventRoutes } from './routes/events.ts';
import { fileRoutes } from './routes/files.ts';
import { healthRoutes } from './routes/health.ts';
import { individualRecordingRoutes } from './routes/individual-recordings.ts';
import { mergeRecordingRoutes } from './routes/merge-recordings.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { notImplementedRoutes } from './routes/not-implemented.ts';
import { collectOpenApi, openApiRoutes } from './routes/openapi.ts';
import { publicKeyRoutes } from './routes/public-key.ts';
import { purgeRoutes } from './routes/purges.ts';
import { recordingChangeRoutes } from './routes/recording-changes.ts';
import { recordingRoutes } from './routes/recordings.ts';
import { roomSocketRoutes } from './routes/room-socket.ts';
import { roomRoutes } from './routes/rooms.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { transcriptionRoutes } from './routes/transcriptions.ts';
import { webPageRoutes } from './routes/web-pages.ts';
import { whepRoutes } from './routes/whep.ts';
import { whipRoutes } from './routes/whip.ts';
import { parseJson, refuseNulInUrl } from './text.ts';
import { validatorCompiler } from './validation.ts';

const VERSION: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
const WEB_ROOT = fileURLToPath(new URL('../../web/dist', import.meta.url));

const BODY_LIMIT = 1024 * 1024;
/** Room ids may be free text of 256 characters, each up to 12 when URL-encoded. */
const LONGEST_PARAM = 3200;
/** Of what was received instead of JSON, so much is repeated. */
const LONGEST_SHOWN_TYPE = 100;
/** A request that takes longer to arrive is an attack or a dead network. */
const REQUEST_TIMEOUT_MS = 60_000;

export interface ApiOptions {
  readonly ports: ApiPorts;
  readonly config: ApiConfig;
  readonly credentials: ApiCredentials;
  readonly log: Logger;
  /** What time it is, for limits of rate. */
  readonly now?: () => Date;
  /** Folder of the built web pages, for tests. */
  readonly webRoot?: string;
}

export interface Api {
  /** Listens; resolves with `url`. Rejects with a sentence if the port is taken. */
  listen(): Promise<string>;
  /** Idempotent. */
  close(): Promise<void>;
  /** `http(s)://host:port` of the listening server; the configured one before. */
  readonly url: string;
}

/** Builds the HTTP side. Throws if certificate or key can't be read. */
export const createApi = async (options: ApiOptions): Promise<Api> => {
  const { ports, config, credentials, log, webRoot = WEB_ROOT, now = () => new Date() } = options;
  const limits = new RateLimits(config.rateLimits, now);
  const metrics = new HttpMetrics();
  const context: ApiContext = {
    ports,
    config,
    tokens: new TokenVerifier(credentials),
    access: new RoomAccess(ports.rooms),
    limits,
    fileUrls: new FileUrls(credentials.apiSecret, config.fileUrlTtlMs),
    userId: createHash('sha256').update(credentials.apiKey).digest('hex').slice(0, 24),
    log,
  };
  const app = createApp(config, log, metrics, limits);
  const sockets = new RoomSockets(context, metrics);
  await collectOpenApi(app, VERSION, config.publicUrl);
  await app.register(async (plain) => {
    const rest = plain.withTypeProvider<ZodTypeProvider>();
    requireRestToken(rest, context);
    heedIdempotencyKeys(rest, context);
    roomRoutes(rest, context);
    sessionRoutes(rest, context);
    recordingRoutes(rest, context);
    mergeRecordingRoutes(rest, context);
    individualRecordingRoutes(rest, context);
    compositeRecordingRoutes(rest, context);
    recordingChangeRoutes(rest, context);
    compositionRoutes(rest, context);
    purgeRoutes(rest, context);
    deliveryRoutes(rest, context);
    eventRoutes(rest, context);
    transcriptionRoutes(rest, context);
    notImplementedRoutes(rest);
  });
  await app.register(async (plain) => whipRoutes(plain.withTypeProvider<ZodTypeProvider>(), context));
  await app.register(async (plain) => whepRoutes(plain.withTypeProvider<ZodTypeProvider>(), context));
  captionRoutes(app, context);
  fileRoutes(app, context);
  roomSocketRoutes(app, sockets);
  publicKeyRoutes(app, context);
  healthRoutes(app, context);
  metricsRoutes(app, context, metrics);
  await openApiRoutes(app, config.publicUrl);
  webPageRoutes(app, webRoot);
  await app.ready();
  sockets.attach(app.server);
  return new ListeningApi(app, sockets, config);
};

const createApp = (config: ApiConfig, log: Logger, metrics: HttpMetrics, limits: RateLimits): App => {
  const refuse = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply =>
    sendError(limited(error, request, config, limits), request, reply, log);
  const allowed = new AllowedMethods();
  const app = fastify({
    logger: false,
    serverFactory: (handler) => createHttpServer(config.tls, handler),
    trustProxy: config.trustProxy === true ? true : config.trustProxy.length > 0 ? [...config.trustProxy] : false,
    bodyLimit: BODY_LIMIT,
    genReqId: () => randomUUID(),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: LONGEST_PARAM },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => refuseMalformed(error, socket),
    frameworkErrors: (error, request, reply) => void refuse(error, request, reply),
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest('caller', undefined);
  acceptJsonOnly(app);
  app.addHook('onRequest', async (request) => refuseNulInUrl(request.url));
  app.addHook('onRoute', ({ url, method }) => allowed.add(url, method));
  crossOrigin(app, config, allowed);
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    metrics.answered(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
    log.debug({ method: request.method, route, status: reply.statusCode, ms: reply.elapsedTime }, 'Answered.');
  });
  app.setErrorHandler(refuse);
  app.setNotFoundHandler((request, reply) => refuse(notFound(request, reply, allowed), request, reply));
  return app;
};

const createHttpServer = (tls: ApiConfig['tls'], handler: RequestListener): Server => {
  const options = { requestTimeout: REQUEST_TIMEOUT_MS };
  if (!tls) return createServer(options, handler);
  const pair = { cert: readPem(tls.certFile), key: readPem(tls.keyFile) };
  try {
    return createTlsServer({ ...options, ...pair }, handler);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `"${tls.certFile}" and "${tls.keyFile}" are no PEM certificate and the key that belongs to it (${reason}). Check ROOMTAPE_TLS_CERT and ROOMTAPE_TLS_KEY.`,
      { cause },
    );
  }
};

const readPem = (path: string): Buffer => {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Error(`"${path}" can't be read: check ROOMTAPE_TLS_CERT and ROOMTAPE_TLS_KEY.`, { cause });
  }
};

/** JSON, where a body comes at all: an empty one is no body, whatever its type says. Anything else is 415. */
const acceptJsonOnly = (app: App): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    if (body === '') return done(null, undefined);
    try {
      return done(null, parseJson(String(body)));
    } catch (cause) {
      if (cause instanceof RoomtapeError) return done(cause, undefined);
      const detail = cause instanceof Error ? cause.message : String(cause);
      return done(new RoomtapeError('INVALID_JSON', `The body is not JSON: ${detail}`, { cause }), undefined);
    }
  });
  app.addContentTypeParser('*', (request, _body, done) => {
    if (request.is404) return done(null, undefined); // what is not there takes no body of any type
    const type = request.headers['content-type'];
    const came = type ? `with "Content-Type: ${type.slice(0, LONGEST_SHOWN_TYPE)}"` : 'without a Content-Type';
    const words = `The body came ${came}. Send JSON with "Content-Type: application/json".`;
    return done(new RoomtapeError('UNSUPPORTED_MEDIA_TYPE', words), undefined);
  });
  // A POST without a body says what one with `{}` says.
  app.addHook('preValidation', async (request) => {
    if (request.method === 'POST') request.body ??= {};
  });
};

const notFound = (request: FastifyRequest, reply: FastifyReply, allowed: AllowedMethods): RoomtapeError => {
  const path = request.url.split('?')[0] ?? '';
  const methods = allowed.of(path);
  if (methods.length === 0) {
    return new RoomtapeError('NOT_FOUND', `There is nothing at "${path}". All calls are listed at /api-docs.`);
  }
  reply.header('allow', methods.join(', '));
  return new RoomtapeError('METHOD_NOT_ALLOWED', `"${path}" has no ${request.method}; it has ${methods.join(', ')}.`);
};

/** An error, or what stands in its place for who fails to authenticate again and again. */
const limited = (error: unknown, { raw }: FastifyRequest, { trustProxy }: ApiConfig, limits: RateLimits): unknown => {
  const refusal = refusalOf(error);
  return refusal ? limits.judge(refusal, clientAddress(raw, trustProxy)) : error;
};

const sendError = (error: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger): FastifyReply => {
  const known = refusalOf(error);
  // What is not built yet is no failure: whoever asks for it again and again would fill the log.
  if (!known || (known.blame === 'us' && known.code !== 'NOT_IMPLEMENTED')) {
    const about = { err: error, requestId: request.id, method: request.method, route: request.routeOptions.url };
    log.error(about, known ? 'A request could not be served.' : 'A request failed by a bug.');
  }
  const refusal = known ?? internalError(request.id);
  reply.header('x-request-id', request.id); // The hooks have not run where the path itself is malformed.
  return reply
    .code(refusal.status)
    .headers(headersOf(refusal))
    .type('application/json; charset=utf-8')
    .send(envelopeOf(refusal));
};

/** What can't be parsed as HTTP has no request to answer; the connection ends with this. */
const refuseMalformed = (error: Error & { code?: string }, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const isSlow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const refusal = new RoomtapeError(
    'INVALID_REQUEST',
    isSlow ? 'The request did not arrive in time.' : 'What came is not an HTTP request, or its headers are too large.',
  );
  const body = JSON.stringify(envelopeOf(refusal));
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
};

const listenWords = (cause: unknown, host: string, port: number): string => {
  switch (cause instanceof Error && 'code' in cause && cause.code) {
    case 'EADDRINUSE':
      return `Port ${port} of ${host} is taken. Stop what uses it, or set ROOMTAPE_PORT.`;
    case 'EACCES':
      return `Port ${port} of ${host} is not for this user to open. Choose one above 1023 with ROOMTAPE_PORT.`;
    case 'EADDRNOTAVAIL':
      return `This machine does not have the address ${host}. Set ROOMTAPE_HOST to one of its own, or to 0.0.0.0 for all.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `"${host}" is no address that is known here. Set ROOMTAPE_HOST to an address of this machine, or to 0.0.0.0 for all.`;
    default:
      return `Port ${port} of ${host} can't be opened: ${cause instanceof Error ? cause.message : String(cause)}.`;
  }
};

class ListeningApi implements Api {
  readonly #app: App;
  readonly #sockets: RoomSockets;
  readonly #config: ApiConfig;
  #closing: Promise<void> | undefined;

  constructor(app: App, sockets: RoomSockets, config: ApiConfig) {
    this.#app = app;
    this.#sockets = sockets;
    this.#config = config;
  }

  get url(): string {
    const { host, port, tls } = this.#config;
    const bound: AddressInfo | string | null = this.#app.server.address();
    const actual = typeof bound === 'object' && bound !== null ? bound.port : port;
    // All addresses are no address to go to; this machine's is one of them.
    const reachable = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
    return `${tls ? 'https' : 'http'}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${actual}`;
  }

  async listen(): Promise<string> {
    const { host, port } = this.#config;
    try {
      await this.#app.listen({ host, port });
    } catch (cause) {
      throw new Error(listenWords(cause, host, port), { cause });
    }
    return this.url;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { shutdownGraceMs } = this.#config;
    const insist = setTimeout(() => this.#app.server.closeAllConnections(), shutdownGraceMs);
    await Promise.all([this.#sockets.close(shutdownGraceMs), this.#app.close()]);
    clearTimeout(insist);
  }
}
