import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { RecordingId } from '../../../src/domain/ids.ts';
import type { Incident } from '../../../src/domain/incidents.ts';
import { scanJournal } from '../../../src/journal/scan.ts';
import { composeJournal } from '../../../src/processes/compose-journal.ts';
import { CONFIG, inFolder, picturesOf } from '../composition/rendering.ts';

/**
 * One session, 6.5 s long and recorded from 0.5 s to 6 s, written by the writer of each version. From 1.1 on it is paused for a second from
 * 2 s on. They are never changed; one is added with every version.
 */
const JOURNALS = fileURLToPath(new URL('../../fixtures/journals/', import.meta.url));
const SESSION = 'f1'.repeat(12);
const RECORDING = 'c0ffee00'.repeat(3) as RecordingId;
const LENGTHS: Readonly<Record<string, number>> = { '1.0': 5.5, '1.1': 4.5, '1.2': 4.5 };

const compose = async (journalDir: string, folder: string) => {
  const incidents: Incident[] = [];
  const facts = await composeJournal({
    journalDir,
    recordingId: RECORDING,
    config: { ...CONFIG, width: 320, height: 180 },
    workDir: folder,
    artifactPath: join(folder, 'file'),
    onIncident: (incident) => incidents.push(incident),
  });
  return { facts, incidents, pictures: await picturesOf(facts.path) };
};

describe('a journal', () => {
  test.each(Object.keys(LENGTHS))('of version %s is read and composed', (version) =>
    inFolder(async (folder) => {
      const journalDir = join(JOURNALS, version, SESSION);
      const summary = await scanJournal(journalDir);
      expect(summary).toMatchObject({ sessionId: SESSION, sessionEnded: true, problems: [] });
      expect(summary?.recordings).toMatchObject([{ recordingId: RECORDING, stop: { reason: 'requested' } }]);
      const { facts, incidents, pictures } = await compose(journalDir, folder);
      expect(facts.durationSeconds).toBeCloseTo(LENGTHS[version] ?? 0, 1);
      expect(pictures.length / 30).toBeCloseTo(LENGTHS[version] ?? 0, 1);
      expect(incidents).toEqual([]);
    }),
  );

  const withVersion = async (journalDir: string, major: number, minor: number): Promise<void> => {
    for (const name of await readdir(journalDir)) {
      const bytes = await readFile(join(journalDir, name));
      bytes.writeUInt16LE(major, 4);
      bytes.writeUInt16LE(minor, 6);
      bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
      await writeFile(join(journalDir, name), bytes);
    }
  };

  test('of a later minor version is read all the same', () =>
    inFolder(async (folder) => {
      const journalDir = join(folder, SESSION);
      await cp(join(JOURNALS, '1.2', SESSION), journalDir, { recursive: true });
      await withVersion(journalDir, 1, 77);
      expect(await scanJournal(journalDir)).toMatchObject({ sessionEnded: true, problems: [] });
    }));

  test('of another major version is refused, with both versions in words', () =>
    inFolder(async (folder) => {
      const journalDir = join(folder, SESSION);
      await cp(join(JOURNALS, '1.2', SESSION), journalDir, { recursive: true });
      await withVersion(journalDir, 2, 0);
      await expect(compose(journalDir, folder)).rejects.toThrow('nothing that can be read');
      expect(await scanJournal(journalDir)).toBeNull();
    }));
});
