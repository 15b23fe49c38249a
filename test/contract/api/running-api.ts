/** The real HTTP side on a free port of this machine, with the in-memory system behind it. */

import type { ApiConfig } from '../../../src/api/api-config.ts';
import { mintApiToken } from '../../../src/api/auth.ts';
import { type Api, createApi } from '../../../src/api/create-api.ts';
import type { ApiPorts } from '../../../src/api/ports.ts';
import { createLogger } from '../../../src/support/log.ts';
import { InMemorySystem } from './in-memory-system.ts';

export const CREDENTIALS = { apiKey: 'test-key', apiSecret: 'test-secret-of-more-than-32-characters' };

export const API_CONFIG: ApiConfig = {
  host: '127.0.0.1',
  port: 0,
  publicUrl: undefined,
  tls: undefined,
  trustProxy: [],
  corsOrigins: ['*'],
  metricsOpen: false,
  shutdownGraceMs: 2000,
  fileUrlTtlMs: 60_000,
  allowPrivateUrls: [],
  rateLimits: { requestsPerMinute: 0, joinsPerMinute: 0, failuresPerMinute: 0 },
  hasBucket: true,
  maxRecordingDurationMs: 12 * 3_600_000,
  rtc: { iceServers: [] },
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed where it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are judged field by field.
  readonly body: any;
  readonly text: string;
}

export class RunningApi implements AsyncDisposable {
  readonly system: InMemorySystem;
  readonly api: Api;
  readonly url: string;
  readonly #token: string;

  private constructor(system: InMemorySystem, api: Api, url: string, token: string) {
    this.system = system;
    this.api = api;
    this.url = url;
    this.#token = token;
  }

  static async start(
    settings: Partial<ApiConfig> = {},
    webRoot = '/nonexistent',
    now: () => Date = () => new Date(),
    /** In the place of the system's. */
    ports: Partial<ApiPorts> = {},
  ): Promise<RunningApi> {
    const system = Object.assign(new InMemorySystem(), ports);
    const log = createLogger('api-test', 'silent');
    const api = await createApi({
      ports: system,
      config: { ...API_CONFIG, ...settings },
      credentials: CREDENTIALS,
      log,
      webRoot,
      now,
    });
    return new RunningApi(system, api, await api.listen(), await mintApiToken(CREDENTIALS));
  }

  /** A request with an API token, unless `headers` has its own or `authorization: ''`. An object body is sent as JSON. */
  async call(
    method: string,
    path: string,
    options: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const { body, headers = {} } = options;
    const all: Record<string, string> = { authorization: this.#token, ...headers };
    if (all.authorization === '') delete all.authorization;
    const isRaw = body === undefined || typeof body === 'string';
    if (!isRaw && all['content-type'] === undefined) all['content-type'] = 'application/json';
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: all,
      redirect: 'manual',
      ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') && text !== '';
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text, text };
  }

  get = (path: string, headers: Record<string, string> = {}): Promise<Answer> => this.call('GET', path, { headers });
  post = (path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    this.call('POST', path, { body, headers });

  /** A room in which somebody is; answers its id. */
  async liveRoom(customRoomId?: string): Promise<string> {
    const { roomId } = await this.system.rooms.create({ customRoomId: customRoomId ?? null });
    this.system.join(roomId);
    return roomId;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.api.close();
  }
}
