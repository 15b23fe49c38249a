import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Incident } from '../../../src/domain/incidents.ts';
import { openChunkPath } from '../../../src/journal/chunk-files.ts';
import type { JournalRecord } from '../../../src/journal/record.ts';
import { composeJournal } from '../../../src/processes/compose-journal.ts';
import { seededRandom } from '../../../src/synthetic/impairment.ts';
import { composeDamaged, DAMAGES } from '../../support/damaged-journals.ts';
import { indexRecord } from '../journal/fixtures.ts';
import { camera, sine, sound } from './media.ts';
import { chunkOf, RECORDING, Rehearsal, saveJournal } from './rehearsal.ts';
import { CONFIG, inFolder, picturesOf } from './rendering.ts';

const NS = 1e9;

/** Ada sends for 9 s, and is recorded from second 1 to second 8. */
const session = async (): Promise<JournalRecord[]> => {
  const ada = new Rehearsal().joins('ada', 'Ada', 100);
  const size = { width: 160, height: 90 };
  ada.publishes({
    participant: 'ada',
    source: 'camera',
    media: await camera('vp8', 0, 9, size),
    fromMs: 200,
    toMs: 9000,
  });
  ada.publishes({
    participant: 'ada',
    source: 'microphone',
    media: await sound(9, sine(440, 0.3)),
    fromMs: 200,
    toMs: 9000,
  });
  return ada.recorded(1000, 8000).records(9000);
};

/** The file, and what it is told to lack. */
const compose = async (folder: string, name = 'work') => {
  const incidents: Incident[] = [];
  const facts = await composeJournal({
    journalDir: join(folder, 'journal'),
    recordingId: RECORDING,
    config: { ...CONFIG, width: 320, height: 180 },
    workDir: join(folder, name),
    artifactPath: join(folder, name),
    onIncident: (incident) => incidents.push(incident),
  });
  const pictures = await picturesOf(facts.path);
  for (const [i, picture] of pictures.entries()) expect(picture.seconds).toBeCloseTo(i / 30, 9);
  return { facts, incidents, pictures };
};

/** Where the first record that arrived at this second or later begins in a chunk of these records. */
const offsetAt = (records: readonly JournalRecord[], second: number): number => {
  const until = records.findIndex(({ arrivalNs }) => arrivalNs >= second * NS);
  return chunkOf(records.slice(0, until)).length;
};

describe('a composition of a damaged journal', () => {
  test(
    'has its whole length where a byte of one packet is flipped, and says that it is missing',
    () =>
      inFolder(async (folder) => {
        const records = await session();
        await saveJournal(records, join(folder, 'journal'));
        const path = openChunkPath(join(folder, 'journal'), 1);
        const bytes = await readFile(path);
        const at = offsetAt(records, 4) + 30;
        bytes[at] = (bytes[at] ?? 0) ^ 0xff;
        await writeFile(path, bytes);
        const { facts, incidents } = await compose(folder);
        expect(facts.durationSeconds).toBeCloseTo(7, 2);
        expect(incidents).toMatchObject([{ type: 'journal-damaged', fromSeconds: expect.closeTo(3, 1) }]);
      }),
    30_000,
  );

  test(
    'ends where what was received is cut off, at every second of it',
    () =>
      inFolder(async (folder) => {
        const records = await session();
        await saveJournal(records, join(folder, 'journal'));
        const path = openChunkPath(join(folder, 'journal'), 1);
        const whole = await readFile(path);
        for (const second of [2, 5, 7.5]) {
          await writeFile(path, whole.subarray(0, offsetAt(records, second) + 7));
          const { facts } = await compose(folder, `cut-at-${second}`);
          expect(facts.durationSeconds).toBeGreaterThan(second - 1 - 0.3);
          expect(facts.durationSeconds).toBeLessThanOrEqual(second - 1 + 0.1);
        }
      }),
    60_000,
  );

  test(
    'goes on behind a chunk whose rest is lost, keeps the time axis, and says from when to when',
    () =>
      inFolder(async (folder) => {
        const records = await session();
        const [first, second] = [4.5, 6].map((s) => records.findIndex(({ arrivalNs }) => arrivalNs >= s * NS)) as [
          number,
          number,
        ];
        await saveJournal(records.slice(0, first), join(folder, 'journal'));
        const started = records.findIndex((one) => one.type === 'event' && one.event.type === 'recording-started');
        const index = indexRecord(4.5 * NS, [chunkOf(records.slice(0, started)).length]);
        await appendFile(openChunkPath(join(folder, 'journal'), 1), index);
        // A second chunk of which hardly anything can be read, and a third that is whole.
        const chunk = (number: number, part: readonly JournalRecord[]) =>
          writeFile(openChunkPath(join(folder, 'journal'), number), chunkOf(part, number));
        await chunk(2, records.slice(first, second));
        await chunk(3, records.slice(second));
        const path = openChunkPath(join(folder, 'journal'), 2);
        const bytes = await readFile(path);
        bytes.fill(0xa5, 40);
        await writeFile(path, bytes);
        const { facts, incidents } = await compose(folder);
        expect(facts.durationSeconds).toBeCloseTo(7, 2);
        expect(incidents).toMatchObject([
          { type: 'journal-damaged', fromSeconds: expect.closeTo(3.5, 1), toSeconds: expect.closeTo(5, 1) },
        ]);
      }),
    30_000,
  );

  test.each(DAMAGES)(
    'is made of what can be read, and what is missing is told: %s, anywhere',
    async (kind) => {
      const random = seededRandom(DAMAGES.indexOf(kind) + 1);
      for (let i = 0; i < 3; i++) {
        const { where, violations } = await composeDamaged(kind, random);
        expect([where, violations]).toEqual([where, []]);
      }
    },
    60_000,
  );

  test('begins with what is left where its first chunk is gone, and says so', async () => {
    // Of what is left to chance the least: the first chunk.
    const { where, outcome, lostPackets, incidents, violations } = await composeDamaged('chunk gone', () => 0);
    expect([where, outcome, violations]).toEqual(['00000001.rtj', 'whole', []]);
    expect([lostPackets > 0, incidents]).toEqual([true, 1]);
  }, 30_000);
});
