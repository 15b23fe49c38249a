/** What is made of a transcript, in threads: that it is what it would be without them, and that nobody else waits for it. */
import { expect, it } from 'vitest';
import type { Transcript } from '../../../src/domain/transcript.ts';
import { summarizeInThread, writeInThread } from '../../../src/processes/transcript-thread.ts';
import { writeTranscriptFiles } from '../../../src/transcription/files/transcript-files.ts';
import { summarize } from '../../../src/transcription/summary/summarize.ts';

const WORDS =
  'we should look at the budget of the next quarter before Friday and then decide who writes that report'.split(' ');

/** So many utterances, of words in an order that a fixed rule shuffles. */
const talk = (utterances: number): Transcript => ({
  language: 'en',
  durationSeconds: utterances * 6,
  engine: 'test/1',
  speakers: [
    { id: 'a', participantId: 'a', kind: 'microphone', name: 'Ada --> <v Bob>' },
    { id: 'b', participantId: 'b', kind: 'microphone', name: 'עדה 👩‍👩‍👧' },
  ],
  utterances: Array.from({ length: utterances }, (_, i) => {
    const words = Array.from({ length: 18 }, (_unused, k) => WORDS[(i * 7 + k * (1 + (i % 5))) % WORDS.length] ?? '');
    const start = i * 6;
    return {
      start,
      end: start + 5.5,
      speakerId: i % 3 === 0 ? 'b' : 'a',
      text: `${words.join(' ')}.`,
      language: 'en',
      words: words.map((word, k) => ({ word, start: start + k * 0.3, end: start + k * 0.3 + 0.28 })),
    };
  }),
});

const signal = new AbortController().signal;

it('makes files and digest as they would be made without a thread', async () => {
  const transcript = talk(450);
  expect(await writeInThread(transcript, signal)).toEqual(writeTranscriptFiles(transcript));
  expect(await summarizeInThread(undefined)({ transcript, prompt: 'As a poem.', signal })).toEqual(
    await summarize({ transcript, prompt: 'As a poem.', model: null, signal }),
  );
});

it('lets others have their turns while a long talk is written down and summed up', async () => {
  const transcript = talk(1_200);
  const works = [
    () => writeInThread(transcript, signal),
    () => summarizeInThread(undefined)({ transcript, prompt: null, signal }),
  ];
  for (const work of works) {
    let turns = 0;
    const others = setInterval(() => {
      turns += 1;
    }, 1);
    await work().finally(() => clearInterval(others));
    // One thread that did it all would have given none, or one.
    expect(turns).toBeGreaterThan(20);
  }
});

it('is given up where it stands', async () => {
  const abort = new AbortController();
  const writing = writeInThread(talk(1_200), abort.signal);
  const summing = summarizeInThread(undefined)({ transcript: talk(1_200), prompt: null, signal: abort.signal });
  abort.abort(new Error('The recording was deleted.'));
  await expect(writing).rejects.toThrow('The recording was deleted.');
  expect(await summing).toEqual({ kind: 'cancelled' });
  expect(await summarizeInThread(undefined)({ transcript: talk(1), prompt: null, signal: abort.signal })).toEqual({
    kind: 'cancelled',
  });
});

it('says so where a thread can not do it, and the server goes on', async () => {
  // What no transcript is.
  const broken: Transcript = { ...talk(1), utterances: JSON.parse('[{"start": 0}]') };
  await expect(writeInThread(broken, signal)).rejects.toThrow();
});
