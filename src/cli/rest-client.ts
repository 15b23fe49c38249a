/** The few REST calls that the demo makes, and tests build on. Refusals are errors that carry the status and what the server said. */

/** A recording as the API describes it; only what is read here. */
export interface RecordingAnswer {
  readonly id: string;
  readonly roomId: string;
  readonly sessionId: string;
  readonly status: string;
  readonly progress: number | null;
  readonly failureReason?: string | null;
  readonly stopReason?: string | null;
  readonly updatedAt?: string;
  readonly incidents?: readonly IncidentAnswer[];
  readonly start?: string | null;
  readonly end?: string | null;
  readonly file: {
    readonly fileUrl: string;
    readonly filePath: string;
    readonly size: number;
    readonly meta: {
      readonly resolution: { readonly width: number; readonly height: number } | null;
      readonly duration: number;
    };
  } | null;
}

/** What befell a recording. */
export interface IncidentAnswer {
  readonly type: string;
  /** Seconds of the file. */
  readonly from: number | null;
  readonly to: number | null;
  readonly message: string;
}

/** The server said no. */
export class RestError extends Error {
  override readonly name = 'RestError';
  readonly status: number;
  readonly body: string;
  constructor(what: string, status: number, body: string) {
    super(`${what} was answered ${status}: ${body}`);
    this.status = status;
    this.body = body;
  }
}

export class RestClient {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** One call. A body is sent as JSON. Never rejects for a status. */
  call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(new URL(path, this.#url), {
      method,
      headers: {
        authorization: this.#token,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async #ok(method: string, path: string, body?: unknown): Promise<Response> {
    const response = await this.call(method, path, body);
    if (!response.ok) throw new RestError(`${method} ${path}`, response.status, await response.text());
    return response;
  }

  /** Makes a room; answers its id. */
  async createRoom(): Promise<string> {
    const room = (await (await this.#ok('POST', '/v2/rooms', {})).json()) as { roomId: string };
    return room.roomId;
  }

  /** Starts a recording; answers its id. */
  async startRecording(
    roomId: string,
    config: Record<string, unknown> = {},
    fields: Record<string, unknown> = {},
  ): Promise<string> {
    const response = await this.#ok('POST', '/v2/recordings/start', { ...fields, roomId, config });
    const id = response.headers.get('x-recording-id');
    if (!id) throw new Error('The answer to a start names no recording (X-Recording-Id).');
    return id;
  }

  async endRecording(roomId: string): Promise<void> {
    await this.#ok('POST', '/v2/recordings/end', { roomId });
  }

  async recording(id: string): Promise<RecordingAnswer> {
    return (await (await this.#ok('GET', `/v2/recordings/${id}`)).json()) as RecordingAnswer;
  }
}
