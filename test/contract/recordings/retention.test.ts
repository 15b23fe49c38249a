/** What is deleted when its time is over, and what is not: real journals and files on a real database, days by the clock handed in. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Catalog, openCatalog } from '../../../src/catalog/catalog.ts';
import { insertComposition } from '../../../src/catalog/compositions.ts';
import { openEmbeddedPostgres } from '../../../src/catalog/embedded-postgres.ts';
import { filesKept, filesOf, insertFile } from '../../../src/catalog/files.ts';
import { findRecording, insertRecording, moveRecording } from '../../../src/catalog/recordings.ts';
import { createRoom } from '../../../src/catalog/rooms.ts';
import { insertSession } from '../../../src/catalog/sessions.ts';
import type { CompositionId, FileId, RecordingId, RoomId, SessionId } from '../../../src/domain/ids.ts';
import { NS_PER_S } from '../../../src/domain/media-time.ts';
import type { RecordingConfig } from '../../../src/domain/recording.ts';
import { RECORD_TYPE } from '../../../src/journal/record.ts';
import { FileKeeper } from '../../../src/processes/file-keeper.ts';
import { JournalKeeper } from '../../../src/processes/journal-keeper.ts';
import { journalLookup } from '../../../src/processes/journal-lookup.ts';
import { createLogger } from '../../../src/support/log.ts';
import { newHexId, newRoomId } from '../../../src/support/new-id.ts';
import { Scope } from '../../../src/support/scope.ts';
import { chunkHeader, encoded, recordingStarted, snapshotOf } from '../../unit/journal/fixtures.ts';

const config: RecordingConfig = {
  layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 },
  theme: 'DEFAULT',
  mode: 'video-and-audio',
  quality: 'med',
  orientation: 'landscape',
  fileFormat: 'mp4',
};
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const log = createLogger('test', 'silent');
const scope = new Scope();
let catalog: Catalog;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'retention-'));
  scope.own('folder', folder, () => rmSync(folder, { recursive: true, force: true }));
  const postgres = scope.own('postgres', await openEmbeddedPostgres({ dataDir: folder, log }), (it) => it.stop());
  ({ catalog } = scope.own('catalog', await openCatalog({ url: postgres.url, log }), (it) => it.close()));
});
afterAll(() => scope.close());

let roomId: RoomId;
let sessionId: SessionId;
let journal: string;
beforeEach(async () => {
  roomId = newRoomId<RoomId>();
  sessionId = newHexId<SessionId>();
  journal = join(folder, 'journals', sessionId);
  await createRoom(catalog, { id: newHexId(), roomId, customRoomId: null, webhook: null });
  await insertSession(catalog, { id: sessionId, roomId, startedAt: new Date() });
});
const later = (ms: number): Date => new Date(Date.now() + ms);

const CHUNKS = 30;
/** A journal of five minutes in sealed chunks of ten seconds; a chunk in which a recording starts says so. */
const writeJournal = (starts: Readonly<Record<number, RecordingId>> = {}): void => {
  mkdirSync(journal, { recursive: true });
  for (let chunk = 1; chunk <= CHUNKS; chunk++) {
    const startNs = (chunk - 1) * 10 * NS_PER_S;
    const place = { sessionId, roomId, monotonicNs: String(startNs), wallMs: Date.now() - 300_000 + startNs / 1e6 };
    const started = starts[chunk];
    const records = [
      encoded(RECORD_TYPE.snapshot, startNs, snapshotOf(chunk, place)),
      ...(started ? [encoded(RECORD_TYPE.event, startNs + 1, recordingStarted(startNs + 1, started))] : []),
      encoded(RECORD_TYPE.rtp, startNs + 10 * NS_PER_S - 1, Buffer.alloc(1000), 1),
    ];
    const name = `${String(chunk).padStart(8, '0')}.rtj`;
    writeFileSync(join(journal, name), Buffer.concat([chunkHeader(chunk), ...records]));
  }
};
const chunksLeft = (): number[] => readdirSync(journal).map((name) => Number(name.slice(0, 8)));
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** A recording of these seconds of the session; without an end it runs. */
const recording = async (fromS: number, toS: number | null, id = newHexId<RecordingId>()): Promise<RecordingId> => {
  await insertRecording(catalog, { id, roomId, sessionId, config, dueAt: null });
  await moveRecording(catalog, id, 'recording', {
    startedAt: new Date(),
    startedNs: fromS * NS_PER_S,
    journalDir: journal,
  });
  if (toS === null) return id;
  await moveRecording(catalog, id, 'composing', {
    endedAt: new Date(),
    stoppedNs: toS * NS_PER_S,
    stopReason: 'requested',
  });
  await moveRecording(catalog, id, 'done');
  return id;
};
const keeperOf = (over: { maxBytes?: number; retentionMs?: number } = {}): JournalKeeper =>
  new JournalKeeper({
    catalog,
    root: join(folder, 'journals'),
    retentionMs: DAY_MS,
    maxBytes: 0,
    log,
    ...over,
  });

describe('a journal', () => {
  it('goes 24 hours after its last recording was done, and not before', async () => {
    writeJournal();
    await recording(0, 300);
    const keeper = keeperOf();
    await keeper.sweep(later(DAY_MS - 60_000));
    expect(chunksLeft()).toEqual(range(1, CHUNKS));
    await keeper.sweep(later(DAY_MS + 60_000));
    expect(existsSync(journal)).toBe(false);
    expect(keeper.figures.freedBytes).toBeGreaterThan(CHUNKS * 1000);
    await keeper.sweep(later(DAY_MS + 120_000));
  });

  it('goes although another can not go, and although a recording names one of another data folder', async () => {
    writeJournal();
    await recording(0, 300);
    // A journal of its own that can't be deleted: what has the name of a chunk is a folder.
    const stuck = join(folder, 'journals', newHexId());
    mkdirSync(join(stuck, '00000001.rtj', 'inner'), { recursive: true });
    const elsewhere = join(folder, 'other', newHexId());
    mkdirSync(elsewhere, { recursive: true });
    writeFileSync(join(elsewhere, '00000001.rtj'), chunkHeader(1));
    await catalog
      .updateTable('recordings')
      .set({ journal_dir: elsewhere })
      .where('id', '=', await recording(0, 300))
      .execute();
    await keeperOf().sweep(later(DAY_MS + 60_000));
    expect(existsSync(journal)).toBe(false);
    expect(readdirSync(elsewhere)).toEqual(['00000001.rtj']);
    rmSync(stuck, { recursive: true });
  });

  it('goes before its time where all together are too large, and stays while a recording or a composition needs it', async () => {
    writeJournal();
    const id = await recording(0, 300);
    await insertComposition(catalog, {
      id: newHexId<CompositionId>(),
      recordingId: id,
      config: {},
      request: { config, fixedLayout: false, excludeParticipants: [] },
    });
    await keeperOf({ maxBytes: 1 }).sweep(later(2 * DAY_MS));
    expect(chunksLeft()).toEqual(range(1, CHUNKS));
    await catalog.updateTable('compositions').set({ status: 'cancelled' }).where('recording_id', '=', id).execute();
    await keeperOf({ maxBytes: 1 }).sweep(later(0));
    expect(existsSync(journal)).toBe(false);
  });

  it('of a long session is freed of what no recording needs, while another one runs', async () => {
    const first = newHexId<RecordingId>();
    const second = newHexId<RecordingId>();
    writeJournal({ 1: first, 15: second });
    await recording(0, 40, first);
    await recording(140, null, second);
    const keeper = keeperOf();
    // Between them nothing was recorded; of each one chunk before, and what comes late.
    await keeper.sweep(later(0));
    expect(chunksLeft()).toEqual([...range(1, 5), ...range(13, CHUNKS)]);
    const lookup = journalLookup(join(folder, 'journals'));
    expect((await lookup(sessionId, first))?.isWhole).toBe(false);
    expect((await lookup(sessionId, second))?.isWhole).toBe(true);
    // The first one's time is over.
    await keeper.sweep(later(DAY_MS + 60_000));
    expect(chunksLeft()).toEqual(range(13, CHUNKS));
    expect(keeper.figures.freedBytes).toBeGreaterThan(10_000);
  });

  it('stays as it is while a recording is just starting', async () => {
    writeJournal();
    await recording(0, 10);
    await insertRecording(catalog, { id: newHexId(), roomId, sessionId, config, dueAt: null });
    await keeperOf().sweep(later(0));
    expect(chunksLeft()).toEqual(range(1, CHUNKS));
  });

  it('that no recording knows goes when it is old', async () => {
    writeJournal();
    await keeperOf().sweep(later(DAY_MS - 600_000));
    expect(existsSync(journal)).toBe(true);
    await keeperOf().sweep(later(DAY_MS + 600_000));
    expect(existsSync(journal)).toBe(false);
  });
});

describe('a finished file', () => {
  const withFile = async () => {
    const recordingId = await recording(0, 300);
    const id = newHexId<FileId>();
    const path = `${id}.mp4`;
    writeFileSync(join(folder, path), 'film');
    const about = { durationSeconds: 1, width: 1, height: 1, format: 'mp4', videoBytes: 1 };
    await insertFile(catalog, { id, recordingId, compositionId: null, type: 'video', path, bytes: 4, ...about });
    return { recordingId, path: join(folder, path) };
  };
  const keeperOf = (retentionMs: number) => new FileKeeper({ catalog, dataDir: folder, retentionMs, log });

  it('is kept for ever unless a time is set; then it goes, and its recording stays', async () => {
    const { recordingId, path } = await withFile();
    expect(await keeperOf(0).sweep(later(3650 * DAY_MS))).toBeNull();
    await keeperOf(7 * DAY_MS).sweep(later(6 * DAY_MS));
    expect(existsSync(path)).toBe(true);
    const keeper = keeperOf(7 * DAY_MS);
    expect(await keeper.sweep(later(8 * DAY_MS))).toBeNull();
    expect([existsSync(path), keeper.freedBytes]).toEqual([false, 4]);
    expect(await filesOf(catalog, [recordingId])).toEqual([]);
    expect((await findRecording(catalog, recordingId))?.status).toBe('done');
    await keeper.sweep(later(9 * DAY_MS));
    expect(keeper.freedBytes).toBe(4);
    expect(await filesKept(catalog)).toEqual({ files: 0, bytes: 0 });
  });

  it('goes although one before it can not go', async () => {
    const id = await recording(0, 300);
    const facts = { bytes: 5, durationSeconds: 1, width: 1, height: 1, format: 'mp4', videoBytes: 1 };
    for (const name of ['stuck.mp4', 'free.mp4']) {
      const file = { id: newHexId<FileId>(), recordingId: id, compositionId: null, type: 'video', path: name } as const;
      await insertFile(catalog, { ...file, ...facts });
    }
    mkdirSync(join(folder, 'stuck.mp4'));
    writeFileSync(join(folder, 'free.mp4'), 'frame');
    const keeper = new FileKeeper({ catalog, dataDir: folder, retentionMs: DAY_MS, log });
    expect(await keeper.sweep(later(DAY_MS + 60_000))).toBeNull();
    expect([existsSync(join(folder, 'stuck.mp4')), existsSync(join(folder, 'free.mp4'))]).toEqual([true, false]);
    rmSync(join(folder, 'stuck.mp4'), { recursive: true });
    await keeper.sweep(later(DAY_MS + 60_000));
  });

  it('stays while something is made of it', async () => {
    const { path } = await withFile();
    const merge = newHexId<RecordingId>();
    const subject = { kind: 'merge', channel1: [], channel2: [], inputs: [] } as const;
    await insertRecording(catalog, { id: merge, roomId, sessionId, config, subject, dueAt: null });
    await moveRecording(catalog, merge, 'composing');
    await keeperOf(DAY_MS).sweep(later(2 * DAY_MS));
    expect(existsSync(path)).toBe(true);
    await moveRecording(catalog, merge, 'done');
    await keeperOf(DAY_MS).sweep(later(2 * DAY_MS));
    expect(existsSync(path)).toBe(false);
  });
});
