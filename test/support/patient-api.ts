/** The API as a client uses it that lives through restarts: what is not answered, or answered "not now", is asked again. */
import { setTimeout as delay } from 'node:timers/promises';
import { Api } from './api.ts';
import { waitFor } from './wait-for.ts';

/** Longer than any restart takes. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 100;
const NOT_NOW = new Set([502, 503, 504]);

/** Resolves with the first answer that is one. Rejects with the last trouble after a minute. */
const asked = async (ask: () => Promise<Response>): Promise<Response> => {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const late = performance.now() > deadline;
    try {
      const answer = await ask();
      if (late || !NOT_NOW.has(answer.status)) return answer;
      await answer.body?.cancel();
    } catch (error) {
      if (late) throw error;
    }
    await delay(PAUSE_MS);
  }
};

export class PatientApi extends Api {
  override call(...call: Parameters<Api['call']>): Promise<Response> {
    return asked(() => super.call(...call));
  }

  override async download(url: string): Promise<ReadableStream<Uint8Array>> {
    const answer = await asked(() => fetch(url));
    if (!answer.ok) throw new Error(`The file was answered ${answer.status}.`);
    // A server that dies meanwhile must not cut it off.
    return new Blob([await answer.arrayBuffer()]).stream();
  }

  /** Ends it; that a former try has ended it already is no refusal. */
  async ended(roomId: string, recordingId: string): Promise<void> {
    await waitFor('the recording to end', PATIENCE_MS, async () => {
      const answer = await this.call('POST', '/v2/recordings/end', { roomId });
      await answer.body?.cancel();
      const { status } = await this.recording(recordingId);
      return answer.ok || ['composing', 'done', 'failed'].includes(status);
    });
  }
}
