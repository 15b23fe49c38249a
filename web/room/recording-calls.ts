/** Starting and ending a recording through the REST API, with the participant's own token. */

/** The server said no, or nothing. `message` is for the person who pressed the button. */
export class RecordingCallError extends Error {
  override readonly name = 'RecordingCallError';
}

const call = async (path: string, token: string, roomId: string): Promise<void> => {
  let answer: Response;
  try {
    answer = await fetch(path, {
      method: 'POST',
      headers: { authorization: token, 'content-type': 'application/json' },
      body: JSON.stringify({ roomId }),
    });
  } catch (error) {
    throw new RecordingCallError('The server could not be reached. Try again in a moment.', { cause: error });
  }
  if (answer.ok) return;
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
export const startRecording = (token: string, roomId: string): Promise<void> =>
  call('/v2/recordings/start', token, roomId);

/** @throws {RecordingCallError} */
export const endRecording = (token: string, roomId: string): Promise<void> => call('/v2/recordings/end', token, roomId);
