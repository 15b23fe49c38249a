/** Real transcriber processes hear journals of known speech: what they tell is judged by its words, its speakers and its times. */
import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openChunkPath, renameSealed } from '../../../src/journal/chunk-files.ts';
import { CHUNK_HEADER_BYTES } from '../../../src/journal/format.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { openEmbeddedEngine } from '../../../src/transcription/embedded-engine.ts';
import { openHttpEngine } from '../../../src/transcription/http-engine.ts';
import { speechModels } from '../../support/speech-models.ts';
import { judge, SPEAKERS, spokenTrack, turnsOf } from '../../support/spoken.ts';
import { openEndpoint } from '../../support/transcription-endpoint.ts';
import { waitFor } from '../../support/wait-for.ts';
import { chunkOf, saveJournal, snapshotAfterGap } from '../../unit/composition/rehearsal.ts';
import { inFolder } from '../../unit/composition/rendering.ts';
import { dialogue, OFFSET_S, openListening, RECORDED_FROM_MS, recordsOf, TRACKS_FROM_MS } from './spoken-journal.ts';

const SECONDS = 93;
/** One turn of each. */
const SHORT_SECONDS = 17.3;

const saveSealed = async (records: readonly JournalRecord[], folder: string): Promise<void> => {
  await saveJournal(records, join(folder, 'journal'));
  await renameSealed(join(folder, 'journal'), 1);
};

test(
  'both voices are understood, each as who it is, where it speaks',
  () =>
    inFolder(async (folder) => {
      await saveSealed(recordsOf(await dialogue('festival', SECONDS), SECONDS), folder);
      const listening = await openListening(folder);
      try {
        listening.start();
        expect(await listening.ended()).toEqual({
          complete: { durationSeconds: expect.closeTo(SECONDS + OFFSET_S, 1), engine: 'sherpa-onnx/moonshine-tiny-en' },
        });
        const { utterances, speakers, heardSeconds } = listening.told();
        const { wordErrorRate, misplaced, missed, startsLate } = judge(await turnsOf('festival'), utterances, OFFSET_S);
        expect(wordErrorRate).toBeLessThanOrEqual(0.08);
        expect(misplaced).toEqual([]);
        expect(missed).toEqual([]);
        for (const late of startsLate) expect(Math.abs(late)).toBeLessThanOrEqual(0.4);
        expect([...speakers.values()]).toEqual([
          { id: 'alice', participantId: 'alice', kind: 'microphone', name: 'Alice' },
          { id: 'bob', participantId: 'bob', kind: 'microphone', name: 'Bob' },
        ]);
        expect(utterances.every(({ language, words }) => language === 'en' && words === null)).toBe(true);
        expect(heardSeconds).toBeCloseTo(SECONDS + OFFSET_S, 1);
      } finally {
        await listening.coordinator.close();
      }
    }),
  120_000,
);

test(
  'who speaks at the same time as somebody else keeps a line of their own, a shared screen too',
  () =>
    inFolder(async (folder) => {
      const rehearsal = (await dialogue('festival', SHORT_SECONDS)).joins('eve', 'Eve', 200);
      const [alice, bob] = [await spokenTrack('flite', 'alice'), await spokenTrack('flite', 'bob')];
      const toMs = TRACKS_FROM_MS + SHORT_SECONDS * 1000;
      // Alice's screen says at once with her what she says; Eve is left out.
      const screen = { source: 'screen-audio', media: alice, fromMs: TRACKS_FROM_MS, toMs } as const;
      rehearsal.publishes({ participant: 'alice', ...screen });
      rehearsal.publishes({ participant: 'eve', source: 'microphone', media: bob, fromMs: TRACKS_FROM_MS, toMs });
      await saveSealed(recordsOf(rehearsal, SHORT_SECONDS), folder);
      const listening = await openListening(folder);
      try {
        listening.start({ excludeParticipants: ['eve'] });
        expect(await listening.ended()).toHaveProperty('complete');
        const { utterances, speakers } = listening.told();
        expect([...speakers.keys()].sort()).toEqual(['alice', 'alice:screen', 'bob']);
        expect(speakers.get('alice:screen')).toEqual({
          id: 'alice:screen',
          participantId: 'alice',
          kind: 'screen',
          name: 'Alice (screen)',
        });
        const [spoken, shown] = ['alice', 'alice:screen'].map((id) => utterances.find((one) => one.speakerId === id));
        expect(spoken?.text).toContain('weekly planning meeting');
        expect(shown?.text).toContain('weekly planning meeting');
        expect(Math.min(spoken?.end ?? 0, shown?.end ?? 0)).toBeGreaterThan(
          Math.max(spoken?.start ?? 99, shown?.start ?? 99) + 5,
        );
      } finally {
        await listening.coordinator.close();
      }
    }),
  60_000,
);

test(
  'a hidden participant is not heard, and what is said in a pause is not',
  () =>
    inFolder(async (folder) => {
      // Bob's turn begins at 8.63 s: he and all behind him is cut out.
      const rehearsal = await dialogue('festival', 30);
      const pausedMs = TRACKS_FROM_MS + 8_400;
      const resumedMs = TRACKS_FROM_MS + 17_400;
      rehearsal.paused(pausedMs, resumedMs).event(50, {
        type: 'participant-joined',
        participant: { participantId: 'recorder', name: '', hidden: true } as never,
      });
      const media = await spokenTrack('flite', 'bob');
      rehearsal.publishes({
        participant: 'recorder',
        source: 'microphone',
        media,
        fromMs: TRACKS_FROM_MS,
        toMs: 30_000,
      });
      await saveSealed(recordsOf(rehearsal, 30), folder);
      const listening = await openListening(folder);
      try {
        listening.start();
        const cut = (resumedMs - pausedMs) / 1000;
        expect(await listening.ended()).toMatchObject({ complete: { durationSeconds: expect.closeTo(30.5 - cut, 1) } });
        const { utterances, speakers } = listening.told();
        expect([...speakers.keys()].sort()).toEqual(['alice', 'bob']);
        const [third] = (await turnsOf('festival')).slice(2);
        const after = utterances.find(({ text }) => text.includes('very good news'));
        expect(after?.start).toBeCloseTo((third?.start ?? 0) + OFFSET_S - cut, 0);
        expect(utterances.some(({ text }) => text.includes('upload code'))).toBe(false);
      } finally {
        await listening.coordinator.close();
      }
    }),
  60_000,
);

test(
  'it follows a journal while it is written, and goes on where a process was killed',
  () =>
    inFolder(async (folder) => {
      const records = recordsOf(await dialogue('festival', 40), 40);
      const halfNs = (TRACKS_FROM_MS + 26_000) * 1e6;
      const first = records.filter(({ arrivalNs }) => arrivalNs < halfNs);
      const rest = records.filter(({ arrivalNs }) => arrivalNs >= halfNs);
      await saveJournal(first, join(folder, 'journal'));
      const listening = await openListening(folder);
      try {
        listening.start({ finished: false });
        const { utterances } = listening.told();
        const heard = (text: string) => utterances.some((utterance) => utterance.text.includes(text));
        await waitFor('the third turn', 60_000, () => heard('very good news'));
        listening.children.at(-1)?.kill('SIGKILL');
        await appendFile(openChunkPath(join(folder, 'journal'), 1), chunkOf(rest).subarray(CHUNK_HEADER_BYTES));
        await renameSealed(join(folder, 'journal'), 1);
        listening.coordinator.finished('transcription');
        expect(await listening.ended()).toHaveProperty('complete');
        expect(listening.children.length).toBe(2);
        const turns = (await turnsOf('festival')).filter(({ end }) => end < 40);
        const { misplaced, missed, wordErrorRate } = judge(turns, utterances, OFFSET_S);
        expect(misplaced).toEqual([]);
        expect(missed).toEqual([]);
        expect(wordErrorRate).toBeLessThanOrEqual(0.12);
        for (const who of SPEAKERS) {
          const own = utterances.filter(({ speakerId }) => speakerId === who);
          for (const [i, { start }] of own.entries()) expect(start).toBeGreaterThanOrEqual(own[i - 1]?.end ?? 0);
        }
      } finally {
        await listening.coordinator.close();
      }
    }),
  120_000,
);

test(
  'a journal is entered where another process was, not at its beginning',
  () =>
    inFolder(async (folder) => {
      const records = recordsOf(await dialogue('festival', 45), 45);
      const cutsNs = [0, 10, 20, 30, 99].map((seconds) => (TRACKS_FROM_MS + seconds * 1000) * 1e6);
      await saveJournal([], join(folder, 'journal'));
      await rm(openChunkPath(join(folder, 'journal'), 1));
      // The first two chunks are gone: whoever looked for them would find nothing.
      for (const chunk of [3, 4]) {
        const [fromNs = 0, toNs = 0] = cutsNs.slice(chunk - 1);
        const opening = snapshotAfterGap(records, fromNs);
        const own = records.filter(
          ({ arrivalNs, type }) => type !== 'snapshot' && arrivalNs >= fromNs && arrivalNs < toNs,
        );
        if (opening.type !== 'snapshot') throw new Error('A snapshot was expected.');
        const { afterGap: _, ...snapshot } = opening.snapshot;
        const monotonicNs = String(fromNs);
        const whole = { ...opening, snapshot: { ...snapshot, chunk, monotonicNs, wallMs: fromNs / 1e6 } };
        await writeFile(openChunkPath(join(folder, 'journal'), chunk), chunkOf([whole, ...own], chunk));
        await renameSealed(join(folder, 'journal'), chunk);
      }
      const listening = await openListening(folder);
      try {
        listening.start({ heard: { seconds: 30.5, speakers: { alice: 24, bob: 32.3 } } });
        expect(await listening.ended()).toMatchObject({ complete: { durationSeconds: expect.closeTo(45.5, 1) } });
        const { utterances } = listening.told();
        expect(utterances.map(({ speakerId }) => speakerId)).toEqual([
          'alice',
          ...utterances.slice(1).map(() => 'bob'),
        ]);
        const { wordErrorRate, misplaced } = judge(
          (await turnsOf('festival')).slice(4, 5),
          utterances.filter(({ speakerId }) => speakerId === 'alice'),
          OFFSET_S,
        );
        expect(wordErrorRate).toBeLessThanOrEqual(0.15);
        expect(misplaced).toEqual([]);
        expect(utterances[1]?.start).toBeGreaterThan(40);
      } finally {
        await listening.coordinator.close();
      }
    }),
  60_000,
);

test(
  'recordings that have no process to themselves take turns',
  () =>
    inFolder(async (folder) => {
      const records = recordsOf(await dialogue('festival', SHORT_SECONDS), SHORT_SECONDS);
      // Neither of them ends: whoever has the process would keep it.
      await saveJournal(
        records.filter(({ arrivalNs }) => arrivalNs < (RECORDED_FROM_MS + SHORT_SECONDS * 1000) * 1e6),
        join(folder, 'journal'),
      );
      const listening = await openListening(folder, { turnMs: 1_000 });
      try {
        for (const transcriptionId of ['one', 'two']) listening.start({ transcriptionId, finished: false });
        for (const id of ['one', 'two']) {
          await waitFor(`what ${id} hears`, 60_000, () =>
            listening.told(id).utterances.some(({ text }) => text.includes('release date')),
          );
        }
        expect(listening.coordinator.stats).toMatchObject({ jobs: 2 });
        for (const id of ['one', 'two']) {
          const said = listening.told(id).utterances.map(({ text, start }) => `${start} ${text}`);
          expect(new Set(said).size).toBe(said.length);
        }
      } finally {
        await listening.coordinator.close();
      }
    }),
  120_000,
);

test(
  'a language that the model does not know is refused with what to do',
  () =>
    inFolder(async (folder) => {
      await saveSealed(recordsOf(await dialogue('festival', 3), 3), folder);
      const listening = await openListening(folder);
      try {
        listening.start({ language: 'de' });
        const { failed } = await listening.ended();
        expect(failed).toMatch(/understands en only, and "de" was asked for.*ROOMTAPE_SPEECH_MODEL/);
      } finally {
        await listening.coordinator.close();
      }
    }),
  60_000,
);

test(
  'an endpoint hears what is cut out, asked by the server process alone; its words stand at their media time',
  () =>
    inFolder(async (folder) => {
      await saveSealed(recordsOf(await dialogue('festival', 30), 30), folder);
      const { speech } = await speechModels();
      const behind = await openEmbeddedEngine(speech, null);
      const server = await openEndpoint({
        listen: async (asked) => (await behind.transcribe(asked.speech, { language: null })).text,
        behaviours: [{ as: 'half' }],
      });
      const endpoint = openHttpEngine({
        url: server.url,
        key: 'sk-test',
        model: 'moonshine',
        timeoutMs: 60_000,
        backoff: { firstMs: 1, mostMs: 5 },
      });
      const listening = await openListening(folder, { endpoint });
      try {
        listening.start({ engine: 'endpoint' });
        expect(await listening.ended()).toMatchObject({ complete: { engine: 'endpoint/moonshine' } });
        const { utterances } = listening.told();
        const turns = (await turnsOf('festival')).filter(({ end }) => end < 24);
        const told = utterances.filter(({ start }) => start < 24);
        const { misplaced, missed, wordErrorRate } = judge(turns, told, OFFSET_S);
        expect([misplaced, missed]).toEqual([[], []]);
        expect(wordErrorRate).toBeLessThanOrEqual(0.08);
        for (const { start, end, words } of utterances) {
          expect(words?.length).toBeGreaterThan(0);
          for (const word of words ?? []) {
            expect(word.start).toBeGreaterThanOrEqual(start);
            expect(word.end).toBeLessThanOrEqual(end);
          }
        }
        for (const who of SPEAKERS) {
          const own = utterances.filter(({ speakerId }) => speakerId === who).map(({ start }) => start);
          expect(own).toEqual(own.toSorted((a, b) => a - b));
        }
      } finally {
        await listening.coordinator.close();
        await endpoint.close();
        await server.close();
        await behind.close();
      }
    }),
  60_000,
);
