/** Starting, pausing and ending the room's recording through the REST API, with the participant's own token. */

/** The server said no, or nothing. `message` is for the person who pressed the button. */
export class RecordingCallError extends Error {
  override readonly name = 'RecordingCallError';
}

/** The room's own recording. Others, of people apart, may run beside it. */
export interface RoomRecording {
  readonly id: string;
  readonly isPaused: boolean;
}

const ask = async (method: 'GET' | 'POST', path: string, token: string, body?: object): Promise<Response> => {
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers: { authorization: token, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
  } catch (error) {
    throw new RecordingCallError('The server could not be reached. Try again in a moment.', { cause: error });
  }
  if (answer.ok) return answer;
  throw new RecordingCallError(await messageOf(answer));
};

const messageOf = async (answer: Response): Promise<string> => {
  const text = await answer.text();
  try {
    const body: unknown = JSON.parse(text);
    const message: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'message') : null;
    if (typeof message === 'string' && message !== '') return message;
  } catch (error) {
    // A proxy's page instead of our JSON: the status must do.
    if (!(error instanceof SyntaxError)) throw error;
  }
  return `The server answered ${answer.status}. Try again in a moment.`;
};

/** @throws {RecordingCallError} */
export const startRecording = async (token: string, roomId: string): Promise<void> => {
  await ask('POST', '/v2/recordings/start', token, { roomId });
};

/** @throws {RecordingCallError} */
export const endRecording = async (token: string, roomId: string): Promise<void> => {
  await ask('POST', '/v2/recordings/end', token, { roomId });
};

/** @throws {RecordingCallError} */
export const pauseRecording = async (token: string, { id }: RoomRecording): Promise<void> => {
  await ask('POST', `/v2/recordings/${id}/pause`, token);
};

/** @throws {RecordingCallError} */
export const resumeRecording = async (token: string, { id }: RoomRecording): Promise<void> => {
  await ask('POST', `/v2/recordings/${id}/resume`, token);
};

/** The room's recording that runs now, or null. @throws {RecordingCallError} */
export const runningRecording = async (token: string, roomId: string): Promise<RoomRecording | null> => {
  // The newest comes first, and a room has one that runs at most.
  const path = `/v2/recordings?roomId=${encodeURIComponent(roomId)}&perPage=1`;
  return runningIn(await (await ask('GET', path, token)).json());
};

/** The recording that runs in a page of the list, or null. Pure. */
export const runningIn = (list: unknown): RoomRecording | null => {
  const data: unknown = typeof list === 'object' && list !== null ? Reflect.get(list, 'data') : null;
  const newest: unknown = Array.isArray(data) ? data[0] : null;
  if (typeof newest !== 'object' || newest === null) return null;
  const [id, status]: unknown[] = [Reflect.get(newest, 'id'), Reflect.get(newest, 'status')];
  const isRunning = status === 'starting' || status === 'recording' || status === 'paused';
  return typeof id === 'string' && isRunning ? { id, isPaused: status === 'paused' } : null;
};
