/**
 * What is made of a transcript, by a thread of its own: a day of talk takes seconds to cut into cues, and to sum up by rules, and in the
 * server's own thread nobody would be answered meanwhile. One thread for each piece of work, ended with it; whoever gives it up ends it where it stands.
 *
 * Failure modes. A thread that fails, or runs out of its memory, rejects: the server is not touched, and who asked tries again later.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Transcript } from '../domain/transcript.ts';
import type { Summarizer, TranscriptWriter } from '../recordings/transcription-ports.ts';
import type { ChatEndpointSettings } from '../transcription/summary/endpoint/chat-endpoint.ts';
import type { TranscriptThreadResult, TranscriptThreadTask } from './transcript-thread-task.ts';

const PROGRAM = new URL('./transcript-thread-program.ts', import.meta.url);
/** Many times what a day of talk takes. */
const HEAP_MB = 512;
/** Utterances handed over at once: a millisecond or so. */
const PART = 200;

/** Rejects with the signal's reason. `signal` is not aborted yet. */
const inThread = async <Task extends TranscriptThreadTask>(
  task: Task,
  transcript: Transcript,
  signal: AbortSignal,
): Promise<TranscriptThreadResult<Task['kind']>> => {
  const { utterances, ...head } = transcript;
  const resourceLimits = { maxOldGenerationSizeMb: HEAP_MB };
  // Nothing of our environment: it is told all that it needs.
  const thread = new Worker(PROGRAM, { workerData: { task, head }, env: {}, resourceLimits });
  try {
    const { promise, resolve, reject } = Promise.withResolvers<TranscriptThreadResult<Task['kind']>>();
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', () => reject(new Error('The thread that works on a transcript ended before it was done.')));
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    // It may fail while it is still being told.
    promise.catch(() => undefined);
    for (let from = 0; from < utterances.length; from += PART) {
      thread.postMessage(utterances.slice(from, from + PART));
      await nextTurn();
    }
    thread.postMessage('all');
    return await promise;
  } finally {
    await thread.terminate();
  }
};

export const writeInThread: TranscriptWriter = async (transcript, signal) => {
  signal.throwIfAborted();
  return inThread({ kind: 'files' }, transcript, signal);
};

/** `llm`: undefined: rules sum up. */
export const summarizeInThread =
  (llm: ChatEndpointSettings | undefined): Summarizer =>
  async ({ transcript, prompt, signal }) => {
    if (signal.aborted) return { kind: 'cancelled' };
    // Nobody asks when each word was said: half of what there is to hand over.
    const utterances = transcript.utterances.map((utterance) => ({ ...utterance, words: null }));
    try {
      return await inThread({ kind: 'summary', prompt, llm }, { ...transcript, utterances }, signal);
    } catch (error) {
      if (signal.aborted) return { kind: 'cancelled' };
      throw error;
    }
  };
