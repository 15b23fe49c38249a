/** The thread of `transcript-thread.ts`: takes a transcript in parts, does one piece of work on it, says the result. What fails ends the thread with its error. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Transcript, Utterance } from '../domain/transcript.ts';
import type { TranscriptThreadData, TranscriptThreadTask } from './transcript-thread-task.ts';

const { task, head }: TranscriptThreadData = workerData;
const port = parentPort;
if (!port) throw new Error('This program is a thread of the server process.');

const resultOf = async (wanted: TranscriptThreadTask, transcript: Transcript): Promise<unknown> => {
  if (wanted.kind === 'files') {
    const { writeTranscriptFiles } = await import('../transcription/files/transcript-files.ts');
    return writeTranscriptFiles(transcript);
  }
  const { summarize } = await import('../transcription/summary/summarize.ts');
  const { llm, prompt } = wanted;
  const model = llm ? (await import('../transcription/summary/endpoint/chat-endpoint.ts')).openChatEndpoint(llm) : null;
  // Whoever gives it up ends the thread.
  return summarize({ transcript, prompt, model, signal: new AbortController().signal });
};

const utterances: Utterance[] = [];
port.on('message', (message: readonly Utterance[] | 'all') => {
  if (message !== 'all') utterances.push(...message);
  else void resultOf(task, { ...head, utterances }).then((result) => port.postMessage(result));
});
