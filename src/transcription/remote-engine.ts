/** The endpoint, as a transcriber process sees it: the server process asks it (`http-engine.ts`), and we ask the server process. */
import type { Peer } from '../support/ipc.ts';
import type { TranscriptionEngine } from './engine.ts';
import { pcmOf } from './pcm.ts';
import { listenMethods } from './task.ts';

/** More than the server's own tries take together: it answers, or is gone. */
const ANSWERED_WITHIN_MS = 1_800_000;

/** Rejects with `RemoteError` whose `code` is that of the server's `EngineError`. */
export const remoteEngine = (
  { name, concurrency }: { readonly name: string; readonly concurrency: number },
  peer: Peer,
): TranscriptionEngine => ({
  name,
  concurrency,
  async transcribe(speech, { language }) {
    const answer = await peer.request('transcribe', { pcm: pcmOf(speech), language }, ANSWERED_WITHIN_MS);
    return listenMethods.transcribe.result.parse(answer);
  },
  close: () => Promise.resolve(),
});
